/*
 * From an identity's lines to what happened: the day with the most computing beyond what this
 * identity used to create, and the signs around it.
 */
#ifndef DAVY_DETECT_LAUNCH_BURST_BURST_H
#define DAVY_DETECT_LAUNCH_BURST_BURST_H

#include "detect/launch_burst/ledger.h"

enum {
	BURST_HOURS = 24,
	SIGNS_BEFORE_HOURS = 7 * 24, /* who asks for a raise waits for it */
	BURST_TEXTS = 48,
};

/* Different texts in a fixed order; more than fit are counted. */
struct burst_texts {
	struct str at[BURST_TEXTS];
	size_t count;
	size_t missed;
};

struct burst {
	struct identity *identity;
	struct ledger_line **lines; /* of this identity, by hour */
	size_t line_count;
	int64_t from, to;    /* hours: [from, to) */
	instant first, last; /* of what was created, or tried */
	/* created in these hours */
	uint64_t machines, unknown_types, unpriced;
	double vcpu, gpu, usd_per_hour;
	struct burst_texts regions, types, services;
	/* the same identity before: the most in a day that ended before `from` */
	bool has_history; /* it created something more than a day before */
	double history_vcpu, history_gpu;
	uint64_t history_machines;
	bool is_first;	    /* too near the begin of the records to have a history */
	double later_units; /* the most in a day that began after it */
	struct burst_texts new_regions, new_types; /* with has_history */
	/* in these hours and the week before */
	uint64_t quota_reads, quota_reads_before, quota_raises, dry_runs, dry_runs_before, denied,
		failed, protected;
	struct burst_texts quota_regions;
	double tried_gpu;
	uint64_t tried_machines; /* by what was denied, failed or only tried */
	double quota_vcpu; /* the sum over regions of the greatest value told; below 0: none */
	bool only_with_mfa;
};

/*
 * lines:  all of one identity, as ledger_sorted gives them; at least one
 * begins: when the records do: what was on the first day is usual when later days have it, too
 */
void burst_judge(struct identity *identity, struct ledger_line **lines, size_t count,
		 instant begins, struct burst *out);

/* vCPUs, a GPU as eight, an unknown machine as two: to say which day was the greatest. */
double burst_units(double vcpu, double gpu, uint64_t unknown);

#endif
