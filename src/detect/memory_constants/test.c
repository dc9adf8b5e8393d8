#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "decode/constants/constants.h"
#include "detect/host_room.h"

extern const struct host_room memory_constants_room;

static void each_kind_is_one_sign(void **state)
{
	static const struct constant_hit hits[] = {
		{.name = "pool URL", .kind = CONSTANT_POOL_URL, .text = STR("stratum+tcp://a:1")},
		{.name = "pool URL", .kind = CONSTANT_POOL_URL, .text = STR("stratum+tcp://b:1")},
		{.name = "job", .kind = CONSTANT_MESSAGE, .text = STR("{1}"), .address = 0x1000},
		{.name = "job", .kind = CONSTANT_MESSAGE, .text = STR("{2}"), .address = 0x5000},
		{.name = "keys", .kind = CONSTANT_ALGORITHM, .algorithm = "rx"},
		{.name = "from the future", .kind = 200},
	};
	/* a program's own words are not what it says */
	static const struct mapping mappings[] = {
		{.start = 0x1000, .end = 0x2000, .flags = MAPPING_READ},
		{.start = 0x5000, .end = 0x6000, .flags = MAPPING_READ | MAPPING_WRITE},
	};
	const struct workload workload = {.constants = hits,
					  .constant_count = sizeof(hits) / sizeof(*hits),
					  .mappings = mappings,
					  .mapping_count = 2};
	struct signs signs = {0};

	memory_constants_room.judge(&workload, NULL, &signs);
	assert_int_equal(signs.count, 3);
	assert_true(str_equal(signs.at[0].quote, STR("stratum+tcp://a:1")));
	assert_int_equal(signs.at[0].weight, SIGN_SUPPORTS);
	assert_int_equal(signs.at[1].family, FAMILY_MEMORY);
	assert_int_equal(signs.at[1].weight, SIGN_STRONG);
	assert_true(str_equal(signs.at[1].quote, STR("{2}")));
	/* of the code's family: a verifying node has its code and its keys, which is one thing */
	assert_int_equal(signs.at[2].family, FAMILY_CODE);
	assert_int_equal(signs.at[2].weight, SIGN_LOOKS_ALIKE);
	assert_string_equal(signs.at[2].algorithm, "rx");
}

/* Who has a session has in memory what is sent through it, whatever that is: a tunnel, too. */
static void what_a_session_may_bring_proves_nothing_more(void **state)
{
	static const struct {
		enum constant_kind kind;
		bool is_written;
		enum sign_weight weight;
	} rows[] = {
		{CONSTANT_MESSAGE, true, SIGN_SUPPORTS},
		{CONSTANT_SETTING, true, SIGN_SUPPORTS},
		{CONSTANT_SETTING, false, SIGN_SUPPORTS}, /* words are counted, wherever they lie */
		{CONSTANT_ALGORITHM, true, SIGN_SUPPORTS},
		{CONSTANT_ALGORITHM, false, SIGN_LOOKS_ALIKE},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct constant_hit hit = {
			.name = "x", .kind = rows[i].kind, .text = STR("{2}"), .address = 0x5000};
		const struct mapping mapping = {.start = 0x5000,
						.end = 0x6000,
						.flags = MAPPING_READ |
							 (rows[i].is_written ? MAPPING_WRITE : 0)};
		const struct workload_session session = {0};
		const struct workload workload = {.constants = &hit,
						  .constant_count = 1,
						  .mappings = &mapping,
						  .mapping_count = 1,
						  .sessions = &session,
						  .session_count = 1};
		struct signs signs = {0};
		memory_constants_room.judge(&workload, NULL, &signs);
		assert_int_equal(signs.count, 1);
		if (signs.at[0].weight != rows[i].weight)
			fail_msg("row %zu", i);
	}
}

static void nothing_found_is_no_sign(void **state)
{
	const struct workload workload = {0};
	struct signs signs = {0};

	memory_constants_room.judge(&workload, NULL, &signs);
	assert_int_equal(signs.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_is_one_sign),
		cmocka_unit_test(what_a_session_may_bring_proves_nothing_more),
		cmocka_unit_test(nothing_found_is_no_sign),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
