/*
 * For the tests of rooms over flows: rows of the lab's traffic kept as records, shown to a room,
 * and what it tells of them, as JSON lines and counted.
 */
#ifndef DAVY_TESTS_FLOW_RECORDS_H
#define DAVY_TESTS_FLOW_RECORDS_H

#include <stdlib.h>

#include "detect/record_detector.h"
#include "lab/flow_traffic.h"
#include "model/finding_json.h"

enum { FLOW_RECORDS_MAX = 60000 };

struct flow_records {
	struct flow_rows_taker taker;
	size_t count;
	struct record *at;
};

struct told_flows {
	struct record_teller teller;
	const struct record_detector *by;
	struct buf lines;
	unsigned suspects, signals, others;
	double confidence; /* the highest */
};

static inline void flow_records_keep(struct flow_rows_taker *taker, const struct record *record)
{
	struct flow_records *records = (struct flow_records *)taker;

	assert_true(records->count < FLOW_RECORDS_MAX);
	records->at[records->count++] = *record;
}

static inline void flow_records_begin(struct flow_records *records)
{
	*records = (struct flow_records){.taker.take = flow_records_keep,
					 .at = calloc(FLOW_RECORDS_MAX, sizeof(struct record))};
	assert_non_null(records->at);
}

static inline void flow_records_free(struct flow_records *records)
{
	free(records->at);
}

static inline void flow_records_shuffle(struct flow_records *records, struct lab_random *random)
{
	for (size_t i = records->count - 1; i > 0; i--) {
		uint32_t other = lab_random_below(random, (uint32_t)i + 1);
		struct record held = records->at[i];
		records->at[i] = records->at[other];
		records->at[other] = held;
	}
}

static inline void told_flows_take(struct record_teller *teller, struct finding *finding)
{
	struct told_flows *told = (struct told_flows *)teller;
	char id[FINDING_ID_LEN + 1];

	finding->detector = str_from(told->by->name);
	finding_identify(finding, id);
	finding->id = str_of(id, FINDING_ID_LEN);
	finding_to_json(finding, &told->lines);
	buf_add_byte(&told->lines, '\n');
	told->suspects += finding->verdict == VERDICT_SUSPECT;
	told->signals += finding->verdict == VERDICT_SIGNAL;
	told->others += finding->verdict != VERDICT_SUSPECT && finding->verdict != VERDICT_SIGNAL;
	if (finding->confidence > told->confidence)
		told->confidence = finding->confidence;
	assert_true(finding->reason_count > 0);
}

/* told: its lines are to be freed with told_flows_fini */
static inline void told_flows_of(const struct flow_records *records,
				 const struct record_detector *by, instant now,
				 struct told_flows *told)
{
	const struct record_settings settings = {.seed = 3, .capacity = 1 << 14};
	struct arena scratch;
	void *state;

	*told = (struct told_flows){.teller.tell = told_flows_take, .by = by};
	assert_int_equal(arena_init(&scratch, 64 * 1024), 0);
	assert_int_equal(by->create(&settings, &state), 0);
	for (size_t i = 0; i < records->count; i++)
		by->observe(state, &records->at[i]);
	by->report(state, now, &scratch, &told->teller);
	by->destroy(state);
	arena_fini(&scratch);
}

static inline void told_flows_fini(struct told_flows *told)
{
	buf_fini(&told->lines);
}

static inline bool told_flows_say(const struct told_flows *told, const char *text)
{
	return str_find(buf_view(&told->lines), str_from(text)) >= 0;
}

#endif
