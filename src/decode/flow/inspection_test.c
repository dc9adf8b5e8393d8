/* Which connections are listened to, how long, and what comes of holes: through the tracker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "decode/flow/two_ends.h"

static struct watched watched;

static struct two_ends begin(const struct tracker_settings *settings)
{
	watched_begin(&watched, settings);
	struct two_ends t = two_ends_of(&watched, 1);
	two_ends_open(&t);
	return t;
}

static void mine(struct two_ends *t)
{
	say(t, MINER, SUBSCRIBE);
	say(t, POOL, SUBSCRIBED);
	say(t, MINER, AUTHORIZE);
	say(t, POOL, AUTHORIZED);
	say(t, MINER, SHARE);
}

static void assert_told_once(void)
{
	assert_int_equal(told(&watched, ACT_HELLO), 1);
	assert_int_equal(told(&watched, ACT_LOGIN), 1);
	assert_int_equal(told(&watched, ACT_SHARE), 1);
}

/* Ten megabytes of anything, and then a miner's login on the same connection. */
static void mining_is_found_after_megabytes_of_something_else(void **state)
{
	static const struct {
		int side;
		const char *first; /* said before; empty: nothing */
		char byte;
	} rows[] = {
		{MINER, "", '\0'},
		{POOL, "", '\xff'},
		{MINER, "", 'x'},
		{POOL, "SSH-2.0-OpenSSH_9.2p1\r\n", '\x8d'},
		{POOL, "220 mail.example ESMTP\r\n", 'a'},
		{MINER, "{\"a\":1}\n", 'x'},
		{MINER, "\x16\x03\x01", '\x17'},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct two_ends t = begin(NULL);
		if (rows[i].first[0])
			say(&t, rows[i].side, rows[i].first);
		say_much(&t, rows[i].side, rows[i].byte, 10 << 20);
		assert_int_equal(watched.count, 0);
		mine(&t);
		if (told(&watched, ACT_LOGIN) != 1 || told(&watched, ACT_SHARE) != 1)
			fail_msg("row %zu: %zu logins, %zu shares", i, told(&watched, ACT_LOGIN),
				 told(&watched, ACT_SHARE));
		watched_end(&watched);
	}
}

/* A connection may talk JSON-RPC of another trade for long before it mines. */
static void mining_is_found_after_much_chatter(void **state)
{
	static const struct {
		int messages;
		const char *ask, *answer;
	} rows[] = {
		{60, "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"ping\",\"params\":[]}\n",
		 "{\"jsonrpc\":\"2.0\",\"id\":%d,\"result\":{\"ok\":1}}\n"},
		{1000, "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"ping\",\"params\":[]}\n",
		 "{\"jsonrpc\":\"2.0\",\"id\":%d,\"result\":{\"ok\":1}}\n"},
		{1000, "{\"id\":%d,\"method\":\"eth_blockNumber\",\"params\":[]}\n",
		 "{\"id\":%d,\"result\":\"0x10\"}\n"},
		{1000, "plain %d\r\n", "+OK %d\r\n"},
	};
	char text[128];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct two_ends t = begin(NULL);
		for (int k = 0; k < rows[i].messages; k++) {
			snprintf(text, sizeof(text), rows[i].ask, 100 + k);
			say(&t, MINER, text);
			snprintf(text, sizeof(text), rows[i].answer, 100 + k);
			say(&t, POOL, text);
		}
		assert_int_equal(watched.count, 0);
		mine(&t);
		assert_told_once();
		watched_end(&watched);
	}
}

/* Connections that may matter and never do must not keep new ones from being heard. */
static void junk_does_not_use_up_the_attention(void **state)
{
	enum { INSPECTIONS = 64, JUNK = 2000 };
	static const struct {
		const char *opening;
		size_t inspection_bytes;
	} rows[] = {
		{"{\"method\":\"", 8 << 20},
		{"{\"method\":\"", 2 << 20},
		{"GET / HTTP/1.1\r\nHost: a.example\r\nX: ", 2 << 20},
		{"\x16\x03\x01\x20\x00\x01", 2 << 20},
		{"[", 2 << 20},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct tracker_settings small = {.flows = 4096,
						       .inspections = INSPECTIONS,
						       .inspection_bytes = rows[i].inspection_bytes,
						       .names = 64};
		struct two_ends first = begin(&small), t;
		mine(&first);
		assert_told_once();
		for (uint32_t n = 0; n < JUNK; n++) {
			t = two_ends_of(&watched, 100 + n);
			two_ends_open(&t);
			say(&t, MINER, rows[i].opening);
			say_much(&t, MINER, 'x', 16 * 1024);
			assert_true(tracker_counters(watched.tracker).inspection_bytes <=
				    rows[i].inspection_bytes);
		}
		struct tracker_counters counters = tracker_counters(watched.tracker);
		assert_true(counters.inspections.used <= INSPECTIONS);

		/* who mined before is still heard, and so is who begins now */
		watched.count = 0;
		say(&first, MINER, SHARE);
		assert_int_equal(told(&watched, ACT_SHARE), 1);
		watched.count = 0;
		t = two_ends_of(&watched, 9000);
		two_ends_open(&t);
		mine(&t);
		assert_told_once();
		watched_end(&watched);
	}
}

/* Only what sends much, fast, and nothing of interest may be cut off; mining opens it again. */
static void only_fast_and_quiet_flows_are_cut_off(void **state)
{
	enum { SLOW_MS = 500 };
	static const struct {
		const char *first;
		char byte;
		uint32_t pause_ms; /* between segments of 16 KiB */
		size_t bytes;
		enum tracker_interest interest;
	} rows[] = {
		{"", '\xff', 0, 64 * 1024, TRACKER_LISTENS}, /* too young */
		{"", '\xff', 0, 4 << 20, TRACKER_COUNTS},
		{"", '\xff', SLOW_MS, 4 << 20, TRACKER_LISTENS}, /* 32 KiB/s */
		{SUBSCRIBE, ' ', 0, 256 * 1024, TRACKER_LISTENS},
	};
	static char block[16 * 1024];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct two_ends t = begin(NULL);
		if (rows[i].first[0])
			say(&t, MINER, rows[i].first);
		memset(block, rows[i].byte, sizeof(block));
		for (size_t done = 0; done < rows[i].bytes; done += sizeof(block)) {
			say_bytes(&t, POOL, str_of(block, sizeof(block)));
			t.now.ns += DURATION_MS(rows[i].pause_ms).ns;
		}
		if (t.interest != rows[i].interest)
			fail_msg("row %zu: %d", i, t.interest);
		/* a miner's first segment; its acknowledgement by the pool is not the news */
		send_at(&t, MINER, t.next[MINER], t.next[POOL], TCP_ACK, STR(AUTHORIZE),
			sizeof(AUTHORIZE) - 1);
		assert_int_equal(t.interest, rows[i].interest == TRACKER_COUNTS ? TRACKER_REOPENS
										: TRACKER_LISTENS);
		t.next[MINER] += (uint32_t)sizeof(AUTHORIZE) - 1;
		say(&t, MINER, SHARE);
		assert_int_equal(t.interest, TRACKER_LISTENS);
		assert_int_equal(told(&watched, ACT_LOGIN), 1);
		assert_int_equal(told(&watched, ACT_SHARE), 1);
		watched_end(&watched);
	}
}

/* A flow that is cut off says so again for each packet that still comes, until it slows down. */
static void a_cut_flow_stays_cut_while_it_is_fast(void **state)
{
	struct two_ends t = begin(NULL);

	say_much(&t, POOL, '\xff', 4 << 20);
	assert_int_equal(t.interest, TRACKER_COUNTS);
	two_ends_acknowledge(&t, MINER);
	assert_int_equal(t.interest, TRACKER_COUNTS);
	t.now.ns += DURATION_S(10).ns;
	say(&t, POOL, "\xff\xff");
	assert_int_equal(t.interest, TRACKER_LISTENS);
	watched_end(&watched);
}

/* What is lost in the middle costs the messages it was in, and no more. */
static void text_goes_on_after_a_hole(void **state)
{
	static const struct {
		const char *before, *lost, *after; /* of the miner, each in one segment */
		size_t logins, shares;
	} rows[] = {
		{SUBSCRIBE, AUTHORIZE, SHARE SHARE, 0, 1}, /* what follows the next line end */
		{SUBSCRIBE, "{\"id\":2,", "\"x\":1}\n" AUTHORIZE SHARE, 1, 1},
		{SUBSCRIBE "{\"id\":9,\"x\":\"", "cut", "\"}\n" AUTHORIZE SHARE, 1, 1},
		{AUTHORIZE, "lost", "rest of a string\"}]}\n" SHARE, 1, 1},
		{AUTHORIZE, "lost", "}}}]]\n\n" SHARE SHARE, 1, 2},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct two_ends t = begin(NULL);
		say(&t, MINER, rows[i].before);
		lose(&t, MINER, (uint32_t)strlen(rows[i].lost));
		say(&t, MINER, rows[i].after);
		t.now.ns += DURATION_S(10).ns; /* longer than anybody waits for a hole */
		tracker_tick(watched.tracker, t.now);
		if (told(&watched, ACT_LOGIN) != rows[i].logins ||
		    told(&watched, ACT_SHARE) != rows[i].shares)
			fail_msg("row %zu: %zu logins, %zu shares", i, told(&watched, ACT_LOGIN),
				 told(&watched, ACT_SHARE));
		assert_int_equal(tracker_counters(watched.tracker).gaps, 1);
		assert_int_equal(tracker_counters(watched.tracker).gap_bytes, strlen(rows[i].lost));
		watched_end(&watched);
	}
}

/* In whatever order segments come, and cut wherever, the messages are the same. */
static void order_and_cuts_do_not_matter(void **state)
{
	static const char stream[] = SUBSCRIBE AUTHORIZE SHARE;
	static const uint32_t steps[] = {1, 2, 7, 64, 1000};

	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
		for (int swapped = 0; swapped < 2; swapped++) {
			struct two_ends t = begin(NULL);
			uint32_t step = steps[i], start = t.next[MINER], len = sizeof(stream) - 1;
			uint32_t segments = (len + step - 1) / step;
			for (uint32_t k = 0; k < segments; k++) {
				uint32_t at = swapped && (k ^ 1u) < segments ? k ^ 1u : k;
				struct str piece =
					str_sub(STR(SUBSCRIBE AUTHORIZE SHARE), at * step, step);
				send_at(&t, MINER, start + at * step, t.next[POOL], TCP_ACK, piece,
					(uint32_t)piece.len);
			}
			assert_told_once();
			watched_end(&watched);
		}
}

/* The end of a capture reads what has no end yet. */
static void what_is_pending_is_read_at_the_end(void **state)
{
	static const char cut[] =
		"{\"id\":1,\"method\":\"mining.authorize\",\"params\":[\"1Boat\",";
	struct two_ends t = begin(NULL);

	say(&t, MINER, cut);
	assert_int_equal(watched.count, 0);
	tracker_flush(watched.tracker);
	assert_int_equal(told(&watched, ACT_LOGIN), 1);
	watched_end(&watched);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mining_is_found_after_megabytes_of_something_else),
		cmocka_unit_test(mining_is_found_after_much_chatter),
		cmocka_unit_test(junk_does_not_use_up_the_attention),
		cmocka_unit_test(only_fast_and_quiet_flows_are_cut_off),
		cmocka_unit_test(a_cut_flow_stays_cut_while_it_is_fast),
		cmocka_unit_test(text_goes_on_after_a_hole),
		cmocka_unit_test(order_and_cuts_do_not_matter),
		cmocka_unit_test(what_is_pending_is_read_at_the_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
