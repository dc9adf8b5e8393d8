#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "decode/flow/names.h"

static struct names *new_names(uint32_t capacity)
{
	struct names *names;

	assert_int_equal(names_new(capacity, 3, &names), 0);
	return names;
}

/* The names of an address as told, each followed by a blank. */
static void assert_names(struct names *names, struct address address, size_t most,
			 const char *expected)
{
	struct str found[2 * NAMES_PER_ADDRESS];
	size_t count = names_find(names, &address, found, most);
	struct buf text = {0};

	assert_true(count <= most);
	for (size_t i = 0; i < count; i++) {
		buf_add(&text, found[i]);
		buf_add_byte(&text, ' ');
	}
	if (!str_equal(buf_view(&text), str_from(expected)))
		fail_msg("%.*s instead of %s", (int)text.len, text.len ? text.at : "", expected);
	buf_fini(&text);
}

/* Learned from left to right; each case has an address of its own. */
static void names_are_kept_newest_first(void **state)
{
	static const struct {
		const char *learned, *most_2, *all;
	} rows[] = {
		{"", "", ""},
		{"a.example", "a.example ", "a.example "},
		{"a b", "b a ", "b a "},
		{"a b c d", "d c ", "d c b a "},
		{"a b c d e", "e d ", "e d c b "},
		{"a b c d e f g h i", "i h ", "i h g f "},
		{"a a A a", "a ", "a "},
		{"a b a", "a b ", "a b "},
		{"a b c d A", "A d ", "A d c b "},
		{"a b c d b e", "e b ", "e b d c "},
	};
	struct names *names = new_names(64);

	for (uint32_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct address address = address_v4(0xc0000200 + i);
		struct str rest = str_from(rows[i].learned), name;
		while (rest.len > 0) {
			if (!str_cut(rest, ' ', &name, &rest))
				rest = (struct str){0};
			names_learn(names, &address, name, instant_at(i, 0));
		}
		assert_names(names, address, 2, rows[i].most_2);
		assert_names(names, address, 2 * NAMES_PER_ADDRESS, rows[i].all);
		assert_names(names, address, 0, "");
	}
	names_free(names);
}

static void what_is_no_name_is_not_kept(void **state)
{
	struct address address = address_v4(0xc0000201);
	struct names *names = new_names(64);
	char longest[NAME_LEN_MAX + 1];

	memset(longest, 'x', sizeof(longest));
	names_learn(names, &address, (struct str){0}, instant_at(0, 0));
	names_learn(names, &address, str_of(longest, NAME_LEN_MAX + 1), instant_at(0, 0));
	assert_names(names, address, 4, "");
	assert_int_equal(names_counters(names).used, 0);
	names_learn(names, &address, str_of(longest, NAME_LEN_MAX), instant_at(0, 0));
	assert_int_equal(names_counters(names).used, 1);
	names_free(names);
}

/* Any program may be there, and a resolver that blocks a name answers with them. */
static void addresses_of_any_program_get_no_name(void **state)
{
	static const struct {
		const char *address, *names;
	} rows[] = {
		{"198.51.100.7", "pool.example "},
		{"10.0.0.7", "pool.example "},
		{"2001:db8::7", "pool.example "},
		{"127.0.0.1", ""},
		{"127.9.9.9", ""},
		{"::1", ""},
		{"0.0.0.0", ""},
		{"::", ""},
	};
	struct names *names = new_names(64);
	struct address address;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_true(address_parse(str_from(rows[i].address), &address));
		names_learn(names, &address, STR("pool.example"), instant_at(1, 0));
		assert_names(names, address, 4, rows[i].names);
	}
	names_free(names);
}

static void the_oldest_addresses_are_forgotten_first(void **state)
{
	enum { CAPACITY = 16, MANY = 1000 };
	struct names *names = new_names(CAPACITY);

	for (uint32_t i = 0; i < MANY; i++) {
		struct address address = address_v4(0x0a000000 + i);
		names_learn(names, &address, STR("pool.example"), instant_at(i, 0));
		/* one that is learned again and again stays */
		address = address_v4(0xc0000201);
		names_learn(names, &address, STR("kept.example"), instant_at(i, 0));
	}
	assert_true(names_counters(names).used <= CAPACITY);
	assert_true(names_counters(names).evicted >= MANY - CAPACITY);
	assert_names(names, address_v4(0x0a000000), 4, "");
	assert_names(names, address_v4(0x0a000000 + MANY - 1), 4, "pool.example ");
	assert_names(names, address_v4(0xc0000201), 4, "kept.example ");
	names_free(names);
}

#define QUESTION       \
	"\x04pool\x07" \
	"example\x00"
#define HEADER(flags, answers) "\x12\x34" flags "\x00\x01\x00" answers "\x00\x00\x00\x00"

/* pool.example is an alias of edge.example, which has two addresses, one of them of IPv6. */
#define ANSWER                                                                      \
	QUESTION "\x00\x01\x00\x01"                                                 \
		 "\xc0\x0c\x00\x05\x00\x01\x00\x00\x01\x2c\x00\x07\x04"             \
		 "edge\xc0\x11"                                                     \
		 "\xc0\x2a\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc6\x33\x64\x14" \
		 "\xc0\x2a\x00\x1c\x00\x01\x00\x00\x00\x3c\x00\x10"                 \
		 "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x07"

static const struct endpoint asker = {{{[10] = 0xff, 0xff, 10, 0, 0, 7}}, 33333};
static const struct endpoint server = {{{[10] = 0xff, 0xff, 10, 0, 0, 1}}, 53};

static const struct str question = STR(HEADER("\x01\x00", "\x00") QUESTION "\x00\x01\x00\x01");
static const struct str answer = STR(HEADER("\x81\x80", "\x03") ANSWER);

static void answers_give_the_name_that_was_asked_for(void **state)
{
	static const struct {
		struct str message;
		const char *v4, *v6;
	} rows[] = {
		{STR(HEADER("\x81\x80", "\x03") ANSWER), "pool.example ", "pool.example "},
		/* a question; nobody has answered it */
		{STR(HEADER("\x01\x00", "\x03") ANSWER), "", ""},
		{STR(HEADER("\x81\x80", "\x00") QUESTION "\x00\x01\x00\x01"), "", ""},
		/* an address of a name that nobody asked for, beside the one that was */
		{STR(HEADER("\x81\x80", "\x01") QUESTION
		     "\x00\x01\x00\x01\x04rich\xc0\x11\x00\x01\x00\x01"
		     "\x00\x00\x00\x3c\x00\x04\xc6\x33\x64\x14"),
		 "", ""},
		{STR("\x12\x34\x81"), "", ""},
		{STR(""), "", ""},
	};
	struct address v6;

	assert_true(address_parse(STR("2001:db8::7"), &v6));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct names *names = new_names(16);
		names_take_dns(names, &asker, &server, question, instant_at(1, 0));
		names_take_dns(names, &server, &asker, rows[i].message, instant_at(1, 0));
		assert_names(names, address_v4(0xc6336414), 4, rows[i].v4);
		assert_names(names, v6, 4, rows[i].v6);
		assert_int_equal(names_unasked(names), 0);
		names_free(names);
	}
}

/* Whoever can send packets can send an answer: it must be to a question that was seen. */
static void answers_nobody_asked_for_name_nothing(void **state)
{
	static const struct endpoint other = {{{[10] = 0xff, 0xff, 10, 0, 0, 9}}, 53};
	static const struct endpoint other_port = {{{[10] = 0xff, 0xff, 10, 0, 0, 7}}, 33334};
	static const struct {
		const char *name;
		struct str question; /* empty: none */
		const struct endpoint *from, *to;
		int64_t after_s;
		const char *names;
	} rows[] = {
		{"in time", question, &server, &asker, QUESTION_LIVES_S, "pool.example "},
		{"no question", {0}, &server, &asker, 0, ""},
		{"too late", question, &server, &asker, QUESTION_LIVES_S + 1, ""},
		{"before its question", question, &server, &asker, -1, ""},
		{"from another server", question, &other, &asker, 0, ""},
		{"to another port", question, &server, &other_port, 0, ""},
		{"the question's own way", question, &asker, &server, 0, ""},
		{"another id",
		 STR("\x12\x35"
		     "\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" QUESTION "\x00\x01\x00\x01"),
		 &server, &asker, 0, ""},
		{"another type", STR(HEADER("\x01\x00", "\x00") QUESTION "\x00\x1c\x00\x01"),
		 &server, &asker, 0, ""},
		{"another name",
		 STR(HEADER("\x01\x00", "\x00") "\x04"
						"pond\x07"
						"example\x00"
						"\x00\x01\x00\x01"),
		 &server, &asker, 0, ""},
		{"other capitals",
		 STR(HEADER("\x01\x00", "\x00") "\x04"
						"pOOl\x07"
						"eXample\x00"
						"\x00\x01\x00\x01"),
		 &server, &asker, 0, "pool.example "},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct names *names = new_names(16);
		if (rows[i].question.len > 0)
			names_take_dns(names, &asker, &server, rows[i].question,
				       instant_at(100, 0));
		names_take_dns(names, rows[i].from, rows[i].to, answer,
			       instant_at(100 + rows[i].after_s, 0));
		print_message("# %s\n", rows[i].name);
		assert_names(names, address_v4(0xc6336414), 4, rows[i].names);
		assert_int_equal(names_unasked(names), rows[i].names[0] ? 0 : 1);
		names_free(names);
	}
}

/* The same packets pass a bridge and its ports; and questions without end are not all kept. */
static void questions_are_bounded(void **state)
{
	enum { MANY = 1000 };
	struct names *names = new_names(16);
	struct endpoint flooder = asker;

	for (uint16_t i = 0; i < MANY; i++) {
		flooder.port = (uint16_t)(1024 + i);
		names_take_dns(names, &flooder, &server, question, instant_at(i, 0));
	}
	for (int copy = 0; copy < 3; copy++)
		names_take_dns(names, &asker, &server, question, instant_at(MANY, 0));
	for (int copy = 0; copy < 3; copy++)
		names_take_dns(names, &server, &asker, answer, instant_at(MANY, 0));
	assert_names(names, address_v4(0xc6336414), 4, "pool.example ");
	assert_int_equal(names_unasked(names), 0);
	flooder.port = 1024; /* pushed out long ago */
	names_take_dns(names, &server, &flooder, answer, instant_at(0, 0));
	assert_int_equal(names_unasked(names), 1);
	names_free(names);
}

/* Cut anywhere, an answer names nothing that is not all there, and nothing is read past its end. */
static void answers_that_were_cut_off_do_no_harm(void **state)
{
	for (size_t len = 0; len < answer.len; len++) {
		struct names *names = new_names(16);
		char *copy = test_malloc(len + 1);
		memcpy(copy, answer.at, len);
		names_take_dns(names, &asker, &server, question, instant_at(1, 0));
		names_take_dns(names, &server, &asker, str_of(copy, len), instant_at(1, 0));
		assert_true(names_counters(names).used <= 1); /* the second address is cut off */
		test_free(copy);
		names_free(names);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_kept_newest_first),
		cmocka_unit_test(what_is_no_name_is_not_kept),
		cmocka_unit_test(addresses_of_any_program_get_no_name),
		cmocka_unit_test(the_oldest_addresses_are_forgotten_first),
		cmocka_unit_test(answers_give_the_name_that_was_asked_for),
		cmocka_unit_test(answers_nobody_asked_for_name_nothing),
		cmocka_unit_test(questions_are_bounded),
		cmocka_unit_test(answers_that_were_cut_off_do_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
