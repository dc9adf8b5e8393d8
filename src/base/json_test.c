#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/json.h"

static struct json_node nodes[256];

static struct json parse(const char *text)
{
	struct json doc = {.nodes = nodes, .cap = 256};

	json_read(&doc, str_from(text));
	return doc;
}

/* Every spelling must give method "login", params.login "48x" and id 7. */
static void spellings_mean_the_same(void **state)
{
	static const char *const texts[] = {
		"{\"id\":7,\"method\":\"login\",\"params\":{\"login\":\"48x\"}}",
		" {\r\n\t\"params\" : { \"login\" : \"48x\" } , \"method\" : \"login\" , \"id\" : "
		"\"7\" }\n",
		"{\"id\":7,\"method\":\"\\u006cogin\",\"params\":{\"lo\\u0067in\":\"48x\",},}",
		"\xef\xbb\xbf{\"id\":7,\"method\":\"login\",\"params\":{\"login\":\"48x\"}}",
		"{\"id\":7,\"x\":\"\xff\xfe\",\"method\":\"login\",\"params\":{\"login\":\"48x\"}}",
		"{\"id\":7,\"method\":\"login\",\"params\":{\"login\":\"48x",
		"{id:7,method:login,params:{login:48x}}",
		"{'id':7,'method':'login','params':{'login':'48x'}}",
		"{\"id\":7 \"method\":\"login\" \"params\":{\"login\":\"48x\"}}",
		"{\"id\":7,/* x */\"method\":\"login\",\"params\":{\"login\":\"48x\"}]",
		"{\"id\":7.0,\"a\":\"x\ty\",\"method\":\"login\",,\"params\":{\"login\":\"48x\"}}",
	};
	uint64_t id;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct json doc = parse(texts[i]);
		struct json_value root = json_root(&doc);
		assert_true(json_text_is(json_member(root, STR("method")), STR("login")));
		assert_true(json_text_is(
			json_member(json_member(root, STR("params")), STR("login")), STR("48x")));
		assert_true(json_to_u64(json_member(root, STR("id")), &id));
		assert_int_equal(id, 7);
	}
}

static void flaws_are_noted(void **state)
{
	static const struct {
		const char *text;
		uint32_t flaws;
	} rows[] = {
		{"{\"a\":[1,2,{\"b\":null}],\"c\":\"\"}", 0},
		{"[1,2", JSON_FLAW_CUT},
		{"{\"a\"}", JSON_FLAW_SYNTAX},
		{"{\"a\":1]}", JSON_FLAW_SYNTAX},
		{"[nonsense]", JSON_FLAW_BARE_WORD},
		{"[\"a\nb\"]", JSON_FLAW_CONTROL},
		{"\xef\xbb\xbf[]", JSON_FLAW_MARK},
		{"[1]//x", 0},
		{"[//x\n1]", JSON_FLAW_COMMENT},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct json doc = parse(rows[i].text);
		assert_int_equal(doc.flaws, rows[i].flaws);
	}
}

static void consumes_one_value(void **state)
{
	struct json doc = {.nodes = nodes, .cap = 256};

	assert_int_equal(json_read(&doc, STR("{\"a\":1}\n{\"b\":2}")), 7);
	assert_int_equal(json_read(&doc, STR("  12 13")), 4);
	assert_int_equal(json_read(&doc, STR("   ")), 0);
	assert_int_equal(json_read(&doc, STR("")), 0);
}

static void walks_and_counts(void **state)
{
	struct json doc =
		parse("{\"a\":[10,[11,12],{\"x\":1}],\"b\":{\"c\":3,\"c\":4},\"d\":\"\"}");
	struct json_value root = json_root(&doc), a = json_member(root, STR("a"));
	struct json_value b = json_member(root, STR("b"));
	uint64_t number;

	assert_int_equal(json_count(root), 3);
	assert_int_equal(json_count(a), 3);
	assert_int_equal(json_kind(json_item(a, 1)), JSON_ARRAY);
	assert_int_equal(json_kind(json_item(a, 3)), JSON_NONE);
	assert_true(json_to_u64(json_item(json_item(a, 1), 1), &number));
	assert_int_equal(number, 12);
	assert_true(json_has_duplicate(b, STR("c")));
	assert_false(json_has_duplicate(root, STR("a")));
	struct json_value again = json_member_again(json_member(b, STR("c")), STR("c"));
	assert_true(json_to_u64(again, &number));
	assert_int_equal(number, 4);
	struct json_value v = json_first(root);
	assert_true(json_text_is(json_key_of(v), STR("a")));
	v = json_next(json_next(v));
	assert_true(json_text_is(json_key_of(v), STR("d")));
	assert_false(json_exists(json_next(v)));
	assert_false(json_exists(json_key_of(json_item(a, 0))));
}

static void picks_the_first_of_each(void **state)
{
	static const struct str keys[] = {STR("a"), STR("b"), STR("c"), STR("none")};
	static const struct {
		const char *text;
		int64_t a, b, c; /* -1: not there */
	} rows[] = {
		{"{\"a\":1,\"b\":2,\"c\":3}", 1, 2, 3},
		{"{\"c\":3,\"x\":9,\"b\":2,\"a\":1}", 1, 2, 3},
		{"{\"b\":2,\"a\":1,\"b\":7,\"a\":{\"c\":5}}", 1, 2, -1},
		{"{\"A\":1,\"B\":2,\"a\":7,\"ab\":8}", 1, 2, -1},
		{"{\"\\u0062\":2,\"x\":{\"a\":8},\"y\":[{\"c\":8}]}", -1, 2, -1},
		{"[{\"a\":1}]", -1, -1, -1},
		{"{}", -1, -1, -1},
		{"\"a\"", -1, -1, -1},
		{"", -1, -1, -1},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct json doc = parse(rows[i].text);
		struct json_value got[4];
		const int64_t wanted[] = {rows[i].a, rows[i].b, rows[i].c, -1};
		json_pick(json_root(&doc), keys, 4, got);
		for (size_t k = 0; k < 4; k++) {
			uint64_t number = 0;
			assert_int_equal(json_exists(got[k]), wanted[k] >= 0);
			if (wanted[k] < 0)
				continue;
			assert_true(json_to_u64(got[k], &number));
			assert_int_equal(number, wanted[k]);
			char scratch[8];
			struct str key = json_text(json_key_of(got[k]), scratch, sizeof(scratch));
			assert_true(str_equal_nocase(key, keys[k]));
		}
	}
}

static void undoes_escapes(void **state)
{
	char scratch[32];
	struct json doc = parse("[\"\\ud83d\\ude00\\n\\\"\\/\\u00e9\", \"\\ud83dx\", \"end\\\\\"]");
	struct str text = json_text(json_item(json_root(&doc), 0), scratch, sizeof(scratch));

	assert_true(str_equal(text, STR("\xf0\x9f\x98\x80\n\"/\xc3\xa9")));
	text = json_text(json_item(json_root(&doc), 1), scratch, sizeof(scratch));
	assert_true(str_equal(text, STR("\xef\xbf\xbdx")));
	text = json_text(json_item(json_root(&doc), 2), scratch, sizeof(scratch));
	assert_true(str_equal(text, STR("end\\")));
	text = json_text(json_item(json_root(&doc), 0), scratch, 6);
	assert_int_equal(text.len, 6); /* cut at the end of a character */
}

static void is_bounded(void **state)
{
	static char deep[100001];
	struct json doc = {.nodes = nodes, .cap = 256};

	memset(deep, '[', sizeof(deep) - 1);
	assert_true(json_read(&doc, str_of(deep, sizeof(deep) - 1)) > 0);
	assert_true(doc.flaws & JSON_FLAW_TOO_DEEP);
	memset(deep, ',', sizeof(deep) - 1);
	for (size_t i = 0; i + 2 < sizeof(deep); i += 2)
		deep[i] = '1';
	deep[0] = '[';
	json_read(&doc, str_of(deep, sizeof(deep) - 1));
	assert_true(doc.flaws & JSON_FLAW_FULL);
	assert_int_equal(json_count(json_root(&doc)), 255);
	for (uint32_t cap = 0; cap < 12; cap++) { /* too few nodes: never a key without a value */
		doc = (struct json){.nodes = nodes, .cap = cap};
		json_read(&doc, STR("{\"a\":{\"b\":1,\"c\":[2,3]},\"d\":4}"));
		struct json_value root = json_root(&doc);
		for (struct json_value v = json_first(root); json_exists(v); v = json_next(v))
			assert_true(json_exists(json_key_of(v)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spellings_mean_the_same), cmocka_unit_test(flaws_are_noted),
		cmocka_unit_test(consumes_one_value),	   cmocka_unit_test(walks_and_counts),
		cmocka_unit_test(undoes_escapes),	   cmocka_unit_test(is_bounded),
		cmocka_unit_test(picks_the_first_of_each),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
