/*
 * Cutting one direction of a connection into JSON messages, whether they are parted by line ends,
 * by nothing, or cut by damage.
 *
 * A message begins with { or [ at the start of the stream, after a line end, after another message,
 * or after bytes that are no text (a mark, a length). Printable text before it belongs to another
 * protocol that quotes JSON (a chat line, a log line): that whole line is passed over. A string
 * never goes over a line end, and a line end followed by { where no value can begin ends a message
 * that was cut off.
 */
#ifndef DAVY_DECODE_FLOW_JSON_STREAM_H
#define DAVY_DECODE_FLOW_JSON_STREAM_H

#include <stdbool.h>

#include "base/buf.h"

enum { JSON_MESSAGE_MAX = 256 * 1024 }; /* a block template may be larger: its first part is read */

struct json_stream {
	struct buf pending;
	size_t at;    /* scanned so far */
	size_t taken; /* of pending, handed out or passed over */
	uint32_t depth;
	bool in_string, escaped;
	bool skips_line;      /* until the line end */
	uint64_t passed_over; /* bytes that were in no message */
};

void json_stream_fini(struct json_stream *stream);
void json_stream_feed(struct json_stream *stream, struct str bytes);
/* The next message; its view lives until the next feed. */
bool json_stream_next(struct json_stream *stream, struct str *message);
/* No more bytes (end of a body), or bytes are missing: what is pending is handed out as it is. */
bool json_stream_flush(struct json_stream *stream, struct str *message);
/* Bytes are missing: forget what is pending and pass over the rest of a message cut in two. */
void json_stream_gap(struct json_stream *stream);

#endif
