/*
 * The program's output against tests/golden/: standard output, standard error and exit status of
 * each command line. DAVY_GOLDEN=rewrite writes the files anew; the difference is then reviewed
 * like code.
 */
#ifndef DAVY_TESTS_GOLDEN_H
#define DAVY_TESTS_GOLDEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct golden_row {
	const char *name, *arguments;
	const char *environment; /* "NAME=VALUE", or NULL */
	const char *input;	 /* file for standard input, or NULL */
};

/* Runs each in the working folder and fails the test when one differs. */
void golden_check(const struct golden_row *rows, size_t count);
/* Output of davy, then a line with the exit status; uses a file "out" in the working folder. */
void golden_run(const struct golden_row *row, struct buf *out);
void golden_add_file(struct buf *out, const char *path); /* nothing when it is not there */
void golden_write(const char *path, const char *text);
void golden_must(bool holds, const char *what); /* else the test fails */

#endif
