/*
 * How many different ones there were, in bounded memory: the same answer for any order, and what
 * comes twice counts once. The lowest hashes are kept; when there were more, how dense they lie
 * says how many (k minimum values: Bar-Yossef and others, RANDOM 2002).
 */
#ifndef DAVY_DETECT_CLUSTER_DISTINCT_H
#define DAVY_DETECT_CLUSTER_DISTINCT_H

#include <stdbool.h>
#include <stdint.h>

enum { DISTINCT_EXACT = 32 };

struct distinct {
	uint64_t lowest[DISTINCT_EXACT]; /* ascending */
	uint8_t count;
	bool has_more;
};

void distinct_add(struct distinct *distinct, uint64_t hash);
void distinct_join(struct distinct *distinct, const struct distinct *other);
/* Exact up to DISTINCT_EXACT; beyond it a guess (a fifth off in the mean) of two digits. */
uint64_t distinct_count(const struct distinct *distinct);

#endif
