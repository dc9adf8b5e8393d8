#include <setjmp.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "flow_records.h"
#include "lab/flow_crowd.h"

extern const struct record_detector co_movement_detector;

enum { START_S = 1790000000, HOURS_4 = 14400 };

static void look(const struct flow_records *records, struct told_flows *told)
{
	told_flows_of(records, &co_movement_detector, instant_at(START_S + HOURS_4, 0), told);
	assert_true(told->confidence <= 0.6);
}

static void generate(struct flow_records *records, const char *name, unsigned count, uint64_t seed)
{
	const struct flow_crowd crowd = {
		.kind = flow_crowd_named(name),
		.count = count,
		.seed = seed,
		.start = instant_at(START_S, 0),
		.seconds = HOURS_4,
		.window_s = 60,
	};

	assert_non_null(crowd.kind);
	flow_crowd_rows(&crowd, &records->taker);
}

static void what_moves_together_is_told(void **state)
{
	enum { TRIALS = 12 };
	static const struct {
		const char *crowd;
		unsigned count, suspects_least, suspects_most, signals_least, signals_most;
	} rows[] = {
		{"workers of one pool behind a CDN", 6, 8, TRIALS, 0, 4},
		{"workers of one pool, one address", 6, 8, TRIALS, 0, 4},
		{"replicas on one topic", 6, 0, 1, 8, TRIALS},
		{"replicas that only listen", 6, 0, 1, 8, TRIALS},
		{"miners of different pools", 6, 0, 0, 0, 0},
		{"agents, each by its own clock", 6, 0, 0, 0, 0},
		{"agents, all on the minute", 6, 0, 0, 0, 0},
		{"agents, each five minutes", 6, 0, 0, 0, 0},
		{"sensors, busy by day", 6, 0, 0, 0, 0},
		{"chat bots of different rooms", 6, 0, 0, 0, 0},
		{"workers of one pool behind a CDN", 2, 0, 0, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		unsigned suspects = 0, signals = 0;
		for (uint64_t seed = 1; seed <= TRIALS; seed++) {
			struct flow_records records;
			struct told_flows told;
			flow_records_begin(&records);
			generate(&records, rows[i].crowd, rows[i].count, seed);
			look(&records, &told);
			suspects += told.suspects > 0;
			signals += told.signals > 0;
			assert_int_equal(told.others, 0);
			told_flows_fini(&told);
			flow_records_free(&records);
		}
		if (suspects < rows[i].suspects_least || suspects > rows[i].suspects_most ||
		    signals < rows[i].signals_least || signals > rows[i].signals_most)
			fail_msg("%s: %u suspects and %u signals of %d", rows[i].crowd, suspects,
				 signals, TRIALS);
	}
}

static void a_pool_is_found_among_others_and_told_with_all_its_hosts(void **state)
{
	struct flow_records records;
	struct told_flows told;

	(void)state;
	flow_records_begin(&records);
	generate(&records, "workers of one pool behind a CDN", 8, 77);
	generate(&records, "agents, all on the minute", 12, 78);
	generate(&records, "miners of different pools", 6, 79);
	look(&records, &told);
	assert_int_equal(told.suspects, 1);
	static const char *const words[] = {"\"verdict\":\"suspect\"", "\"type\":\"group\"",
					    "\"hosts\":8", "different servers",
					    "replicas on one message topic"};
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!told_flows_say(&told, words[i]))
			fail_msg("not said: %s\n%.*s", words[i], STR_ARG(buf_view(&told.lines)));
	told_flows_fini(&told);
	flow_records_free(&records);
}

static void any_order_tells_the_same(void **state)
{
	struct lab_random random = {5};
	struct flow_records records;
	struct told_flows first, told;

	(void)state;
	flow_records_begin(&records);
	generate(&records, "workers of one pool behind a CDN", 6, 77);
	generate(&records, "replicas on one topic", 6, 78);
	look(&records, &first);
	assert_true(first.suspects > 0 && first.signals > 0);
	for (unsigned round = 0; round < 2; round++) {
		flow_records_shuffle(&records, &random);
		flow_records_keep(&records.taker, &records.at[5]);
		look(&records, &told);
		assert_true(str_equal(buf_view(&told.lines), buf_view(&first.lines)));
		told_flows_fini(&told);
	}
	told_flows_fini(&first);
	flow_records_free(&records);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_moves_together_is_told),
		cmocka_unit_test(a_pool_is_found_among_others_and_told_with_all_its_hosts),
		cmocka_unit_test(any_order_tells_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
