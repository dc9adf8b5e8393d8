/*
 * The bytes of an input file: opened with rights, read without them, unpacked on the way.
 *
 * Opening only opens the descriptor. Everything after it needs no more than read, fstat and
 * anonymous memory, and so runs inside the sandbox. gzip and zstd are recognised from content, one
 * inside the other INPUT_LAYERS_MAX deep; members and frames that follow one another are read
 * through. An attacker's archive is stopped by two limits, and what came before still counts.
 */
#ifndef DAVY_SOURCE_CAPTURE_INPUT_H
#define DAVY_SOURCE_CAPTURE_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"

enum { INPUT_LAYERS_MAX = 2 };

struct input_settings {
	/* A regular file that is still being written: its end means wait, until input_finish. */
	bool follow;
	/* An input that is no regular file is not waited for inside of a read: INPUT_WAIT. */
	bool waits_outside;
	/*
	 * Unpacking stops when `ratio_window_bytes` in a row came from less than a
	 * `ratio_max`th of that in the file (all layers together), or after `unpacked_max_bytes`.
	 * gzip reaches 1:1032 on zeroes, zstd 1:30000; captures are around 1:3, a flood of equal
	 * packets around 1:50. 0: the default.
	 */
	uint64_t ratio_max;	     /* default 200 */
	uint64_t ratio_window_bytes; /* default 64 MiB */
	uint64_t unpacked_max_bytes; /* default 256 GiB */
};

struct input;

enum input_state {
	INPUT_BYTES,
	INPUT_WAIT, /* nothing now; poll input_descriptor, or ask again later */
	INPUT_END,
	INPUT_STOPPED, /* the rest cannot be read: input_problem says why */
};

/*
 * Open a path, or the standard input for "-".
 *
 * returns: 0; or negative errno with a sentence in `why`: no such file, no permission, a directory
 */
must_check int input_open(const char *path, const struct input_settings *settings,
			  struct input **out, struct error *why);
/* Takes `descriptor` (closed by input_free) whether or not it succeeds. `name` is for sentences. */
must_check int input_take(int descriptor, const char *name, const struct input_settings *settings,
			  struct input **out, struct error *why);
void input_free(struct input *input); /* NULL is allowed */

/* The first bytes, unpacked, without consuming them: a few kB, or all there is. May WAIT. */
enum input_state input_peek(struct input *input, struct str *start);

/* Up to `cap` bytes into `at`; *count is 0 unless INPUT_BYTES. */
enum input_state input_read(struct input *input, char *at, size_t cap, size_t *count);

void input_finish(struct input *input); /* from now on the end of the file is the end */

int input_descriptor(const struct input *input);
const char *input_name(const struct input *input);
/* Why it stopped, or what was left out at the end; the empty text when all was read. */
const struct error *input_problem(const struct input *input);
uint64_t input_file_bytes(const struct input *input); /* read from the file so far, for progress */

#endif
