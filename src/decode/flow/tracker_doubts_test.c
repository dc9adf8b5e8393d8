/* Who else may have spoken: tunnels, a side's own refusal, two versions of the same bytes. */
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

/* Of all observations. */
static uint8_t doubts_told(void)
{
	uint8_t doubts = 0;

	for (size_t i = 0; i < watched.count && i < KEPT_MOST; i++)
		doubts |= watched.at[i].doubts;
	return doubts;
}

static bool was_acknowledged(int side)
{
	bool was = false;

	for (size_t i = 0; i < watched.count && i < KEPT_MOST; i++)
		was |= watched.at[i].acknowledged[side];
	return was;
}

static void expect(const char *what, size_t row, bool acknowledged, uint8_t doubts)
{
	bool both = was_acknowledged(MINER) && was_acknowledged(POOL);

	if (both != acknowledged || doubts_told() != doubts)
		fail_msg("%s, row %zu: acknowledged %d, doubts %d", what, row, both,
			 (int)doubts_told());
}

enum { A = 0xc0000201, B = 0xc0000202, C = 0xc6336401 };

static void through(struct two_ends *t, int side, const uint32_t ends[2])
{
	t->is_tunnelled[side] = ends[0] != 0;
	t->tunnels[side] = (struct packet_outer){address_v4(ends[0]), address_v4(ends[1])};
}

/* What one end of a tunnel says for both is not acknowledged; what comes back through it is. */
static void one_tunnel_end_cannot_speak_for_both(void **state)
{
	static const struct mirrors listed = {.count = 1,
					      .at = {{{{[10] = 0xff, 0xff, 0xc0, 0, 2, 1}}, 128}}};
	static const struct mirrors all = {.believes_all = true};
	static const struct {
		uint32_t miners[2], pools[2];
		const struct mirrors *mirrors;
		bool acknowledged;
		uint8_t doubts;
	} rows[] = {
		{{0, 0}, {0, 0}, NULL, true, 0},
		{{A, B}, {B, A}, NULL, true, 0},
		{{A, B}, {A, B}, NULL, false, DOUBT_ONE_TUNNEL_END},
		{{A, B}, {C, B}, NULL, false, DOUBT_TUNNELS_APART},
		{{A, B}, {0, 0}, NULL, false, DOUBT_TUNNELS_APART},
		{{0, 0}, {A, B}, NULL, false, DOUBT_TUNNELS_APART},
		{{A, B}, {A, B}, &listed, true, DOUBT_MIRROR_BELIEVED},
		{{A, B}, {A, B}, &all, true, DOUBT_MIRROR_BELIEVED},
		{{C, B}, {C, B}, &listed, false, DOUBT_ONE_TUNNEL_END},
		{{C, B}, {B, C}, &listed, true, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct tracker_settings settings = {.flows = 4096,
							  .inspections = 256,
							  .inspection_bytes = 8 << 20,
							  .names = 256,
							  .mirrors = rows[i].mirrors};
		watched_begin(&watched, &settings);
		struct two_ends t = two_ends_of(&watched, 1);
		through(&t, MINER, rows[i].miners);
		through(&t, POOL, rows[i].pools);
		two_ends_open(&t);
		mine(&t);
		assert_int_equal(told(&watched, ACT_LOGIN), 1);
		expect("tunnels", i, rows[i].acknowledged, rows[i].doubts);
		if (rows[i].doubts == DOUBT_ONE_TUNNEL_END) {
			struct address end = address_v4(rows[i].miners[0]);
			size_t named = 0;
			for (size_t k = 0; k < watched.count; k++)
				named += address_equal(&watched.at[k].tunnel_end, &end);
			assert_true(named > 0);
		}
		watched_end(&watched);
	}
}

/* A host unwraps what it gets, and we see it again without its tunnel: that clears nobody. */
static void a_copy_without_the_tunnel_clears_nobody(void **state)
{
	static const struct {
		uint32_t back[2];
		bool acknowledged;
	} rows[] = {{{B, A}, true}, {{A, B}, false}};
	static const uint32_t there[2] = {A, B}, none[2] = {0, 0};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		watched_begin(&watched, NULL);
		struct two_ends t = two_ends_of(&watched, 1), copy;
		static const char *const words[] = {SUBSCRIBE, SUBSCRIBED, AUTHORIZE, AUTHORIZED};
		for (int step = 0; step < 4; step++) {
			copy = t;
			through(&t, MINER, there);
			through(&t, POOL, rows[i].back);
			say(&t, step % 2, words[step]);
			copy.now = t.now;
			through(&copy, MINER, none);
			through(&copy, POOL, none);
			say(&copy, step % 2, words[step]);
		}
		assert_int_equal(told(&watched, ACT_LOGIN), 1);
		bool both = was_acknowledged(MINER) && was_acknowledged(POOL);
		if (both != rows[i].acknowledged)
			fail_msg("row %zu: %d", i, both);
		watched_end(&watched);
	}
}

/* A step of a conversation in one letter. */
static void step(struct two_ends *t, char letter)
{
	uint32_t past = t->next[MINER] - 100;

	switch (letter) {
	case 's': /* the handshake, of a connection whose numbers are new */
		t->next[MINER] += 500000;
		t->next[POOL] += 500000;
		two_ends_open(t);
		break;
	case 'm':
		mine(t);
		break;
	case 'h':
		say(t, MINER, SHARE);
		break;
	case 'j':
		say(t, POOL, "{\"id\":4,\"result\":true,\"error\":null}\n");
		break;
	case 'r':
		send_at(t, MINER, t->next[MINER], 0, TCP_RST, (struct str){0}, 0);
		break;
	case 'R':
		send_at(t, POOL, t->next[POOL], t->next[MINER], TCP_RST | TCP_ACK, (struct str){0},
			0);
		break;
	case 'p': /* refuses something said a while ago */
		send_at(t, MINER, past, 0, TCP_RST, (struct str){0}, 0);
		break;
	case 'x': /* a guess */
		send_at(t, MINER, t->next[MINER] + (1u << 30), 0, TCP_RST, (struct str){0}, 0);
		break;
	case 'k': /* keep-alive */
		send_at(t, MINER, t->next[MINER] - 1, t->next[POOL], TCP_ACK, (struct str){0}, 0);
		two_ends_acknowledge(t, POOL);
		break;
	case 'a': /* sent again */
		send_at(t, MINER, t->next[MINER] - 10, t->next[POOL], TCP_ACK, STR("0123456789"),
			10);
		break;
	case 'f':
		send_at(t, MINER, t->next[MINER]++, t->next[POOL], TCP_FIN | TCP_ACK,
			(struct str){0}, 0);
		break;
	case '3':
		t->interfaces = 3;
		break;
	default:
		fail_msg("no step %c", letter);
	}
}

static void who_refuses_again_did_not_speak(void **state)
{
	static const struct {
		const char *steps;
		bool is_doubted;
		const char *why;
	} rows[] = {
		{"smhjhj", false, "nobody refuses"},
		{"srhrm", true, "refused at once, and again when more came"},
		{"smrhrhj", true, "refused in the middle"},
		{"smRjRhj", true, "the pool's side refuses"},
		{"smrhphj", false, "the second is older than the first"},
		{"smr", false, "the end"},
		{"smrrr", false, "the end, said thrice"},
		{"3smr", false, "the end, seen on three interfaces"},
		{"smfr", false, "after the close"},
		{"smfrrr", false, "after the close, for all that came late"},
		{"smxhxhj", false, "somebody guesses numbers"},
		{"smrhjhjhj", false, "a box in between resets, nobody heeds it"},
		{"3smrhjhjhj", false, "the same on three interfaces"},
		{"smrrrhjhjhj", false, "a box in between resets thrice"},
		{"smrsmrsm", false, "the ports are used again"},
		{"smkkrkk", false, "keep-alives"},
		{"smrarar", false, "sent again, nothing new"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		watched_begin(&watched, NULL);
		struct two_ends t = two_ends_of(&watched, 1);
		for (const char *at = rows[i].steps; *at; at++)
			step(&t, *at);
		step(&t, 'h'); /* so that what is known is told */
		bool is_doubted = doubts_told() & DOUBT_REFUSED_ITSELF;
		if (is_doubted != rows[i].is_doubted)
			fail_msg("row %zu, %s", i, rows[i].why);
		watched_end(&watched);
	}
}

/* A bare acknowledgement after the refusal is not the refuser's; later ones are, if it stays calm.
 */
static void who_has_refused_acknowledges_nothing(void **state)
{
	watched_begin(&watched, NULL);
	struct two_ends t = two_ends_of(&watched, 1);

	t.is_one_sided = true;
	say(&t, MINER, AUTHORIZE);
	send_at(&t, POOL, t.next[POOL], t.next[MINER], TCP_ACK, STR(AUTHORIZED),
		strlen(AUTHORIZED));
	t.next[POOL] += (uint32_t)strlen(AUTHORIZED);
	step(&t, 'r');
	two_ends_acknowledge(&t, MINER);
	assert_true(was_acknowledged(MINER));
	assert_false(was_acknowledged(POOL));
	t.is_one_sided = false;
	for (int i = 0; i < 3; i++) {
		step(&t, 'h');
		step(&t, 'j');
	}
	assert_true(was_acknowledged(POOL));
	assert_int_equal(doubts_told(), 0);
	watched_end(&watched);
}

/* A TCP header and its payload with a checksum that is right, wrong, or left to the card. */
enum sum { SUM_NONE, SUM_RIGHT, SUM_WRONG, SUM_PARTIAL };

static uint32_t sum_of(uint32_t sum, const void *at, size_t len)
{
	const uint8_t *bytes = at;

	for (size_t i = 0; i < len; i++)
		sum += (uint32_t)bytes[i] << (i % 2 ? 0 : 8);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void send_summed(struct two_ends *t, uint32_t sequence, struct str payload, enum sum how)
{
	static uint8_t bytes[2048];
	struct packet packet = {.source = t->ends[MINER],
				.destination = t->ends[POOL],
				.protocol = PROTOCOL_TCP,
				.tcp_flags = TCP_ACK,
				.sequence = sequence,
				.acknowledgement = t->next[POOL],
				.payload_len = (uint32_t)payload.len};
	struct origin origin = {.source = STR("eth0")};
	size_t len = 20 + payload.len;

	memset(bytes, 0, 20);
	memcpy(bytes + 20, payload.at, payload.len);
	packet.payload = str_of(bytes + 20, payload.len);
	if (how != SUM_NONE)
		packet.segment = str_of(bytes, len);
	uint32_t sum = sum_of(PROTOCOL_TCP + (uint32_t)len, packet.source.address.bytes + 12, 4);
	sum = sum_of(sum, packet.destination.address.bytes + 12, 4);
	uint16_t field = how == SUM_PARTIAL ? (uint16_t)sum : (uint16_t)~sum_of(sum, bytes, len);
	if (how == SUM_WRONG)
		field ^= 0x1234;
	bytes[16] = (uint8_t)(field >> 8);
	bytes[17] = (uint8_t)field;
	assert_int_equal(packet_tcp_checksum(&packet), how == SUM_RIGHT	  ? CHECKSUM_RIGHT
						       : how == SUM_WRONG ? CHECKSUM_WRONG
									  : CHECKSUM_UNKNOWN);
	t->watched->miner = t->ends[MINER];
	tracker_packet(t->watched->tracker, &packet, t->now, &origin);
	t->now.ns += 1000000;
}

/* Both versions of a message, the second in pieces of so many bytes. */
static void say_twice(struct two_ends *t, const char *first, const char *second, enum sum sums[2],
		      size_t piece)
{
	struct str rest = str_from(second);
	uint32_t at = t->next[MINER];

	send_summed(t, at, str_from(first), sums[0]);
	for (; rest.len > 0; rest = str_skip(rest, piece)) {
		struct str part = str_sub(rest, 0, piece);
		send_summed(t, at, part, sums[1]);
		at += (uint32_t)part.len;
	}
	t->next[MINER] = at;
	two_ends_acknowledge(t, POOL);
}

/* As long as another text, and of no interest, or of some. */
static const char *junk_for(const char *text, const char *begin)
{
	static char junk[512];
	size_t len = strlen(text), head = strlen(begin);

	memset(junk, 'z', len);
	memcpy(junk, begin, head < len ? head : len);
	junk[len] = '\0';
	return junk;
}

static void two_versions_are_noticed(void **state)
{
	static const struct {
		const char *begin; /* of the junk; NULL: the same bytes twice */
		enum sum sums[2];
		size_t piece;
		bool is_doubted;
		size_t logins;
	} rows[] = {
		/* bytes of no interest first: nobody listens, but what comes again may matter */
		{"zz", {SUM_NONE, SUM_NONE}, 1000, true, 1},
		{"zz", {SUM_RIGHT, SUM_RIGHT}, 1000, true, 1},
		{"GET / HTTP/1.1\r\n", {SUM_NONE, SUM_NONE}, 1000, true, 1},
		/* bytes that may become something: they are being listened to */
		{"{\"id\":1,\"a\":\"", {SUM_NONE, SUM_NONE}, 1000, true, 1},
		{"{\"id\":1,\"a\":\"", {SUM_RIGHT, SUM_RIGHT}, 1000, true, 1},
		{"{\"id\":1,\"a\":\"", {SUM_PARTIAL, SUM_PARTIAL}, 1000, true, 1},
		/* the first would be dropped by whoever gets it: only the second was said */
		{"{\"id\":1,\"a\":\"", {SUM_WRONG, SUM_RIGHT}, 1000, false, 1},
		/* what nobody would take does not count against what was said */
		{"{\"id\":1,\"a\":\"", {SUM_NONE, SUM_WRONG}, 1000, false, 0},
		/* honest: the same again, in pieces of any size */
		{NULL, {SUM_NONE, SUM_NONE}, 1000, false, 1},
		{NULL, {SUM_RIGHT, SUM_RIGHT}, 7, false, 1},
		{NULL, {SUM_PARTIAL, SUM_PARTIAL}, 1, false, 1},
		{NULL, {SUM_WRONG, SUM_RIGHT}, 50, false, 1},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		enum sum sums[2] = {rows[i].sums[0], rows[i].sums[1]};
		const char *first = rows[i].begin ? junk_for(AUTHORIZE, rows[i].begin) : AUTHORIZE;
		watched_begin(&watched, NULL);
		struct two_ends t = two_ends_of(&watched, 1);
		two_ends_open(&t);
		say_twice(&t, first, AUTHORIZE, sums, rows[i].piece);
		say(&t, POOL, AUTHORIZED);
		if (told(&watched, ACT_LOGIN) != rows[i].logins ||
		    (doubts_told() == DOUBT_TWO_VERSIONS) != rows[i].is_doubted)
			fail_msg("row %zu: %zu logins, doubts %d", i, told(&watched, ACT_LOGIN),
				 (int)doubts_told());
		watched_end(&watched);
	}
}

/* Mining first, and something else for the receiver: framed, as likely as not. */
static void mining_that_nobody_may_have_got_is_doubted(void **state)
{
	enum sum sums[2] = {SUM_NONE, SUM_NONE};

	watched_begin(&watched, NULL);
	struct two_ends t = two_ends_of(&watched, 1);
	two_ends_open(&t);
	mine(&t);
	assert_int_equal(doubts_told(), 0);
	say_twice(&t, SHARE, junk_for(SHARE, "innocent"), sums, 1000);
	step(&t, 'j');
	assert_int_equal(doubts_told(), DOUBT_TWO_VERSIONS);
	watched_end(&watched);
}

/* What waits behind a hole is compared as well; keep-alives with a byte of their own are not. */
static void kept_bytes_are_compared(void **state)
{
	static const struct {
		const char *again;
		bool is_doubted;
	} rows[] = {{SHARE, false}, {NULL, true}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *again = rows[i].again ? rows[i].again : junk_for(SHARE, "x");
		uint32_t len = (uint32_t)strlen(SHARE);
		watched_begin(&watched, NULL);
		struct two_ends t = two_ends_of(&watched, 1);
		two_ends_open(&t);
		mine(&t);
		uint32_t hole = t.next[MINER];
		send_at(&t, MINER, hole + len, t.next[POOL], TCP_ACK, STR(SHARE), len);
		send_at(&t, MINER, hole + len, t.next[POOL], TCP_ACK, str_from(again), len);
		t.next[MINER] = hole;
		step(&t, 'h');
		t.next[MINER] = hole + 2 * len;
		send_at(&t, MINER, t.next[MINER] - 1, t.next[POOL], TCP_ACK, STR("\xff"), 1);
		step(&t, 'h');
		assert_int_equal(told(&watched, ACT_SHARE), 3);
		assert_int_equal(doubts_told() == DOUBT_TWO_VERSIONS, rows[i].is_doubted);
		watched_end(&watched);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_tunnel_end_cannot_speak_for_both),
		cmocka_unit_test(a_copy_without_the_tunnel_clears_nobody),
		cmocka_unit_test(who_refuses_again_did_not_speak),
		cmocka_unit_test(who_has_refused_acknowledges_nothing),
		cmocka_unit_test(two_versions_are_noticed),
		cmocka_unit_test(mining_that_nobody_may_have_got_is_doubted),
		cmocka_unit_test(kept_bytes_are_compared),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
