#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "decode/flow/names.h"

static const struct {
	const char *address;
	size_t names; /* after one was learned */
} rows[] = {
	{"198.51.100.7", 1}, {"10.0.0.7", 1}, {"2001:db8::7", 1}, {"127.0.0.1", 0},
	{"127.9.9.9", 0},    {"::1", 0},      {"0.0.0.0", 0},	  {"::", 0},
};

static void addresses_of_any_program_get_no_name(void **state)
{
	struct str found[NAMES_PER_ADDRESS];
	struct names *names;
	struct address address;

	assert_int_equal(names_new(64, 7, &names), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_true(address_parse(str_from(rows[i].address), &address));
		names_learn(names, &address, STR("pool.example"), instant_at(1, 0));
		if (names_find(names, &address, found, NAMES_PER_ADDRESS) != rows[i].names)
			fail_msg("%s", rows[i].address);
	}
	names_free(names);
}

static void the_newest_names_come_first(void **state)
{
	static const char *const learned[] = {"a.example", "b.example", "A.Example",
					      "c.example", "d.example", "e.example"};
	struct address address = address_v4(0xc6336407);
	struct str found[NAMES_PER_ADDRESS];
	struct names *names;

	assert_int_equal(names_new(64, 7, &names), 0);
	for (size_t i = 0; i < sizeof(learned) / sizeof(*learned); i++)
		names_learn(names, &address, str_from(learned[i]), instant_at(1, 0));
	assert_int_equal(names_find(names, &address, found, NAMES_PER_ADDRESS), 4);
	assert_true(str_equal(found[0], STR("e.example")));
	assert_true(str_equal(found[3], STR("A.Example")));
	names_free(names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_of_any_program_get_no_name),
		cmocka_unit_test(the_newest_names_come_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
