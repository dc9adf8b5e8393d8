/*
 * Options of one command, by its table: getopt_long, with --help answered and mistakes told.
 *
 *     while ((option = options_next(&options, &value)) >= 0) switch (option) { case JSON: ... }
 *     if (option == OPTIONS_STOP) return options.status;
 */
#ifndef DAVY_PROGRAMS_OPTIONS_H
#define DAVY_PROGRAMS_OPTIONS_H

#include "base/buf.h"
#include "programs/commands.h"

enum { OPTIONS_END = -1, OPTIONS_STOP = -2 };

struct options {
	const struct command *command;
	int argc;
	char **argv;
	int status; /* with OPTIONS_STOP: how to exit */
};

/*
 * returns: index of an option in the command's table, with its value (NULL when it has none);
 *          OPTIONS_END: the rest is in argv from options_rest() on;
 *          OPTIONS_STOP: help was printed, or a mistake was told on stderr
 */
int options_next(struct options *options, const char **value);
int options_rest(void);

/* A mistake in the arguments: one line on stderr and where to find help. EXIT_TROUBLE */
int options_mistake(const struct command *command, const char *format, ...) printf_like(2, 3);

void command_help(const struct command *command, struct buf *out);

#endif
