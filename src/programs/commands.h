/*
 * The commands of davy: one file each, whose door is one const descriptor.
 *
 * To add one, write `const struct command NAME_command = {...};` in NAME.c and put the name into
 * meson.build. Help, completion and the list in `davy --help` follow from the descriptor.
 */
#ifndef DAVY_PROGRAMS_COMMANDS_H
#define DAVY_PROGRAMS_COMMANDS_H

#include <stddef.h>

/* Exit statuses, as clamscan's. */
enum { EXIT_NOTHING_FOUND = 0, EXIT_FOUND = 1, EXIT_TROUBLE = 2 };

struct command_option {
	const char *name;     /* without the dashes */
	const char *argument; /* what its value is called in help; NULL: it has none */
	const char *help;
	const char *choices; /* words to complete its value with, or one of these; NULL: none */
};
#define COMMAND_FILES	   "FILES"
#define COMMAND_INTERFACES "INTERFACES" /* of the network, at that moment */
#define COMMAND_DRILLS	   "DRILLS"
#define COMMAND_CARRIERS   "CARRIERS"

struct command {
	const char *name;
	const char *summary;		      /* "list incidents", for the list of commands */
	const char *usage;		      /* what follows the name: "[OPTION]... ID" */
	const struct command_option *options; /* ends with {0}; --help is understood */
	const char *text;		      /* more about it, whole lines; may be NULL */
	const char *example;		      /* lines that can be pasted */
	const char *arguments;		      /* to complete those with: as an option's choices */
	int (*run)(const struct command *command, int argc, char **argv); /* argv[0] is the name */
};

extern const struct command *const commands[];
extern const size_t command_count;

#endif
