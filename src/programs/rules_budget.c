#include "programs/rules_budget.h"

bool rules_budget_allows(struct rules_budget *budget, instant now)
{
	int64_t passed = instant_since(now, budget->window).ns / DURATION_S(RULES_WINDOW_S).ns;

	if (passed > 0) {
		int64_t most = budget->used.ns / DURATION_S(RULES_BUDGET_S).ns + 1;
		budget->used.ns -= DURATION_S(RULES_BUDGET_S).ns * (passed < most ? passed : most);
		if (budget->used.ns < 0)
			budget->used.ns = 0;
		budget->window = now;
	}
	return budget->used.ns < DURATION_S(RULES_BUDGET_S).ns;
}

void rules_budget_spend(struct rules_budget *budget, duration took)
{
	if (took.ns > 0 && __builtin_add_overflow(budget->used.ns, took.ns, &budget->used.ns))
		budget->used.ns = INT64_MAX;
}
