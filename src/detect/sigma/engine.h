/*
 * Sigma rules over records: the door of this room.
 *
 *     records ─▶ matcher of each log (matcher.h) ─▶ hits ─▶ findings, one a subject and rule
 *                                                     └──▶ correlations (rule_groups.h) ─▶ findings
 *
 * What is told depends on the records alone and not on their order, as long as no table is full:
 * times are those of the records, and of several records the earliest and the latest are quoted.
 * Hand over each record once (record_engine knows repeated ones).
 */
#ifndef DAVY_DETECT_SIGMA_ENGINE_H
#define DAVY_DETECT_SIGMA_ENGINE_H

#include "base/attributes.h"
#include "base/error.h"
#include "decode/sigma/sigma.h"
#include "detect/record_detector.h"

struct sigma_engine;

struct sigma_engine_settings {
	uint64_t seed;	   /* hash_random_seed() */
	uint32_t findings; /* subjects and rules remembered; 0: 16384 */
	uint32_t groups;   /* of all correlations; 0: 65536 */
	uint32_t events;   /* in all these groups; 0: 131072 */
};

/*
 * Compile all rules for the logs of these mappings. Rules and mappings are borrowed for good.
 *
 * returns: 0; -ENOMEM, -EINVAL and why: the rules of one log cannot be compiled together
 */
must_check int sigma_engine_new(const struct sigma_rules *rules,
				const struct sigma_mapping *mappings, size_t mapping_count,
				const struct sigma_engine_settings *settings,
				struct sigma_engine **out, struct error *why);
void sigma_engine_free(struct sigma_engine *engine); /* NULL is allowed */

void sigma_engine_take(struct sigma_engine *engine, const struct record *record);

/* Tell all findings there are now, also those told before (as struct record_detector's report). */
void sigma_engine_report(struct sigma_engine *engine, instant now, struct arena *scratch,
			 struct record_teller *teller);

/* Which rules hold for one record, and nothing remembered: for proofs. Indexes into rules->at. */
size_t sigma_engine_match(struct sigma_engine *engine, const struct record *record, uint32_t *out,
			  size_t most);

struct sigma_engine_counters {
	uint64_t records, undecided; /* undecided: no memory, or none left for one record */
	uint64_t hits;
	uint64_t looked_at; /* rules whose condition was worked out */
	uint32_t rules, always, comparisons, patterns;
	uint64_t forgotten; /* findings and groups that made room for others */
};
struct sigma_engine_counters sigma_engine_counters(const struct sigma_engine *engine);

#endif
