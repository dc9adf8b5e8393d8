/*
 * Records of clouds and clusters: the bytes of an input, to the detectors. One for all inputs of a
 * scan, since what belongs together lies in many files.
 */
#ifndef DAVY_PROGRAMS_SCAN_RECORDS_H
#define DAVY_PROGRAMS_SCAN_RECORDS_H

#include "base/attributes.h"
#include "programs/scanning.h"

struct scan_records;

/* sigma: what sigma_files_share gave; owned. Rules are compiled when the first log comes. */
must_check int scan_records_new(struct finding_sink *sink, int sigma, struct scan_records **out);
void scan_records_free(struct scan_records *records); /* NULL is allowed */

/* Takes the input, which looks like a log, and tells SCAN_DONE. */
void scan_records_read(struct scan_records *records, struct scanning *scanning, struct input *input,
		       struct str name);

/* After the last input: findings are told. Does nothing when there were no records. */
void scan_records_end(struct scan_records *records);

#endif
