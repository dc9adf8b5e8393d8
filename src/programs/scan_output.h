/* What `davy scan` writes: findings, incidents and the summary, for people or for machines. */
#ifndef DAVY_PROGRAMS_SCAN_OUTPUT_H
#define DAVY_PROGRAMS_SCAN_OUTPUT_H

#include "correlate/cases.h"
#include "correlate/correlator.h"
#include "programs/host.h"
#include "programs/scan.h"
#include "programs/sensor.h"

enum { SCAN_TITLES_MAX = 256, SCAN_OTHERS_NAMED = 5 };

/* The same two hosts and the same claim on many connections: people want it once. */
struct scan_title {
	uint64_t hash;
	size_t at, len; /* in scan_output.titles */
	uint64_t repeated;
};

struct scan_output {
	struct finding_sink sink;	 /* first: findings of packets and processes come here */
	struct finding_sink record_sink; /* and those of records here */
	struct scan_settings settings;
	struct correlator *correlator;
	struct cases *cases;
	struct buf out, titles;
	struct scan_title told[SCAN_TITLES_MAX]; /* once it is full, each finding is printed */
	size_t told_count;
	uint64_t inputs, findings, counted;
	uint64_t signals;    /* of records: counted in text, told in JSON */
	uint64_t read;	     /* inputs of a kind that is read, whole or not */
	uint64_t unreadable; /* inputs of which something was not looked at */
	uint64_t others;     /* files in folders that are of no kind that is read */
	struct buf others_named;
	bool is_interrupted; /* in the middle of an input, or before some */
	uint64_t not_begun;
	uint64_t damaged_records; /* of captures, and of logs */
	uint64_t records;	  /* of clouds and clusters */
	bool has_host;		  /* this machine was looked at */
	struct host_seen host;
	bool is_cut_off; /* standard output took no more, and that was told */
	bool is_unread;	 /* whoever read it is gone */
};

must_check int scan_output_init(struct scan_output *output, const struct scan_settings *settings);
void scan_output_fini(struct scan_output *output);

/* Something that was not looked at, and why. */
void scan_output_unchecked(struct scan_output *output, struct str input, struct str reason);
/* A file that nobody named and that is no capture: told in the summary, and in JSON. */
void scan_output_other(struct scan_output *output, struct str input, struct str reason);
/* Incidents and the summary. */
void scan_output_end(struct scan_output *output, const struct sensor_counters *counters);

#endif
