/* What a hand touched, did not touch, and of which places nobody can tell. */
#ifndef DAVY_DETECT_HYBRID_IMPACT_H
#define DAVY_DETECT_HYBRID_IMPACT_H

#include "detect/hybrid/suspects.h"

enum { IMPACT_MAX = 16 };

struct impact_list {
	struct str at[IMPACT_MAX];
	size_t count, missed;
};

struct impact {
	struct impact_list touched, not_touched, cannot_tell;
	uint64_t bytes;
	uint32_t objects;
	bool is_open, is_shared, is_public, has_keys;
	instant first, last;
	const struct touch *evidence[3]; /* the first of the gravest kinds */
	size_t evidence_count;
};

/*
 * touches: those of one hand, by place; suspect NULL: all of them count
 * places:  all, by name
 * others:  keys of places that a linked hand touched: not told as untouched
 */
void impact_of(const struct suspect *suspect, const struct identity *hand,
	       struct touch *const *touches, size_t touch_count, struct place *const *places,
	       size_t place_count, const uint64_t *others, size_t other_count,
	       struct arena *scratch, struct impact *out);

bool impact_counts(const struct suspect *suspect, const struct touch *touch);

#endif
