/*
 * The rooms that judge flows: ten bytes are a row of one of a few connections, the first are texts
 * of the log. Rows are taken as they are and again from the last to the first: what is told must be
 * the same. There is room for all, for who is evicted depends on who came.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "detect/record_detector.h"
#include "model/finding_json.h"

enum { ROW_BYTES = 10, TEXT_BYTES = 16, ROWS_MOST = 1000, START_S = 1790000000, ROOMS = 2 };

extern const struct record_detector co_movement_detector, flow_mining_detector;

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

struct told {
	struct record_teller teller;
	struct buf lines;
};

static void take(struct record_teller *teller, struct finding *finding)
{
	struct told *told = (struct told *)teller;

	assert(finding->title.len > 0 && finding->reason_count > 0 && finding->confidence <= 0.6);
	assert(finding->verdict == VERDICT_SUSPECT || finding->verdict == VERDICT_SIGNAL);
	for (size_t i = 0; i < finding->action_count; i++) /* a terminal shows it as it is */
		for (size_t k = 0; k < finding->actions[i].command.len; k++)
			assert(finding->actions[i].command.at[k] >= 0x20 &&
			       finding->actions[i].command.at[k] <= 0x7e);
	finding_to_json(finding, &told->lines);
}

/* connection, flags, window (2), seconds, provider, bytes (2), packets, more */
static struct record row_of(const uint8_t *at, struct str text)
{
	struct endpoint inside = {address_v4(0x0a000000u + at[0] / 4u), (uint16_t)(32768 + at[0])};
	struct endpoint outside = {address_v4(0xc6336400u + at[0] % 4u), 443};
	bool is_up = at[1] & 1;
	struct record record = {.kind = RECORD_FLOW};
	struct record_flow *flow = &record.flow;

	if (at[1] & 2) /* IPv6, where both could be inside */
		inside.address.bytes[0] = outside.address.bytes[0] = 0x20;
	flow->provider = (enum record_provider)(at[5] % (PROVIDER_GCP + 1));
	flow->account = str_sub(text, 0, 4);
	flow->interface = at[1] & 4 ? str_sub(text, 4, at[9] % 8) : (struct str){0};
	flow->instance = str_sub(text, 8, 4);
	flow->network = str_sub(text, 12, 4);
	flow->source = is_up ? inside : outside;
	flow->destination = is_up ? outside : inside;
	flow->protocol = at[1] & 8 ? 17 : 6;
	flow->bytes = (uint64_t)at[6] << 8 | at[7];
	flow->packets = at[8];
	flow->has_back = at[1] & 16;
	flow->bytes_back = flow->bytes / 2;
	flow->packets_back = flow->packets;
	flow->is_sampled = at[9] == 255;
	flow->tcp_flags = at[1] & 32 ? 2 : at[1] & 64 ? 18 : 0;
	flow->direction = (int8_t)(at[9] % 3 - 1);
	flow->state = at[5] & 64 ? FLOW_CONTINUES : FLOW_STATE_UNKNOWN;
	flow->start = instant_at(START_S + 60 * (at[2] << 8 | at[3]), 0);
	flow->end = instant_add(flow->start, DURATION_S((int8_t)at[4]));
	record.time = flow->start;
	return record;
}

static void look(const uint8_t *rows, size_t count, struct str text, bool is_backwards,
		 struct told *told)
{
	static const struct record_detector *const rooms[ROOMS] = {&co_movement_detector,
								   &flow_mining_detector};
	struct flow_sessions *flows = NULL;
	const struct record_settings settings = {.seed = 1, .capacity = 1 << 16, .flows = &flows};
	void *states[ROOMS];
	struct arena scratch;

	if (arena_init(&scratch, 64 * 1024))
		abort();
	for (int i = 0; i < ROOMS; i++)
		if (rooms[i]->create(&settings, &states[i]))
			abort();
	for (size_t i = 0; i < count; i++) {
		size_t at = is_backwards ? count - 1 - i : i;
		struct record record = row_of(rows + at * ROW_BYTES, text);
		for (int k = 0; k < ROOMS; k++)
			rooms[k]->observe(states[k], &record);
	}
	for (int i = 0; i < ROOMS; i++)
		rooms[i]->report(states[i], instant_at(START_S, 0), &scratch, &told->teller);
	for (int i = 0; i < ROOMS; i++)
		rooms[i]->destroy(states[i]);
	arena_fini(&scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct told forth = {.teller.tell = take}, back = {.teller.tell = take};

	if (len < TEXT_BYTES)
		return 0;
	struct str text = str_of(bytes, TEXT_BYTES);
	size_t count = (len - TEXT_BYTES) / ROW_BYTES;
	if (count > ROWS_MOST)
		count = ROWS_MOST;
	look(bytes + TEXT_BYTES, count, text, false, &forth);
	look(bytes + TEXT_BYTES, count, text, true, &back);
	assert(str_equal(buf_view(&forth.lines), buf_view(&back.lines)));
	buf_fini(&forth.lines);
	buf_fini(&back.lines);
	return 0;
}
