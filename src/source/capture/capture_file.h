/*
 * Frames from a capture file, a pipe, or a file that is still being written.
 *
 *     while ((state = capture_file_read(file, frames, 64, &count)) == CAPTURE_FILE_FRAMES) ...
 *
 * Files are read in large blocks, not mapped: measured, read(2) into a warm buffer costs about what
 * the page faults of a mapping do when every byte is looked at, far less when only headers are, and
 * a file that becomes shorter meanwhile is an end, not a SIGBUS.
 * See input.h for what is allowed after opening.
 */
#ifndef DAVY_SOURCE_CAPTURE_CAPTURE_FILE_H
#define DAVY_SOURCE_CAPTURE_CAPTURE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "decode/capture/capture.h"
#include "source/capture/input.h"

enum capture_file_state {
	CAPTURE_FILE_FRAMES,
	CAPTURE_FILE_WAIT,    /* nothing now; see input.h: follow, and pipes that do not block */
	CAPTURE_FILE_END,     /* all was read; capture_file_note may tell of damage or a cut */
	CAPTURE_FILE_STOPPED, /* no capture, or the rest cannot be read: capture_file_note says why
			       */
};

struct capture_file;

/*
 * Open a path ("-": standard input); the file is not read yet.
 *
 * returns: 0; or negative errno with a sentence in `why`
 */
must_check int capture_file_open(const char *path, const struct input_settings *settings,
				 struct capture_file **out, struct error *why);
/* Takes an input that was opened elsewhere; frees it also when it fails (-ENOMEM). */
must_check int capture_file_new(struct input *input, struct capture_file **out);
void capture_file_free(struct capture_file *file); /* NULL is allowed */

/*
 * The next frames, up to `most`; fewer, or none, does not mean the end: a call reads only so much.
 *
 * frames: views into the file's buffer, valid until the next call
 */
enum capture_file_state capture_file_read(struct capture_file *file, struct frame *frames,
					  size_t most, size_t *count);

/* A file that was followed is complete: from now on its end is the end. */
void capture_file_finish(struct capture_file *file);

const struct capture_counters *capture_file_counters(const struct capture_file *file);
const struct input *capture_file_input(const struct capture_file *file);
/*
 * After END or STOPPED, one sentence with file and offset: what could not be read and why, or what
 * was damaged, cut off or left out; the empty text when there is nothing to tell.
 */
const struct error *capture_file_note(const struct capture_file *file);
/* After STOPPED: the file is empty, or of a kind that holds no packets, as far as anybody knows. */
bool capture_file_is_other(const struct capture_file *file);

#endif
