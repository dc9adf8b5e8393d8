/*
 * What a run of `davy watch` found, told when it ends: how many findings, and the gravest of the
 * incidents that were seen in it. Pure.
 */
#ifndef DAVY_PROGRAMS_WATCH_SUMMARY_H
#define DAVY_PROGRAMS_WATCH_SUMMARY_H

#include "base/buf.h"
#include "model/incident.h"
#include "programs/watch_alerts.h"

enum { SUMMARY_INCIDENTS = 10, SUMMARY_TITLE = 120 };

struct summary_incident {
	enum verdict verdict;
	char id[FINDING_ID_LEN];
	char title[SUMMARY_TITLE];
	size_t title_len;
};

struct summary {
	instant began;
	uint64_t incidents, by_verdict[VERDICT_COUNT];
	struct summary_incident at[SUMMARY_INCIDENTS]; /* gravest first */
	size_t count;
};

/* One of the run, or of before: only those seen since summary->began count. */
void summary_take(struct summary *summary, const struct incident *incident);

/* "In this run (2 h 3 min): 2 incidents, 1,243 findings (3 mining, 1,240 suspect)", no line end. */
void summary_sentence(const struct summary *summary, const struct alert_counters *alerts,
		      instant now, struct buf *out);
/* A line for each incident, and how to see more; nothing when there are none. */
void summary_lines(const struct summary *summary, struct buf *out);

/* "1,240" */
void buf_add_grouped(struct buf *out, uint64_t number);

#endif
