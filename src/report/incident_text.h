/* An incident told to people, in the order of a finding: what, who, since when, why, what next. */
#ifndef DAVY_REPORT_INCIDENT_TEXT_H
#define DAVY_REPORT_INCIDENT_TEXT_H

#include "base/buf.h"
#include "model/incident.h"
#include "report/style.h"

/* In a few lines, for the end of a scan: its findings were told before, with what to do. */
void report_incident_short(struct buf *out, const struct report_style *style,
			   const struct incident *incident);

/*
 * Whole, in parts: its findings come one by one in between (report/finding_text.h).
 *
 *     head, story and impact, reasons of each finding, evidence of each, steps
 */
void report_incident_head(struct buf *out, const struct report_style *style,
			  const struct incident *incident);
void report_incident_story(struct buf *out, const struct report_style *style,
			   const struct incident *incident);

enum { REPORT_STEPS_MAX = 64 };

/* What to do next, of an incident and then of its findings: each step once, numbered through. */
struct report_steps {
	uint64_t seed; /* hash_random_seed(): whoever chooses names must not hide a step */
	uint64_t told[REPORT_STEPS_MAX];
	size_t count; /* beyond REPORT_STEPS_MAX nothing is told */
};
void report_steps_add(struct buf *out, const struct report_style *style, struct report_steps *steps,
		      const struct action *actions, size_t count);

#endif
