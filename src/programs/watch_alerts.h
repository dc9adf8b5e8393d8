/*
 * What of the findings is told, and what only counted: each finding once, and again when it became
 * graver; and of one detector and verdict only so many a minute, the rest as one line with their
 * number. Whoever forges traffic by the thousand fills neither terminal nor journal, and cannot
 * keep the mining that we are convinced of from being told: that has a far larger budget of its
 * own. Everything is stored, told or not.
 *
 * Pure: it writes texts, and reads no clock. Bounded.
 */
#ifndef DAVY_PROGRAMS_WATCH_ALERTS_H
#define DAVY_PROGRAMS_WATCH_ALERTS_H

#include "base/attributes.h"
#include "base/buf.h"
#include "model/finding.h"
#include "report/style.h"

struct alert_settings {
	struct report_style style;
	bool is_json;	     /* lines of JSON in place of text */
	bool writes_journal; /* a line for the journal */
	bool writes_report;  /* text or JSON; false: both would end in the same journal */
	uint8_t verdict;     /* the lightest one told */
	uint32_t per_minute, mining_per_minute; /* 0: no limit */
};

struct alerts;

/* known: how many findings' last told state is remembered. 0 or -ENOMEM. */
must_check int alerts_new(const struct alert_settings *settings, uint32_t known, uint64_t seed,
			  struct alerts **out);
void alerts_free(struct alerts *alerts); /* NULL is allowed */
/* New settings; what is known stays. */
void alerts_set(struct alerts *alerts, const struct alert_settings *settings);

struct alert_texts {
	struct buf report;  /* for standard output */
	struct buf journal; /* for standard error */
};

/* A finding that is stored; json: its line. */
void alerts_take(struct alerts *alerts, const struct finding *finding, struct str json, instant now,
		 struct alert_texts *out);
/* One of an earlier run: told then. */
void alerts_remember(struct alerts *alerts, const struct finding *finding);
/* Often: tells what was only counted when its minute is over. */
void alerts_tick(struct alerts *alerts, instant now, struct alert_texts *out);
/* At the end: what was only counted so far. */
void alerts_flush(struct alerts *alerts, instant now, struct alert_texts *out);

struct alert_counters {
	uint64_t told, folded;
	uint64_t findings[VERDICT_COUNT]; /* since the start, each by its gravest verdict */
};
struct alert_counters alerts_counters(const struct alerts *alerts);

#endif
