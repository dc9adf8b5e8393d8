/*
 * WebSocket: frames, and messages put together from them, permessage-deflate undone.
 *
 * A stream is one direction of a connection after its upgrade, or from a frame in mid-connection
 * on. Memory is the caller's: a buffer for the message and a block for the inflater.
 */
#ifndef DAVY_DECODE_APP_WEBSOCKET_H
#define DAVY_DECODE_APP_WEBSOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reader.h"
#include "base/str.h"
#include "decode/app/inflater.h"
#include "decode/decoded.h"

enum {
	WEBSOCKET_MESSAGE_MAX = 64 * 1024, /* kept of one message; the rest is counted */
	WEBSOCKET_HEADER_MAX = 14,
	WEBSOCKET_CONTROL_MAX = 125,
};

enum websocket_opcode {
	WEBSOCKET_CONTINUATION = 0,
	WEBSOCKET_TEXT = 1,
	WEBSOCKET_BINARY = 2,
	WEBSOCKET_CLOSE = 8,
	WEBSOCKET_PING = 9,
	WEBSOCKET_PONG = 10,
};

struct websocket_frame {
	bool fin, rsv1, rsv2, rsv3; /* rsv1: permessage-deflate, on a message's first frame */
	uint8_t opcode;		    /* enum websocket_opcode */
	bool masked;
	bool is_minimal; /* the length takes no more bytes than it needs */
	uint8_t mask[4];
	uint64_t length; /* of the payload */
};

/*
 * One frame header; the payload is left in place. Nothing is consumed on NEED_MORE.
 * MALFORMED: reserved opcode, control frame fragmented or over 125 bytes, length over 2^63.
 * source: RFC 6455 section 5.2
 */
enum decoded websocket_frame_read(struct reader *in, struct websocket_frame *out);

/* Apply the mask in place; offset: how far into the frame's payload `bytes` begins. */
void websocket_unmask(uint8_t *bytes, size_t len, const uint8_t mask[4], uint64_t offset);

/*
 * Do these bytes, from the middle of a connection, look like a frame that carries JSON: masked
 * (a client's), or unmasked text (a server's)? Needs the header and one byte of payload; looks at
 * two when there are two. Compressed frames do not show.
 */
bool websocket_starts_midstream(struct str first);

/* What Sec-WebSocket-Extensions agreed on. */
struct websocket_deflate {
	bool is_on;
	bool client_no_context_takeover, server_no_context_takeover;
	uint8_t client_window_bits, server_window_bits; /* 8..15 */
};

/* Read the header of the server's response (of a request: what was offered first).
 * source: RFC 7692 section 7.1 */
struct websocket_deflate websocket_extensions_read(struct str header);

struct websocket_settings {
	bool is_from_client;
	/* is_on with 15 bits and takeover is also right when the upgrade was not seen */
	struct websocket_deflate deflate;
	bool is_midstream; /* the first frames may belong to a message that began before */
	char *kept;	   /* the caller's, as long as the stream */
	size_t kept_max;   /* up to WEBSOCKET_MESSAGE_MAX is used */
	void *inflater;	   /* INFLATER_MEMORY(bits) bytes, aligned; NULL: not inflated */
	size_t inflater_size;
};

struct websocket_message {
	uint8_t opcode; /* a continuation: its beginning was not seen */
	bool is_compressed;
	bool is_cut;	    /* payload is only the beginning */
	struct str payload; /* lives until the next call of feed or next */
	uint64_t length;    /* whole, inflated where it was */
	uint64_t wire_length;
};

struct websocket_stream {
	struct websocket_settings settings;
	struct inflater *inflater; /* in settings.inflater */
	struct str in;
	uint8_t header[WEBSOCKET_HEADER_MAX], header_len;
	bool is_in_frame, is_in_message, is_lost, is_broken;
	bool is_synchronised; /* a message began since the stream did */
	struct websocket_frame frame;
	uint64_t frame_done; /* payload bytes of the frame so far */
	struct websocket_message message;
	uint8_t control_len;
	char control[WEBSOCKET_CONTROL_MAX];
};

void websocket_stream_init(struct websocket_stream *stream,
			   const struct websocket_settings *settings);

/* Give the bytes that arrived; they must live until `next` returned NEED_MORE. */
void websocket_stream_feed(struct websocket_stream *stream, struct str bytes);

/*
 * The next whole message, or control frame (also between the fragments of a message).
 *
 * returns: DECODED; NEED_MORE: feed again; UNSUPPORTED: a message that could not be inflated
 *          (history not seen, limits, corrupt, an extension not known): `out` has its opcode and
 *          wire_length, the next may be fine; MALFORMED: no WebSocket (any more), and stays so
 */
enum decoded websocket_stream_next(struct websocket_stream *stream, struct websocket_message *out);

#endif
