/* What is booked on a flow, as whoever receives the observations sees it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "decode/flow/two_ends.h"

static struct watched watched;

static void mine(struct two_ends *t)
{
	say(t, MINER, SUBSCRIBE);
	say(t, POOL, SUBSCRIBED);
	say(t, MINER, AUTHORIZE);
	say(t, POOL, AUTHORIZED);
}

enum opening { OPEN_ALL, OPEN_SYN_ONLY, OPEN_ANSWER_ONLY, OPEN_NOTHING, OPEN_SWAPPED };

static void begin(struct two_ends *t, enum opening opening)
{
	int side = opening == OPEN_SWAPPED ? POOL : MINER;

	switch (opening) {
	case OPEN_ALL:
		two_ends_open(t);
		break;
	case OPEN_SYN_ONLY:
		send_at(t, MINER, t->next[MINER]++, 0, TCP_SYN, (struct str){0}, 0);
		t->next[POOL]++;
		break;
	case OPEN_ANSWER_ONLY:
	case OPEN_SWAPPED:
		t->next[side]++;
		send_at(t, !side, t->next[!side]++, t->next[side], TCP_SYN | TCP_ACK,
			(struct str){0}, 0);
		break;
	case OPEN_NOTHING:
		break;
	}
}

/* Whoever sent the SYN, or got the answer to one; nobody when neither was seen. */
static void the_handshake_says_who_began(void **state)
{
	static const struct {
		enum opening opening;
		int initiator;
	} rows[] = {
		{OPEN_ALL, MINER},  {OPEN_SYN_ONLY, MINER}, {OPEN_ANSWER_ONLY, MINER},
		{OPEN_NOTHING, -1}, {OPEN_SWAPPED, POOL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		for (int swapped = 0; swapped < 2; swapped++) {
			watched_begin(&watched, NULL);
			struct two_ends t = two_ends_of(&watched, 1);
			if (swapped) /* the miner has the greater address: the key is the other way
				      */
				t.ends[MINER].address = address_v4(0xfe000001);
			begin(&t, rows[i].opening);
			mine(&t);
			assert_true(told(&watched, ACT_LOGIN) == 1);
			assert_int_equal(last_kept(&watched)->initiator, rows[i].initiator);
			watched_end(&watched);
		}
}

/* From its middle on: what is said from there is told, and counted from there. */
static void a_connection_is_told_from_its_middle(void **state)
{
	watched_begin(&watched, NULL);
	struct two_ends t = two_ends_of(&watched, 1);

	say(&t, MINER, SHARE);
	say(&t, POOL, "{\"id\":4,\"result\":true,\"error\":null}\n");
	assert_int_equal(told(&watched, ACT_SHARE), 1);
	assert_int_equal(told(&watched, ACT_ANSWER), 1);
	assert_int_equal(last_kept(&watched)->bytes[MINER], strlen(SHARE));
	watched_end(&watched);
}

/* Bytes and messages are the connection's, however often and in how many places a packet is seen.
 */
static void what_is_seen_again_counts_once(void **state)
{
	static const struct {
		uint32_t interfaces;
		bool is_sent_again;
	} rows[] = {{1, false}, {3, false}, {1, true}, {3, true}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		watched_begin(&watched, NULL);
		struct two_ends t = two_ends_of(&watched, 1);
		t.interfaces = rows[i].interfaces;
		two_ends_open(&t);
		mine(&t);
		for (int again = 0; again < 3; again++) {
			say(&t, MINER, SHARE);
			if (rows[i].is_sent_again) {
				t.next[MINER] -= (uint32_t)strlen(SHARE);
				say(&t, MINER, SHARE);
			}
		}
		say(&t, POOL, "{\"id\":4,\"result\":true,\"error\":null}\n");
		assert_int_equal(told(&watched, ACT_HELLO), 1);
		assert_int_equal(told(&watched, ACT_LOGIN), 1);
		assert_int_equal(told(&watched, ACT_SHARE), 3);
		assert_int_equal(last_kept(&watched)->bytes[MINER],
				 strlen(SUBSCRIBE AUTHORIZE SHARE SHARE SHARE));
		assert_int_equal(tracker_counters(watched.tracker).flows.used, 1);
		watched_end(&watched);
	}
}

/* A SYN with another sequence number on the same ports is another connection. */
static void ports_used_again_begin_anew(void **state)
{
	static const struct {
		uint32_t further;
		bool is_new;
	} rows[] = {{0, false}, {1, true}, {77777, true}, {0x80000000, true}, {0xfffff000, true}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		watched_begin(&watched, NULL);
		struct two_ends t = two_ends_of(&watched, 1);
		uint32_t isn = t.next[MINER];
		int64_t first_ns = t.now.ns;
		two_ends_open(&t);
		mine(&t);
		t.now.ns += DURATION_S(30).ns;
		if (rows[i].is_new) {
			t.next[MINER] = isn + rows[i].further;
			t.next[POOL] += 100000;
			first_ns = t.now.ns;
			two_ends_open(&t);
		} else { /* the first SYN, seen late on another interface */
			send_at(&t, MINER, isn, 0, TCP_SYN, (struct str){0}, 0);
		}
		mine(&t);
		assert_int_equal(told(&watched, ACT_LOGIN), 2);
		const struct kept *kept = last_kept(&watched);
		if (kept->first_seen_ns != first_ns)
			fail_msg("row %zu: %lld s old", i,
				 (long long)(t.now.ns - kept->first_seen_ns) / 1000000000);
		assert_int_equal(kept->initiator, MINER);
		watched_end(&watched);
	}
}

/* The new connection's bytes are its own. */
static void ports_used_again_count_from_nought(void **state)
{
	watched_begin(&watched, NULL);
	struct two_ends t = two_ends_of(&watched, 1);

	two_ends_open(&t);
	mine(&t);
	t.next[MINER] += 500000;
	t.next[POOL] += 500000;
	two_ends_open(&t);
	mine(&t);
	assert_int_equal(last_kept(&watched)->bytes[MINER], strlen(SUBSCRIBE AUTHORIZE));
	assert_false(last_kept(&watched)->packets[MINER] > 8);
	watched_end(&watched);
}

/* That the old connection was answered says nothing of packets forged for a new one. */
static void ports_used_again_are_not_acknowledged(void **state)
{
	watched_begin(&watched, NULL);
	struct two_ends t = two_ends_of(&watched, 1);

	two_ends_open(&t);
	say(&t, MINER, "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
	say(&t, POOL, "HTTP/1.1 204 No Content\r\n\r\n");
	t.is_one_sided = true;
	t.next[MINER] += 500000;
	t.next[POOL] += 500000;
	send_at(&t, MINER, t.next[MINER]++, 0, TCP_SYN, (struct str){0}, 0);
	mine(&t);
	assert_true(told(&watched, ACT_LOGIN) == 1);
	for (size_t i = 0; i < watched.count; i++)
		assert_false(watched.at[i].acknowledged[MINER] || watched.at[i].acknowledged[POOL]);
	watched_end(&watched);
}

/* Only the other end's own word that it got the bytes counts. */
static void a_side_is_acknowledged_by_the_other_alone(void **state)
{
	enum how { NOTHING, OWN_FLAG, TOO_LITTLE, ALL, FAR_TOO_MUCH, WITHOUT_FLAG };
	static const struct {
		enum how how;
		bool acknowledged;
	} rows[] = {
		{NOTHING, false}, {OWN_FLAG, false},	 {TOO_LITTLE, false},
		{ALL, true},	  {FAR_TOO_MUCH, false}, {WITHOUT_FLAG, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		watched_begin(&watched, NULL);
		struct two_ends t = two_ends_of(&watched, 1);
		uint32_t before;
		two_ends_open(&t);
		t.is_one_sided = true;
		before = t.next[MINER];
		say(&t, MINER, SUBSCRIBE);
		switch (rows[i].how) {
		case NOTHING:
			break;
		case OWN_FLAG:
			two_ends_acknowledge(&t, MINER);
			break;
		case TOO_LITTLE:
			send_at(&t, POOL, t.next[POOL], before, TCP_ACK, (struct str){0}, 0);
			break;
		case ALL:
			two_ends_acknowledge(&t, POOL);
			break;
		case FAR_TOO_MUCH:
			send_at(&t, POOL, t.next[POOL], t.next[MINER] + (1u << 30), TCP_ACK,
				(struct str){0}, 0);
			break;
		case WITHOUT_FLAG:
			send_at(&t, POOL, t.next[POOL], t.next[MINER], TCP_PSH, (struct str){0}, 0);
			break;
		}
		const struct kept *kept = last_kept(&watched);
		bool is_told = kept->kind == OBSERVE_ACKNOWLEDGED;
		if (is_told != rows[i].acknowledged || kept->acknowledged[POOL] ||
		    kept->acknowledged[MINER] != rows[i].acknowledged)
			fail_msg("row %zu: %d %d", i, kept->acknowledged[MINER],
				 kept->acknowledged[POOL]);
		/* what was acknowledged was the hello: the login is to be acknowledged anew */
		say(&t, MINER, AUTHORIZE);
		kept = last_kept(&watched);
		assert_int_equal(kept->act, ACT_LOGIN);
		assert_false(kept->acknowledged[MINER]);
		watched_end(&watched);
	}
}

static size_t mining_messages(const struct watched *all)
{
	size_t count = 0;

	for (size_t i = 0; i < all->count; i++)
		count += all->at[i].kind == OBSERVE_MINING;
	return count;
}

/* The news that both took part comes by itself, once for each message, and only of mining. */
static void an_acknowledgement_is_told_once(void **state)
{
	watched_begin(&watched, NULL);
	struct two_ends t = two_ends_of(&watched, 1);
	size_t news = 0;

	two_ends_open(&t);
	mine(&t);
	for (int i = 0; i < 5; i++)
		say(&t, MINER, SHARE);
	for (size_t i = 0; i < watched.count; i++)
		news += watched.at[i].kind == OBSERVE_ACKNOWLEDGED;
	assert_int_equal(news, mining_messages(&watched));
	assert_true(last_kept(&watched)->acknowledged[MINER]);
	assert_true(last_kept(&watched)->acknowledged[POOL]);
	watched_end(&watched);

	watched_begin(&watched, NULL);
	t = two_ends_of(&watched, 2);
	two_ends_open(&t);
	say(&t, MINER, "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
	say(&t, POOL, "HTTP/1.1 204 No Content\r\n\r\n");
	assert_int_equal(watched.count, 0);
	watched_end(&watched);
}

/* Whoever writes packets with two addresses alone, and hears nothing back, convinces nobody. */
static void forged_packets_are_never_acknowledged(void **state)
{
	watched_begin(&watched, NULL);
	struct two_ends t = two_ends_of(&watched, 1);

	t.is_one_sided = true;
	send_at(&t, MINER, t.next[MINER]++, 0, TCP_SYN, (struct str){0}, 0);
	for (int i = 0; i < 50; i++) {
		say(&t, MINER, SUBSCRIBE);
		say(&t, MINER, AUTHORIZE);
		say(&t, MINER, SHARE);
	}
	assert_true(told(&watched, ACT_SHARE) == 50);
	for (size_t i = 0; i < watched.count; i++)
		assert_false(watched.at[i].acknowledged[MINER] || watched.at[i].acknowledged[POOL]);
	assert_int_equal(tracker_counters(watched.tracker).flows.used_by_class[FLOW_ANSWERED], 0);
	watched_end(&watched);
}

/* DNS first, then SNI or Host: as they passed by, newest first. */
static void the_pools_names_are_told(void **state)
{
	static const char question[] = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
				       "\x04pool\x07"
				       "example\x00\x00\x01\x00\x01";
	static const char answer[] = "\x12\x34\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00"
				     "\x04pool\x07"
				     "example\x00\x00\x01\x00\x01\xc0\x0c\x00\x01\x00\x01\x00\x00"
				     "\x00\x3c\x00\x04\xc6\x33\x64\x14";
	static const struct {
		uint16_t from, to;
		const char *names;
	} rows[] = {
		{53, 33333, "front.example pool.example "},
		{5353, 5353, "front.example "},	 /* mDNS: announced, and nobody asks */
		{33333, 5355, "front.example "}, /* LLMNR */
		{443, 33333, "front.example "},	 /* UDP, but no DNS */
	};
	static const char request[] =
		"POST /rpc HTTP/1.1\r\nHost: front.example\r\n"
		"Content-Length: 59\r\n\r\n"
		"{\"id\":1,\"method\":\"eth_submitLogin\",\"params\":[\"0x0a0b\"]}"
		"\n";

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		watched_begin(&watched, NULL);
		struct two_ends t = two_ends_of(&watched, 1);
		struct origin origin = {.source = STR("eth0")};
		struct packet packet = {.source = {address_v4(0x0a000001), rows[i].from},
					.destination = {t.ends[MINER].address, rows[i].to},
					.protocol = PROTOCOL_UDP,
					.payload = str_of(answer, sizeof(answer) - 1),
					.payload_len = sizeof(answer) - 1};
		struct packet query = packet;
		query.source = packet.destination;
		query.destination = packet.source;
		query.payload = str_of(question, sizeof(question) - 1);
		query.payload_len = sizeof(question) - 1;
		assert_int_equal(tracker_packet(watched.tracker, &query, t.now, &origin),
				 TRACKER_IGNORES);
		assert_int_equal(tracker_packet(watched.tracker, &packet, t.now, &origin),
				 TRACKER_IGNORES);
		two_ends_open(&t);
		say(&t, MINER, request);
		assert_true(watched.count > 0);
		const struct kept *first = &watched.at[0];
		assert_string_equal(first->server_name, "front.example");
		if (strcmp(first->names, rows[i].names) != 0)
			fail_msg("row %zu: %s", i, first->names);
		watched_end(&watched);
	}
}

static void idle_flows_are_forgotten(void **state)
{
	static const struct {
		int64_t pause_s;
		size_t logins; /* of a share said after the pause, by an end still known */
		bool is_forgotten;
	} rows[] = {{60, 1, false}, {3500, 1, false}, {3 * 3600, 1, true}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		watched_begin(&watched, NULL);
		struct two_ends t = two_ends_of(&watched, 1);
		int64_t first_ns = t.now.ns;
		two_ends_open(&t);
		mine(&t);
		t.now.ns += DURATION_S(rows[i].pause_s).ns;
		for (int k = 0; k < 3; k++) /* an entry that was touched gets a second chance */
			tracker_tick(watched.tracker, t.now);
		assert_int_equal(tracker_counters(watched.tracker).flows.used,
				 rows[i].is_forgotten ? 0 : 1);
		say(&t, MINER, SHARE);
		assert_int_equal(told(&watched, ACT_SHARE), 1);
		assert_int_equal(last_kept(&watched)->first_seen_ns == first_ns,
				 !rows[i].is_forgotten);
		watched_end(&watched);
	}
}

/* Nobody's answer, then an answer, then mining: in this order they make room. */
static void who_makes_room_for_whom(void **state)
{
	enum { FLOWS = 256 };
	const struct tracker_settings small = {
		.flows = FLOWS, .inspections = 64, .inspection_bytes = 8 << 20, .names = 64};

	watched_begin(&watched, &small);
	struct two_ends mining = two_ends_of(&watched, 1), answered[16], t;
	two_ends_open(&mining);
	mine(&mining);
	for (uint32_t i = 0; i < 16; i++) {
		answered[i] = two_ends_of(&watched, 100 + i);
		two_ends_open(&answered[i]);
		say(&answered[i], MINER, "SSH-2.0-x\r\n");
	}
	for (uint32_t i = 0; i < 20 * FLOWS; i++) {
		t = two_ends_of(&watched, 10000 + i);
		send_at(&t, MINER, 1, 0, TCP_SYN, (struct str){0}, 0);
	}
	struct table_counters flows = tracker_counters(watched.tracker).flows;
	assert_true(flows.used <= FLOWS && flows.evicted >= 19 * FLOWS);
	assert_int_equal(flows.used_by_class[FLOW_WATCHED], 1);
	assert_int_equal(flows.used_by_class[FLOW_ANSWERED], 16);
	assert_int_equal(flows.evicted_by_class[FLOW_ANSWERED], 0);

	/* now answered ones come without end: they push each other out, and not the mining */
	for (uint32_t i = 0; i < 4 * FLOWS; i++) {
		t = two_ends_of(&watched, 20000 + i);
		two_ends_open(&t);
	}
	flows = tracker_counters(watched.tracker).flows;
	assert_true(flows.evicted_by_class[FLOW_ANSWERED] > 0);
	assert_int_equal(flows.evicted_by_class[FLOW_WATCHED], 0);
	assert_int_equal(flows.used_by_class[FLOW_WATCHED], 1);
	watched.count = 0;
	say(&mining, MINER, SHARE);
	assert_int_equal(told(&watched, ACT_SHARE), 1);
	watched_end(&watched);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_handshake_says_who_began),
		cmocka_unit_test(a_connection_is_told_from_its_middle),
		cmocka_unit_test(what_is_seen_again_counts_once),
		cmocka_unit_test(ports_used_again_begin_anew),
		cmocka_unit_test(ports_used_again_count_from_nought),
		cmocka_unit_test(ports_used_again_are_not_acknowledged),
		cmocka_unit_test(a_side_is_acknowledged_by_the_other_alone),
		cmocka_unit_test(an_acknowledgement_is_told_once),
		cmocka_unit_test(forged_packets_are_never_acknowledged),
		cmocka_unit_test(the_pools_names_are_told),
		cmocka_unit_test(idle_flows_are_forgotten),
		cmocka_unit_test(who_makes_room_for_whom),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
