#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "detect/shares.h"

static void a_mean_is_of_what_is_there(void **state)
{
	const float shares[] = {0.5F, 1, 1.5F, 4};

	(void)state;
	assert_true(shares_mean(shares, 0) == 0);
	assert_true(shares_mean(shares, 3) == 1);
	assert_true(shares_mean(shares, 4) == 1.75);
}

static void texts_are_of_one_core_or_of_many(void **state)
{
	static const struct {
		double share;
		const char *text;
	} rows[] = {{0.02, "2 % of one core"},
		    {0.994, "99 % of one core"},
		    {0.996, "1.0 core"},
		    {1.06, "1.1 cores"},
		    {64, "64.0 cores"}};
	struct arena scratch;

	(void)state;
	assert_int_equal(arena_init(&scratch, 4096), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_true(str_equal(share_text(&scratch, rows[i].share), str_from(rows[i].text)));
	arena_fini(&scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mean_is_of_what_is_there),
		cmocka_unit_test(texts_are_of_one_core_or_of_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
