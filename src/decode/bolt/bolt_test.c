/* Databases of tests/bolt_maker, whole and broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "bolt_maker.h"
#include "decode/bolt/bolt.h"

enum { KEYS = 200, LONG = 5000, KEY_TEXT = 16, SMALL = 1024, META = 16 };

/* -- reading -- */

struct memory {
	struct str bytes;
	uint64_t read; /* in all */
};

static bool read_memory(void *context, uint64_t offset, size_t len, struct str *out)
{
	struct memory *memory = context;

	if (offset > memory->bytes.len || len > memory->bytes.len - offset)
		return false;
	memory->read += len;
	*out = str_sub(memory->bytes, (size_t)offset, len);
	return true;
}

static enum decoded open_bytes(struct memory *memory, struct str bytes, struct bolt *out)
{
	*memory = (struct memory){.bytes = bytes};
	return bolt_open((struct bolt_file){read_memory, memory}, out);
}

/* -- what is whole -- */

struct many {
	char keys[KEYS][KEY_TEXT], text[LONG + 1];
	struct bolt_row rows[KEYS + 4];
	size_t count;
};

static void fill(struct many *many)
{
	memset(many->text, 'x', LONG);
	for (size_t i = 0; i < KEYS; i++) {
		snprintf(many->keys[i], KEY_TEXT, "key-%03zu", i);
		many->rows[i] = (struct bolt_row){{"top", "many", many->keys[i]}, many->keys[i]};
	}
	many->rows[KEYS] = (struct bolt_row){{"top", "long", "value"}, many->text};
	many->rows[KEYS + 1] = (struct bolt_row){{"top", "few", "a"}, "1"};
	many->rows[KEYS + 2] = (struct bolt_row){{"top", "few", "b"}, ""};
	many->rows[KEYS + 3] = (struct bolt_row){{"nothing"}, NULL};
	many->count = KEYS + 4;
}

static bool value_is(struct bolt *bolt, struct bolt_bucket in, const char *key,
		     const char *expected)
{
	struct str value;
	bool is_found = bolt_value_find(bolt, in, str_from(key), &value);

	return expected ? is_found && str_equal(value, str_from(expected)) : !is_found;
}

static size_t count_of(struct bolt *bolt, struct bolt_bucket in)
{
	struct bolt_cursor cursor = bolt_first(in);
	struct bolt_entry entry;
	char last[KEY_TEXT] = "";
	size_t count = 0;

	for (; bolt_next(bolt, &cursor, &entry); count++) {
		assert_true(entry.key.len < sizeof(last));
		assert_true(str_compare(entry.key, str_from(last)) > 0);
		snprintf(last, sizeof(last), "%.*s", STR_ARG(entry.key));
	}
	return count;
}

static void look_at_all(struct bolt *bolt, const struct many *many)
{
	struct bolt_bucket top, bucket;

	assert_true(bolt_bucket_find(bolt, bolt_root(bolt), STR("top"), &top));
	assert_true(bolt_bucket_find(bolt, top, STR("many"), &bucket));
	for (size_t i = 0; i < KEYS; i++)
		assert_true(value_is(bolt, bucket, many->keys[i], many->keys[i]));
	static const char *const none[] = {"", "a", "key-", "key-0000", "key-1000", "z"};
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		assert_true(value_is(bolt, bucket, none[i], NULL));
	assert_int_equal(count_of(bolt, bucket), KEYS);
	assert_true(bolt_bucket_find(bolt, top, STR("long"), &bucket));
	assert_true(value_is(bolt, bucket, "value", many->text));
	assert_true(bolt_bucket_find(bolt, top, STR("few"), &bucket));
	assert_true(value_is(bolt, bucket, "a", "1") && value_is(bolt, bucket, "b", ""));
	assert_int_equal(count_of(bolt, bucket), 2);
	assert_int_equal(count_of(bolt, top), 3);
	assert_true(bolt_bucket_find(bolt, bolt_root(bolt), STR("nothing"), &bucket));
	assert_int_equal(count_of(bolt, bucket), 0);
	/* a bucket is no value, and a value is no bucket */
	assert_false(value_is(bolt, top, "few", ""));
	assert_false(bolt_bucket_find(bolt, bucket, STR("a"), &bucket));
	assert_false(bolt->has_flaw);
	assert_true(bolt_is_unchanged(bolt));
}

static void what_was_put_is_found(void **state)
{
	static const struct bolt_making rows[] = {
		{.page_bytes = 4096},
		{.page_bytes = 1024},
		{.page_bytes = 65536},
		{.page_bytes = 1024, .keys_max = 2},
		{.page_bytes = 4096, .keys_max = 5, .nothing_inline = true},
		{.page_bytes = 4096, .transaction = 8},
	};
	static struct many many;

	(void)state;
	fill(&many);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP(buf_fini) struct buf database = {0};
		struct memory memory;
		struct bolt bolt;
		bolt_make(many.rows, many.count, &rows[i], &database);
		assert_false(database.failed);
		assert_int_equal(open_bytes(&memory, buf_view(&database), &bolt), DECODED);
		assert_int_equal(bolt.transaction, rows[i].transaction ? rows[i].transaction : 7);
		look_at_all(&bolt, &many);
	}
}

/* Of a database of some megabytes a few pages are read. */
static void only_the_way_is_read(void **state)
{
	static struct bolt_row rows[20000];
	static char keys[20000][KEY_TEXT];
	CLEANUP(buf_fini) struct buf database = {0};
	const struct bolt_making how = {.page_bytes = 4096};
	struct bolt_bucket top;
	struct memory memory;
	struct bolt bolt;

	(void)state;
	for (size_t i = 0; i < 20000; i++) {
		snprintf(keys[i], KEY_TEXT, "key-%05zu", i);
		rows[i] = (struct bolt_row){{"top", keys[i]},
					    "a value of some length, that there may be many pages"};
	}
	bolt_make(rows, 20000, &how, &database);
	assert_true(database.len > 1500000);
	assert_int_equal(open_bytes(&memory, buf_view(&database), &bolt), DECODED);
	assert_true(bolt_bucket_find(&bolt, bolt_root(&bolt), STR("top"), &top));
	assert_true(value_is(&bolt, top, "key-12345", rows[0].value));
	assert_true(memory.read < 8 * 4096);
}

/* -- its roots -- */

static void put(struct buf *database, size_t at, uint64_t number, size_t bytes)
{
	assert_true(at + bytes <= database->len);
	memcpy(database->at + at, &number, bytes);
}

enum { MARK = META, VERSION = META + 4, PAGE_BYTES = META + 8, PAGES = META + 40, TX = META + 48 };

static void the_newest_whole_root_counts(void **state)
{
	static const struct {
		const char *name;
		struct {
			size_t page, at, bytes;
			uint64_t number;
			bool is_summed;
		} changes[2];
		uint64_t transaction; /* 0: it is no database */
	} rows[] = {
		{"as it was made", {{0}}, 7},
		{"the newer one half written", {{1, TX, 8, 9}}, 6},
		{"the older one half written", {{0, TX, 8, 9}}, 7},
		{"a newer one", {{0, TX, 8, 9, true}}, 9},
		{"both half written", {{0, TX, 8, 9}, {1, TX, 8, 9}}, 0},
		{"no mark", {{1, MARK, 4, 1, true}}, 6},
		{"another version", {{1, VERSION, 4, 3, true}}, 6},
		{"no pages of that length", {{1, PAGE_BYTES, 4, 1000, true}}, 6},
		{"too short pages", {{1, PAGE_BYTES, 4, 512, true}}, 6},
		{"too long pages", {{0, PAGE_BYTES, 4, 1 << 17, true}}, 7},
		{"pages of another length", {{0, PAGE_BYTES, 4, 2048, true}}, 6},
		{"more pages than there are numbers", {{1, PAGES, 8, UINT64_MAX, true}}, 6},
		{"another page's", {{1, 0, 8, 0}}, 6},
		{"no root's", {{1, 8, 2, 2}}, 6},
	};
	const struct bolt_row row = {{"a", "b"}, "c"};
	const struct bolt_making how = {.page_bytes = SMALL};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP(buf_fini) struct buf database = {0};
		struct memory memory;
		struct bolt bolt;
		bolt_make(&row, 1, &how, &database);
		for (size_t j = 0; j < 2 && rows[i].changes[j].bytes > 0; j++) {
			put(&database, rows[i].changes[j].page * SMALL + rows[i].changes[j].at,
			    rows[i].changes[j].number, rows[i].changes[j].bytes);
			if (rows[i].changes[j].is_summed)
				bolt_sum(&database, rows[i].changes[j].page, SMALL);
		}
		bool is_one = open_bytes(&memory, buf_view(&database), &bolt) == DECODED;
		if (is_one != (rows[i].transaction != 0) || bolt.transaction != rows[i].transaction)
			fail_msg("%s: %d, %llu", rows[i].name, is_one,
				 (unsigned long long)bolt.transaction);
		assert_true(is_one || bolt.has_flaw);
	}
}

static void a_write_meanwhile_is_seen(void **state)
{
	const struct bolt_row row = {{"a", "b"}, "c"};
	const struct bolt_making how = {.page_bytes = SMALL};
	CLEANUP(buf_fini) struct buf database = {0};
	struct memory memory;
	struct bolt bolt;

	(void)state;
	bolt_make(&row, 1, &how, &database);
	assert_int_equal(open_bytes(&memory, buf_view(&database), &bolt), DECODED);
	assert_true(bolt_is_unchanged(&bolt));
	put(&database, TX, 8, 8); /* the older page is written next */
	assert_true(bolt_is_unchanged(&bolt));
	bolt_sum(&database, 0, SMALL);
	assert_false(bolt_is_unchanged(&bolt));
}

/* -- what is broken -- */

/* As containerd's reader does: on the way to keys, and over all of a bucket. True: all is there. */
static bool is_all_there(struct bolt *bolt)
{
	struct bolt_bucket bucket;
	struct bolt_cursor cursor;
	struct bolt_entry entry;
	size_t found = 0;

	if (!bolt_bucket_find(bolt, bolt_root(bolt), STR("bucket"), &bucket))
		return false;
	for (int i = 0; i < 9; i++) {
		struct str value;
		const char key[] = {'k', (char)('0' + i)};
		found += bolt_value_find(bolt, bucket, str_of(key, 2), &value) &&
			 str_equal(value, STR("some value"));
	}
	cursor = bolt_first(bucket);
	while (bolt_next(bolt, &cursor, &entry))
		found += entry.key.len == 2;
	cursor = bolt_first(bolt_root(bolt));
	while (bolt_next(bolt, &cursor, &entry))
		found += str_equal(entry.key, STR("inline")) && entry.is_bucket &&
			 value_is(bolt, entry.bucket, "a", "b");
	return found == 9 + 9 + 1 && !bolt->has_flaw;
}

static void make_small(struct buf *database)
{
	static const struct bolt_row rows[] = {
		{{"bucket", "k0"}, "some value"}, {{"bucket", "k1"}, "some value"},
		{{"bucket", "k2"}, "some value"}, {{"bucket", "k3"}, "some value"},
		{{"bucket", "k4"}, "some value"}, {{"bucket", "k5"}, "some value"},
		{{"bucket", "k6"}, "some value"}, {{"bucket", "k7"}, "some value"},
		{{"bucket", "k8"}, "some value"}, {{"inline", "a"}, "b"},
	};
	const struct bolt_making how = {.page_bytes = SMALL, .keys_max = 3};

	buf_clear(database);
	bolt_make(rows, sizeof(rows) / sizeof(*rows), &how, database);
	assert_false(database->failed);
}

/* Its pages: 3 to 5 are leaves of "bucket", 6 the branch above them, 7 the root's leaf. */
enum { LEAF = 3 * SMALL, BRANCH = 6 * SMALL, TOP = 7 * SMALL, FIRST = 16, SECOND = 32 };

static void what_breaks_the_format_is_a_flaw(void **state)
{
	static const struct {
		const char *name;
		size_t at, bytes;
		uint64_t number;
	} rows[] = {
		{"another page's number", LEAF, 8, 4},
		{"no kind", LEAF + 8, 2, 0},
		{"a root's kind", LEAF + 8, 2, 4},
		{"two kinds", LEAF + 8, 2, 3},
		{"more elements than fit", LEAF + 10, 2, 65535},
		{"one element more than fits", LEAF + 10, 2, SMALL / 16},
		{"goes on behind the last page", LEAF + 12, 4, 5},
		{"goes on for ever", LEAF + 12, 4, UINT32_MAX},
		{"a key that lies in the elements", LEAF + FIRST + 4, 4, 16},
		{"a key behind the page", LEAF + FIRST + 4, 4, SMALL},
		{"a key far behind the page", LEAF + FIRST + 4, 4, UINT32_MAX},
		{"a key that is too long", LEAF + FIRST + 8, 4, UINT32_MAX},
		{"a value that is too long", LEAF + FIRST + 12, 4, UINT32_MAX},
		{"a value one byte too long", LEAF + FIRST + 12, 4, SMALL - FIRST - 3 * 16 - 1},
		{"a key twice", LEAF + SECOND + 4, 4, 2 * 16},
		{"no way on", BRANCH + 10, 2, 0},
		{"a way to itself", BRANCH + FIRST + 8, 8, 6},
		{"a way to a root", BRANCH + FIRST + 8, 8, 1},
		{"a way behind the last page", BRANCH + FIRST + 8, 8, 8},
		{"a way to nowhere", BRANCH + FIRST + 8, 8, UINT64_MAX},
		{"ways that are not sorted", BRANCH + SECOND, 4, 2 * 16},
		{"a bucket of the free pages", TOP + 16 + 32 + 6, 8, 2},
		{"a bucket that is too short", TOP + FIRST + 12, 4, 15},
		{"a bucket within, cut off", TOP + SECOND + 12, 4, 31},
		{"a bucket within, of another kind", TOP + 16 + 32 + 6 + 16 + 6 + 16 + 8, 2, 1},
		{"a bucket within, of too much", TOP + 16 + 32 + 6 + 16 + 6 + 16 + 10, 2, 9},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP(buf_fini) struct buf database = {0};
		struct memory memory;
		struct bolt bolt;
		make_small(&database);
		assert_int_equal(database.len, 8 * SMALL);
		assert_int_equal(open_bytes(&memory, buf_view(&database), &bolt), DECODED);
		assert_true(is_all_there(&bolt));
		put(&database, rows[i].at, rows[i].number, rows[i].bytes);
		assert_int_equal(open_bytes(&memory, buf_view(&database), &bolt), DECODED);
		if (is_all_there(&bolt) || !bolt.has_flaw)
			fail_msg("%s", rows[i].name);
		/* and nothing is found afterwards, though other pages are whole */
		struct bolt_bucket bucket;
		assert_false(bolt_bucket_find(&bolt, bolt_root(&bolt), STR("inline"), &bucket));
	}
}

/* Under the sanitizers: whatever a byte says, what is read lies within. */
static void no_byte_leads_outside(void **state)
{
	CLEANUP(buf_fini) struct buf database = {0}, changed = {0};
	struct memory memory;
	struct bolt bolt;

	(void)state;
	make_small(&database);
	for (size_t at = 0; at < database.len; at++)
		for (unsigned bit = 0; bit < 8; bit += 7) {
			buf_clear(&changed);
			buf_add(&changed, buf_view(&database));
			changed.at[at] = (char)(changed.at[at] ^ (1 << bit));
			bolt_sum(&changed, 0, SMALL);
			bolt_sum(&changed, 1, SMALL);
			if (open_bytes(&memory, buf_view(&changed), &bolt) == DECODED)
				(void)!is_all_there(&bolt);
		}
}

static void a_file_that_is_cut_off_has_a_flaw(void **state)
{
	CLEANUP(buf_fini) struct buf database = {0};
	struct memory memory;
	struct bolt bolt;

	(void)state;
	make_small(&database);
	for (size_t len = 0; len < database.len; len += 100) {
		bool is_one =
			open_bytes(&memory, str_sub(buf_view(&database), 0, len), &bolt) == DECODED;
		assert_false(is_one && is_all_there(&bolt));
		assert_true(bolt.has_flaw);
	}
}

/* -- what does not end -- */

enum { WIDE = 5, LEVELS = 12 };

static void add(struct buf *out, uint64_t number, size_t bytes)
{
	buf_add_bytes(out, &number, bytes);
}

/* Branches of five ways that all lead to the same branch: five times five times five ... */
static void make_maze(struct buf *out)
{
	const struct bolt_row row = {{"a"}, "b"};
	const struct bolt_making how = {.page_bytes = SMALL};

	bolt_make(&row, 1, &how, out);
	assert_int_equal(out->len, 4 * SMALL);
	for (uint64_t page = 4; page < 4 + LEVELS; page++) {
		size_t ends = out->len + SMALL;
		add(out, page, 8);
		add(out, 1, 2);
		add(out, WIDE, 2);
		add(out, 0, 4);
		for (uint32_t i = 0; i < WIDE; i++) {
			add(out, (WIDE - i) * 16 + i, 4);
			add(out, 1, 4);
			add(out, page + 1 < 4 + LEVELS ? page + 1 : 3, 8);
		}
		buf_add_text(out, "abcde");
		while (out->len < ends)
			buf_add_byte(out, 0);
	}
	put(out, SMALL + META + 16, 4, 8);
	put(out, SMALL + PAGES, 4 + LEVELS, 8);
	bolt_sum(out, 1, SMALL);
}

static void a_maze_ends(void **state)
{
	CLEANUP(buf_fini) struct buf maze = {0};
	struct bolt_cursor cursor;
	struct bolt_entry entry;
	struct memory memory;
	struct bolt bolt;
	struct str value;

	(void)state;
	make_maze(&maze);
	assert_int_equal(open_bytes(&memory, buf_view(&maze), &bolt), DECODED);
	assert_true(bolt_value_find(&bolt, bolt_root(&bolt), STR("a"), &value));
	cursor = bolt_first(bolt_root(&bolt));
	while (bolt_next(&bolt, &cursor, &entry))
		;
	assert_true(bolt.has_flaw);
	assert_true(memory.read <= BOLT_BYTES_MAX + 1024);
	/* a level more is too many for both */
	put(&maze, (4 + LEVELS - 1) * SMALL + FIRST + 8, 4, 8);
	assert_int_equal(open_bytes(&memory, buf_view(&maze), &bolt), DECODED);
	assert_false(bolt_value_find(&bolt, bolt_root(&bolt), STR("a"), &value));
	assert_true(bolt.has_flaw);
	assert_int_equal(open_bytes(&memory, buf_view(&maze), &bolt), DECODED);
	cursor = bolt_first(bolt_root(&bolt));
	assert_false(bolt_next(&bolt, &cursor, &entry));
	assert_true(bolt.has_flaw && memory.read < 20 * SMALL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_put_is_found),
		cmocka_unit_test(only_the_way_is_read),
		cmocka_unit_test(the_newest_whole_root_counts),
		cmocka_unit_test(a_write_meanwhile_is_seen),
		cmocka_unit_test(what_breaks_the_format_is_a_flaw),
		cmocka_unit_test(no_byte_leads_outside),
		cmocka_unit_test(a_file_that_is_cut_off_has_a_flaw),
		cmocka_unit_test(a_maze_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
