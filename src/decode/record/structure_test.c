#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "decode/record/structure.h"

/* The same by the letter: one byte after the other. '.' nothing, '^' a bracket, '!' broken. */
static void read_slowly(struct str text, char *out)
{
	bool in_string = false, is_escaped = false, after_string = false;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];
		bool is_letter =
			(c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		bool was_escaped = is_escaped;

		out[i] = after_string && is_letter ? '!' : '.';
		after_string = false;
		is_escaped = c == '\\' && !was_escaped;
		if (c == '"' && !was_escaped) {
			after_string = in_string;
			in_string = !in_string;
		} else if (in_string && c == '\n') {
			out[i] = '!';
		} else if (!in_string && c != '\0' && strchr("{}[]", c)) {
			out[i] = '^';
		}
	}
}

static void read_in_pieces(struct str text, size_t step, char *out)
{
	struct structure_carry carry = {0};
	struct structure found;

	for (size_t at = 0; at < text.len; at += found.len) {
		structure_read(&carry, str_sub(text, at, step), &found);
		assert_true(found.len > 0 && found.len <= STRUCTURE_BLOCK);
		for (size_t i = 0; i < found.len; i++)
			out[at + i] = found.broken >> i & 1	? '!'
				      : found.brackets >> i & 1 ? '^'
								: '.';
	}
}

static void expect_same(struct str text)
{
	char wanted[1024], got[1024];

	assert_true(text.len <= sizeof(wanted));
	read_slowly(text, wanted);
	for (size_t step = 1; step <= text.len && step <= 200; step++) {
		read_in_pieces(text, step, got);
		if (memcmp(wanted, got, text.len) != 0)
			fail_msg("step %zu: %.*s\n%.*s\n%.*s", step, (int)text.len, text.at,
				 (int)text.len, wanted, (int)text.len, got);
	}
}

static void texts_are_read_as_by_the_letter(void **state)
{
	static const char *const texts[] = {
		"{\"a\":[1,{\"b\":\"}]\\\"{\"}]}",
		"{\"a\":\"x\ny\"}",
		"{\"a\":\"x\"y,\"b\":{}}",
		"{\"a\":\"\\\\\"}{\"b\":\"\\\\\\\"}\"}",
		"\\\\\\\"{\\\"}",
		"{\"0123456789012345678901234567890123456789012345678901234567\\\\\":{}}",
		"{\"012345678901234567890123456789012345678901234567890123456789\\\"{\":{}}",
		"{\"\":\"\",\"\"\"\"}",
		"{\"a\": \"b\" ,\n\"c\"\t:\r\n[ ]}",
		"]]]}}}\"[[[{{{",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		expect_same(str_from(texts[i]));
}

/* Everything that means something, in any mixture: the seed is fixed, so a failure comes again. */
static void mixtures_are_read_as_by_the_letter(void **state)
{
	static const char letters[] = "\"\"\"\\\\{}[]\n ,:aZ09-\x80";
	uint64_t random = 88172645463325252u;
	char text[300];

	for (int round = 0; round < 200; round++) {
		for (size_t i = 0; i < sizeof(text); i++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			text[i] = letters[random % (sizeof(letters) - 1)];
		}
		expect_same(str_of(text, sizeof(text)));
	}
}

static void line_ends_are_counted(void **state)
{
	char text[100];

	for (size_t len = 0; len < sizeof(text); len++) {
		memset(text, 'x', sizeof(text));
		for (size_t i = 0; i < len; i += 3)
			text[i] = '\n';
		assert_int_equal(structure_count_lines(str_of(text, len)), (len + 2) / 3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_read_as_by_the_letter),
		cmocka_unit_test(mixtures_are_read_as_by_the_letter),
		cmocka_unit_test(line_ends_are_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
