/*
 * Records of logs as a benchmark needs them: any number, none twice, of the kinds and sizes that an
 * account writes. Same maker, same number: same record.
 *
 * Fields:
 * docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
 * and docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html (to version 5).
 */
#ifndef DAVY_BENCH_RECORDS_H
#define DAVY_BENCH_RECORDS_H

#include <stdint.h>

#include "base/buf.h"
#include "lab/random.h"

struct records {
	struct lab_random random;
	uint64_t seed;
	uint64_t number; /* of the next record, from 0 */
};

/* One CloudTrail record without a line's end; 1.6 kB on average, from 0.9 to 5. */
void records_add_trail(struct records *records, struct buf *out);

/* The header of a flow log, and one row; each with its line's end. */
void records_add_flow_header(struct buf *out);
void records_add_flow(struct records *records, struct buf *out);

#endif
