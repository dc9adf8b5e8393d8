/*
 * What a command line, as it stands in a crontab, a unit or a script, would run: its programs, and
 * whether it fetches or unpacks what it runs. No shell is imitated: quotes are taken off, words and
 * pipelines are told apart, variables and substitutions stay as they are written.
 */
#ifndef DAVY_DECODE_SETUP_COMMAND_H
#define DAVY_DECODE_SETUP_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

enum { COMMAND_WORD_MAX = 512 };

/* A word with its quotes off; longer ones are cut. */
struct command_word {
	char at[COMMAND_WORD_MAX];
	size_t len;
	bool is_operator; /* ; & | ( ) < > ` and the end of a line */
	bool is_first;	  /* of a command: what is run */
};

struct command_reader {
	struct str rest;
	bool at_start;
	bool is_given; /* the program just read runs what it is given */
};

void command_begin(struct command_reader *reader, struct str command);
bool command_next(struct command_reader *reader, struct command_word *out);

/*
 * The next program that is run by its path: the first word of a command, or what a shell, an
 * interpreter, nohup and their like are given to run.
 */
bool command_program_next(struct command_reader *reader, struct command_word *out);

enum command_mark {
	COMMAND_FETCHES = 1 << 0,  /* what a downloader brings is run by a shell or interpreter */
	COMMAND_UNPACKS = 1 << 1,  /* what base64 or openssl decodes is run */
	COMMAND_CONNECTS = 1 << 2, /* /dev/tcp: a shell that speaks with somebody */
	COMMAND_ONE_LINER =
		1 << 3,		/* a program inside python -c, perl -e ..., that runs or fetches */
	COMMAND_MINES = 1 << 4, /* a pool's URL, or an option that only miners have */
};

unsigned command_marks(struct str command); /* enum command_mark */
/* "downloads something and runs it"; of the gravest mark; NULL for none */
const char *command_marks_text(unsigned marks);

/*
 * Does the command name this file: by its path, by its name in a folder it changes to or from a
 * home (~, $HOME), or as a program of the system's folders by its bare name?
 *
 * path: absolute
 */
bool command_leads_to(struct str command, struct str path);

#endif
