/* What is kept of a finding, and a group of them. Private to cases*.c. */
#ifndef DAVY_CORRELATE_CASES_STATE_H
#define DAVY_CORRELATE_CASES_STATE_H

#include "base/arena.h"
#include "base/buf.h"
#include "correlate/cases.h"

enum { CASE_TIES_MAX = 48, CASE_NONE = -1 };

struct case_finding {
	char id[FINDING_ID_LEN]; /* the key in the table */
	uint32_t revision;
	uint8_t verdict, severity;
	uint8_t tie_count;
	uint64_t ties[CASE_TIES_MAX]; /* seeded hashes of kind and text */
	instant first_seen, last_seen;
	struct buf line; /* its JSON */
	int32_t group;	 /* index of the group's first finding in cases.sorted, or CASE_NONE */
};

/* What opens an incident, and may join two findings. */
static inline bool case_accuses(const struct case_finding *finding)
{
	return finding->verdict != VERDICT_SIGNAL && finding->verdict != VERDICT_EXPOSURE;
}

struct case_telling {
	struct arena lines; /* of one finding read back */
	struct arena texts; /* of one incident */
};

must_check int case_telling_init(struct case_telling *telling);
void case_telling_fini(struct case_telling *telling);

/*
 * Fill all of `out` but its state; its views last until the next call.
 *
 * members: of one group, in order of time; at least one accuses
 */
void case_tell(struct case_telling *telling, struct case_finding *const *members, size_t count,
	       struct incident *out);

#endif
