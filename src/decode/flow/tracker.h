/*
 * The tracker: packets in, observations out.
 *
 * Books every TCP packet on its flow, decides which connections are worth listening to, puts their
 * streams in order and hands them to a conversation. Sans-I/O: a scan, a live sensor and a test
 * feed it the same way; time is the packets' own.
 *
 * All it holds is bounded: flows by number, listening by number and bytes, names by number. When
 * full, what nobody answered goes first and what carried mining goes last (base/table.h).
 */
#ifndef DAVY_DECODE_FLOW_TRACKER_H
#define DAVY_DECODE_FLOW_TRACKER_H

#include "base/table.h"
#include "decode/flow/flow.h"
#include "decode/flow/names.h"
#include "decode/flow/tunnel_ends.h"
#include "decode/packet/packet.h"

struct tracker;

struct tracker_settings {
	uint32_t flows;		 /* most flows remembered */
	uint32_t inspections;	 /* most connections listened to at once */
	size_t inspection_bytes; /* memory for their streams and messages */
	uint32_t names;		 /* most addresses whose names are remembered */
	uint64_t seed;
	const struct mirrors *mirrors; /* live as long as the tracker; NULL: none */
	void (*observe)(void *context, const struct observation *seen);
	void *context;
};

/* What the rest of a packet's connection is worth: for a sensor that can stop it in the kernel. */
enum tracker_interest {
	TRACKER_LISTENS, /* inspected, or too young to tell */
	TRACKER_COUNTS,	 /* sends much and fast, none of it of interest: may be cut off */
	TRACKER_REOPENS, /* was cut off, and has become of interest */
	TRACKER_IGNORES, /* not TCP, or not decoded */
};

must_check int tracker_new(const struct tracker_settings *settings, struct tracker **out);
void tracker_free(struct tracker *tracker);

/* origin: where the frame came from; its source text must outlive the tracker's use of it (the
 * call). */
enum tracker_interest tracker_packet(struct tracker *tracker, const struct packet *packet,
				     instant at, const struct origin *origin);
/*
 * The same for callers with several packets at hand, who can hide what the memory takes to answer:
 * tracker_expect for each of them, tracker_gather for all, then tracker_take for each, in order.
 */
struct tracker_expected {
	struct flow_key key;
	uint64_t hash;
	const struct flow *likely; /* NULL until tracker_gather; may be another's, or gone */
	int side;
	bool is_tcp;
	bool is_told; /* to the conversation, where somebody listens */
};
void tracker_expect(const struct tracker *tracker, const struct packet *packet,
		    struct tracker_expected *out);
void tracker_gather(const struct tracker *tracker, struct tracker_expected *expected, size_t count);
/* expected: of this packet */
enum tracker_interest tracker_take(struct tracker *tracker, const struct packet *packet,
				   const struct tracker_expected *expected, instant at,
				   const struct origin *origin);

/* Time passes without packets: gives up on holes, forgets idle flows. */
void tracker_tick(struct tracker *tracker, instant now);
/* The end of a capture: what is pending in conversations is read as it is. */
void tracker_flush(struct tracker *tracker);

struct tracker_counters {
	uint64_t packets, payload_bytes, udp_packets;
	uint64_t inspections_opened, inspections_refused, inspections_evicted;
	uint64_t messages, gaps, gap_bytes, malformed;
	uint64_t refused_bytes; /* of segments ahead of a hole, for which there was no room */
	uint64_t names_unasked; /* DNS answers to no question that was seen: not believed */
	size_t inspection_bytes;
	struct table_counters flows, inspections, names;
};
struct tracker_counters tracker_counters(const struct tracker *tracker);

#endif
