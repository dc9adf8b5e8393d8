/*
 * /proc/PID/cmdline and environ: strings with a NUL after each, out of the process's own memory,
 * which it may have written over with anything.
 *
 * Values of the environment are secrets of others (keys, passwords): all that leaves here are the
 * names, and the values of the two variables that put a foreign library into a process.
 */
#ifndef DAVY_DECODE_PROC_COMMAND_H
#define DAVY_DECODE_PROC_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/*
 * Arguments as one text with blanks between, the NULs at the end left out.
 *
 * out:     `cap` bytes; may be the text's own memory
 * returns: a view of `out`, cut to cap; bytes other than NUL are as the process wrote them
 */
struct str proc_arguments_read(struct str text, char *out, size_t cap);

enum { PROC_ENVIRONMENT_NAMES_MAX = 128, PROC_ENVIRONMENT_NAME_MAX = 64 };

struct proc_environment {
	struct str preload; /* of LD_PRELOAD, else of LD_AUDIT; the first that is not empty */
	struct str names[PROC_ENVIRONMENT_NAMES_MAX]; /* cut to PROC_ENVIRONMENT_NAME_MAX bytes */
	size_t name_count;
	bool has_more_names;
};

/* Views into `text`. An entry without '=' has no name and is passed over: it may be a value. */
void proc_environment_read(struct str text, struct proc_environment *out);

#endif
