#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "decode/rules/rules.h"

enum { BASE = 0x10000, MEMORY_BYTES = 2 * RULES_PIECE };

static struct rules_library *library;
static char *memory;
static struct arena texts;

/* -- compiling -- */

static void a_fault_names_file_line_and_remedy(void **state)
{
	static const struct {
		const char *name, *text, *said, *also;
	} rows[] = {
		{"syntax", "rule a {\n condition: $x }\n", "bad.yar:2: ", "$x"},
		{"no condition", "rule a {\n strings: $a = \"x\"\n}\n", "bad.yar:3: ", "syntax"},
		{"a hole of a regular expression", "rule a { strings: $a = /(/ condition: $a }",
		 "bad.yar:1: ", "take the file out of host.yara"},
		{"include", "\ninclude \"/etc/passwd\"\nrule a { condition: true }",
		 "bad.yar:2: ", "include"},
		{"a variable of another program", "rule a { condition: filename == \"x\" }",
		 "bad.yar:1: ", "filename"},
		{"a module that nobody has", "import \"nothing\"\nrule a { condition: true }",
		 "bad.yar:1: ", "nothing"},
		{"a module for files", "// pe\nimport \"pe\"\nrule a { condition: pe.is_dll() }",
		 "bad.yar:2: ", "take out the import"},
		{"elf", "import \"elf\" rule a { condition: elf.type == 1 }",
		 "bad.yar:1: ", "take out the import"},
		{"two of a name", "rule a { condition: true }\nrule a { condition: true }",
		 "bad.yar:2: ", "a"},
		{"an escape of a terminal", "rule a { condition: \x1b[2J }", "bad.yar:1: ", ""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct rule_text two[] = {
			{STR("good.yar"), STR("rule a { condition: true }")},
			{STR("bad.yar"), str_from(rows[i].text)}};
		struct rules *rules;
		struct error why = {0};
		if (rules_compile(library, two, 2, &rules, &why) != -EINVAL || rules ||
		    !str_starts(str_from(why.text), str_from(rows[i].said)) ||
		    str_find(str_from(why.text), str_from(rows[i].also)) < 0 ||
		    strchr(why.text, '\x1b'))
			fail_msg("%s: %s", rows[i].name, why.text);
		printf("# %s\n", why.text);
	}
}

static void compiled_rules_are_not_read(void **state)
{
	static const struct rule_text one = {STR("r.yac"), STR("YARA\0\0\0\1")};
	struct rules *rules;
	struct error why;

	assert_int_equal(rules_compile(library, &one, 1, &rules, &why), -EINVAL);
	assert_true(str_find(str_from(why.text), STR("compiled rules are not read")) >= 0);
}

/* -- scanning -- */

static size_t read_memory(void *context, uint64_t address, char *out, size_t len)
{
	size_t *reads = context, at = (size_t)(address - BASE);

	if (address < BASE || at >= MEMORY_BYTES)
		return 0;
	*reads += 1;
	if (len > MEMORY_BYTES - at)
		len = MEMORY_BYTES - at;
	memcpy(out, memory + at, len);
	return len;
}

static struct rules *compiled(const char *name, const char *text)
{
	static struct rule_text one;
	struct rules *rules;
	struct error why;

	one = (struct rule_text){str_from(name), str_from(text)};
	if (rules_compile(library, &one, 1, &rules, &why) != 0)
		fail_msg("%s", why.text);
	return rules;
}

static enum rules_result scan(const char *text, uint32_t seconds, struct rule_hit *hits,
			      size_t *count)
{
	static const struct rule_region regions[] = {
		{0x100, 0x200}, /* cannot be read */
		{BASE, BASE},	/* is empty */
		{BASE, BASE + 0x1000},
		{BASE + 0x2000, BASE + MEMORY_BYTES},
	};
	size_t reads = 0;
	const struct rules_memory m = {regions, 4, read_memory, &reads, seconds};
	struct rules *rules = compiled("one.yar", text);

	arena_reset(&texts);
	enum rules_result result = rules_scan(rules, &m, &texts, hits, count);
	rules_free(rules);
	return result;
}

static void put(size_t at, const char *text)
{
	memcpy(memory + at, text, strlen(text));
}

static void a_rule_is_told_with_what_it_found(void **state)
{
	struct rule_hit hits[RULE_HITS_MAX];
	size_t count;

	memset(memory, 0, MEMORY_BYTES);
	put(0x10, "first mark");
	put(0x2004, "second mark");
	assert_int_equal(scan("rule both { meta: author = \"Ann\" davy = \"mining\" strings: "
			      "$one = \"first mark\" $two = \"second mark\" condition: all of them "
			      "and #two == 1 }\n"
			      "rule not_there { strings: $a = \"third\" condition: $a }\n"
			      "private rule hidden { condition: true }\n"
			      "rule without_a_text { meta: davy = \"maybe\" condition: hidden }\n",
			      0, hits, &count),
			 RULES_DONE);
	assert_int_equal(count, 2);
	/* of regions far from each other, as one memory */
	assert_true(str_equal(hits[0].rule, STR("both")));
	assert_true(str_equal(hits[0].author, STR("Ann")));
	assert_true(str_equal(hits[0].file, STR("one.yar")));
	assert_true(str_equal(hits[0].string, STR("$one")));
	assert_true(str_equal(hits[0].text, STR("first mark")));
	assert_int_equal(hits[0].address, BASE + 0x10);
	assert_true(hits[0].says_mining);
	assert_true(str_equal(hits[1].rule, STR("without_a_text")));
	assert_int_equal(hits[1].text.len, 0);
	assert_int_equal(hits[1].author.len, 0);
	assert_false(hits[1].says_mining);
	/* found after a text of odd length, behind which libyara keeps it */
	assert_int_equal(scan("rule odd { strings: $odd = \"irst mark\" private $second = "
			      "\"second mark\" condition: all of them }",
			      0, hits, &count),
			 RULES_DONE);
	assert_int_equal(count, 1);
	assert_true(str_equal(hits[0].string, STR("$second")));
	assert_int_equal(hits[0].address, BASE + 0x2004);
}

/* A text across the border of two pieces, one between regions, one that is read for a condition. */
static void memory_is_read_in_pieces_that_overlap(void **state)
{
	struct rule_hit hits[RULE_HITS_MAX];
	size_t count;

	memset(memory, 0, MEMORY_BYTES);
	put(0x2000 + RULES_PIECE - 5, "over the border");
	put(0x1000 - 5, "in a hole");
	put(0x1ff0, "not looked at");
	assert_int_equal(
		scan("rule border { strings: $a = \"over the border\" condition: #a == 1 }\n"
		     "rule hole { strings: $a = \"in a hole\" condition: $a }\n"
		     "rule outside { strings: $a = \"not looked at\" condition: $a }\n"
		     "rule byte { condition: uint8(0x10ffb) == 0x69 and uint8(0x11000) == 0 }\n"
		     "rule math { condition: uint8(0x10ffb) == 0x69 }\n",
		     0, hits, &count),
		RULES_DONE);
	assert_int_equal(count, 2);
	assert_true(str_equal(hits[0].rule, STR("border")));
	assert_true(str_equal(hits[1].rule, STR("math")));
}

static void hits_are_bounded(void **state)
{
	struct rule_hit hits[RULE_HITS_MAX];
	char text[64 * 40] = "";
	size_t count, len = 0;

	for (int i = 0; i < 40; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
					"rule r%d { condition: true }\n", i);
	assert_int_equal(scan(text, 0, hits, &count), RULES_DONE);
	assert_int_equal(count, RULE_HITS_MAX);
}

static void matches_are_bounded(void **state)
{
	struct rule_hit hits[RULE_HITS_MAX];
	size_t count = 7;

	memset(memory, 'a', MEMORY_BYTES);
	assert_int_equal(
		scan("rule many { strings: $a = \"aaaa\" condition: #a > 10 }", 60, hits, &count),
		RULES_TOO_MANY);
	assert_int_equal(count, 0);
	/* where nobody counts, one place is enough */
	assert_int_equal(
		scan("rule one { strings: $a = \"aaaa\" condition: $a }", 60, hits, &count),
		RULES_DONE);
	assert_int_equal(count, 1);
}

static void who_runs_for_ever_is_stopped(void **state)
{
	static const char *const rows[] = {
		"rule loop { condition: for all i in (1..1000000000000) : (uint8(i) == 0 or i > 0) "
		"}",
		"import \"math\" rule loop { condition: for all i in (1..1000000000000) : "
		"(math.min(i, 5) > 0) }",
	};

	memset(memory, 'a', MEMORY_BYTES);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct rule_hit hits[RULE_HITS_MAX];
		size_t count = 7;
		assert_int_equal(scan(rows[i], 1, hits, &count), RULES_TOO_SLOW);
		assert_int_equal(count, 0);
	}
}

/* The scanner is used for one process after the other. */
static void nothing_stays_from_the_process_before(void **state)
{
	static const struct rule_region region = {BASE, BASE + 0x1000};
	struct rules *rules = compiled("a", "rule a { strings: $a = \"mark\" condition: $a }");
	size_t reads = 0, count;
	const struct rules_memory m = {&region, 1, read_memory, &reads, 0};
	struct rule_hit hits[RULE_HITS_MAX];

	assert_int_equal(rules_count(rules), 1);
	for (int i = 0; i < 4; i++) {
		memset(memory, 0, MEMORY_BYTES);
		if (i % 2 == 0)
			put(0x20, "mark");
		assert_int_equal(rules_scan(rules, &m, &texts, hits, &count), RULES_DONE);
		assert_int_equal(count, i % 2 == 0);
	}
	rules_free(rules);
}

/* Whose modules would read the first block of none. */
static void no_memory_at_all_is_nothing_found(void **state)
{
	struct rules *rules = compiled("a", "import \"hash\" import \"math\" rule a { condition: "
					    "hash.md5(65536, 16) != \"\" or "
					    "math.entropy(65536, 16) > 1 }");
	const struct rules_memory m = {.read = read_memory};
	struct rule_hit hits[RULE_HITS_MAX];
	size_t count = 7;

	assert_int_equal(rules_scan(rules, &m, &texts, hits, &count), RULES_DONE);
	assert_int_equal(count, 0);
	rules_free(rules);
}

static int begin(void **state)
{
	struct error why;

	memory = malloc(MEMORY_BYTES);
	return memory && rules_library_open(&library, &why) == 0 ? arena_init(&texts, 1 << 20) : -1;
}

static int end(void **state)
{
	free(memory);
	rules_library_close(library);
	arena_fini(&texts);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fault_names_file_line_and_remedy),
		cmocka_unit_test(compiled_rules_are_not_read),
		cmocka_unit_test(a_rule_is_told_with_what_it_found),
		cmocka_unit_test(memory_is_read_in_pieces_that_overlap),
		cmocka_unit_test(hits_are_bounded),
		cmocka_unit_test(matches_are_bounded),
		cmocka_unit_test(who_runs_for_ever_is_stopped),
		cmocka_unit_test(nothing_stays_from_the_process_before),
		cmocka_unit_test(no_memory_at_all_is_nothing_found),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
