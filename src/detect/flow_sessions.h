/*
 * Connections between the inside and the open internet, stitched from the windows of flow logs in
 * both directions; shared by the rooms that judge them by their shape.
 *
 * Bounded in two steps: each connection takes 128 bytes and holds three rows there; from the fourth
 * on it has a series of its own (flow_series.h). Who goes first when there is no room goes by
 * promise: one-way or new, then two-way; of series, any, then thin in both directions, then thin
 * for an hour. So a flood of junk pushes out junk.
 */
#ifndef DAVY_DETECT_FLOW_SESSIONS_H
#define DAVY_DETECT_FLOW_SESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/table.h"
#include "detect/flow_names.h"
#include "detect/flow_origins.h"
#include "detect/flow_series.h"
#include "detect/record_detector.h"
#include "model/endpoint.h"

enum {
	/* Measured Stratum is 2 to 300 bytes a second each way; the rest is room for bursts. */
	THIN_MOST_PER_S = 300,
	LASTING_S = 3600,
	FLOW_SESSIONS_DEFAULT = 1 << 19,
	SESSIONS_PER_SERIES = 64,
	FLOW_SERIES_LEAST = 64,
};

enum flow_opener { OPENER_UNKNOWN, OPENER_INSIDE, OPENER_OUTSIDE };

/* A connection as a room sees it; views that live until the next record. */
struct flow_session {
	const struct flow_origin *origin;
	const struct flow_series *series;
	struct endpoint local, remote;
	uint8_t protocol; /* IP's number */
	uint16_t up_flag; /* ROW_BACK or 0: rows that have just this of it go out */
	bool is_sampled;  /* some rows are estimates */
	bool has_begin;	  /* its first window is seen, not only the first in the log */
	enum flow_opener opener;
	uint32_t first_s, last_s; /* since 1970: start of the first window, end of the last */
};

struct flow_sessions;

/*
 * settings: with `flows`, the one that another room made is shared
 * feeds:    who is told true hands over all records; the others only read
 */
must_check int flow_sessions_join(const struct record_settings *settings,
				  struct flow_sessions **out,
				  bool *feeds);		  /* 0, -ENOMEM, -EINVAL */
void flow_sessions_leave(struct flow_sessions *sessions); /* the last one frees; NULL is allowed */

/* Takes RECORD_FLOW and RECORD_LOOKUP; anything else is passed over. */
void flow_sessions_observe(struct flow_sessions *sessions, const struct record *record);

/*
 * All connections that have a series, in an order that depends on what they are alone: by origin,
 * local address, remote endpoint, protocol, time and local port, so that connections of one host to
 * one server lie together.
 *
 * returns: how many; *out is an array of ours, good until the next record or call
 */
size_t flow_sessions_collect(struct flow_sessions *sessions, const struct flow_session **out);

bool flow_session_same_host(const struct flow_session *a, const struct flow_session *b);
/* Same host, same server: one may be the other's successor. */
bool flow_session_same_ends(const struct flow_session *a, const struct flow_session *b);
static inline bool flow_row_is_up(const struct flow_session *session, const struct flow_row *row)
{
	return (row->flags & ROW_BACK) == session->up_flag;
}

struct flow_resolution flow_sessions_resolve(const struct flow_sessions *sessions,
					     const struct flow_session *session);

struct flow_sessions_counters {
	struct table_counters sessions, series;
};
struct flow_sessions_counters flow_sessions_counters(struct flow_sessions *sessions);

#endif
