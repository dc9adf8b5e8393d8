/* Whose packet it was, and what answers it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "decode/flow/tunnel_ends.h"

enum { A = 0xc0000201, B = 0xc0000202, C = 0xc6336401, MIRROR = 0x0a090001 };

static struct packet packet_in(const uint32_t ends[][2], uint8_t count)
{
	struct packet packet = {.outer_count = count};

	for (uint8_t i = 0; i < count && i < PACKET_OUTERS_MAX; i++)
		packet.outers[i] =
			(struct packet_outer){address_v4(ends[i][0]), address_v4(ends[i][1])};
	return packet;
}

static uint32_t word(const struct mirrors *mirrors, uint32_t from, uint32_t to)
{
	const uint32_t ends[1][2] = {{from, to}};
	struct packet packet = packet_in(ends, from != 0);

	return tunnel_of(&packet, mirrors, 7).ends;
}

static void only_the_way_back_answers(void **state)
{
	static const struct mirrors listed = {.count = 1,
					      .at = {{{{[10] = 0xff, 0xff, 10, 9}}, 112}}};
	static const struct mirrors all = {.believes_all = true};
	static const struct {
		const struct mirrors *mirrors;
		uint32_t said[2], acknowledged[2];
		enum tunnel_answer expected;
	} rows[] = {
		{NULL, {0, 0}, {0, 0}, TUNNEL_ANSWERS},
		{NULL, {A, B}, {B, A}, TUNNEL_ANSWERS},
		{NULL, {B, A}, {A, B}, TUNNEL_ANSWERS},
		{NULL, {A, B}, {A, B}, TUNNEL_ONE_END},
		{NULL, {A, B}, {C, B}, TUNNEL_ELSEWHERE},
		{NULL, {A, B}, {B, C}, TUNNEL_ELSEWHERE},
		{NULL, {A, B}, {0, 0}, TUNNEL_ELSEWHERE},
		{NULL, {0, 0}, {A, B}, TUNNEL_ELSEWHERE},
		{NULL, {A, A}, {A, A}, TUNNEL_ONE_END},
		{&listed, {MIRROR, B}, {MIRROR, B}, TUNNEL_IS_MIRRORED},
		{&listed, {MIRROR, B}, {MIRROR + 7, B}, TUNNEL_IS_MIRRORED},
		{&listed, {MIRROR, B}, {0, 0}, TUNNEL_IS_MIRRORED},
		{&listed, {MIRROR, B}, {A, B}, TUNNEL_ELSEWHERE},
		{&listed, {A, B}, {A, B}, TUNNEL_ONE_END},
		{&listed, {A, B}, {B, A}, TUNNEL_ANSWERS},
		{&all, {A, B}, {A, B}, TUNNEL_IS_MIRRORED},
		{&all, {A, B}, {C, B}, TUNNEL_IS_MIRRORED},
		{&all, {A, B}, {B, A}, TUNNEL_ANSWERS},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		enum tunnel_answer answer = tunnel_answers(
			word(rows[i].mirrors, rows[i].said[0], rows[i].said[1]),
			word(rows[i].mirrors, rows[i].acknowledged[0], rows[i].acknowledged[1]));
		if (answer != rows[i].expected)
			fail_msg("row %zu: %d", i, (int)answer);
	}
}

/* A sender chooses what is inside: the outermost that is no mirror's counts, however many. */
static void the_outermost_counts(void **state)
{
	static const struct mirrors listed = {.count = 1,
					      .at = {{{{[10] = 0xff, 0xff, 10, 9, 0, 1}}, 128}}};
	static const struct {
		uint8_t count;
		uint32_t ends[4][2], from;
	} rows[] = {
		{0, {{0}}, 0},
		{1, {{A, B}}, A},
		{2, {{A, B}, {C, B}}, A},
		{2, {{MIRROR, B}, {C, B}}, C},
		{2, {{MIRROR + 1, B}, {C, B}}, MIRROR + 1},
		{3, {{MIRROR, B}, {MIRROR, B}, {A, B}}, A},
		{1, {{MIRROR, B}}, MIRROR},
		{4, {{MIRROR, B}, {MIRROR, B}, {MIRROR, B}, {A, B}}, MIRROR},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct packet packet = packet_in(rows[i].ends, rows[i].count);
		struct tunnel tunnel = tunnel_of(&packet, &listed, 7);
		struct address from = address_v4(rows[i].from);
		assert_int_equal(tunnel.ends != 0, rows[i].count != 0);
		assert_int_equal(tunnel.from != NULL, rows[i].count != 0);
		if (tunnel.from)
			assert_true(address_equal(tunnel.from, &from));
	}
	/* what lies deeper than we keep count of is not believed for the mirrors around it */
	struct packet deep = packet_in(rows[7].ends, 4);
	uint32_t deep_word = tunnel_of(&deep, &listed, 7).ends;
	assert_int_equal(tunnel_answers(deep_word, deep_word), TUNNEL_ONE_END);
}

/* Nobody who does not know the seed can choose ends that look like others. */
static void the_word_is_keyed(void **state)
{
	const uint32_t ends[1][2] = {{A, B}};
	struct packet packet = packet_in(ends, 1);

	assert_true(tunnel_of(&packet, NULL, 7).ends != tunnel_of(&packet, NULL, 8).ends);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_way_back_answers),
		cmocka_unit_test(the_outermost_counts),
		cmocka_unit_test(the_word_is_keyed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
