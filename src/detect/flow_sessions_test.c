#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/hash.h"
#include "detect/flow_sessions.h"

enum { START_S = 1790000000, TCP = 6 };

static struct flow_sessions *make(uint32_t capacity)
{
	const struct record_settings settings = {.seed = 7, .capacity = capacity};
	struct flow_sessions *sessions;
	bool feeds;

	assert_int_equal(flow_sessions_join(&settings, &sessions, &feeds), 0);
	assert_true(feeds);
	return sessions;
}

static struct endpoint ep(const char *text)
{
	struct endpoint endpoint;

	assert_true(endpoint_parse(str_from(text), &endpoint));
	return endpoint;
}

/* One window, one direction. */
static struct record row(const char *from, const char *to, int64_t start_s, uint64_t bytes)
{
	return (struct record){
		.kind = RECORD_FLOW,
		.time = instant_at(start_s, 0),
		.flow = {.provider = PROVIDER_AWS,
			 .account = STR("111122223333"),
			 .interface = STR("eni-1"),
			 .network = STR("vpc-1"),
			 .source = ep(from),
			 .destination = ep(to),
			 .protocol = TCP,
			 .packets = 1 + bytes / 200,
			 .bytes = bytes,
			 .start = instant_at(start_s, 0),
			 .end = instant_at(start_s + 50, 0),
			 .action = FLOW_ACCEPTED},
	};
}

static void observe(struct flow_sessions *sessions, struct record record)
{
	flow_sessions_observe(sessions, &record);
}

static void add_windows(struct flow_sessions *sessions, const char *local, const char *remote,
			unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		observe(sessions, row(local, remote, START_S + 60 * i, 500 + i % 7));
		observe(sessions, row(remote, local, START_S + 60 * i, 700 + i % 5));
	}
}

static void directions_are_stitched_and_doubles_are_not_counted(void **state)
{
	struct flow_sessions *sessions = make(1024);
	const struct flow_session *found;
	uint64_t up = 0, down = 0;

	(void)state;
	add_windows(sessions, "10.0.0.5:40000", "198.51.100.7:443", 0, 100);
	add_windows(sessions, "10.0.0.5:40000", "198.51.100.7:443", 40, 60);
	assert_int_equal(flow_sessions_collect(sessions, &found), 1);
	for (unsigned i = 0; i < found->series->count; i++) {
		const struct flow_row *at = flow_series_at(found->series, i);
		*(flow_row_is_up(found, at) ? &up : &down) += at->bytes;
	}
	uint64_t expected_up = 0, expected_down = 0;
	for (unsigned i = 0; i < 100; i++) {
		expected_up += 500 + i % 7;
		expected_down += 700 + i % 5;
	}
	assert_int_equal(up, expected_up);
	assert_int_equal(down, expected_down);
	assert_int_equal(found->first_s, START_S);
	assert_int_equal(found->last_s, START_S + 99 * 60 + 50);
	assert_int_equal(found->local.port, 40000);
	assert_int_equal(found->opener, OPENER_INSIDE);
	flow_sessions_leave(sessions);
}

static void two_way_rows_are_both_directions(void **state)
{
	struct flow_sessions *sessions = make(1024);
	const struct flow_session *found;

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		struct record both =
			row("10.0.0.5:22", "198.51.100.7:1000", START_S + 300 * i, 400);
		both.flow.has_back = true;
		both.flow.bytes_back = 900;
		both.flow.packets_back = 3;
		both.flow.state = i > 0 ? FLOW_CONTINUES : FLOW_BEGINS;
		observe(sessions, both);
	}
	assert_int_equal(flow_sessions_collect(sessions, &found), 1);
	assert_int_equal(found->series->count, 40);
	assert_int_equal(found->opener, OPENER_INSIDE); /* by the state: the source opened it */
	assert_true(found->has_begin);
	flow_sessions_leave(sessions);
}

static void who_is_inside_and_who_opened(void **state)
{
	static const struct {
		const char *from, *to;
		int8_t direction;
		uint8_t tcp_flags;
		const char *local;
		enum flow_opener opener;
	} rows[] = {
		{"10.0.0.5:40000", "198.51.100.7:443", 0, 0, "10.0.0.5:40000", OPENER_INSIDE},
		{"198.51.100.7:443", "10.0.0.5:40000", 0, 0, "10.0.0.5:40000", OPENER_INSIDE},
		{"10.0.0.5:22", "198.51.100.7:50000", 0, 0, "10.0.0.5:22", OPENER_OUTSIDE},
		{"10.0.0.5:22222", "198.51.100.7:11111", 0, 0, "10.0.0.5:22222", OPENER_UNKNOWN},
		{"10.0.0.5:22", "198.51.100.7:50000", 0, 2, "10.0.0.5:22", OPENER_INSIDE},
		{"10.0.0.5:40000", "198.51.100.7:443", 0, 18, "10.0.0.5:40000", OPENER_OUTSIDE},
		/* IPv6: both could be; the log's direction tells, else who opened, else the port */
		{"[2001:db8::5]:443", "[2001:db8:9::7]:40000", 1, 0, "[2001:db8::5]:443",
		 OPENER_OUTSIDE},
		{"[2001:db8::5]:443", "[2001:db8:9::7]:40000", -1, 0, "[2001:db8:9::7]:40000",
		 OPENER_INSIDE},
		{"[2001:db8::5]:443", "[2001:db8:9::7]:40000", 0, 2, "[2001:db8::5]:443",
		 OPENER_INSIDE},
		{"[2001:db8::5]:443", "[2001:db8:9::7]:40000", 0, 0, "[2001:db8:9::7]:40000",
		 OPENER_INSIDE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct flow_sessions *sessions = make(1024);
		const struct flow_session *found;
		for (unsigned w = 0; w < 10; w++) {
			struct record one = row(rows[i].from, rows[i].to, START_S + 60 * w, 400);
			one.flow.direction = rows[i].direction;
			one.flow.tcp_flags = rows[i].tcp_flags;
			observe(sessions, one);
		}
		assert_int_equal(flow_sessions_collect(sessions, &found), 1);
		const struct endpoint local = ep(rows[i].local);
		if (!endpoint_equal(&found->local, &local))
			fail_msg("row %zu: the other side is inside", i);
		if (found->opener != rows[i].opener)
			fail_msg("row %zu: opener %d", i, found->opener);
		flow_sessions_leave(sessions);
	}
}

static void what_cannot_be_a_session_with_outside_is_passed_over(void **state)
{
	struct flow_sessions *sessions = make(1024);
	const struct flow_session *found;

	(void)state;
	for (unsigned w = 0; w < 10; w++) {
		struct record one = row("10.0.0.5:4000", "198.51.100.7:443", START_S + 60 * w, 400);
		one.flow.action = FLOW_REJECTED;
		observe(sessions, one);
		one = row("10.0.0.5:4001", "198.51.100.7:443", START_S + 60 * w, 400);
		one.flow.protocol = 1;
		observe(sessions, one);
		observe(sessions, row("10.0.0.5:4002", "10.9.9.9:443", START_S + 60 * w, 400));
		observe(sessions, row("10.0.0.5:4003", "239.1.1.1:443", START_S + 60 * w, 400));
		one = row("10.0.0.5:4004", "198.51.100.7:443", 0, 400);
		one.time = (instant){0};
		observe(sessions, one);
	}
	assert_int_equal(flow_sessions_collect(sessions, &found), 0);
	assert_int_equal(flow_sessions_counters(sessions).sessions.used, 0);
	flow_sessions_leave(sessions);
}

/* A week of 60 s windows: the latest rows are there, the first time is not forgotten. */
static void a_long_session_is_bounded(void **state)
{
	enum { MINUTES = 7 * 24 * 60 };
	struct flow_sessions *sessions = make(1024);
	const struct flow_session *found;

	(void)state;
	add_windows(sessions, "10.0.0.5:40000", "198.51.100.7:443", 0, MINUTES);
	add_windows(sessions, "10.0.0.5:40000", "198.51.100.7:443", 0, 50); /* late, and again */
	assert_int_equal(flow_sessions_collect(sessions, &found), 1);
	assert_int_equal(found->series->count, FLOW_ROWS_MAX);
	assert_int_equal(flow_series_at(found->series, 0)->start_s,
			 START_S + 60 * (MINUTES - FLOW_ROWS_MAX / 2));
	assert_int_equal(found->first_s, START_S);
	flow_sessions_leave(sessions);
}

static uint64_t digest(struct flow_sessions *sessions)
{
	const struct flow_session *found;
	size_t count = flow_sessions_collect(sessions, &found);
	uint64_t hash = count;

	for (size_t i = 0; i < count; i++) {
		hash = hash_bytes(&found[i].local, sizeof(struct endpoint), hash);
		hash = hash_bytes(&found[i].first_s, 2 * sizeof(uint32_t), hash);
		for (unsigned r = 0; r < found[i].series->count; r++)
			hash = hash_bytes(flow_series_at(found[i].series, r),
					  sizeof(struct flow_row), hash);
	}
	return hash;
}

static void any_order_gives_the_same(void **state)
{
	enum { HOSTS = 20, WINDOWS = 300, ROWS = HOSTS * WINDOWS };
	struct record *rows = calloc(ROWS, sizeof(*rows));
	uint64_t random = 99, expected = 0;

	(void)state;
	assert_non_null(rows);
	for (unsigned i = 0; i < ROWS; i++) {
		rows[i] = row("10.0.0.5:40000", "198.51.100.7:443", START_S + 60 * (i / HOSTS),
			      400 + i % 13);
		rows[i].flow.source.address.bytes[15] = (uint8_t)(i % HOSTS);
		if (i % 3 == 0) {
			struct endpoint other = rows[i].flow.source;
			rows[i].flow.source = rows[i].flow.destination;
			rows[i].flow.destination = other;
		}
	}
	for (unsigned round = 0; round < 4; round++) {
		struct flow_sessions *sessions = make(1024);
		for (unsigned i = ROWS - 1; round > 0 && i > 0; i--) {
			random = random * 6364136223846793005u + 1442695040888963407u;
			unsigned other = (unsigned)(random >> 33) % (i + 1);
			struct record held = rows[i];
			rows[i] = rows[other];
			rows[other] = held;
		}
		for (unsigned i = 0; i < ROWS; i++)
			flow_sessions_observe(sessions, &rows[i]);
		for (unsigned i = 0; i < round * 100; i++) /* some come twice */
			flow_sessions_observe(sessions, &rows[i]);
		uint64_t now = digest(sessions);
		expected = round == 0 ? now : expected;
		assert_int_equal(now, expected);
		flow_sessions_leave(sessions);
	}
	free(rows);
}

/* Two million connections of nobody, and what is watched is still there, whole. */
static void junk_does_not_push_out_what_is_watched(void **state)
{
	enum { JUNK = 2000000, EACH = JUNK / 100 };
	struct flow_sessions *sessions = make(1 << 14);
	const struct flow_session *found;
	uint32_t port = 0;

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		add_windows(sessions, "10.0.0.5:40000", "198.51.100.7:443", i, i + 1);
		struct record junk = row("10.0.0.6:1", "203.0.113.9:443", START_S + 60 * i, 90);
		for (unsigned k = 0; k < EACH; k++, port++) {
			junk.flow.source.port = (uint16_t)port;
			junk.flow.source.address.bytes[13] = (uint8_t)(port >> 16);
			flow_sessions_observe(sessions, &junk);
			if (k % 4 > 0)
				continue;
			struct record answer = junk;
			answer.flow.source = junk.flow.destination;
			answer.flow.destination = junk.flow.source;
			flow_sessions_observe(sessions, &answer);
		}
	}
	assert_true(flow_sessions_counters(sessions).sessions.evicted > JUNK / 2);
	assert_int_equal(flow_sessions_collect(sessions, &found), 1);
	assert_int_equal(found->series->count, 200);
	flow_sessions_leave(sessions);
}

/* Junk that lasts as well fills the series; thin two-way sessions of an hour stay. */
static void lasting_junk_does_not_either(void **state)
{
	struct flow_sessions *sessions = make(1 << 14);
	const struct flow_session *found;
	bool is_there = false;

	(void)state;
	add_windows(sessions, "10.0.0.5:40000", "198.51.100.7:443", 0, 128);
	for (unsigned i = 0; i < 20000; i++) {
		struct record junk = row("10.0.0.6:1", "203.0.113.9:443", START_S, 900000);
		junk.flow.source.port = (uint16_t)i;
		for (unsigned w = 0; w < 8; w++) {
			junk.flow.start = instant_at(START_S + 60 * w, 0);
			flow_sessions_observe(sessions, &junk);
		}
	}
	size_t count = flow_sessions_collect(sessions, &found);
	for (size_t i = 0; i < count; i++)
		is_there |= found[i].local.port == 40000 && found[i].series->count == 256;
	assert_true(is_there);
	assert_true(flow_sessions_counters(sessions).series.evicted > 10000);
	flow_sessions_leave(sessions);
}

static struct record lookup(const char *name, const char *address, int64_t time_s,
			    const char *network)
{
	struct record record = {.kind = RECORD_LOOKUP,
				.time = instant_at(time_s, 0),
				.lookup = {.name = str_from(name),
					   .network = str_from(network),
					   .answer_count = address ? 1 : 0}};

	if (address)
		assert_true(address_parse(str_from(address), &record.lookup.answers[0]));
	return record;
}

static void names_are_told_and_their_absence_only_where_it_is_known(void **state)
{
	static const struct {
		const char *what, *network, *address;
		int64_t from_s, to_s; /* of other lookups there are, from the session's start */
		enum flow_resolved resolved;
	} rows[] = {
		{"no resolver log", NULL, NULL, 0, 0, RESOLVED_UNKNOWN},
		{"looked up", "vpc-1", "198.51.100.7", -3600, 7200, RESOLVED_YES},
		{"never, and the log was on", "vpc-1", NULL, -3600, 7200, RESOLVED_NEVER},
		{"looked up in another network", "vpc-2", "198.51.100.7", -3600, 7200,
		 RESOLVED_UNKNOWN},
		{"the log begins later", "vpc-1", NULL, 600, 7200, RESOLVED_UNKNOWN},
		{"the log begins with it", "vpc-1", NULL, -60, 7200, RESOLVED_UNKNOWN},
		{"the log ends before", "vpc-1", NULL, -7200, -3600, RESOLVED_UNKNOWN},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct flow_sessions *sessions = make(1024);
		const struct flow_session *found;
		/* What else the interface does shows that the log was on before. */
		observe(sessions, row("10.0.0.5:9", "203.0.113.1:443", START_S - 3600, 100));
		add_windows(sessions, "10.0.0.5:40000", "198.51.100.7:443", 0, 80);
		if (rows[i].network) {
			observe(sessions, lookup("a.example", "203.0.113.8",
						 START_S + rows[i].from_s, rows[i].network));
			observe(sessions, lookup("b.example", "203.0.113.8", START_S + rows[i].to_s,
						 rows[i].network));
			if (rows[i].address)
				observe(sessions, lookup("pool.example", rows[i].address, START_S,
							 rows[i].network));
		}
		assert_int_equal(flow_sessions_collect(sessions, &found), 1);
		struct flow_resolution told = flow_sessions_resolve(sessions, &found[0]);
		if (told.resolved != rows[i].resolved)
			fail_msg("%s: %d", rows[i].what, told.resolved);
		if (told.resolved == RESOLVED_YES)
			assert_true(str_equal(told.names[0], STR("pool.example")));
		flow_sessions_leave(sessions);
	}
}

static void rooms_can_share(void **state)
{
	struct flow_sessions *shared = NULL, *one, *other;
	const struct record_settings settings = {.seed = 1, .flows = &shared};
	const struct flow_session *found;
	bool one_feeds, other_feeds;

	(void)state;
	assert_int_equal(flow_sessions_join(&settings, &one, &one_feeds), 0);
	assert_int_equal(flow_sessions_join(&settings, &other, &other_feeds), 0);
	assert_ptr_equal(one, other);
	assert_true(one_feeds && !other_feeds);
	flow_sessions_leave(one);
	add_windows(other, "10.0.0.5:40000", "198.51.100.7:443", 0, 10);
	assert_int_equal(flow_sessions_collect(other, &found), 1);
	flow_sessions_leave(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(directions_are_stitched_and_doubles_are_not_counted),
		cmocka_unit_test(two_way_rows_are_both_directions),
		cmocka_unit_test(who_is_inside_and_who_opened),
		cmocka_unit_test(what_cannot_be_a_session_with_outside_is_passed_over),
		cmocka_unit_test(a_long_session_is_bounded),
		cmocka_unit_test(any_order_gives_the_same),
		cmocka_unit_test(junk_does_not_push_out_what_is_watched),
		cmocka_unit_test(lasting_junk_does_not_either),
		cmocka_unit_test(names_are_told_and_their_absence_only_where_it_is_known),
		cmocka_unit_test(rooms_can_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
