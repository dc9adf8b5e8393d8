/* What `davy scan` writes: findings, incidents and the summary, for people or for machines. */
#ifndef DAVY_PROGRAMS_SCAN_OUTPUT_H
#define DAVY_PROGRAMS_SCAN_OUTPUT_H

#include "correlate/correlator.h"
#include "programs/scan.h"
#include "programs/sensor.h"

enum { SCAN_CLAIMS_MAX = 256 };

/* The same two hosts, the same claim: people want it once, with a count. */
struct scan_claim {
	uint64_t title_hash, repeated;
	char title[160];
};

struct scan_output {
	struct finding_sink sink; /* first: findings come here */
	struct scan_settings settings;
	struct correlator *correlator;
	struct buf out;
	struct scan_claim claims[SCAN_CLAIMS_MAX];
	size_t claim_count;
	uint64_t inputs, unreadable, findings, counted;
	uint64_t damaged_records; /* of captures */
	bool is_cut_off;	  /* standard output took no more, and that was told */
};

must_check int scan_output_init(struct scan_output *output, const struct scan_settings *settings);
void scan_output_fini(struct scan_output *output);

/* Something that was not looked at, and why. */
void scan_output_unchecked(struct scan_output *output, struct str input, struct str reason);
/* Incidents and the summary. */
void scan_output_end(struct scan_output *output, const struct sensor_counters *counters);

#endif
