/*
 * Listening to connections: which ones, in what order their bytes come, and when to stop.
 *
 * A connection is listened to from its first payload on unless that payload is plainly of no
 * interest, and again whenever a later segment begins like something that may be
 * (segment_may_matter): so mining that starts after megabytes of something else is found. Private
 * to decode/flow.
 */
#ifndef DAVY_DECODE_FLOW_INSPECTION_H
#define DAVY_DECODE_FLOW_INSPECTION_H

#include "decode/flow/conversation.h"
#include "decode/flow/flow.h"
#include "decode/flow/tracker.h"

struct inspections;

struct inspections_settings {
	uint32_t capacity;
	size_t bytes;
	uint64_t seed;
	void (*observe)(void *context, struct flow *flow, struct observation *seen,
			const struct conversation *conversation);
	void (*name)(void *context, struct flow *flow, int side, struct str name);
	void *context;
};

must_check int inspections_new(const struct inspections_settings *settings,
			       struct inspections **out);
void inspections_free(struct inspections *inspections);

/*
 * Listening may cost so much for each flow remembered, on average; and INSPECTION_FLOOR at least.
 * So an idle connection has a price that is known, however much it said before it fell silent: the
 * inspections of those that were silent longest are closed first, of mining ones last.
 */
enum { INSPECTION_BYTES_PER_FLOW = 32, INSPECTION_FLOOR = 8 * 1024 * 1024 };
void inspections_allow(struct inspections *inspections, uint32_t flows);

/* Ask the memory for what inspections_packet will read; each reads what the one before asked for.
 */
void inspection_prefetch(const struct inspection *inspection);
void inspection_prefetch_conversation(const struct inspection *inspection);
void inspection_prefetch_state(const struct inspection *inspection);

/* A packet of a flow, before its bytes are booked. */
void inspections_packet(struct inspections *inspections, struct flow *flow,
			const struct packet *packet, int side, instant at);
void inspection_close(struct inspections *inspections, struct flow *flow);
void inspections_tick(struct inspections *inspections, instant now);
void inspections_flush(struct inspections *inspections, instant now);
void inspections_count(const struct inspections *inspections, struct tracker_counters *counters);

#endif
