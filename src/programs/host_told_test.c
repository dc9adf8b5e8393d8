/* When a finding of a subject is news. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>

#include "programs/host_told.h"

static struct finding authorised_as(const char *verdict)
{
	struct finding finding = {.detector = STR("host"), .subject.type = STR("process")};

	facts_add_number(&finding.subject.keys, "pid", 7);
	facts_add_text(&finding.facts, "state", STR("authorised"));
	facts_add_text(&finding.facts, "authorised_as", str_from(verdict));
	return finding;
}

static void what_is_authorised_is_told_again_when_it_would_be_more(void **state)
{
	static const struct {
		const char *would_be;
		uint64_t told;
	} rows[] = {{"suspect", 1}, {"suspect", 1}, {"mining", 2}, {"mining", 2}, {"suspect", 2}};
	struct channel channel;
	struct host_told *told;
	int ends[2];

	(void)state;
	assert_int_equal(channel_pair(ends), 0);
	channel_init(&channel, ends[0], false);
	assert_int_equal(host_told_new(&channel, false, 1, &told), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct finding finding = authorised_as(rows[i].would_be);
		host_told_take(told, &finding, (instant){(int64_t)(1000 + i) * 1000000000});
		assert_int_equal(host_told_count(told).findings, rows[i].told);
	}
	host_told_free(told);
	channel_fini(&channel);
	assert_int_equal(close(ends[1]), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_authorised_is_told_again_when_it_would_be_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
