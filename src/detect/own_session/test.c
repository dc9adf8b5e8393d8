#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "detect/host_room.h"

extern const struct host_room own_session_room;

static void a_session_is_a_sign_of_its_own_process(void **state)
{
	static const struct {
		const char *name;
		bool serves, is_parents;
		int weight;
		const char *reason;
	} rows[] = {
		{"a miner", false, false, SIGN_SPECIFIC,
		 "its own connection from 10.0.0.7:40001 to 198.51.100.20:3333 carries a mining "
		 "session"},
		{"its child", false, true, SIGN_SPECIFIC,
		 "its parent's connection from 10.0.0.7:40001 to 198.51.100.20:3333 carries a "
		 "mining session"},
		{"a pool", true, false, SIGN_LOOKS_ALIKE,
		 "it is the pool's end of a mining session, from 10.0.0.7:40001 to "
		 "198.51.100.20:3333"},
	};
	struct arena scratch;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct workload_session session = {.title = STR("a \033[2Jfinding"),
						   .confidence = 0.97,
						   .serves = rows[i].serves,
						   .is_parents = rows[i].is_parents};
		struct workload workload = {.sessions = &session, .session_count = 1};
		struct signs signs = {0};
		assert_true(endpoint_parse(STR("10.0.0.7:40001"), &session.local));
		assert_true(endpoint_parse(STR("198.51.100.20:3333"), &session.remote));
		assert_int_equal(arena_init(&scratch, 4096), 0);
		own_session_room.judge(&workload, &scratch, &signs);
		if (signs.count != 1 || signs.at[0].weight != (enum sign_weight)rows[i].weight ||
		    !str_equal(signs.at[0].reason, str_from(rows[i].reason)))
			fail_msg("%s: %zu signs, %.*s", rows[i].name, signs.count,
				 STR_ARG(signs.at[0].reason));
		assert_true(signs.at[0].strength == 0.97);
		assert_null(memchr(signs.at[0].quote.at, 27, signs.at[0].quote.len));
		arena_fini(&scratch);
	}
}

static void without_a_session_there_is_no_sign(void **state)
{
	struct workload workload = {0};
	struct signs signs = {0};

	(void)state;
	own_session_room.judge(&workload, NULL, &signs);
	assert_int_equal(signs.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_is_a_sign_of_its_own_process),
		cmocka_unit_test(without_a_session_there_is_no_sign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
