/*
 * Several hosts that do the same at once: the workers of a pool, replicas of a service, agents. For
 * measuring what moves together because of one cause, and what only looks so.
 */
#ifndef DAVY_LAB_FLOW_CROWD_H
#define DAVY_LAB_FLOW_CROWD_H

#include "lab/flow_traffic.h"

struct flow_crowd_kind {
	const char *name;
	bool is_mining;	 /* and of one pool: what is to be found */
	bool one_server; /* else each has a server of its own, as behind a CDN */
	struct flow_shape shape;
	/* Seconds between broadcasts (RHYTHM_SHARED), those by chance and those by the source's own
	 * clock; 0: none of the kind. */
	struct flow_span by_chance, by_clock, bytes;
	uint32_t on_each_s; /* all at the same second of each so many: minutes, cron */
	bool by_day;	    /* busier in the middle */
};

extern const struct flow_crowd_kind flow_crowds[]; /* ends with a name of NULL */
const struct flow_crowd_kind *flow_crowd_named(const char *name);

struct flow_crowd {
	const struct flow_crowd_kind *kind;
	unsigned count;
	uint64_t seed;
	instant start;
	uint32_t seconds, window_s;
	bool has_whole_windows;
};

void flow_crowd_rows(const struct flow_crowd *crowd, struct flow_rows_taker *taker);

#endif
