/*
 * The TCP connections of a capture, each as what its two sides sent in order. Reassembled here in a
 * simple way of its own, so that nothing of decode/flow is needed to make what tests it.
 */
#ifndef DAVY_TESTS_REWRITTEN_STREAMS_H
#define DAVY_TESTS_REWRITTEN_STREAMS_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/instant.h"
#include "decode/capture/frame.h"
#include "model/endpoint.h"

enum { PIECES_MOST = 8192, CONNECTIONS_MOST = 1024 };

/* Where in a stream bytes that came at one time begin. */
struct piece {
	size_t offset;
	instant at;
};

struct stream {
	struct buf bytes;
	struct piece *pieces;
	size_t piece_count;
	uint32_t next; /* sequence number */
	bool is_begun;
	struct buf later; /* ahead of a hole: sequence, length, bytes */
};

struct connection {
	struct endpoint ends[2]; /* [0] opened it, or spoke first */
	struct stream streams[2];
	bool has_syn;
	bool has_bare; /* a packet without data, as acknowledgements and ends are */
};

struct connections {
	struct connection *list;
	size_t count;
};

/* Takes a frame into the connection it belongs to; what is no TCP is passed over. */
must_check int connections_take(struct connections *connections, const struct frame *frame);
void connections_fini(struct connections *connections);

/* When the byte at `offset` came. */
instant stream_time(const struct stream *stream, size_t offset);

#endif
