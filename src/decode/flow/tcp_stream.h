/*
 * One direction of a TCP connection as a stream of bytes.
 *
 * What arrives in order is handed on as a view into the packet, at no cost; what is ahead of a hole
 * waits in a segment_pool. Where two segments claim the same bytes the first to arrive wins: once
 * delivered or kept, a byte does not change. (An end system may take the other copy; whoever sends
 * two on purpose is seen in `repeated`, not decoded twice.)
 *
 * The capture may have lost what the peer has received. A hole is given up when waiting for it is
 * known to be useless (tcp_stream_is_stuck) or when the caller has waited long enough. For each
 * packet:
 *
 *	struct str now, more;
 *	enum tcp_delivery delivery;
 *	do {
 *		delivery = tcp_stream_feed(s, pool, seq, flags, payload, wire_len, &now);
 *		take(now);
 *		while (tcp_stream_next(s, pool, &more))
 *			take(more);
 *		while (delivery == TCP_FULL || tcp_stream_is_stuck(s, pool)) {
 *			skip(tcp_stream_gap(s, pool));
 *			while (tcp_stream_next(s, pool, &more))
 *				take(more);
 *			if (delivery == TCP_FULL)
 *				break;
 *		}
 *	} while (delivery == TCP_FULL);
 *
 * and for the acknowledgement that the same packet carries, on the stream of the other direction:
 *
 *	if (tcp_stream_acked(other, pool, ack)) the inner loop
 *
 * Positions are checked against a window around where the stream is, so that somebody who guesses
 * cannot move it; a stream that the capture lost track of is found again when both sides agree.
 */
#ifndef DAVY_DECODE_FLOW_TCP_STREAM_H
#define DAVY_DECODE_FLOW_TCP_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/segments.h"
#include "base/str.h"

enum {
	/* above Linux's largest receive buffer by default, 6 MiB: more is not in flight */
	TCP_STREAM_WINDOW = 8 << 20,
	TCP_STREAM_BLOCKS_MAX = 128, /* of the pool, for one stream: 256 KiB */
};

/* All zero is a stream that has not begun. */
struct tcp_stream {
	uint32_t next;	     /* sequence number of the next byte to deliver */
	uint32_t acked;	     /* highest the peer acknowledged */
	uint32_t fin_at;     /* sequence number of the FIN */
	uint32_t lost_until; /* what lies before will not come */
	uint32_t refused_at; /* first byte that the last feed found no room for */
	uint32_t far_end;    /* end of the last segment outside the window */
	struct segment_list queue;
	uint32_t outside;  /* segments ignored: not in the window, or a SYN of another connection */
	uint32_t repeated; /* bytes that had been delivered or kept before, modulo 2^32 */
	uint8_t known;	   /* which of the above are, and whether the stream has begun */
	uint64_t delivered, missing; /* bytes */
};
_Static_assert(sizeof(struct tcp_stream) == 64, "two of them are in every flow");

enum tcp_delivery {
	TCP_NOTHING,  /* nothing new: no payload, or only what came before */
	TCP_IN_ORDER, /* `now` is the next part of the stream */
	TCP_QUEUED,   /* kept until what is before it comes */
	TCP_FULL, /* not all could be kept: give up the hole, then feed it again; `now` may be set
		   */
	TCP_OUTSIDE, /* far from where the stream is: ignored and counted */
};

void tcp_stream_init(struct tcp_stream *s);
void tcp_stream_fini(struct tcp_stream *s, struct segment_pool *pool);

/*
 * A SYN or SYN and ACK was sent this way. Once the stream has begun it is ignored; but when a
 * server answers twice with different numbers, as some do, the one that the peer acknowledges
 * counts.
 */
void tcp_stream_syn(struct tcp_stream *s, uint32_t isn);

/*
 * Take one segment. Without a SYN before, the first segment that has payload is the beginning.
 *
 * flags:    enum tcp_flag of packet.h; with TCP_RST nothing is taken
 * wire_len: payload on the wire; what the capture cut off (payload.len < wire_len) is a gap
 * now:      bytes to deliver before anything tcp_stream_next gives; a view into payload
 */
enum tcp_delivery tcp_stream_feed(struct tcp_stream *s, struct segment_pool *pool, uint32_t seq,
				  uint8_t flags, struct str payload, uint32_t wire_len,
				  struct str *now);

/* Does this segment bring other bytes than are kept for the same place? */
bool tcp_stream_contradicts(const struct tcp_stream *s, const struct segment_pool *pool,
			    uint32_t seq, struct str payload);

/* Kept bytes that have become next; the view holds until the next call with this pool. */
bool tcp_stream_next(struct tcp_stream *s, struct segment_pool *pool, struct str *bytes);

/* The peer acknowledged everything before `ack`. Returns tcp_stream_is_stuck. */
bool tcp_stream_acked(struct tcp_stream *s, const struct segment_pool *pool, uint32_t ack);

/* The next byte will not come: the peer has it, and all up to what we have, or the capture cut it.
 */
bool tcp_stream_is_stuck(const struct tcp_stream *s, const struct segment_pool *pool);

/*
 * Give up the hole the stream waits at and go on behind it.
 *
 * returns: bytes missing, modulo 2^32; 0 when there is no hole, or nothing known behind it
 */
uint32_t tcp_stream_gap(struct tcp_stream *s, const struct segment_pool *pool);

/* Everything up to the FIN was delivered or given up. */
bool tcp_stream_is_finished(const struct tcp_stream *s);

/* Is this a number the sender could use now? For a RST: one that is not, is forged or stale. */
bool tcp_stream_in_window(const struct tcp_stream *s, uint32_t seq);

#endif
