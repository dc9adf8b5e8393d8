#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "programs/rules_budget.h"

/* Asked at a time; what is allowed takes so long. */
static const struct {
	int64_t at_ms, took_ms;
	bool is_allowed;
} rows[] = {
	{1000000, 3000, true},
	{1003000, 999, true},
	{1004000, 4000, true}, /* may begin, and is paid for later */
	{1008000, 0, false},
	{1059000, 0, false},
	{1060000, 0, true}, /* 3.999 s of it are used */
	{1060001, 1, true},
	{1060002, 0, false},
	{1120002, 25000, true}, /* one that does not look at its clock */
	{1180002, 0, false},
	{1300002, 0, false},
	{1420002, 0, false}, /* 25 - 5 * 4 s */
	{9000000, 4000, true},
	{9004000, 0, false},
	{INT64_MAX / 1000000, 1000, true},
};

static void what_is_used_is_gone_until_the_next_window(void **state)
{
	struct rules_budget budget = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		instant now = {rows[i].at_ms * 1000000};
		bool is_allowed = rules_budget_allows(&budget, now);
		if (is_allowed != rows[i].is_allowed)
			fail_msg("row %zu: %s", i, is_allowed ? "allowed" : "not allowed");
		if (is_allowed)
			rules_budget_spend(&budget, DURATION_MS(rows[i].took_ms));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_used_is_gone_until_the_next_window),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
