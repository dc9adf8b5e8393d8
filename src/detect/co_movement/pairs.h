/* Which connections move together, and more than chance can do among so many pairs. */
#ifndef DAVY_DETECT_CO_MOVEMENT_PAIRS_H
#define DAVY_DETECT_CO_MOVEMENT_PAIRS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "detect/co_movement/movement.h"

enum { MOVEMENTS_MAX = 512 };

struct pair {
	double heard, said; /* correlations */
	uint32_t steps;	    /* that both have */
};

/* False: not the same steps, or too few of them. */
bool pair_correlate(const struct movement *a, const struct movement *b, struct pair *out);

/*
 * Do the two hear at the same times?
 *
 * pairs:   how many are looked at: the chance of one error in all of them stays at 1 in 100
 * returns: false also when they do as well some steps apart: that is a period, not a broadcast
 */
bool pair_moves_together(const struct movement *a, const struct movement *b, double pairs);

/* group[i]: the least number of those that i is joined with by pairs, itself when alone. */
void pairs_group(const struct movement *movements, size_t count, uint32_t *group);

#endif
