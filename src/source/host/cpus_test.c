#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "source/host/cpus.h"

static const struct {
	const char *text;
	bool is_list;
	uint32_t end, count;
} rows[] = {
	{"0\n", true, 1, 1},
	{"0-1\n", true, 2, 2},
	{"0-3,5", true, 6, 5},
	{"1,3-4,4095\n", true, 4096, 4},
	{"", false, 0, 0},
	{"\n", false, 0, 0},
	{"4096", false, 0, 0},
	{"3-1", false, 0, 0},
	{"0-", false, 0, 0},
	{"0 1", false, 0, 0},
	{"99999999999999999999", false, 0, 0},
};

static void lists(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cpus cpus;
		uint32_t count = 0;
		print_message("%s\n", rows[i].text);
		assert_int_equal(cpus_parse(str_from(rows[i].text), &cpus), rows[i].is_list);
		if (!rows[i].is_list)
			continue;
		for (uint32_t cpu = 0; cpu < CPUS_MAX; cpu++)
			count += cpus_has(&cpus, cpu);
		assert_int_equal(cpus.end, rows[i].end);
		assert_int_equal(count, rows[i].count);
	}
}

static void this_machine(void **state)
{
	struct cpus cpus;

	assert_int_equal(cpus_online(&cpus), 0);
	assert_true(cpus.end > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists),
		cmocka_unit_test(this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
