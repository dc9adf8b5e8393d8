#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/instant.h"
#include "base/json_write.h"
#include "base/shell_word.h"
#include "base/str.h"

static void text_from_outside_is_made_printable(void **state)
{
	static const struct {
		struct str in;
		const char *out;
	} rows[] = {
		{{"plain", 5}, "plain"},
		{{"\x1b[2J", 4}, "\\x1b[2J"},
		{{"a\0b", 3}, "a\\x00b"},
		{{"\xc2\x9b"
		  "31m",
		  5},
		 "\\x9b31m"},
		{{"\xe2\x80\xae", 3}, "\\u{202e}"},
		{{"\xff\xc3\xa9", 3}, "\\xff\xc3\xa9"},
		{{"a\\n\n", 4}, "a\\\\n\\n"},
		{{"0123456789abc", 13}, "0123456789..."},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf out = {0};
		buf_add_printable(&out, rows[i].in, 10);
		assert_true(str_equal(buf_view(&out), str_from(rows[i].out)));
		buf_fini(&out);
	}
}

static void instants_round_trip(void **state)
{
	static const char *const texts[] = {"1970-01-01T00:00:00Z", "2026-11-22T10:00:00Z",
					    "2024-02-29T23:59:59.250Z", "1969-12-31T23:59:59Z",
					    "2100-03-01T00:00:00Z"};
	instant at;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct buf out = {0};
		assert_true(instant_parse(str_from(texts[i]), &at));
		buf_add_instant(&out, at);
		assert_true(str_equal(buf_view(&out), str_from(texts[i])));
		buf_fini(&out);
	}
	assert_true(instant_parse(STR("2026-11-22T12:00:00+02:00"), &at));
	assert_int_equal(at.ns / 1000000000, 1795341600);
	assert_false(instant_parse(STR("2026-13-01T00:00:00Z"), &at));
	assert_false(instant_parse(STR("2026-11-22"), &at));
}

static void numbers_are_read_whole(void **state)
{
	uint64_t number;

	assert_true(str_to_u64(STR("18446744073709551615"), &number));
	assert_false(str_to_u64(STR("18446744073709551616"), &number));
	assert_false(str_to_u64(STR(""), &number));
	assert_false(str_to_u64(STR("1 "), &number));
	assert_true(str_hex_to_u64(STR("0xff"), &number));
	assert_int_equal(number, 255);
	assert_false(str_hex_to_u64(STR("0x"), &number));
}

/* Whoever chooses the words must not know from one hash, whatever the seed, another of the same. */
static void words_that_change_places_hash_otherwise(void **state)
{
	static const uint64_t words[5] = {1, 2, 3, 4, 5};

	(void)state;
	for (unsigned n = 0; n < 1000; n++) {
		uint64_t seed = hash_bytes(&n, sizeof(n), 1);
		uint64_t hash = hash_five_words(words, seed);
		for (size_t i = 0; i < 5; i++)
			for (size_t k = 0; k < i; k++) {
				uint64_t others[5];
				memcpy(others, words, sizeof(others));
				others[i] = words[k];
				others[k] = words[i];
				assert_true(hash_five_words(others, seed) != hash);
				/* the primes by which the factors differ */
				others[i] ^= 0x9E3779B185EBCA87 ^ 0xC2B2AE3D27D4EB4F;
				others[k] ^= 0x9E3779B185EBCA87 ^ 0xC2B2AE3D27D4EB4F;
				assert_true(hash_five_words(others, seed) != hash);
			}
		assert_true(hash_five_words(words, seed + 1) != hash);
	}
}

static void the_last_part_of_a_path_is_its_file(void **state)
{
	static const struct {
		const char *path, *file;
	} rows[] = {{"/usr/bin/xmrig", "xmrig"},
		    {"xmrig", "xmrig"},
		    {"./a", "a"},
		    {"/", ""},
		    {"/tmp/", ""},
		    {"", ""}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_true(
			str_equal(str_file_name(str_from(rows[i].path)), str_from(rows[i].file)));
}

static void json_output_is_always_valid(void **state)
{
	struct buf out = {0};
	struct json_writer w = {.out = &out};

	json_open(&w, '{');
	json_key_string(&w, "a", str_of("\"\x01\xff\n\xc2\x85", 6));
	json_key_string(&w, "left out", STR(""));
	json_key(&w, "b");
	json_open(&w, '[');
	json_double(&w, 0.1);
	json_double(&w, 1.0 / 0.0);
	json_close(&w, ']');
	json_key_unsigned(&w, "c", UINT64_MAX);
	json_close(&w, '}');
	assert_true(str_equal(buf_view(&out),
			      STR("{\"a\":\"\\\"\\u0001\xef\xbf\xbd\\n\\u0085\",\"b\":[0.1,null],"
				  "\"c\":18446744073709551615}")));
	buf_fini(&out);
}

static void buf_keeps_its_limit(void **state)
{
	struct buf out = {.limit = 10};

	buf_add(&out, STR("12345678"));
	buf_add(&out, STR("9012"));
	assert_true(out.failed);
	assert_int_equal(out.len, 8);
	buf_fini(&out);
}

static void times_stay_within_their_range(void **state)
{
	static const instant first = {INT64_MIN}, last = {INT64_MAX}, now = {1795341600000000000};
	static const duration back = {INT64_MIN}, ahead = {INT64_MAX};

	assert_true(instant_since(last, first).ns == INT64_MAX);
	assert_true(instant_since(first, last).ns == INT64_MIN);
	assert_true(instant_since(now, first).ns == INT64_MAX);
	assert_true(instant_since(last, last).ns == 0);
	assert_true(instant_add(now, ahead).ns == INT64_MAX);
	assert_true(instant_add(first, back).ns == INT64_MIN);
	assert_true(instant_add(last, back).ns == -1);
	assert_true(instant_add(now, DURATION_S(1)).ns == 1795341601000000000);
}

static void what_does_not_fit_the_arena_is_empty(void **state)
{
	struct arena arena;

	assert_int_equal(arena_init(&arena, 64), 0);
	assert_true(str_equal(arena_printf(&arena, "%s %d", "pid", 4711), STR("pid 4711")));
	assert_true(str_equal(arena_copy(&arena, STR("copied")), STR("copied")));
	assert_int_equal(arena_printf(&arena, "%060d", 1).len, 0);
	assert_int_equal(arena_copy(&arena, STR("")).len, 0);
	assert_true(str_equal(arena_copy(&arena, STR("still")), STR("still")));
	arena_fini(&arena);
}

static void words_are_safe_to_paste(void **state)
{
	static const struct {
		struct str in;
		const char *out;
	} rows[] = {
		{STR("/usr/bin/xmrig-6.21"), "/usr/bin/xmrig-6.21"},
		{STR(""), "''"},
		{STR("a;touch x"), "'a;touch x'"},
		{STR("it's $(here)"), "'it'\\''s $(here)'"},
		{STR("a\nb'c\\"), "$'a\\012b\\'c\\\\'"},
		{STR("~"), "'~'"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP(buf_fini) struct buf out = {0};
		buf_add_shell_word(&out, rows[i].in);
		buf_add_byte(&out, '\0');
		assert_string_equal(out.at, rows[i].out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_from_outside_is_made_printable),
		cmocka_unit_test(words_are_safe_to_paste),
		cmocka_unit_test(instants_round_trip),
		cmocka_unit_test(times_stay_within_their_range),
		cmocka_unit_test(numbers_are_read_whole),
		cmocka_unit_test(the_last_part_of_a_path_is_its_file),
		cmocka_unit_test(words_that_change_places_hash_otherwise),
		cmocka_unit_test(json_output_is_always_valid),
		cmocka_unit_test(buf_keeps_its_limit),
		cmocka_unit_test(what_does_not_fit_the_arena_is_empty),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
