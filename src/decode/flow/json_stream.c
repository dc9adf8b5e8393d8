#include "decode/flow/json_stream.h"

#include "base/str.h"

void json_stream_fini(struct json_stream *stream)
{
	buf_fini(&stream->pending);
}

static void restart(struct json_stream *stream)
{
	stream->depth = 0;
	stream->in_string = stream->escaped = false;
}

void json_stream_feed(struct json_stream *stream, struct str bytes)
{
	buf_consume(&stream->pending, stream->taken);
	stream->at -= stream->taken;
	stream->taken = 0;
	stream->pending.failed = false;
	buf_add(&stream->pending, bytes);
	if (stream->pending.failed) { /* out of memory: this message is lost, the stream goes on */
		stream->passed_over += stream->pending.len + bytes.len;
		buf_clear(&stream->pending);
		stream->at = 0;
		restart(stream);
	}
}

static bool is_text(char c)
{
	return c >= 0x20 && c < 0x7f;
}

/* Between messages: returns true when a message begins at stream->at. */
static bool find_start(struct json_stream *stream)
{
	const char *bytes = stream->pending.at;

	for (; stream->at < stream->pending.len; stream->at++) {
		if (stream->skips_line) {
			ptrdiff_t left = str_find_byte(
				str_skip(buf_view(&stream->pending), stream->at), '\n');
			if (left < 0) {
				stream->at = stream->pending.len;
				break;
			}
			stream->at += (size_t)left;
		}
		char c = bytes[stream->at];
		if (c == '\n') {
			stream->skips_line = false;
		} else if (c == '{' || c == '[') {
			stream->passed_over += stream->at - stream->taken;
			stream->taken = stream->at;
			return true;
		} else if (is_text(c) && c != ' ' && c != ',') {
			stream->skips_line = true;
		}
	}
	stream->passed_over += stream->at - stream->taken;
	stream->taken = stream->at;
	return false;
}

static bool value_may_follow(char last)
{
	return last == ',' || last == ':' || last == '[' || last == '{';
}

static bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* At a { of a message: a new object on a new line where none can be: the last one was cut off. */
static bool is_cut_here(const struct json_stream *stream, size_t at)
{
	const char *bytes = stream->pending.at;

	if (at == stream->taken || bytes[at - 1] != '\n')
		return false;
	while (at > stream->taken && is_space(bytes[at - 1]))
		at--;
	return at == stream->taken || !value_may_follow(bytes[at - 1]);
}

/* Bytes that mean something inside a string, and outside of strings. */
enum { IN_STRING = 1, OUTSIDE = 2 };
static const uint8_t meanings[256] = {
	['"'] = IN_STRING | OUTSIDE,
	['\\'] = IN_STRING,
	['\n'] = IN_STRING,
	['{'] = OUTSIDE,
	['['] = OUTSIDE,
	['}'] = OUTSIDE,
	[']'] = OUTSIDE,
};

static size_t next_meaning(const struct json_stream *stream, size_t at, size_t end)
{
	const uint8_t *bytes = (const uint8_t *)stream->pending.at;
	uint8_t wanted = stream->in_string ? IN_STRING : OUTSIDE;

	while (at < end && !(meanings[bytes[at]] & wanted))
		at++;
	return at;
}

enum part { PART_GOES_ON, PART_ENDS_BEFORE, PART_ENDS_WITH };

/* A byte that means something: does the message end here? */
static enum part take_meaning(struct json_stream *stream, size_t at)
{
	char c = stream->pending.at[at];

	if (stream->in_string) {
		if (c == '\n')
			return PART_ENDS_BEFORE;
		stream->escaped = c == '\\';
		stream->in_string = c != '"';
		return PART_GOES_ON;
	}
	if (c == '"') {
		stream->in_string = true;
	} else if (c == '{' || c == '[') {
		if (c == '{' && is_cut_here(stream, at))
			return PART_ENDS_BEFORE;
		stream->depth++;
	} else if (--stream->depth == 0) {
		return PART_ENDS_WITH;
	}
	return PART_GOES_ON;
}

static void hand_out(struct json_stream *stream, struct str *message)
{
	*message = str_sub(buf_view(&stream->pending), stream->taken, stream->at - stream->taken);
	stream->taken = stream->at;
	restart(stream);
}

bool json_stream_next(struct json_stream *stream, struct str *message)
{
	if (stream->depth == 0 && !find_start(stream))
		return false;
	size_t most = stream->taken + JSON_MESSAGE_MAX;
	size_t end = stream->pending.len < most ? stream->pending.len : most;
	while (stream->at < end) {
		if (stream->escaped && stream->pending.at[stream->at] != '\n') {
			stream->escaped = false;
			stream->at++;
			continue;
		}
		stream->at = next_meaning(stream, stream->at, end);
		if (stream->at == end)
			break;
		enum part part = take_meaning(stream, stream->at);
		stream->at += part != PART_ENDS_BEFORE;
		if (part != PART_GOES_ON) {
			hand_out(stream, message);
			return true;
		}
	}
	if (end < most)
		return false;
	hand_out(stream, message); /* its first part is enough */
	stream->skips_line = true;
	return true;
}

bool json_stream_flush(struct json_stream *stream, struct str *message)
{
	bool has_some = stream->depth > 0 && stream->at > stream->taken;

	if (has_some)
		hand_out(stream, message);
	return has_some;
}

void json_stream_gap(struct json_stream *stream)
{
	buf_clear(&stream->pending);
	stream->at = stream->taken = 0;
	stream->skips_line = true;
	restart(stream);
}
