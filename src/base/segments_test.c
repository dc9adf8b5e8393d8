#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/segments.h"

enum { BLOCK_DATA = SEGMENT_BLOCK_BYTES - SEGMENT_HEADER_BYTES };

static struct segment_pool *make(uint32_t blocks)
{
	struct segment_pool *pool;

	assert_int_equal(segment_pool_new((size_t)blocks * SEGMENT_BLOCK_BYTES, &pool), 0);
	return pool;
}

static struct segments_added put(struct segment_pool *pool, struct segment_list *list, uint32_t at,
				 const char *text)
{
	return segments_add(pool, list, 0, at, str_from(text), 100);
}

static void expect_first(struct segment_pool *pool, struct segment_list *list, uint32_t at,
			 const char *text)
{
	struct str bytes;
	uint32_t position;

	assert_true(segments_take(pool, list, &position, &bytes));
	assert_int_equal(position, at);
	assert_true(str_equal(bytes, str_from(text)));
}

static void the_first_to_come_wins(void **state)
{
	struct segment_pool *pool = make(10);
	struct segment_list list = {0};

	put(pool, &list, 10, "ABC");
	put(pool, &list, 20, "XYZ");
	struct segments_added added = put(pool, &list, 8, "................");
	assert_int_equal(added.stored, 10);
	assert_int_equal(added.repeated, 6);
	assert_int_equal(added.refused, 0);
	expect_first(pool, &list, 8, "..");
	expect_first(pool, &list, 10, "ABC.......");
	expect_first(pool, &list, 20, "XYZ.");
	assert_int_equal(list.count, 0);
	segment_pool_free(pool);
}

/* Only what is held can be contradicted, from any place, over the top of the numbers too. */
static void another_content_is_told(void **state)
{
	static const struct {
		uint32_t at;
		const char *text;
		bool contradicts;
	} rows[] = {
		{10, "ABC", false},
		{10, "ABD", true},
		{9, ".ABC.", false},
		{11, "B", false},
		{11, "C", true},
		{13, ".......", false},
		{8, "............", true},
		{18, "..XYZ..", false},
		{10, "ABC.......XY", false},
		{10, "ABC.......XX", true},
		{0, "..........", false},
		{23, "..", false},
		{10, "", false},
	};
	static const uint32_t origins[] = {0, 77, 0xfffffff4};

	for (size_t o = 0; o < sizeof(origins) / sizeof(*origins); o++) {
		struct segment_pool *pool = make(10);
		struct segment_list list = {0};
		uint32_t origin = origins[o];
		segments_add(pool, &list, origin, origin + 10, STR("ABC"), 100);
		segments_add(pool, &list, origin, origin + 20, STR("XYZ"), 100);
		for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
			if (segments_contradict(pool, &list, origin, origin + rows[i].at,
						str_from(rows[i].text)) != rows[i].contradicts)
				fail_msg("row %zu", i);
		segments_clear(pool, &list);
		segment_pool_free(pool);
	}
}

static void single_bytes_share_a_block(void **state)
{
	struct segment_pool *pool = make(2);
	struct segment_list list = {0};

	for (uint32_t i = 0; i < 2 * BLOCK_DATA; i++)
		assert_int_equal(put(pool, &list, 7 + i, "x").stored, 1);
	assert_int_equal(list.count, 2);
	struct segments_added added = put(pool, &list, 7 + 2 * BLOCK_DATA, "yy");
	assert_int_equal(added.refused, 2);
	assert_int_equal(added.refused_at, 7 + 2 * BLOCK_DATA);
	assert_int_equal(segment_pool_counters(pool).refused, 2);
	segments_clear(pool, &list);
	assert_int_equal(segment_pool_room(pool), 2);
	segment_pool_free(pool);
}

static void a_list_has_its_share(void **state)
{
	struct segment_pool *pool = make(10);
	struct segment_list greedy = {0}, modest = {0};

	for (uint32_t at = 0; at < 40; at += 2)
		segments_add(pool, &greedy, 0, at, STR("g"), 3);
	assert_int_equal(greedy.count, 3);
	assert_int_equal(segments_add(pool, &modest, 0, 5, STR("m"), 3).stored, 1);
	segments_clear(pool, &greedy);
	segments_clear(pool, &modest);
	assert_int_equal(segment_pool_counters(pool).used, 0);
	assert_int_equal(segment_pool_counters(pool).most_used, 4);
	segment_pool_free(pool);
}

static void a_taken_piece_is_lent_until_the_next_change(void **state)
{
	struct segment_pool *pool = make(1);
	struct segment_list list = {0};
	struct str bytes;
	uint32_t at;

	put(pool, &list, 1, "held");
	assert_true(segments_take(pool, &list, &at, &bytes));
	assert_int_equal(segment_pool_room(pool), 1);
	assert_true(str_equal(bytes, STR("held")));
	assert_int_equal(put(pool, &list, 2, "next").stored, 4); /* reuses the block */
	assert_false(segments_first(pool, &(struct segment_list){0}, &at));
	segments_clear(pool, &list);
	segment_pool_free(pool);
}

/* Random pieces over a window that wraps, held against a plain array where the first write stays.
 */
static void agrees_with_a_plain_array(void **state)
{
	enum { SPAN = 30000, ROUNDS = 60 };
	static char expected[SPAN], piece[5000];
	const uint32_t origin = UINT32_MAX - SPAN / 2;
	struct segment_pool *pool = make(64);

	srand(7);
	for (int round = 0; round < ROUNDS; round++) {
		struct segment_list list = {0};
		memset(expected, 0, sizeof(expected));
		for (int i = 0; i < 40; i++) {
			uint32_t at = (uint32_t)rand() % SPAN;
			uint32_t len =
				(uint32_t)rand() % (rand() % 3 ? 300u : (uint32_t)sizeof(piece));
			len = len < SPAN - at ? len : SPAN - at;
			memset(piece, 'a' + i % 26, len);
			struct segments_added added = segments_add(pool, &list, origin, origin + at,
								   str_of(piece, len), 1000);
			assert_int_equal(added.stored + added.repeated + added.refused, len);
			for (uint32_t j = 0; j < len - added.refused; j++)
				if (!expected[at + j])
					expected[at + j] = piece[j];
		}
		uint32_t position, seen = 0;
		struct str bytes;
		while (segments_take(pool, &list, &position, &bytes)) {
			position -= origin;
			assert_true(position >= seen);
			while (seen < position)
				assert_int_equal(expected[seen++], 0);
			assert_memory_equal(expected + seen, bytes.at, bytes.len);
			seen += (uint32_t)bytes.len;
		}
		while (seen < SPAN)
			assert_int_equal(expected[seen++], 0);
	}
	assert_int_equal(segment_pool_room(pool), 64);
	segment_pool_free(pool);
}

static void nonsense_is_refused(void **state)
{
	struct segment_pool *pool;

	assert_true(segment_pool_new(SEGMENT_BLOCK_BYTES - 1, &pool) < 0);
	segment_pool_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_to_come_wins),
		cmocka_unit_test(another_content_is_told),
		cmocka_unit_test(single_bytes_share_a_block),
		cmocka_unit_test(a_list_has_its_share),
		cmocka_unit_test(a_taken_piece_is_lent_until_the_next_change),
		cmocka_unit_test(agrees_with_a_plain_array),
		cmocka_unit_test(nonsense_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
