#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/table.h"

struct entry {
	uint64_t key;
	uint64_t value;
};

static struct table *make(uint32_t capacity)
{
	struct table_settings settings = {.capacity = capacity,
					  .entry_size = sizeof(struct entry),
					  .key_size = sizeof(uint64_t),
					  .idle = DURATION_S(10),
					  .class_share = {1, 1, 0.5}};
	struct table *table;

	assert_int_equal(table_new(&settings, &table), 0);
	return table;
}

static struct entry *put(struct table *table, uint64_t key, int64_t second)
{
	return table_insert(table, &key, table_hash(table, &key), instant_at(second, 0));
}

static struct entry *get(struct table *table, uint64_t key)
{
	return table_find(table, &key, table_hash(table, &key));
}

static void agrees_with_a_plain_array(void **state)
{
	enum { KEYS = 997, STEPS = 200000 };
	static uint64_t expected[KEYS];
	struct table *table = make(KEYS);

	srand(1);
	for (int i = 0; i < STEPS; i++) {
		uint64_t key = (uint64_t)rand() % KEYS;
		struct entry *entry = get(table, key);
		assert_int_equal(entry ? entry->value : 0, expected[key]);
		if (entry && rand() % 2) {
			table_remove(table, entry);
			expected[key] = 0;
		} else if (!entry) {
			put(table, key, i)->value = expected[key] = (uint64_t)i + 1;
		}
	}
	table_free(table);
}

static void a_flood_does_not_evict_the_watched(void **state)
{
	struct table *table = make(1000);

	table_set_class(table, put(table, 1, 0), 2);
	table_set_class(table, put(table, 2, 0), 1);
	for (uint64_t key = 10; key < 100000; key++)
		put(table, key, 1);
	assert_non_null(get(table, 1));
	assert_non_null(get(table, 2));
	struct table_counters counters = table_counters(table);
	assert_int_equal(counters.used, 1000);
	assert_int_equal(counters.evicted, 100000 - 10 + 2 - 1000);
	assert_int_equal(counters.evicted_by_class[0], counters.evicted);
	table_free(table);
}

static void what_lies_apart_is_the_entrys_own(void **state)
{
	enum { BYTES = 24, ENTRIES = 300 };
	struct table_settings settings = {.capacity = ENTRIES,
					  .entry_size = sizeof(struct entry),
					  .key_size = sizeof(uint64_t),
					  .apart_size = BYTES};
	uint8_t expected[BYTES];
	struct table *table;

	assert_int_equal(table_new(&settings, &table), 0);
	for (uint64_t key = 0; key < ENTRIES; key++)
		if (key % 3 != 0)
			memset(table_apart(table, put(table, key, 0)), (int)key & 255, BYTES);
		else
			put(table, key, 0);
	for (uint64_t key = 0; key < ENTRIES; key++) {
		memset(expected, key % 3 != 0 ? (int)key & 255 : 0, BYTES);
		assert_memory_equal(table_apart(table, get(table, key)), expected, BYTES);
	}
	/* who comes after an entry finds nothing of what it left */
	memset(expected, 0, BYTES);
	for (uint64_t key = 0; key < ENTRIES; key += 7) {
		table_remove(table, get(table, key));
		assert_memory_equal(table_apart(table, put(table, 1000 + key, 0)), expected, BYTES);
	}
	table_free(table);
}

static void the_watched_have_a_share(void **state)
{
	struct table *table = make(1000);

	for (uint64_t key = 0; key < 5000; key++)
		table_set_class(table, put(table, key, (int64_t)key), 2);
	assert_int_equal(table_counters(table).used_by_class[2], 501);
	assert_non_null(get(table, 4999));
	assert_null(get(table, 0));
	table_free(table);
}

static void touched_entries_get_another_round(void **state)
{
	struct table *table = make(10);
	struct entry *kept = put(table, 1, 0);

	for (uint64_t key = 2; key <= 10; key++)
		put(table, key, 0);
	table_touch(table, kept, instant_at(1, 0));
	put(table, 11, 1);
	assert_non_null(get(table, 1));
	assert_null(get(table, 2));
	table_free(table);
}

static void idle_entries_expire(void **state)
{
	struct table *table = make(10);
	struct entry *busy = put(table, 1, 0);

	put(table, 2, 0);
	table_touch(table, busy, instant_at(9, 0));
	assert_int_equal(table_expire(table, instant_at(11, 0), 100), 1);
	assert_non_null(get(table, 1));
	assert_int_equal(table_expire(table, instant_at(20, 0), 100), 1);
	assert_int_equal(table_counters(table).used, 0);
	table_free(table);
}

static void room_can_be_asked_for(void **state)
{
	struct table *table = make(10);

	table_set_class(table, put(table, 1, 0), 1);
	put(table, 2, 0);
	assert_true(table_evict(table));
	assert_null(get(table, 2));
	assert_true(table_evict(table));
	assert_false(table_evict(table));
	assert_int_equal(table_counters(table).evicted, 2);
	table_free(table);
}

/* What was approached early may be gone, or another's, when it is looked up. */
static void what_was_likely_is_checked(void **state)
{
	enum { CAPACITY = 8 };
	struct table *table = make(CAPACITY);
	uint64_t key = 1, other = 2;

	struct entry *entry = put(table, key, 1);
	uint64_t hash = table_hash(table, &key);
	table_prefetch(table, hash);
	const void *likely = table_approach(table, hash);
	assert_ptr_equal(likely, entry);
	assert_ptr_equal(table_find_likely(table, likely, &key, hash), entry);
	assert_ptr_equal(table_find_likely(table, NULL, &key, hash), entry);
	assert_null(table_find_likely(table, likely, &other, table_hash(table, &other)));
	table_remove(table, entry);
	assert_null(table_find_likely(table, likely, &key, hash));
	assert_null(table_approach(table, hash));
	put(table, other, 2); /* takes the place that became free */
	assert_null(table_find_likely(table, likely, &key, hash));
	entry = put(table, key, 3);
	assert_ptr_equal(table_find_likely(table, likely, &key, hash), entry);
	table_discard(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_a_plain_array),
		cmocka_unit_test(a_flood_does_not_evict_the_watched),
		cmocka_unit_test(what_lies_apart_is_the_entrys_own),
		cmocka_unit_test(the_watched_have_a_share),
		cmocka_unit_test(touched_entries_get_another_round),
		cmocka_unit_test(idle_entries_expire),
		cmocka_unit_test(room_can_be_asked_for),
		cmocka_unit_test(what_was_likely_is_checked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
