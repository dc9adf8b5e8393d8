#include "source/capture/input.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/capture/unpack.h"

enum {
	LAYER_BUFFER = 256 * 1024, /* compressed bytes at hand */
	HEAD_LEN = 4096,	   /* read to recognise what it is; keeps later reads aligned */
	RATIO_MAX = 200,
	RATIO_WINDOW = 64 * 1024 * 1024,
};

static const uint64_t unpacked_max = (uint64_t)256 << 30;

static const struct unpack_kind *const kinds[] = {&unpack_gzip, &unpack_zstd};

struct layer {
	const struct unpack_kind *kind;
	void *state;
	char *buffer;	      /* LAYER_BUFFER bytes */
	struct str in;	      /* what of it is not yet unpacked */
	bool is_between;      /* a member is complete and the next one has not begun */
	bool has_ended;	      /* what lies below gives no more */
	enum unpacked broken; /* CORRUPT or TOO_LARGE: said after the bytes before it were read */
	uint64_t unpacked, window_unpacked, window_file; /* bytes; at the start of the window */
};

struct input {
	int descriptor;
	bool is_regular;
	char *name;
	struct input_settings settings;
	struct layer layers[INPUT_LAYERS_MAX]; /* the first is next to the file */
	size_t layer_count;
	bool is_recognised; /* the layers are known */
	bool is_over_limit;
	char *head_buffer; /* HEAD_LEN or LAYER_BUFFER bytes */
	struct str head;   /* the first bytes, until they are read */
	uint64_t file_bytes;
	struct error problem;
};

int input_take(int descriptor, const char *name, const struct input_settings *settings,
	       struct input **out, struct error *why)
{
	struct stat status;
	struct input *input = calloc(1, sizeof(*input));

	if (input)
		input->descriptor = descriptor;
	if (!input || !(input->name = strdup(name))) {
		if (!input && descriptor > STDIN_FILENO)
			close(descriptor);
		input_free(input);
		return error_set(why, -ENOMEM, "%s: out of memory", name);
	}
	if (settings)
		input->settings = *settings;
	if (input->settings.ratio_max == 0)
		input->settings.ratio_max = RATIO_MAX;
	if (input->settings.ratio_window_bytes == 0)
		input->settings.ratio_window_bytes = RATIO_WINDOW;
	if (input->settings.unpacked_max_bytes == 0)
		input->settings.unpacked_max_bytes = unpacked_max;
	if (fstat(descriptor, &status) < 0) {
		int code = -errno;
		error_set(why, code, "%s: cannot be read: %s", name, strerror(-code));
		input_free(input);
		return code;
	}
	if (S_ISDIR(status.st_mode)) {
		input_free(input);
		return error_set(why, -EISDIR, "%s: is a directory; name the files in it", name);
	}
	input->is_regular = S_ISREG(status.st_mode);
	*out = input;
	return 0;
}

int input_open(const char *path, const struct input_settings *settings, struct input **out,
	       struct error *why)
{
	if (strcmp(path, "-") == 0)
		return input_take(STDIN_FILENO, "standard input", settings, out, why);

	int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (descriptor >= 0)
		return input_take(descriptor, path, settings, out, why);
	switch (errno) {
	case ENOENT:
		return error_set(why, -ENOENT, "%s: no such file; check the path", path);
	case EACCES:
	case EPERM:
		return error_set(
			why, -EACCES,
			"%s: no permission to read it; make it readable, or run as its owner",
			path);
	default:
		return error_set(why, -errno, "%s: cannot be opened: %s", path, strerror(errno));
	}
}

void input_free(struct input *input)
{
	if (!input)
		return;
	for (size_t i = 0; i < input->layer_count; i++) {
		input->layers[i].kind->free(input->layers[i].state);
		free(input->layers[i].buffer);
	}
	if (input->descriptor > STDIN_FILENO)
		close(input->descriptor);
	free(input->head_buffer);
	free(input->name);
	free(input);
}

void input_finish(struct input *input)
{
	input->settings.follow = false;
}

int input_descriptor(const struct input *input)
{
	return input->descriptor;
}

const char *input_name(const struct input *input)
{
	return input->name;
}

const struct error *input_problem(const struct input *input)
{
	return &input->problem;
}

uint64_t input_file_bytes(const struct input *input)
{
	return input->file_bytes;
}

/* The end of a file that is followed is where to wait, unless it became shorter than we read. */
static enum input_state file_end(struct input *input)
{
	struct stat status;

	if (!input->settings.follow || !input->is_regular)
		return INPUT_END;
	if (fstat(input->descriptor, &status) == 0 &&
	    lseek(input->descriptor, 0, SEEK_CUR) > status.st_size) {
		error_set(&input->problem, 0,
			  "%s: became shorter while it was followed (%" PRIu64
			  " bytes were read); what was read before counts, follow it anew",
			  input->name, input->file_bytes);
		return INPUT_STOPPED;
	}
	return INPUT_WAIT;
}

/* A pipe or a terminal that would keep the reader waiting. */
static bool would_block(const struct input *input)
{
	struct pollfd readable = {.fd = input->descriptor, .events = POLLIN};

	return input->settings.waits_outside && !input->is_regular && poll(&readable, 1, 0) == 0;
}

static enum input_state file_read(struct input *input, char *at, size_t cap, size_t *count)
{
	ssize_t got;

	*count = 0;
	if (would_block(input))
		return INPUT_WAIT;
	do {
		got = read(input->descriptor, at, cap);
	} while (got < 0 && errno == EINTR);
	*count = got > 0 ? (size_t)got : 0;
	input->file_bytes += *count;
	if (got > 0)
		return INPUT_BYTES;
	if (got == 0)
		return file_end(input);
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return INPUT_WAIT;
	error_set(&input->problem, 0,
		  "%s: reading failed at byte %" PRIu64 ": %s; what came before was read",
		  input->name, input->file_bytes, strerror(errno));
	return INPUT_STOPPED;
}

/* Bytes of the file that the first layer has used up. */
static uint64_t file_used(const struct input *input)
{
	return input->file_bytes - input->layers[0].in.len;
}

static bool is_over_limit(struct input *input, struct layer *layer, size_t count)
{
	const struct input_settings *limits = &input->settings;

	layer->unpacked += count;
	if (layer->unpacked > limits->unpacked_max_bytes) {
		error_set(&input->problem, 0,
			  "%s: unpacking stopped after %" PRIu64
			  " bytes, the most that is allowed; what came before was read. If the "
			  "file can be trusted, unpack it first",
			  input->name, limits->unpacked_max_bytes);
		return true;
	}
	uint64_t unpacked = layer->unpacked - layer->window_unpacked;
	if (unpacked < limits->ratio_window_bytes)
		return false;
	if (unpacked / limits->ratio_max > file_used(input) - layer->window_file) {
		error_set(&input->problem, 0,
			  "%s: unpacking stopped at byte %" PRIu64 ": %" PRIu64
			  " MiB came from %" PRIu64
			  " bytes, as in a decompression bomb; what came before was read. If the "
			  "file can be trusted, unpack it first",
			  input->name, file_used(input), unpacked >> 20,
			  file_used(input) - layer->window_file);
		return true;
	}
	layer->window_unpacked = layer->unpacked;
	layer->window_file = file_used(input);
	return false;
}

static enum input_state level_read(struct input *input, size_t level, char *at, size_t cap,
				   size_t *count);

/* More compressed bytes behind those at hand. */
static enum input_state layer_fill(struct input *input, size_t index)
{
	struct layer *layer = &input->layers[index];
	size_t count;

	if (layer->in.len > 0)
		memmove(layer->buffer, layer->in.at, layer->in.len);
	layer->in.at = layer->buffer;
	enum input_state state = level_read(input, index, layer->buffer + layer->in.len,
					    LAYER_BUFFER - layer->in.len, &count);
	layer->in.len += count;
	/* What stops below has said why; what it gave before that is still unpacked. */
	layer->has_ended = state == INPUT_END || state == INPUT_STOPPED;
	return state;
}

/*
 * Between two members: does another one begin? Zeroes are padding of tapes and block devices.
 *
 * returns: INPUT_BYTES: yes; INPUT_END; INPUT_WAIT
 */
static enum input_state next_member(struct input *input, size_t index)
{
	struct layer *layer = &input->layers[index];

	for (;;) {
		while (layer->in.len > 0 && layer->in.at[0] == 0)
			layer->in = str_skip(layer->in, 1);
		if (layer->in.len >= UNPACK_MAGIC_LEN && layer->kind->recognises(layer->in)) {
			layer->is_between = false;
			return INPUT_BYTES;
		}
		if (layer->in.len >= UNPACK_MAGIC_LEN || layer->has_ended)
			break;
		if (layer_fill(input, index) == INPUT_WAIT)
			return INPUT_WAIT;
	}
	if (layer->in.len > 0 && input->problem.text[0] == '\0')
		error_set(&input->problem, 0,
			  "%s: what follows the %s data, from byte %" PRIu64
			  " on, is something else and was not read",
			  input->name, layer->kind->name, file_used(input));
	return input->problem.text[0] ? INPUT_STOPPED : INPUT_END;
}

static enum input_state layer_broken(struct input *input, const struct layer *layer,
				     enum unpacked result)
{
	if (input->problem.text[0] != '\0')
		return INPUT_STOPPED;
	if (result == UNPACK_CORRUPT)
		error_set(&input->problem, 0,
			  "%s: the %s data is damaged near byte %" PRIu64
			  "; what came before was read. Fetch the file again",
			  input->name, layer->kind->name, file_used(input));
	else if (result == UNPACK_TOO_LARGE)
		error_set(&input->problem, 0,
			  "%s: the %s data wants more than %d MiB of memory (packed with --long?); "
			  "unpack it first",
			  input->name, layer->kind->name, UNPACK_MEMORY_MAX >> 20);
	else
		error_set(&input->problem, 0,
			  "%s: the %s data ends early, at byte %" PRIu64
			  ": the file was cut off or is still being written; what came before was "
			  "read",
			  input->name, layer->kind->name, file_used(input));
	return INPUT_STOPPED;
}

static enum input_state layer_read(struct input *input, size_t index, char *at, size_t cap,
				   size_t *count)
{
	struct layer *layer = &input->layers[index];

	for (;;) {
		if (layer->is_between) {
			enum input_state state = next_member(input, index);
			if (state != INPUT_BYTES)
				return state;
		}
		if (layer->broken != UNPACK_MORE)
			return layer_broken(input, layer, layer->broken);
		size_t had = layer->in.len;
		enum unpacked result = layer->kind->step(layer->state, &layer->in, at, cap, count);
		layer->is_between = result == UNPACK_MEMBER_END;
		if (result == UNPACK_CORRUPT || result == UNPACK_TOO_LARGE)
			layer->broken = result;
		if (*count > 0) {
			input->is_over_limit = is_over_limit(input, layer, *count);
			return INPUT_BYTES;
		}
		if (layer->broken != UNPACK_MORE)
			continue;
		if (layer->is_between || layer->in.len < had)
			continue;
		if (layer->has_ended)
			return layer_broken(input, layer, UNPACK_MORE);
		if (layer_fill(input, index) == INPUT_WAIT)
			return INPUT_WAIT;
	}
}

/* Level 0 is the file, level n the output of layer n - 1; at most INPUT_LAYERS_MAX deep. */
static enum input_state level_read(struct input *input, size_t level, char *at, size_t cap,
				   size_t *count)
{
	*count = 0;
	if (input->is_over_limit)
		return INPUT_STOPPED;
	if (level == 0)
		return file_read(input, at, cap, count);
	return layer_read(input, level - 1, at, cap, count);
}

static enum input_state stop_no_memory(struct input *input)
{
	error_set(&input->problem, 0, "%s: out of memory", input->name);
	return INPUT_STOPPED;
}

static const struct unpack_kind *kind_of(struct str start)
{
	for (size_t i = 0; start.len >= UNPACK_MAGIC_LEN && i < sizeof(kinds) / sizeof(*kinds); i++)
		if (kinds[i]->recognises(start))
			return kinds[i];
	return NULL;
}

/* The head turns out to be compressed: it becomes the input of a layer. */
static enum input_state layer_add(struct input *input, const struct unpack_kind *kind)
{
	if (input->layer_count == INPUT_LAYERS_MAX) {
		error_set(&input->problem, 0,
			  "%s: is compressed more than %d times over; unpack it first", input->name,
			  INPUT_LAYERS_MAX);
		return INPUT_STOPPED;
	}
	void *state = kind->new ();
	if (!state)
		return stop_no_memory(input);
	input->layers[input->layer_count++] = (struct layer){
		.kind = kind, .state = state, .buffer = input->head_buffer, .in = input->head};
	input->head_buffer = NULL;
	input->head = (struct str){0};
	return INPUT_BYTES;
}

/* Reads the head until it says what it is, through as many layers as there are. */
static enum input_state recognise(struct input *input)
{
	size_t count;

	while (!input->is_recognised) {
		enum input_state state = INPUT_BYTES;

		if (!input->head_buffer) {
			input->head_buffer = malloc(LAYER_BUFFER);
			if (!input->head_buffer)
				return stop_no_memory(input);
			input->head = str_of(input->head_buffer, 0);
		}
		if (input->head.len < HEAD_LEN)
			state = level_read(input, input->layer_count,
					   input->head_buffer + input->head.len,
					   HEAD_LEN - input->head.len, &count);
		else
			count = 0;
		input->head.len += count;
		const struct unpack_kind *kind = kind_of(input->head);
		if (kind) {
			state = layer_add(input, kind);
			if (state == INPUT_STOPPED)
				return state;
			continue;
		}
		if (input->head.len < UNPACK_MAGIC_LEN && state == INPUT_BYTES)
			continue;
		if (input->head.len < UNPACK_MAGIC_LEN && state == INPUT_WAIT)
			return INPUT_WAIT;
		input->is_recognised = true;
	}
	return INPUT_BYTES;
}

enum input_state input_peek(struct input *input, struct str *start)
{
	enum input_state state = recognise(input);

	*start = state == INPUT_BYTES ? input->head : (struct str){0};
	return state;
}

enum input_state input_read(struct input *input, char *at, size_t cap, size_t *count)
{
	enum input_state state = recognise(input);

	*count = 0;
	if (state != INPUT_BYTES)
		return state;
	if (input->head.len == 0)
		return level_read(input, input->layer_count, at, cap, count);
	*count = input->head.len < cap ? input->head.len : cap;
	memcpy(at, input->head.at, *count);
	input->head = str_skip(input->head, *count);
	return INPUT_BYTES;
}
