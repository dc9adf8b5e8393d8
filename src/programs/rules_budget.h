/*
 * What rules of the user's own may take of the host worker's time over all, whoever they look at.
 *
 * One thread looks at all processes, and whoever forks or executes anew is a new one: without a
 * limit over all, a rule that can be made slow costs each of them its 4 s, and the look at a miner
 * comes late. 4 s in a minute delay that by a fifteenth, and are what hundreds of good rules need
 * for a hundred looks.
 */
#ifndef DAVY_PROGRAMS_RULES_BUDGET_H
#define DAVY_PROGRAMS_RULES_BUDGET_H

#include <stdbool.h>

#include "base/instant.h"

enum { RULES_BUDGET_S = 4, RULES_WINDOW_S = 60 };

/* Zeroed: all of it is left. */
struct rules_budget {
	instant window; /* since when `used` is counted */
	duration used;
};

/* now: monotonic. False: it is used up, and rules are to wait for the next window */
bool rules_budget_allows(struct rules_budget *budget, instant now);
/* What one look took; more than was left is taken from the windows that follow. */
void rules_budget_spend(struct rules_budget *budget, duration took);

#endif
