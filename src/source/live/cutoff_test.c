/*
 * The kernel's judgement and its walk to the flow key, compiled natively from the same headers:
 * what the verifier loads is what is tested here (tests/cutoff_test.c then tests it in the kernel).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/str.h"

static int load_bytes(const struct str *frame, uint32_t at, void *to, uint32_t len)
{
	if (at > frame->len || frame->len - at < len)
		return -1;
	memcpy(to, frame->at + at, len);
	return 0;
}

#define FLOW_SOURCE		       const struct str
#define FLOW_LOAD(source, at, to, len) load_bytes(source, at, to, len)
#include "flow_walk.h"
#include "source/live/cutoff_map.h"

/* -- frames -- */

#define MAC			       "\1\1\1\1\1\1\2\2\2\2\2\2"
#define MAC_BACK		       "\2\2\2\2\2\2\1\1\1\1\1\1"
#define IP4(protocol, total, from, to) "\x45\0" total "\0\0\0\0\x40" protocol "\0\0" from to
#define IP6(next, len, from, to)       "\x60\0\0\0" len next "\x40" from to
#define A4			       "\x0a\0\0\1"
#define B4			       "\x0a\0\0\2"
#define OUTER_A			       "\xac\x10\0\1"
#define OUTER_B			       "\xac\x10\0\2"
#define A6			       "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1"
#define B6			       "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\2"
#define PORT_A			       "\x9c\x41" /* 40001 */
#define PORT_B			       "\x0d\x05" /* 3333 */
#define TCP(from, to, flags)	       from to "\0\0\0\1\0\0\0\1\x50" flags "\1\0\0\0\0\0"
#define THERE			       IP4("\6", "\0\x2d", A4, B4) TCP(PORT_A, PORT_B, "\x18") "hello"
#define BACK			       IP4("\6", "\0\x2d", B4, A4) TCP(PORT_B, PORT_A, "\x18") "hello"
#define UDP(from, to, len)	       from to len "\0\0"
#define VXLAN			       "\x8\0\0\0\0\0\x2a\0"

struct frame_case {
	const char *name;
	struct str frame;
	bool is_found;
	uint8_t protocol;
	uint16_t low_port, high_port;
	char low_ends; /* last byte of the lower address */
	uint32_t payload_len;
};

#define FLOW_AB .is_found = true, .protocol = 6, .low_port = 40001, .high_port = 3333, .low_ends = 1
static const struct frame_case frames[] = {
	{"plain", STR(MAC "\x8\0" THERE), FLOW_AB, .payload_len = 5},
	{"plain, back", STR(MAC_BACK "\x8\0" BACK), FLOW_AB, .payload_len = 5},
	{"padded to 60 bytes", STR(MAC "\x8\0" THERE "\0\0\0\0\0\0"), FLOW_AB, .payload_len = 5},
	{"no length yet, as of large segments",
	 STR(MAC "\x8\0" IP4("\6", "\0\0", A4, B4) TCP(PORT_A, PORT_B, "\x18") "hello"), FLOW_AB,
	 .payload_len = 5},
	{"IPv4 with an option",
	 STR(MAC "\x8\0\x46\0\0\x31\0\0\0\0\x40\6\0\0" A4 B4
		 "\1\1\1\1" TCP(PORT_A, PORT_B, "\x18") "hello"),
	 FLOW_AB, .payload_len = 5},
	{"TCP with an option",
	 STR(MAC "\x8\0" IP4("\6", "\0\x31", A4, B4) PORT_A PORT_B
	     "\0\0\0\1\0\0\0\1\x60\x18\1\0\0\0\0\0\1\1\1\1hello"),
	 FLOW_AB, .payload_len = 5},
	{"TCP that is shorter than TCP",
	 STR(MAC "\x8\0" IP4("\6", "\0\x28", A4, B4) PORT_A PORT_B
	     "\0\0\0\1\0\0\0\1\x40\x18\1\0\0\0\0\0"),
	 .is_found = true, .low_ends = 1},
	{"802.1Q", STR(MAC "\x81\0\0\5\x8\0" THERE), FLOW_AB, .payload_len = 5},
	{"QinQ", STR(MAC "\x88\xa8\0\5\x81\0\0\6\x8\0" BACK), FLOW_AB, .payload_len = 5},
	{"MPLS", STR(MAC "\x88\x47\0\1\0\x40\0\1\1\x40" THERE), FLOW_AB, .payload_len = 5},
	{"PPPoE", STR(MAC "\x88\x64\x11\0\0\1\0\x2f\0\x21" THERE), FLOW_AB, .payload_len = 5},
	{"VXLAN",
	 STR(MAC "\x8\0" IP4("\x11", "\0\x5f", OUTER_A, OUTER_B) UDP("\x80\1", "\x12\xb5", "\0\x4b")
		     VXLAN MAC "\x8\0" THERE),
	 FLOW_AB, .payload_len = 5},
	{"VXLAN back, Linux' old port",
	 STR(MAC "\x8\0" IP4("\x11", "\0\x5f", OUTER_B, OUTER_A) UDP("\x90\7", "\x21\x18", "\0\x4b")
		     VXLAN MAC_BACK "\x8\0" BACK),
	 FLOW_AB, .payload_len = 5},
	{"Geneve with an option",
	 STR(MAC "\x8\0" IP4("\x11", "\0\x63", OUTER_A, OUTER_B)
		     UDP("\x80\1", "\x17\xc1", "\0\x4f") "\1\0\x65\x58\0\0\x2a\0"
							 "\0\0\0\0" MAC "\x8\0" THERE),
	 FLOW_AB, .payload_len = 5},
	{"GRE with key",
	 STR(MAC "\x8\0" IP4("\x2f", "\0\x49", OUTER_A, OUTER_B) "\x20\0\x8\0\0\0\0\1" THERE),
	 FLOW_AB, .payload_len = 5},
	{"IP in IP", STR(MAC "\x8\0" IP4("\4", "\0\x41", OUTER_A, OUTER_B) THERE), FLOW_AB,
	 .payload_len = 5},
	{"GTP-U",
	 STR(MAC "\x8\0" IP4("\x11", "\0\x51", OUTER_A, OUTER_B)
		     UDP("\x8\x68", "\x8\x68", "\0\x3d") "\x30\xff\0\x2d\0\0\0\1" THERE),
	 FLOW_AB, .payload_len = 5},
	{"IPv6", STR(MAC "\x86\xdd" IP6("\6", "\0\x16", A6, B6) TCP(PORT_A, PORT_B, "\2") "hi"),
	 FLOW_AB, .payload_len = 2},
	{"IPv6, hop by hop",
	 STR(MAC "\x86\xdd" IP6("\0", "\0\x1e", B6, A6) "\6\0\0\0\0\0\0\0" TCP(PORT_B, PORT_A,
									       "\2") "hi"),
	 FLOW_AB, .payload_len = 2},
	{"IPv6, atomic fragment",
	 STR(MAC "\x86\xdd" IP6("\x2c", "\0\x1e", B6, A6) "\6\0\0\0\0\0\0\1" TCP(PORT_B, PORT_A,
										 "\2") "hi"),
	 FLOW_AB, .payload_len = 2},
	{"UDP on VXLAN's port that is none",
	 STR(MAC "\x8\0" IP4("\x11", "\0\x24", A4, B4)
		     UDP("\x80\1", "\x12\xb5", "\0\x10") "\0\0\0\0\0\0\0\0"),
	 .is_found = true, .protocol = 17, .low_port = 32769, .high_port = 4789, .low_ends = 1,
	 .payload_len = 8},
	{"IPv4 fragment",
	 STR(MAC "\x8\0"
		 "\x45\0\0\x2d\0\1\x20\0\x40\6\0\0" A4 B4 TCP(PORT_A, PORT_B, "\2")),
	 .is_found = true, .low_ends = 1},
	{"IPv6 fragment",
	 STR(MAC
	     "\x86\xdd" IP6("\x2c", "\0\x1c", A6, B6) "\6\0\0\1\0\0\0\1" TCP(PORT_A, PORT_B, "\2")),
	 .is_found = true, .low_ends = 1},
	{"ICMP has no ports", STR(MAC "\x8\0" IP4("\1", "\0\x1c", A4, B4) "\x8\0\0\0\0\0\0\0"),
	 .is_found = true, .low_ends = 1},
	{"ARP", STR(MAC "\x8\6"
			"\0\1\x8\0\6\4\0\1")},
	{"TCP header cut off", STR(MAC "\x8\0" IP4("\6", "\0\x2d", A4, B4) PORT_A PORT_B),
	 .is_found = true, .low_ends = 1},
	{"cut inside IP", STR(MAC "\x8\0\x45\0\0\x2d")},
	{"nothing", STR("")},
	{"endless tags",
	 STR(MAC "\x81\0\0\1\x81\0\0\1\x81\0\0\1\x81\0\0\1\x81\0\0\1\x81\0\0\1\x81\0\0\1"
		 "\x81\0\0\1\x81\0\0\1\x81\0\0\1\x81\0\0\1\x81\0\0\1\x8\0" THERE)},
};

static void frames_lead_to_their_flow(void **state)
{
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		const struct frame_case *c = &frames[i];
		struct flow_packet out = {0};

		flow_walk(&c->frame, 0, (uint32_t)c->frame.len, FLOW_ETHERNET, &out);
		if (out.found != c->is_found || out.key.protocol != c->protocol ||
		    out.key.low_port != c->low_port || out.key.high_port != c->high_port ||
		    out.payload_len != c->payload_len || out.key.low[15] != c->low_ends)
			fail_msg("%s: found %d protocol %d ports %d %d payload %u low %d", c->name,
				 out.found, out.key.protocol, out.key.low_port, out.key.high_port,
				 out.payload_len, out.key.low[15]);
	}
}

static void every_cut_is_harmless(void **state)
{
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		for (size_t len = 0; len <= frames[i].frame.len; len++) {
			struct str cut = str_sub(frames[i].frame, 0, len);
			struct flow_packet out = {0};

			flow_walk(&cut, 0, (uint32_t)len, FLOW_ETHERNET, &out);
			if (out.payload_len)
				assert_true(out.payload_at + out.payload_len <= len);
		}
	}
}

static void the_key_is_user_spaces_key(void **state)
{
	struct endpoint a, b;
	struct flow_packet there = {0}, back = {0};
	const struct frame_case *back_in_vxlan = frames;

	while (strncmp(back_in_vxlan->name, "VXLAN back", 10) != 0)
		back_in_vxlan++;
	assert_true(endpoint_parse(STR("10.0.0.1:40001"), &a));
	assert_true(endpoint_parse(STR("10.0.0.2:3333"), &b));
	struct cutoff_key key = cutoff_key_of(&a, &b, 6), same = cutoff_key_of(&b, &a, 6);
	flow_walk(&frames[0].frame, 0, (uint32_t)frames[0].frame.len, FLOW_ETHERNET, &there);
	flow_walk(&back_in_vxlan->frame, 0, (uint32_t)back_in_vxlan->frame.len, FLOW_ETHERNET,
		  &back);
	assert_memory_equal(&key, &same, sizeof(key));
	assert_memory_equal(&key, &there.key, sizeof(key));
	assert_memory_equal(&key, &back.key, sizeof(key));
	assert_int_equal(flow_hash(&there.key, 7), flow_hash(&back.key, 7));
	assert_int_not_equal(flow_hash(&there.key, 7), flow_hash(&there.key, 8));
}

static void hashes_spread(void **state)
{
	unsigned workers[4] = {0};
	struct cutoff_key key = {.protocol = 6, .high_port = 443};

	for (unsigned i = 0; i < 40000; i++) {
		key.low[15] = (uint8_t)(i >> 8);
		key.low_port = (uint16_t)(i & 255);
		workers[flow_hash(&key, 12345) % 4]++;
	}
	for (int i = 0; i < 4; i++)
		assert_in_range(workers[i], 9000, 11000);
}

/* -- judgement -- */

enum { MS = 1000000 };
static const struct cutoff_settings settings = {.window_ns = 1000ull * MS,
						.reopen_below = 65536,
						.reopen_after_ns = 30000ull * MS,
						.small_interval_ns = 50 * MS,
						.small_allowance_ns = 1000ull * MS,
						.burst_packets = 3,
						.small_payload = 600,
						.snap_len = 65535};

static struct cutoff_packet packet_at(uint64_t ms, uint32_t len)
{
	struct cutoff_packet packet = {.now = ms * MS,
				       .len = len + 54,
				       .payload_len = len,
				       .protocol = 6,
				       .tcp_flags = 0x10,
				       .peek_len = CUTOFF_PEEK};
	memset(packet.peek, 0x80, sizeof(packet.peek));
	return packet;
}

static enum cutoff_verdict judge(struct cutoff_entry *entry, uint64_t ms, uint32_t len)
{
	struct cutoff_packet packet = packet_at(ms, len);

	return cutoff_decide(entry, &packet, &settings);
}

static void bulk_is_held_and_counted(void **state)
{
	struct cutoff_entry entry = cutoff_begin(1000ull * MS, &settings);

	for (uint64_t i = 0; i < 5000; i++)
		assert_int_equal(judge(&entry, 1000 + i, 1446), CUTOFF_HOLD);
	assert_int_equal(entry.packets, 5000);
	assert_int_equal(entry.bytes, 5000 * 1500);
}

/* Neither a window's bytes nor its end, nor a place in a burst: but what opens or ends a flow is
 * shown. */
static void bare_acknowledgements_change_nothing(void **state)
{
	struct cutoff_entry entry = cutoff_begin(0, &settings), before;

	assert_int_equal(judge(&entry, 1, 1446), CUTOFF_HOLD);
	before = entry;
	for (uint64_t ms = 2; ms < 95000; ms += 10)
		assert_int_equal(judge(&entry, ms, 0), CUTOFF_HOLD);
	assert_memory_equal(&entry, &before, sizeof(entry));
	for (int flag = 1; flag <= 4; flag *= 2) {
		struct cutoff_packet packet = packet_at(2, 0);
		packet.tcp_flags |= (uint8_t)flag;
		assert_int_equal(cutoff_decide(&entry, &packet, &settings), CUTOFF_PEEKED);
	}
	assert_int_equal(judge(&entry, 95000, 1446), CUTOFF_PASS); /* which was slow */
}

static void open_flows_pass_untouched(void **state)
{
	struct cutoff_entry entry = {0};

	assert_int_equal(judge(&entry, 1, 1446), CUTOFF_PASS);
	assert_memory_equal(&entry, &(struct cutoff_entry){0}, sizeof(entry));
}

static void a_slow_flow_is_opened_again(void **state)
{
	struct cutoff_entry entry = cutoff_begin(1000ull * MS, &settings);

	for (uint64_t i = 0; i < 2000; i++)
		assert_int_equal(judge(&entry, 1000 + i, 1446), CUTOFF_HOLD);
	/* 40 packets of 1500 bytes in a second are 60000 bytes/s, below 65536; the window under way
	 * still holds fast packets, the next one does not. */
	enum cutoff_verdict last = CUTOFF_HOLD;
	uint64_t ms = 3000;
	for (; ms < 6000 && last != CUTOFF_PASS; ms += 25)
		last = judge(&entry, ms, 1446);
	assert_int_equal(last, CUTOFF_PASS);
	assert_in_range(ms, 4000, 5100);
	assert_int_equal(entry.state, CUTOFF_OPEN);
	assert_int_equal(judge(&entry, ms, 1446), CUTOFF_PASS);
}

static void silence_opens_a_flow(void **state)
{
	struct cutoff_entry entry = cutoff_begin(1000ull * MS, &settings);

	assert_int_equal(judge(&entry, 1001, 1446), CUTOFF_HOLD);
	assert_int_equal(judge(&entry, 9000, 1446), CUTOFF_PASS);
}

static void a_burst_passes_now_and_then(void **state)
{
	struct cutoff_entry entry = cutoff_begin(0, &settings);
	uint64_t bursts = 0;

	entry.burst_at = settings.reopen_after_ns;
	for (uint64_t ms = 1; ms < 95000; ms++)
		bursts += judge(&entry, ms, 1446) == CUTOFF_PEEKED;
	assert_int_equal(bursts, 3 * 3); /* at 30, 60 and 90 s */
	assert_int_equal(entry.state, CUTOFF_CUT);
}

struct look_case {
	const char *name;
	struct str payload;
	enum cutoff_verdict verdict;
};

#define MASKED(a, b) "\x81\x98\x11\x22\x33\x44" a b "\x11\x22\x33\x44\x11\x22\x33\x44"
static const struct look_case looks[] = {
	{"object", STR("{\"id\":1,\"method\":\"mining.submit\""), CUTOFF_PEEKED},
	{"object after a space", STR("{ \"id\":1,\"method\":"), CUTOFF_PEEKED},
	{"leading spaces", STR(" \n{\"id\":1,\"method\":..."), CUTOFF_PEEKED},
	{"batch", STR("[{\"id\":1,\"method\":..."), CUTOFF_PEEKED},
	{"array in array", STR("[[\"mining.notify\",\"a\"]"), CUTOFF_PEEKED},
	{"single quotes", STR("{'id':1,'method':....."), CUTOFF_PEEKED},
	{"a brace in bulk", STR("{\x81\x12\x55gfdgfhf65765"), CUTOFF_HOLD},
	{"POST", STR("POST / HTTP/1.1\r\nHost"), CUTOFF_PEEKED},
	{"answer", STR("HTTP/1.1 200 OK\r\nX: y"), CUTOFF_PEEKED},
	{"GETX is no method", STR("GETXhgfjhgfjhgfjhgfjhgf"), CUTOFF_HOLD},
	{"websocket, server", STR("\x81\x18{\"type\":\"job\",\"par"), CUTOFF_PEEKED},
	{"websocket, server, 16 bit", STR("\x81\x7e\1\0{\"type\":\"job\",\"par"), CUTOFF_PEEKED},
	{"websocket, masked", STR(MASKED("\x6a", "\0")), CUTOFF_PEEKED}, /* { " */
	{"websocket, masked, 16 bit",
	 STR("\x81\xfe\1\0\x11\x22\x33\x44\x6a\0\x33\x44\x11\x22\x33\x44"), CUTOFF_PEEKED},
	{"websocket, masked, no JSON", STR(MASKED("\1", "\1")), CUTOFF_HOLD},
	{"websocket, binary", STR("\x82\x18{\"type\":\"job\",\"par"), CUTOFF_HOLD},
	{"four bytes of JSON", STR("{\"id"), CUTOFF_PEEKED},
	{"TLS",
	 STR("\x17\3\3\x5\xff"
	     "fghfghfghfghfghfgh"),
	 CUTOFF_HOLD},
};

static void messages_are_seen_through_a_cut(void **state)
{
	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
		struct cutoff_entry entry = cutoff_begin(1000ull * MS, &settings);
		struct cutoff_packet packet = packet_at(1001, 1400);

		packet.peek_len = looks[i].payload.len < CUTOFF_PEEK ? 4 : CUTOFF_PEEK;
		memcpy(packet.peek, looks[i].payload.at, packet.peek_len);
		if (cutoff_decide(&entry, &packet, &settings) != looks[i].verdict)
			fail_msg("%s", looks[i].name);
	}
}

static void ends_and_beginnings_are_seen(void **state)
{
	static const struct {
		uint8_t flags, protocol;
		enum cutoff_verdict verdict;
	} cases[] = {{0x02, 6, CUTOFF_PEEKED}, {0x12, 6, CUTOFF_PEEKED}, {0x11, 6, CUTOFF_PEEKED},
		     {0x14, 6, CUTOFF_PEEKED}, {0x10, 6, CUTOFF_HOLD},	 {0x02, 17, CUTOFF_HOLD}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cutoff_entry entry = cutoff_begin(1000ull * MS, &settings);
		struct cutoff_packet packet = packet_at(1001, 0);

		packet.protocol = cases[i].protocol;
		packet.tcp_flags = cases[i].flags;
		assert_int_equal(cutoff_decide(&entry, &packet, &settings), cases[i].verdict);
	}
}

/* Small pushed packets among bulk: the allowance at first, then the rate. */
static void small_packets_have_a_budget(void **state)
{
	struct cutoff_entry entry = cutoff_begin(1000ull * MS, &settings);
	unsigned first_second = 0, later = 0, not_pushed = 0;

	for (uint64_t ms = 1001; ms < 11001; ms++) {
		struct cutoff_packet small = packet_at(ms, 300);

		judge(&entry, ms, 1446);
		not_pushed += cutoff_decide(&entry, &small, &settings) == CUTOFF_PEEKED;
		small.tcp_flags = 0x18;
		bool is_seen = cutoff_decide(&entry, &small, &settings) == CUTOFF_PEEKED;
		if (ms < 2001)
			first_second += is_seen;
		else
			later += is_seen;
	}
	assert_int_equal(not_pushed, 0);
	assert_in_range(first_second, 35, 45);
	assert_in_range(later, 175, 185);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_lead_to_their_flow),
		cmocka_unit_test(every_cut_is_harmless),
		cmocka_unit_test(the_key_is_user_spaces_key),
		cmocka_unit_test(hashes_spread),
		cmocka_unit_test(bulk_is_held_and_counted),
		cmocka_unit_test(bare_acknowledgements_change_nothing),
		cmocka_unit_test(open_flows_pass_untouched),
		cmocka_unit_test(a_slow_flow_is_opened_again),
		cmocka_unit_test(silence_opens_a_flow),
		cmocka_unit_test(a_burst_passes_now_and_then),
		cmocka_unit_test(messages_are_seen_through_a_cut),
		cmocka_unit_test(ends_and_beginnings_are_seen),
		cmocka_unit_test(small_packets_have_a_budget),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
