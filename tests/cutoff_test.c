/*
 * The cut-off filter: on the running kernel, in a
 * namespace of our own. Settings are scaled to milliseconds, so nothing here waits long.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "probe.h"

static struct cutoff_key key_of(const struct frame_plan *plan)
{
	struct endpoint a = {address_v4(plan->from), plan->from_port};
	struct endpoint b = {address_v4(plan->to), plan->to_port};

	return cutoff_key_of(&a, &b, 6);
}

struct cut {
	struct cutoff_settings settings;
	struct cutoff_filter *filter;
	struct probe probe;
	int map, sender;
};

/* Bulk here is faster than 64 KiB/s by orders of magnitude: frames are sent back to back. */
static void cut_open(struct cut *cut, const struct cutoff_settings *settings, uint32_t capacity)
{
	struct error why = {""};

	cut->settings = *settings;
	if (cutoff_filter_open(settings, capacity, &cut->filter, &why))
		fail_msg("%s", why.text);
	struct ring_settings ring = settings_for("live1");
	ring.filter = cut->filter;
	probe_open(&cut->probe, &ring);
	cut->map = cutoff_filter_map(cut->filter);
	cut->sender = frame_sender("live0");
}

static void cut_close(struct cut *cut)
{
	close(cut->sender);
	probe_close(&cut->probe);
	cutoff_filter_close(cut->filter);
}

static struct cutoff_entry entry_of(const struct cut *cut, const struct frame_plan *plan)
{
	struct cutoff_key key = key_of(plan);
	struct cutoff_entry entry;

	assert_int_equal(cutoff_map_read(cut->map, &key, &entry), 0);
	return entry;
}

static void cut_now(const struct cut *cut, const struct frame_plan *plan)
{
	struct cutoff_key key = key_of(plan);

	assert_int_equal(cutoff_map_cut(cut->map, &key, &cut->settings), 0);
}

static void a_cut_flow_is_counted_not_delivered(void **state)
{
	struct cutoff_settings settings = cutoff_settings_default();
	struct cut cut;
	struct cutoff_totals totals;
	struct frame_plan there = flow(3000), back = frame_back(there), other = flow(3001),
			  tunnelled = there, json = there, end = there, bare = back;
	uint8_t frame[FRAME_MAX];
	uint64_t len = frame_build(&there, frame), bare_len;

	tunnelled.vxlan_port = 40000;
	tunnelled.payload_len = 1300;
	json.payload = "{\"id\":1,\"method\":\"mining.submit\",\"params\":[\"w\"]}   ";
	json.payload_len = 50;
	end.flags = 0x11;
	bare.flags = 0x10;
	bare.payload_len = 0;
	bare_len = frame_build(&bare, frame);
	cut_open(&cut, &settings, 1024);
	send_many(cut.sender, &there, 10);
	assert_int_equal(take_all(&cut.probe), 10);
	cut_now(&cut, &there);
	send_many(cut.sender, &there, 20);
	send_many(cut.sender, &back, 20);
	send_many(cut.sender, &tunnelled, 20); /* the same flow, seen inside a tunnel */
	assert_int_equal(take_all(&cut.probe), 0);
	struct cutoff_entry before = entry_of(&cut, &there), after;
	assert_int_equal(before.packets, 60);
	assert_int_equal(before.bytes, 40 * len + 20 * (len - 100 + 50));
	send_many(cut.sender, &bare, 5);
	assert_int_equal(take_all(&cut.probe), 0);
	after = entry_of(&cut, &there);
	assert_memory_equal(&after, &before, sizeof(after)); /* nothing was written */
	send_many(cut.sender, &other, 5);		     /* another flow is not concerned */
	assert_int_equal(take_all(&cut.probe), 5);
	send_many(cut.sender, &json, 7);
	send_many(cut.sender, &end, 2);
	assert_int_equal(take_all(&cut.probe), 9);
	assert_int_equal(cutoff_filter_totals(cut.filter, &totals), 0);
	assert_int_equal(totals.cut_packets, 65);
	assert_int_equal(totals.cut_bytes, 40 * len + 20 * (len - 100 + 50) + 5 * bare_len);
	assert_int_equal(totals.peeked, 9);
	struct cutoff_key key = key_of(&there);
	assert_int_equal(cutoff_map_forget(cut.map, &key), 0);
	send_many(cut.sender, &there, 3);
	assert_int_equal(take_all(&cut.probe), 3);
	cut_close(&cut);
}

static void small_messages_pass_within_a_budget(void **state)
{
	struct cutoff_settings settings = cutoff_settings_default();
	struct cut cut;
	struct frame_plan small = flow(3100);

	small.flags = 0x18;
	small.payload_len = 300;
	cut_open(&cut, &settings, 1024);
	cut_now(&cut, &small);
	send_many(cut.sender, &small, 500);
	size_t passed = take_all(&cut.probe);
	assert_in_range(passed, 20, 30); /* 20 saved up, and those of the time it took */
	cut_close(&cut);
}

/* Send bulk until a frame of it arrives, at least `after_ms` and at most 2 s later. */
static int64_t bulk_until_seen(struct cut *cut, const struct frame_plan *plan, unsigned at_a_time,
			       int pause_ms)
{
	int64_t start = now_ms();

	for (;;) {
		send_many(cut->sender, plan, at_a_time);
		struct pollfd ready = {.fd = cut->probe.socket.fd, .events = POLLIN};
		poll(&ready, 1, pause_ms);
		struct frame frame;
		while (ring_next(&cut->probe.ring, &frame))
			if (frame_is_ours(frame.bytes.at, frame.bytes.len))
				return now_ms() - start;
		if (now_ms() - start > 2000)
			return -1;
	}
}

static void a_slow_flow_is_delivered_again(void **state)
{
	struct cutoff_settings settings = cutoff_settings_default();
	struct cut cut;
	struct frame_plan plan = flow(3200);

	settings.window_ns = 200 * 1000000;
	settings.reopen_below = 10 * 1000 * 1000;
	cut_open(&cut, &settings, 1024);
	cut_now(&cut, &plan);
	send_many(cut.sender, &plan, 2000);
	assert_int_equal(take_all(&cut.probe), 0);
	/* One frame each 5 ms is 0.3 MB/s; held until a window has shown it. */
	int64_t waited = bulk_until_seen(&cut, &plan, 1, 5);
	assert_in_range(waited, 50, 1000);
	assert_int_equal(entry_of(&cut, &plan).state, CUTOFF_OPEN);
	send_many(cut.sender, &plan, 50);
	assert_true(take_all(&cut.probe) >= 50);
	cut_close(&cut);
}

static void a_fast_flow_is_shown_now_and_then(void **state)
{
	struct cutoff_settings settings = cutoff_settings_default();
	struct cut cut;
	struct frame_plan plan = flow(3300);

	settings.reopen_after_ns = 300 * 1000000;
	settings.burst_packets = 8;
	cut_open(&cut, &settings, 1024);
	cut_now(&cut, &plan);
	int64_t waited = bulk_until_seen(&cut, &plan, 50, 1);
	assert_in_range(waited, 290, 1000);
	take_all(&cut.probe);
	struct cutoff_totals totals;
	assert_int_equal(cutoff_filter_totals(cut.filter, &totals), 0);
	assert_int_equal(totals.peeked, 8);
	assert_int_equal(entry_of(&cut, &plan).state, CUTOFF_CUT);
	cut_close(&cut);
}

static void many_cut_flows_make_room_for_each_other(void **state)
{
	enum { FLOWS = 60000, CAPACITY = 16384 };
	struct cutoff_settings settings = cutoff_settings_default();
	struct cut cut;
	struct frame_plan plan = flow(3400);
	struct cutoff_key key = key_of(&plan);
	struct cutoff_entry entry;

	cut_open(&cut, &settings, CAPACITY);
	cut_now(&cut, &plan);
	for (uint32_t i = 0; i < FLOWS; i++) {
		struct cutoff_key other = {.protocol = 6, .low_port = (uint16_t)i};
		memcpy(other.high, &i, sizeof(i));
		assert_int_equal(cutoff_map_cut(cut.map, &other, &settings), 0);
		if (i % 1000 == 0)
			assert_true(frame_send(cut.sender, &plan));
	}
	take_all(&cut.probe);
	uint32_t left = 0;
	for (uint32_t i = 0; i < FLOWS; i++) {
		struct cutoff_key other = {.protocol = 6, .low_port = (uint16_t)i};
		memcpy(other.high, &i, sizeof(i));
		left += cutoff_map_read(cut.map, &other, &entry) == 0;
	}
	assert_in_range(left, CAPACITY / 2, CAPACITY);
	/* A flow that fell out is delivered; cut anew, it is not. */
	(void)!cutoff_map_forget(cut.map, &key);
	send_many(cut.sender, &plan, 3);
	assert_int_equal(take_all(&cut.probe), 3);
	cut_now(&cut, &plan);
	send_many(cut.sender, &plan, 3);
	assert_int_equal(take_all(&cut.probe), 0);
	cut_close(&cut);
}

int main(void)
{
	if (!enter_namespace())
		return 0;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cut_flow_is_counted_not_delivered),
		cmocka_unit_test(small_messages_pass_within_a_budget),
		cmocka_unit_test(a_slow_flow_is_delivered_again),
		cmocka_unit_test(a_fast_flow_is_shown_now_and_then),
		cmocka_unit_test(many_cut_flows_make_room_for_each_other),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
