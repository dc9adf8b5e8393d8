#include "decode/flow/json_stream.h"

void json_stream_fini(struct json_stream *stream)
{
	buf_fini(&stream->pending);
}

static void restart(struct json_stream *stream)
{
	stream->depth = 0;
	stream->in_string = stream->escaped = false;
	stream->last = 0;
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
	for (; stream->at < stream->pending.len; stream->at++) {
		char c = stream->pending.at[stream->at];
		if (c == '\n') {
			stream->skips_line = false;
		} else if (!stream->skips_line && (c == '{' || c == '[')) {
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

/* True when the message ends before (not with) the byte at stream->at. */
static bool is_cut_here(const struct json_stream *stream, char c)
{
	if (stream->in_string)
		return c == '\n';
	/* a new object on a new line where none can be: the last one was cut off */
	return c == '{' && stream->depth > 0 && stream->at > stream->taken &&
	       stream->pending.at[stream->at - 1] == '\n' && !value_may_follow(stream->last);
}

/* One byte of a message; true when it ends with this byte. */
static bool scan_byte(struct json_stream *stream, char c)
{
	if (stream->in_string) {
		if (stream->escaped)
			stream->escaped = false;
		else if (c == '\\')
			stream->escaped = true;
		else if (c == '"')
			stream->in_string = false;
		return false;
	}
	if (c == '"') {
		stream->in_string = true;
	} else if (c == '{' || c == '[') {
		stream->depth++;
	} else if (c == '}' || c == ']') {
		if (--stream->depth == 0)
			return true;
	}
	if (c != ' ' && c != '\n' && c != '\r' && c != '\t')
		stream->last = c;
	return false;
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
	for (; stream->at < stream->pending.len; stream->at++) {
		char c = stream->pending.at[stream->at];
		if (is_cut_here(stream, c)) {
			hand_out(stream, message);
			return true;
		}
		if (scan_byte(stream, c)) {
			stream->at++;
			hand_out(stream, message);
			return true;
		}
		if (stream->at - stream->taken >= JSON_MESSAGE_MAX) { /* its first part is enough */
			hand_out(stream, message);
			stream->skips_line = true;
			return true;
		}
	}
	return false;
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
