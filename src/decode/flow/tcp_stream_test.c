#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "decode/flow/tcp_stream.h"
#include "decode/packet/packet.h"

/* What a caller makes of a stream: delivered bytes, and '_' for each that is missing. */
struct receiver {
	struct tcp_stream stream;
	struct segment_pool *pool;
	struct buf got;
	uint32_t most_skipped; /* in one gap; longer ones are written as "[n]" */
};

static struct receiver receiver_make(uint32_t blocks)
{
	struct receiver r = {.most_skipped = 100};

	assert_int_equal(segment_pool_new((size_t)blocks * SEGMENT_BLOCK_BYTES, &r.pool), 0);
	tcp_stream_init(&r.stream);
	return r;
}

static void receiver_fini(struct receiver *r)
{
	tcp_stream_fini(&r->stream, r->pool);
	/* one block may be on loan still; then it counts as room */
	assert_int_equal(segment_pool_room(r->pool), segment_pool_counters(r->pool).blocks);
	segment_pool_free(r->pool);
	buf_fini(&r->got);
}

static void drain(struct receiver *r)
{
	struct str more;

	while (tcp_stream_next(&r->stream, r->pool, &more))
		buf_add(&r->got, more);
}

static uint32_t give_up(struct receiver *r)
{
	uint32_t missing = tcp_stream_gap(&r->stream, r->pool);

	if (missing > r->most_skipped)
		buf_printf(&r->got, "[%u]", missing);
	else
		for (uint32_t i = 0; i < missing; i++)
			buf_add_byte(&r->got, '_');
	drain(r);
	return missing;
}

/* The loop of tcp_stream.h; what the first feed said. */
static enum tcp_delivery give(struct receiver *r, uint32_t seq, uint8_t flags, struct str payload,
			      uint32_t wire_len)
{
	enum tcp_delivery delivery, first = TCP_NOTHING;
	struct str now;
	int rounds = 0;

	do {
		delivery =
			tcp_stream_feed(&r->stream, r->pool, seq, flags, payload, wire_len, &now);
		if (rounds++ == 0)
			first = delivery;
		assert_true(rounds < 100000); /* every round makes progress */
		assert_true(now.len == 0 || delivery == TCP_IN_ORDER || delivery == TCP_FULL);
		buf_add(&r->got, now);
		drain(r);
		while (delivery == TCP_FULL || tcp_stream_is_stuck(&r->stream, r->pool)) {
			give_up(r);
			if (delivery == TCP_FULL)
				break;
		}
	} while (delivery == TCP_FULL);
	return first;
}

static void acknowledge(struct receiver *r, uint32_t ack)
{
	bool is_stuck = tcp_stream_acked(&r->stream, r->pool, ack);

	while (is_stuck) {
		give_up(r);
		is_stuck = tcp_stream_is_stuck(&r->stream, r->pool);
	}
}

enum { ACK = 0x100, GAP = 0x101 }; /* steps that are no segment */

struct step {
	uint32_t seq;
	const char *text;
	unsigned flags;
	uint32_t cut; /* bytes that the capture cut off */
	enum tcp_delivery expected;
};

static void scenarios(void **state)
{
	static const struct {
		const char *name;
		struct step steps[8];
		const char *got;
		uint32_t repeated, outside;
		bool is_finished;
	} rows[] = {
		{"handshake, data, end",
		 {{99, "", TCP_SYN},
		  {100, "", TCP_ACK},
		  {100, "abc", TCP_ACK, 0, TCP_IN_ORDER},
		  {103, "def", TCP_ACK | TCP_FIN, 0, TCP_IN_ORDER}},
		 "abcdef",
		 0,
		 0,
		 true},
		{"from the middle",
		 {{5, "", TCP_ACK}, {6, "abc", 0, 0, TCP_IN_ORDER}, {9, "d", 0, 0, TCP_IN_ORDER}},
		 "abcd"},
		{"data in the SYN, sent again after it",
		 {{99, "abc", TCP_SYN, 0, TCP_IN_ORDER},
		  {100, "abc", 0},
		  {103, "d", 0, 0, TCP_IN_ORDER}},
		 "abcd",
		 3},
		{"simultaneous open: SYN, then SYN and ACK with the same number",
		 {{99, "", TCP_SYN}, {99, "", TCP_SYN | TCP_ACK}, {100, "a", 0, 0, TCP_IN_ORDER}},
		 "a"},
		{"SYN of another connection",
		 {{99, "", TCP_SYN},
		  {100, "a", 0, 0, TCP_IN_ORDER},
		  {0x50000000, "", TCP_SYN, 0, TCP_OUTSIDE},
		  {101, "b", 0, 0, TCP_IN_ORDER}},
		 "ab",
		 0,
		 1},
		{"two answers to one SYN, the first counts",
		 {{99, "", TCP_SYN | TCP_ACK},
		  {0x50000000, "", TCP_SYN | TCP_ACK, 0, TCP_OUTSIDE},
		  {100, NULL, ACK},
		  {100, "a", 0, 0, TCP_IN_ORDER}},
		 "a",
		 0,
		 1},
		{"two answers to one SYN, the second counts",
		 {{99, "", TCP_SYN | TCP_ACK},
		  {0x50000000, "", TCP_SYN | TCP_ACK, 0, TCP_OUTSIDE},
		  {0x50000001, NULL, ACK},
		  {0x50000001, "a", 0, 0, TCP_IN_ORDER}},
		 "a",
		 0,
		 1},
		{"wrap",
		 {{0xfffffffe, "abcd", 0, 0, TCP_IN_ORDER}, {2, "ef", 0, 0, TCP_IN_ORDER}},
		 "abcdef"},
		{"wrap, out of order",
		 {{0xfffffffd, "a", 0, 0, TCP_IN_ORDER},
		  {1, "ef", 0, 0, TCP_QUEUED},
		  {0xfffffffe, "bcd", 0, 0, TCP_IN_ORDER}},
		 "abcdef"},
		{"repeated whole and in part",
		 {{10, "abcd", 0, 0, TCP_IN_ORDER},
		  {10, "abcd", 0},
		  {12, "cdef", 0, 0, TCP_IN_ORDER}},
		 "abcdef",
		 6},
		{"delivered bytes do not change",
		 {{10, "abcd", 0, 0, TCP_IN_ORDER}, {10, "XXXXe", 0, 0, TCP_IN_ORDER}},
		 "abcde",
		 4},
		{"kept bytes do not change",
		 {{10, "a", 0, 0, TCP_IN_ORDER},
		  {13, "def", 0, 0, TCP_QUEUED},
		  {12, "cXXXg", 0, 0, TCP_QUEUED},
		  {11, "bYYYYYh", 0, 0, TCP_IN_ORDER}},
		 "abcdefgh",
		 8},
		{"keep-alive with and without a byte",
		 {{10, "abc", 0, 0, TCP_IN_ORDER},
		  {12, "", 0},
		  {12, "\xff", 0},
		  {13, "d", 0, 0, TCP_IN_ORDER}},
		 "abcd",
		 1},
		{"zero-window probe",
		 {{10, "abc", 0, 0, TCP_IN_ORDER},
		  {13, "d", 0, 0, TCP_IN_ORDER},
		  {13, "d", 0},
		  {13, "def", 0, 0, TCP_IN_ORDER}},
		 "abcdef",
		 2},
		{"forged far ahead, far behind",
		 {{10, "abc", 0, 0, TCP_IN_ORDER},
		  {10 + TCP_STREAM_WINDOW + 4, "X", 0, 0, TCP_OUTSIDE},
		  {0xf0000000, "X", 0, 0, TCP_OUTSIDE},
		  {0x70000000, "", TCP_FIN, 0, TCP_OUTSIDE},
		  {13, "d", 0, 0, TCP_IN_ORDER}},
		 "abcd",
		 0,
		 3},
		{"forged acknowledgements alone",
		 {{10, "abc", 0, 0, TCP_IN_ORDER},
		  {0x70000000, NULL, ACK},
		  {5000, NULL, ACK},
		  {13, "d", 0, 0, TCP_IN_ORDER}},
		 "abcd"},
		{"reset takes nothing",
		 {{10, "a", 0, 0, TCP_IN_ORDER},
		  {11, "oops", TCP_RST},
		  {11, "b", 0, 0, TCP_IN_ORDER}},
		 "ab"},
		{"lost, and acknowledged by the peer",
		 {{10, "ab", 0, 0, TCP_IN_ORDER},
		  {15, "fg", 0, 0, TCP_QUEUED},
		  {14, NULL, ACK},
		  {17, "h", 0, 0, TCP_QUEUED},
		  {17, NULL, ACK}},
		 "ab___fgh"},
		{"acknowledged before what is behind the hole is seen",
		 {{10, "ab", 0, 0, TCP_IN_ORDER}, {17, NULL, ACK}, {15, "fg", 0, 0, TCP_QUEUED}},
		 "ab___fg"},
		{"late, but not lost",
		 {{10, "ab", 0, 0, TCP_IN_ORDER},
		  {15, "fg", 0, 0, TCP_QUEUED},
		  {12, NULL, ACK},
		  {12, "cde", 0, 0, TCP_IN_ORDER}},
		 "abcdefg"},
		{"given up by the caller",
		 {{10, "ab", 0, 0, TCP_IN_ORDER},
		  {14, "e", 0, 0, TCP_QUEUED},
		  {17, "h", 0, 0, TCP_QUEUED},
		  {0, NULL, GAP},
		  {0, NULL, GAP},
		  {0, NULL, GAP}},
		 "ab__e__h"},
		{"cut by the capture",
		 {{10, "ab", 0, 3, TCP_IN_ORDER},
		  {15, "fg", 0, 2, TCP_IN_ORDER},
		  {19, "j", 0, 0, TCP_IN_ORDER}},
		 "ab___fg__j"},
		{"cut, and in part kept before",
		 {{10, "a", 0, 0, TCP_IN_ORDER},
		  {14, "ef", 0, 0, TCP_QUEUED},
		  {11, "b", 0, 6, TCP_IN_ORDER},
		  {18, "i", 0, 0, TCP_IN_ORDER}},
		 "ab__ef__i"},
		{"cut to nothing",
		 {{10, "a", 0, 0, TCP_IN_ORDER}, {11, "", 0, 4}, {15, "f", 0, 0, TCP_IN_ORDER}},
		 "a____f"},
		{"FIN behind a hole",
		 {{10, "a", 0, 0, TCP_IN_ORDER},
		  {14, "e", TCP_FIN, 0, TCP_QUEUED},
		  {11, "bcd", 0, 0, TCP_IN_ORDER}},
		 "abcde",
		 0,
		 0,
		 true},
		{"the tail is lost, the peer acknowledged the FIN",
		 {{10, "a", 0, 0, TCP_IN_ORDER}, {15, "", TCP_FIN}, {16, NULL, ACK}},
		 "a____",
		 0,
		 0,
		 true},
		{"forged FIN ends nothing",
		 {{10, "a", 0, 0, TCP_IN_ORDER},
		  {11, "", TCP_FIN},
		  {11, "b", 0, 0, TCP_IN_ORDER},
		  {14, "e", 0, 0, TCP_QUEUED},
		  {15, NULL, ACK}},
		 "ab__e"},
		{"the capture lost more than a window, both sides agree",
		 {{10, "ab", 0, 0, TCP_IN_ORDER},
		  {0x10000000, "xy", 0, 0, TCP_OUTSIDE},
		  {0x10000002, NULL, ACK},
		  {0x10000002, "z", 0, 0, TCP_IN_ORDER}},
		 "ab[268435446]z",
		 0,
		 1},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct receiver r = receiver_make(16);
		for (const struct step *step = rows[i].steps; step->text || step->flags; step++) {
			if (step->flags == ACK) {
				acknowledge(&r, step->seq);
			} else if (step->flags == GAP) {
				give_up(&r);
			} else {
				struct str text = str_from(step->text);
				enum tcp_delivery delivery =
					give(&r, step->seq, (uint8_t)step->flags, text,
					     (uint32_t)text.len + step->cut);
				if (delivery != step->expected)
					printf("# %s: step %td: %d\n", rows[i].name,
					       step - rows[i].steps, delivery);
				assert_int_equal(delivery, step->expected);
			}
		}
		if (!str_equal(buf_view(&r.got), str_from(rows[i].got)))
			printf("# %s: %.*s\n", rows[i].name, STR_ARG(buf_view(&r.got)));
		assert_true(str_equal(buf_view(&r.got), str_from(rows[i].got)));
		assert_int_equal(r.stream.repeated, rows[i].repeated);
		assert_int_equal(r.stream.outside, rows[i].outside);
		assert_int_equal(tcp_stream_is_finished(&r.stream), rows[i].is_finished);
		receiver_fini(&r);
	}
}

static void resets_are_checked_against_the_window(void **state)
{
	struct receiver r = receiver_make(4);

	assert_true(tcp_stream_in_window(&r.stream, 123));
	give(&r, 10, 0, STR("abc"), 3);
	assert_true(tcp_stream_in_window(&r.stream, 13));
	assert_true(tcp_stream_in_window(&r.stream, 12));
	assert_true(tcp_stream_in_window(&r.stream, 13 + TCP_STREAM_WINDOW));
	assert_false(tcp_stream_in_window(&r.stream, 14 + TCP_STREAM_WINDOW));
	assert_false(tcp_stream_in_window(&r.stream, 11));
	receiver_fini(&r);
}

/* A hole that never closes: the stream keeps its share and no more, then goes on behind the hole.
 */
static void a_stream_has_its_share(void **state)
{
	static const char piece[2000];
	struct receiver r = receiver_make(1000), other = receiver_make(1);
	enum tcp_delivery delivery = TCP_QUEUED;
	uint32_t seq = 1000, count = 0;

	give(&r, 10, 0, STR("a"), 1);
	for (; delivery == TCP_QUEUED; seq += 4000, count++)
		delivery = give(&r, seq, 0, str_of(piece, 2000), 2000);
	assert_int_equal(delivery, TCP_FULL);
	assert_int_equal(count, TCP_STREAM_BLOCKS_MAX + 1);
	assert_int_equal(r.stream.missing, 1000 - 11);
	assert_int_equal(r.stream.queue.count, TCP_STREAM_BLOCKS_MAX);
	receiver_fini(&r);

	/* the pool is used up by others: what comes is delivered, behind a gap, rather than lost */
	struct segment_list hog = {0};
	segments_add(other.pool, &hog, 0, 0, STR("mine"), 1);
	give(&other, 10, 0, STR("a"), 1);
	assert_int_equal(give(&other, 13, 0, STR("def"), 3), TCP_FULL);
	assert_true(str_equal(buf_view(&other.got), STR("a__def")));
	segments_clear(other.pool, &hog);
	receiver_fini(&other);
}

static void single_bytes_behind_a_hole_are_cheap(void **state)
{
	struct receiver r = receiver_make(8);

	give(&r, 0, 0, STR("a"), 1);
	for (uint32_t seq = 2; seq < 10000; seq++)
		assert_int_equal(give(&r, seq, 0, STR("x"), 1), TCP_QUEUED);
	assert_true(r.stream.queue.count <= 5);
	give(&r, 1, 0, STR("b"), 1);
	assert_int_equal(r.got.len, 10000);
	receiver_fini(&r);
}

enum { STREAM = 40000, SEGMENTS = 400 };

struct segment {
	uint32_t at, len, cut;
	uint32_t order;
};

static int by_order(const void *a, const void *b)
{
	uint32_t x = ((const struct segment *)a)->order, y = ((const struct segment *)b)->order;

	return (x > y) - (x < y);
}

/*
 * A random cover of the stream by segments, with repetitions and overlaps, each moved from its
 * place by up to `disorder` bytes; the first is always first. Returns how many.
 */
static size_t segment_randomly(struct segment *segments, uint32_t disorder)
{
	size_t count = 0;

	for (uint32_t at = 0; at < STREAM;) {
		uint32_t len = 1 + (uint32_t)rand() % (rand() % 4 ? 1460 : 8);
		if (len > STREAM - at)
			len = STREAM - at;
		segments[count++] =
			(struct segment){at, len, 0, at ? at + (uint32_t)rand() % disorder : 0};
		if (rand() % 4 == 0 && count < SEGMENTS) { /* another one somewhere around */
			uint32_t back = (uint32_t)rand() % 3000;
			uint32_t from = at > back ? at - back : 0;
			uint32_t more = 1 + (uint32_t)rand() % 3000;
			more = more < STREAM - from ? more : STREAM - from;
			segments[count++] = (struct segment){from, more, 0,
							     at + 1 + (uint32_t)rand() % disorder};
		}
		at += len;
		if (count > SEGMENTS - 4) { /* the rest in one */
			if (at < STREAM)
				segments[count++] = (struct segment){at, STREAM - at, 0, STREAM};
			break;
		}
	}
	qsort(segments, count, sizeof(*segments), by_order);
	return count;
}

static void any_order_gives_the_stream(void **state)
{
	static char stream[STREAM];
	struct segment segments[SEGMENTS];

	srand(11);
	for (size_t i = 0; i < STREAM; i++)
		stream[i] = (char)rand();
	for (int round = 0; round < 200; round++) {
		struct receiver r = receiver_make(300);
		const uint32_t isn = UINT32_MAX - (uint32_t)rand() % STREAM;
		size_t count = segment_randomly(segments, 1 + (uint32_t)rand() % 20000);
		tcp_stream_syn(&r.stream, isn);
		for (size_t i = 0; i < count; i++) {
			struct segment s = segments[i];
			give(&r, isn + 1 + s.at, 0, str_of(stream + s.at, s.len), s.len);
		}
		assert_int_equal(r.got.len, STREAM);
		assert_memory_equal(r.got.at, stream, STREAM);
		assert_int_equal(r.stream.missing, 0);
		assert_int_equal(r.stream.delivered, STREAM);
		receiver_fini(&r);
	}
}

/*
 * Segments are lost and cut, and the second copy of a byte differs from the first. What comes out
 * must be the first copy of every byte that was captured, and a gap for each that never was.
 */
static void losses_leave_holes_and_nothing_else(void **state)
{
	static char expected[STREAM + 1];
	struct segment segments[SEGMENTS];

	srand(13);
	for (int round = 0; round < 200; round++) {
		struct receiver r = receiver_make(300);
		const uint32_t isn = UINT32_MAX - (uint32_t)rand() % STREAM;
		size_t count = segment_randomly(segments, 1 + (uint32_t)rand() % 20000);
		memset(expected, '_', STREAM);
		r.most_skipped = STREAM;
		tcp_stream_syn(&r.stream, isn);
		for (size_t i = 0; i < count; i++) {
			struct segment s = segments[i];
			char bytes[STREAM];
			if (rand() % 5 == 0)
				continue;
			memset(bytes, 'a' + (int)i % 26, s.len);
			for (uint32_t j = 0; j < s.len; j++)
				if (expected[s.at + j] == '_')
					expected[s.at + j] = bytes[j];
			give(&r, isn + 1 + s.at, 0, str_of(bytes, s.len), s.len);
		}
		give(&r, isn + 1 + STREAM, TCP_FIN, (struct str){0}, 0);
		while (give_up(&r) > 0)
			;
		assert_true(tcp_stream_is_finished(&r.stream));
		assert_int_equal(r.got.len, STREAM);
		assert_memory_equal(r.got.at, expected, STREAM);
		assert_int_equal(r.stream.delivered + r.stream.missing, STREAM);
		receiver_fini(&r);
	}
}

/* With hardly any memory and random acknowledgements: never a byte in a wrong place. */
static void short_of_memory_every_byte_is_in_its_place(void **state)
{
	static char stream[STREAM];
	struct segment segments[SEGMENTS];

	srand(17);
	for (size_t i = 0; i < STREAM; i++)
		stream[i] = (char)('a' + rand() % 26);
	for (int round = 0; round < 200; round++) {
		struct receiver r = receiver_make(1 + (uint32_t)rand() % 6);
		const uint32_t isn = UINT32_MAX - (uint32_t)rand() % STREAM;
		size_t count = segment_randomly(segments, 1 + (uint32_t)rand() % 20000);
		r.most_skipped = STREAM;
		tcp_stream_syn(&r.stream, isn);
		for (size_t i = 0; i < count; i++) {
			struct segment s = segments[i];
			uint32_t seen =
				(uint32_t)rand() % 3 ? s.len : (uint32_t)rand() % (s.len + 1);
			give(&r, isn + 1 + s.at, 0, str_of(stream + s.at, seen), s.len);
			if (rand() % 8 == 0)
				acknowledge(&r, isn + 1 + (uint32_t)rand() % (s.at + s.len));
		}
		while (give_up(&r) > 0)
			;
		assert_true(r.got.len <= STREAM);
		for (size_t i = 0; i < r.got.len; i++)
			if (r.got.at[i] != '_')
				assert_int_equal(r.got.at[i], stream[i]);
		assert_int_equal(r.stream.delivered + r.stream.missing, r.got.len);
		receiver_fini(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scenarios),
		cmocka_unit_test(resets_are_checked_against_the_window),
		cmocka_unit_test(a_stream_has_its_share),
		cmocka_unit_test(single_bytes_behind_a_hole_are_cheap),
		cmocka_unit_test(any_order_gives_the_stream),
		cmocka_unit_test(losses_leave_holes_and_nothing_else),
		cmocka_unit_test(short_of_memory_every_byte_is_in_its_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
