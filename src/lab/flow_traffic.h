/*
 * Flow-log rows of mining sessions and of what looks like them, made from a table of who says how
 * much how often; for measuring detectors. The same seed gives the same rows.
 *
 * Messages are drawn one by one, sent in segments with their acknowledgements, and counted into
 * windows as a cloud does it: a row for each direction and window, with the times of its first and
 * last packet.
 */
#ifndef DAVY_LAB_FLOW_TRAFFIC_H
#define DAVY_LAB_FLOW_TRAFFIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/instant.h"
#include "lab/random.h"
#include "model/record.h"

enum flow_rhythm {
	RHYTHM_NONE,
	RHYTHM_CLOCK,  /* each `gap` seconds, moved by up to a tenth */
	RHYTHM_CHANCE, /* exponential gaps: what many independent causes give */
	RHYTHM_TALK,   /* bursts of a dozen, then a pause of thirty gaps: a person */
	RHYTHM_SHARED, /* at the times of flow_traffic.shared: a broadcast */
};

/* Least and most; drawn once a session, evenly in the logarithm. */
struct flow_span {
	double least, most;
};

enum { FLOW_TALKERS_MAX = 5 };

/* Somebody who says something now and then, and what is answered. */
struct flow_talker {
	enum flow_rhythm rhythm;
	bool is_down;			 /* said by the remote side */
	struct flow_span gap;		 /* seconds */
	struct flow_span said, answered; /* payload bytes; 0: no answer but an acknowledgement */
	double varies;			 /* share by which each single message differs in size */
};

struct flow_shape {
	const char *name;
	bool is_mining, is_udp, is_opened_outside;
	double tls_percent; /* of sessions that have 29 bytes more around each message */
	uint16_t port;	    /* remote, or with is_opened_outside local */
	struct flow_talker talkers[FLOW_TALKERS_MAX];
};

/* Ends with a name of NULL; where each row's figures come from stands beside it. */
extern const struct flow_shape flow_shapes[];
const struct flow_shape *flow_shape_named(const char *name); /* NULL: there is none */

struct flow_traffic {
	const struct flow_shape *shape;
	uint64_t seed;
	instant start;
	uint32_t seconds, window_s;
	uint32_t phase_s;	/* the first window began so long before `start` */
	bool has_whole_windows; /* rows tell the window's ends, not the first and last packet */
	bool is_two_way;	/* both directions in one row with one time, its end, as Azure's */
	uint32_t lost_percent;	/* windows that the log does not have */
	/* times in seconds for RHYTHM_SHARED and their sizes; NULL: drawn from the seed */
	const double *shared;
	const uint16_t *shared_bytes;
	size_t shared_count;
	struct endpoint local, remote;
	struct str account, interface, instance, network;
	bool has_tcp_flags;
};

struct flow_rows_taker {
	void (*take)(struct flow_rows_taker *taker, const struct record *record);
};

/* Hands over every row, in order of time in each direction. */
void flow_traffic_rows(const struct flow_traffic *traffic, struct flow_rows_taker *taker);

#endif
