/*
 * Hands records of clouds and clusters to the detectors that want them, each record once, and tells
 * what they find.
 *
 * The same record comes twice where two exports overlap, or a file is given twice: by its kind and
 * id it is known again. The last RECORDS_KNOWN_DEFAULT ids are remembered; flows and lookups have
 * none, their detectors know a window again by its times.
 */
#ifndef DAVY_DETECT_RECORD_ENGINE_H
#define DAVY_DETECT_RECORD_ENGINE_H

#include "base/table.h"
#include "detect/record_detector.h"

enum { RECORDS_KNOWN_DEFAULT = 1 << 20 };

struct record_engine;

struct record_engine_settings {
	uint64_t seed;	/* hash_random_seed() */
	uint32_t known; /* ids remembered; 0: RECORDS_KNOWN_DEFAULT */
	/* of machines, for the rooms; outlives the engine. NULL: the built-in table */
	const struct computing_prices *prices;
	struct finding_sink *sink;
};

must_check int record_engine_new(const struct record_engine_settings *settings,
				 struct record_engine **out); /* 0 or -ENOMEM */
void record_engine_free(struct record_engine *engine);	      /* NULL is allowed */

/* False: it was there before, and nobody saw it. */
bool record_engine_take(struct record_engine *engine, const struct record *record);

/*
 * Tell what is new, or has changed since it was told.
 *
 * now: the clock in a watch; {0}: the latest time among the records
 */
void record_engine_report(struct record_engine *engine, instant now);

/* The same of what is no detector of the table, as sigma_engine_report. */
void record_engine_report_by(struct record_engine *engine, instant now, const char *detector,
			     void (*report)(void *state, instant now, struct arena *scratch,
					    struct record_teller *teller),
			     void *state);

struct record_engine_counters {
	uint64_t records[RECORD_KIND_COUNT]; /* each once */
	uint64_t repeated;
	instant first, last; /* among the records' times; 0: none had one */
};
struct record_engine_counters record_engine_counters(const struct record_engine *engine);

#endif
