/*
 * A detector over records of clouds and clusters: acts, flows and lookups in, findings out. No I/O
 * and no clock; memory is taken once, in create, and bounded (base/table.h).
 *
 * Files come in any order, and so do records: late, twice, from several writers. What is told at
 * the end must be the same for any order of the same records, so a detector remembers what it saw
 * with its time and judges in `report`; it never concludes from which came first.
 */
#ifndef DAVY_DETECT_RECORD_DETECTOR_H
#define DAVY_DETECT_RECORD_DETECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "model/finding.h"
#include "model/record.h"

struct computing_prices; /* lists/computing_prices.h */
struct flow_sessions;	 /* detect/flow_sessions.h */

struct record_settings {
	uint64_t seed;			       /* hash_random_seed() */
	uint32_t capacity;		       /* subjects remembered; 0: the detector's default */
	const struct computing_prices *prices; /* outlives the detector */
	/*
	 * Where rooms over flows share what is stitched: points to NULL before the first `create`,
	 * which fills it in, and is not to be used after the last `destroy`. All rooms must then
	 * get every record, in the order of their creation. NULL: each keeps its own.
	 */
	struct flow_sessions **flows;
};

/* Takes a finding with message lifetime; fills in id, revision and detector itself. */
struct record_teller {
	void (*tell)(struct record_teller *teller, struct finding *finding);
};

#define RECORD_WANTS(kind) (UINT32_C(1) << (kind))

struct record_detector {
	const char *name;
	const char *summary;
	uint32_t wants; /* RECORD_WANTS(kind) | ... */
	must_check int (*create)(const struct record_settings *settings, void **state);
	void (*destroy)(void *state); /* NULL is allowed */
	void (*observe)(void *state, const struct record *seen);
	/*
	 * Tell all findings there are now, also those told before: who calls knows what is news.
	 *
	 * now:     of the records: the latest time among them in a scan, the clock in a watch
	 * scratch: for texts; reset by the callee between two findings
	 */
	void (*report)(void *state, instant now, struct arena *scratch,
		       struct record_teller *teller);
};

/* All of them; ends with NULL. */
extern const struct record_detector *const record_detectors[];

#endif
