/* What was said, and what differs from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "decode/flow/spoken.h"

static struct spoken_key key;

static struct str text_of(char *text, size_t len, uint32_t at)
{
	for (size_t i = 0; i < len; i++)
		text[i] = (char)('a' + (uint32_t)(at + i) / 3 % 26);
	return str_of(text, len);
}

/* The same bytes in any pieces, over the top of the numbers too, are the same. */
static void the_same_is_the_same(void **state)
{
	static const uint32_t begins[] = {0, 1, 7, 4095, 0xffffff00, 0xfffffffe};
	static const size_t pieces[] = {1, 3, 100, 1448, 5000};
	char text[5000];

	for (size_t b = 0; b < sizeof(begins) / sizeof(*begins); b++)
		for (size_t p = 0; p < sizeof(pieces) / sizeof(*pieces); p++) {
			struct spoken spoken = {0};
			uint32_t at = begins[b];
			for (size_t done = 0; done < 5000; done += pieces[p]) {
				size_t len = pieces[p] < 5000 - done ? pieces[p] : 5000 - done;
				spoken_note(&spoken, &key, at, text_of(text, len, at));
				at += (uint32_t)len;
			}
			assert_int_equal(spoken.next, begins[b] + 5000);
			assert_int_equal(spoken.known, SPOKEN_BYTES);
			for (uint32_t back = 1; back < 3000; back += 37)
				assert_false(spoken_differs(&spoken, &key, at - back,
							    text_of(text, back, at - back)));
		}
}

/* Other words are told from them, wherever they overlap and however they are cut. */
static void another_content_differs(void **state)
{
	struct spoken spoken = {0};
	char text[1500];

	spoken_note(&spoken, &key, 1000, text_of(text, 1500, 1000));
	memset(text, 'x', sizeof(text));
	assert_true(spoken_differs(&spoken, &key, 1000, str_of(text, 1500)));
	assert_true(spoken_differs(&spoken, &key, 500, str_of(text, 600)));
	assert_true(spoken_differs(&spoken, &key, 2400, str_of(text, 1500)));
	int seen = 0;
	for (uint32_t i = 0; i < 1500; i++)
		seen += spoken_differs(&spoken, &key, 1000 + i, str_of(text, 1));
	assert_in_range(seen, 1500 * 3 / 10, 1500 * 7 / 10);
}

/* Nothing is claimed of what was never heard, or heard too long ago. */
static void the_unknown_does_not_differ(void **state)
{
	struct spoken spoken = {0};
	char text[4000];

	memset(text, 'x', sizeof(text));
	assert_false(spoken_differs(&spoken, &key, 0, str_of(text, 4000)));
	spoken_note(&spoken, &key, 10000, str_of("yyyyyyyyyyyyyyyyyyyyyyyy", 24));
	assert_false(spoken_differs(&spoken, &key, 10024, str_of(text, 100)));
	assert_false(spoken_differs(&spoken, &key, 9000, str_of(text, 1000)));
	/* a gap: what was before it is forgotten */
	spoken_note(&spoken, &key, 10100, str_of("zzzz", 4));
	assert_int_equal(spoken.known, 4);
	assert_false(spoken_differs(&spoken, &key, 10000, str_of(text, 24)));
	memset(text, 'q', sizeof(text));
	spoken_note(&spoken, &key, 10104, str_of(text, 4000));
	memset(text, 'x', sizeof(text));
	assert_false(spoken_differs(&spoken, &key, 10104, str_of(text, 4000 - SPOKEN_BYTES)));
	assert_true(spoken_differs(&spoken, &key, 10104, str_of(text, 4000)));
}

static int set_up(void **state)
{
	spoken_key_init(&key, 7);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_is_the_same),
		cmocka_unit_test(another_content_differs),
		cmocka_unit_test(the_unknown_does_not_differ),
	};
	return cmocka_run_group_tests(tests, set_up, NULL);
}
