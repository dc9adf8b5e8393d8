/*
 * Correlations: hits of rules, kept by group, and judged when findings are asked for.
 *
 * Records come late and unsorted, so the hits of a group are kept in order of their time, and what
 * they amount to is worked out from all of them (windows.h). Room is bounded: a group that is full
 * forgets its older half, after it was judged; when all groups together are too many, whole groups
 * go, the ones that never amounted to anything first.
 */
#ifndef DAVY_DETECT_SIGMA_RULE_GROUPS_H
#define DAVY_DETECT_SIGMA_RULE_GROUPS_H

#include "decode/sigma/sigma.h"
#include "detect/record_detector.h"
#include "detect/sigma/windows.h"

struct rule_groups;

enum { GROUP_NAME_MAX = 480, GROUP_SEPARATOR = 0x1f };

/* groups, events: of all correlations together. 0 or -ENOMEM */
must_check int rule_groups_new(const struct sigma_rules *rules, uint32_t groups, uint32_t events,
			       uint64_t seed, struct rule_groups **out);
void rule_groups_free(struct rule_groups *groups); /* NULL is allowed */

/* A record that a rule of a correlation holds for. */
struct rule_hit {
	uint32_t correlation, position; /* of the rule in it */
	uint32_t index;			/* of the value, where a record has several */
	struct str group;		/* values of its group-by fields, GROUP_SEPARATOR between */
};

/* value: hash of what value_count counts; a double's bits where a correlation is of numbers */
void rule_groups_add(struct rule_groups *groups, const struct rule_hit *hit, uint64_t value,
		     const struct record *record);
void rule_groups_report(struct rule_groups *groups, instant now, struct arena *scratch,
			struct record_teller *teller);
uint64_t rule_groups_forgotten(const struct rule_groups *groups);

#endif
