/* Hits of rules, gathered by rule and subject until they are told. For this room. */
#ifndef DAVY_DETECT_SIGMA_HITS_H
#define DAVY_DETECT_SIGMA_HITS_H

#include "decode/sigma/sigma.h"
#include "detect/record_detector.h"
#include "detect/sigma/witness.h"

struct hits;

enum { HIT_REASONS_MAX = 6 };

must_check int hits_new(const struct sigma_rules *rules, uint32_t capacity, uint64_t seed,
			struct hits **out); /* 0 or -ENOMEM */
void hits_free(struct hits *hits);	    /* NULL is allowed */

/* reasons: the comparisons that hold, at most HIT_REASONS_MAX */
void hits_add(struct hits *hits, uint32_t rule, const struct record *record,
	      const struct sigma_atom *const *reasons, size_t reason_count);
void hits_report(struct hits *hits, struct arena *scratch, struct record_teller *teller);
uint64_t hits_forgotten(const struct hits *hits);

/* What every finding by a rule says of it: rule, verdict, severity, confidence, techniques. */
void rule_tell(const struct sigma_rule *rule, struct arena *scratch, struct finding *out);
/* What its author says it may be instead, and what to do. */
void rule_tell_doubts(const struct sigma_rule *rule, struct arena *scratch, struct finding *out);

#endif
