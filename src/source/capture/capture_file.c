#include "source/capture/capture_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "source/capture/not_a_capture.h"

enum {
	PAGE = 4096,
	/* A quarter of a usual second-level cache: the rest is for what the frames lead to. */
	BUFFER_LEN = 256 * 1024,
	/* Grows only while a longer block of a pcapng file waits for its end. */
	BUFFER_MAX = 64 * 1024 * 1024,
	FIRST_LEN = 48,
	MAGIC_LEN = 4,
	FILLS_AT_ONCE = 16, /* without a frame, before the caller may look round */
};

_Static_assert(BUFFER_MAX >= 2 * CAPTURE_WINDOW_MAX, "what is unread may fill half of the buffer");

struct capture_file {
	struct input *input;
	char *buffer;
	size_t cap;
	struct capture_reader reader;
	enum input_state input_state; /* END or STOPPED: nothing more comes */
	enum capture_file_state state;
	bool is_no_capture, is_other;
	char first[FIRST_LEN]; /* the first bytes, to say what it is when it is no capture */
	size_t first_len;
	struct error note;
};

int capture_file_new(struct input *input, struct capture_file **out)
{
	struct capture_file *file = calloc(1, sizeof(*file));

	if (!file || !(file->buffer = aligned_alloc(PAGE, BUFFER_LEN))) {
		free(file);
		input_free(input);
		return -ENOMEM;
	}
	file->input = input;
	file->cap = BUFFER_LEN;
	file->input_state = INPUT_BYTES;
	file->state = CAPTURE_FILE_FRAMES;
	capture_reader_init(&file->reader);
	*out = file;
	return 0;
}

int capture_file_open(const char *path, const struct input_settings *settings,
		      struct capture_file **out, struct error *why)
{
	struct input *input = NULL;
	int code = input_open(path, settings, &input, why);

	if (code < 0)
		return code;
	code = capture_file_new(input, out);
	return code < 0 ? error_set(why, code, "%s: out of memory", path) : 0;
}

void capture_file_free(struct capture_file *file)
{
	if (!file)
		return;
	input_free(file->input);
	free(file->buffer);
	free(file);
}

void capture_file_finish(struct capture_file *file)
{
	input_finish(file->input);
}

const struct capture_counters *capture_file_counters(const struct capture_file *file)
{
	return capture_counters(&file->reader);
}

const struct input *capture_file_input(const struct capture_file *file)
{
	return file->input;
}

const struct error *capture_file_note(const struct capture_file *file)
{
	return &file->note;
}

bool capture_file_is_other(const struct capture_file *file)
{
	return file->is_other;
}

/*
 * Makes room behind what is unread, moving it to the front so that it ends on a page: the kernel
 * copies whole pages fastest to where pages begin. What is unread never fills more than half, so
 * each byte is moved at most a few times.
 *
 * returns: where the unread bytes are now; NULL: out of memory
 */
static char *make_room(struct capture_file *file, struct str unread)
{
	char *buffer = file->buffer;
	size_t cap = file->cap;
	size_t end = unread.at ? (size_t)(unread.at + unread.len - buffer) : 0;

	if (unread.len > 0 && cap - end >= cap / 4)
		return buffer + end - unread.len;
	size_t start = -unread.len % PAGE;
	if (unread.len <= cap / 2) {
		if (unread.len > 0)
			memmove(buffer + start, unread.at, unread.len);
		return buffer + start;
	}
	cap *= 2;
	buffer = cap <= BUFFER_MAX ? aligned_alloc(PAGE, cap) : NULL;
	if (!buffer)
		return NULL;
	memcpy(buffer + start, unread.at, unread.len);
	free(file->buffer);
	file->buffer = buffer;
	file->cap = cap;
	return buffer + start;
}

/* More bytes into the buffer: INPUT_BYTES and the reader was fed, or WAIT, END, STOPPED. */
static enum input_state fill(struct capture_file *file)
{
	struct str unread = capture_unread(&file->reader);
	char *at = make_room(file, unread);
	size_t count;

	if (!at) {
		error_set(&file->note, 0, "%s: out of memory", input_name(file->input));
		return INPUT_STOPPED;
	}
	char *end = at + unread.len;
	enum input_state state =
		input_read(file->input, end, (size_t)(file->buffer + file->cap - end), &count);
	if (count > 0 && file->first_len < FIRST_LEN) {
		size_t more = FIRST_LEN - file->first_len;
		more = count < more ? count : more;
		memcpy(file->first + file->first_len, end, more);
		file->first_len += more;
	}
	/* Also when nothing came: the unread bytes may have moved. */
	capture_feed(&file->reader, str_of(at, unread.len + count),
		     state == INPUT_END || state == INPUT_STOPPED);
	return state;
}

static size_t take_frames(struct capture_file *file, struct frame *frames, size_t most)
{
	size_t count = 0;

	while (count < most) {
		enum decoded found = capture_next(&file->reader, &frames[count]);
		if (found == DECODED) {
			count++;
		} else if (found == UNSUPPORTED) {
			file->input_state = INPUT_END;
			file->is_no_capture = true;
			break;
		} else if (found == NEED_MORE) {
			break;
		}
	}
	return count;
}

static void note_damage(struct capture_file *file)
{
	const struct capture_counters *counters = capture_file_counters(file);
	const char *name = input_name(file->input);

	if (counters->malformed > 0)
		error_set(&file->note, 0,
			  "%s: damaged at byte %" PRIu64 " (%" PRIu64 " %s, %" PRIu64
			  " bytes skipped%s); the rest was read",
			  name, counters->first_malformed_offset, counters->malformed,
			  counters->malformed == 1 ? "place" : "places", counters->skipped_bytes,
			  counters->truncated ? ", and cut off at its end" : "");
	else if (counters->truncated > 0)
		error_set(&file->note, 0,
			  "%s: cut off at byte %" PRIu64
			  ": the file may still be written; what came before was read",
			  name, counters->truncated_offset);
	else if (counters->unsupported > 0)
		error_set(&file->note, 0,
			  "%s: %" PRIu64 " packets are of interfaces beyond the first %d of their "
			  "section and were not read; split the capture with editcap",
			  name, counters->unsupported, PCAPNG_INTERFACES_MAX);
}

/* Nothing more comes: settles END or STOPPED, and the sentence about it. */
static enum capture_file_state finish(struct capture_file *file)
{
	const struct error *problem = input_problem(file->input);
	const char *name = input_name(file->input);

	if (file->state != CAPTURE_FILE_FRAMES)
		return file->state;
	file->state = CAPTURE_FILE_STOPPED;
	if (file->note.text[0] != '\0') /* out of memory */
		return file->state;
	if (problem->text[0] != '\0') {
		file->note = *problem;
	} else if (file->first_len == 0) {
		error_set(&file->note, 0, "%s: is empty: nothing was captured", name);
		file->is_other = true;
	} else if (file->is_no_capture || file->first_len < MAGIC_LEN) {
		file->is_other =
			!not_a_capture_say(name, str_of(file->first, file->first_len), &file->note);
	} else {
		file->state = CAPTURE_FILE_END;
		note_damage(file);
	}
	return file->state;
}

enum capture_file_state capture_file_read(struct capture_file *file, struct frame *frames,
					  size_t most, size_t *count)
{
	for (unsigned fills = 0; fills <= FILLS_AT_ONCE; fills++) {
		*count = file->state == CAPTURE_FILE_FRAMES ? take_frames(file, frames, most) : 0;
		if (*count > 0)
			return CAPTURE_FILE_FRAMES;
		if (file->input_state == INPUT_END || file->input_state == INPUT_STOPPED)
			return finish(file);
		file->input_state = fill(file);
		if (file->input_state == INPUT_WAIT)
			return CAPTURE_FILE_WAIT;
	}
	return CAPTURE_FILE_FRAMES;
}
