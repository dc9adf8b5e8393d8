#include <setjmp.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "detect/record_detector.h"
#include "lab/flow_crowd.h"
#include "model/finding_json.h"

extern const struct record_detector co_movement_detector;

enum { START_S = 1790000000, HOURS_4 = 14400, RECORDS_MAX = 60000 };

struct told {
	struct record_teller teller;
	struct buf lines;
	unsigned suspects, signals, others;
};

static void tell(struct record_teller *teller, struct finding *finding)
{
	struct told *told = (struct told *)teller;
	char id[FINDING_ID_LEN + 1];

	finding->detector = STR("co_movement");
	finding_identify(finding, id);
	finding->id = str_of(id, FINDING_ID_LEN);
	finding_to_json(finding, &told->lines);
	buf_add_byte(&told->lines, '\n');
	if (finding->verdict == VERDICT_SUSPECT)
		told->suspects++;
	else if (finding->verdict == VERDICT_SIGNAL)
		told->signals++;
	else
		told->others++;
	assert_true(finding->reason_count > 0 && finding->confidence <= 0.6);
}

struct records {
	struct flow_rows_taker taker;
	size_t count;
	struct record *at;
};

static void keep(struct flow_rows_taker *taker, const struct record *record)
{
	struct records *records = (struct records *)taker;

	assert_true(records->count < RECORDS_MAX);
	records->at[records->count++] = *record;
}

static void begin(struct records *records)
{
	*records = (struct records){.taker.take = keep,
				    .at = calloc(RECORDS_MAX, sizeof(struct record))};
	assert_non_null(records->at);
}

static void look(const struct records *records, struct told *told)
{
	const struct record_settings settings = {.seed = 3, .capacity = 1 << 14};
	struct arena scratch;
	void *state;

	*told = (struct told){.teller.tell = tell};
	assert_int_equal(arena_init(&scratch, 64 * 1024), 0);
	assert_int_equal(co_movement_detector.create(&settings, &state), 0);
	for (size_t i = 0; i < records->count; i++)
		co_movement_detector.observe(state, &records->at[i]);
	co_movement_detector.report(state, instant_at(START_S + HOURS_4, 0), &scratch,
				    &told->teller);
	co_movement_detector.destroy(state);
	arena_fini(&scratch);
}

static void generate(struct records *records, const char *name, unsigned count, uint64_t seed)
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
			struct records records;
			struct told told;
			begin(&records);
			generate(&records, rows[i].crowd, rows[i].count, seed);
			look(&records, &told);
			suspects += told.suspects > 0;
			signals += told.signals > 0;
			assert_int_equal(told.others, 0);
			buf_fini(&told.lines);
			free(records.at);
		}
		if (suspects < rows[i].suspects_least || suspects > rows[i].suspects_most ||
		    signals < rows[i].signals_least || signals > rows[i].signals_most)
			fail_msg("%s: %u suspects and %u signals of %d", rows[i].crowd, suspects,
				 signals, TRIALS);
	}
}

static void a_pool_is_found_among_others_and_told_with_all_its_hosts(void **state)
{
	struct records records;
	struct told told;

	(void)state;
	begin(&records);
	generate(&records, "workers of one pool behind a CDN", 8, 77);
	generate(&records, "agents, all on the minute", 12, 78);
	generate(&records, "miners of different pools", 6, 79);
	look(&records, &told);
	assert_int_equal(told.suspects, 1);
	static const char *const words[] = {"\"verdict\":\"suspect\"", "\"type\":\"group\"",
					    "\"hosts\":8", "different servers",
					    "replicas on one message topic"};
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (str_find(buf_view(&told.lines), str_from(words[i])) < 0)
			fail_msg("not said: %s\n%.*s", words[i], STR_ARG(buf_view(&told.lines)));
	buf_fini(&told.lines);
	free(records.at);
}

static void any_order_tells_the_same(void **state)
{
	struct lab_random random = {5};
	struct records records;
	struct told first, told;

	(void)state;
	begin(&records);
	generate(&records, "workers of one pool behind a CDN", 6, 77);
	generate(&records, "replicas on one topic", 6, 78);
	look(&records, &first);
	assert_true(first.suspects > 0 && first.signals > 0);
	for (unsigned round = 0; round < 2; round++) {
		for (size_t i = records.count - 1; i > 0; i--) {
			uint32_t other = lab_random_below(&random, (uint32_t)i + 1);
			struct record held = records.at[i];
			records.at[i] = records.at[other];
			records.at[other] = held;
		}
		keep(&records.taker, &records.at[5]);
		look(&records, &told);
		assert_true(str_equal(buf_view(&told.lines), buf_view(&first.lines)));
		buf_fini(&told.lines);
	}
	buf_fini(&first.lines);
	free(records.at);
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
