#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "detect/sigma/matcher.h"
#include "model/record.h"

enum { NODES = 4096 };

static void take_problem(struct sigma_teller *teller, const struct sigma_problem *problem)
{
	fail_msg("%.*s:%u:%u: %.*s", STR_ARG(problem->file), problem->line, problem->column,
		 STR_ARG(problem->what));
}

struct bench {
	struct sigma_rules rules;
	struct sigma_mapping mapping;
	struct arena arena;
	struct matcher *matcher;
	struct json_node nodes[NODES];
};

static void open_bench(struct bench *b, const char *rules, const char *mapping)
{
	struct sigma_teller teller = {take_problem};
	struct error why = {0};

	assert_int_equal(arena_init(&b->arena, 1 << 20), 0);
	assert_int_equal(sigma_rules_init(&b->rules, 16 << 20), 0);
	assert_int_equal(sigma_rules_read(&b->rules, STR("r.yml"), str_from(rules), NULL, &teller),
			 0);
	sigma_rules_join(&b->rules, &teller);
	assert_int_equal(sigma_mapping_read(STR("m.yaml"), str_from(mapping), &b->arena,
					    &b->mapping, &teller),
			 0);
	assert_int_equal(matcher_new(&b->rules, &b->mapping, 7, &b->matcher), 0);
	for (uint32_t i = 0; i < b->rules.count; i++)
		assert_int_equal(matcher_add_rule(b->matcher, i), 0);
	if (matcher_seal(b->matcher, &why) != 0)
		fail_msg("%s", why.text);
}

static void close_bench(struct bench *b)
{
	matcher_free(b->matcher);
	sigma_rules_fini(&b->rules);
	arena_fini(&b->arena);
}

static struct matcher_hits match(struct bench *b, const char *record)
{
	static struct json doc;
	struct matcher_hits hits;

	doc = (struct json){.nodes = b->nodes, .cap = NODES};
	json_read(&doc, str_from(record));
	matcher_take(b->matcher, json_root(&doc), &hits);
	assert_false(hits.is_undecided);
	return hits;
}

#define MAPPING "logsource: {product: aws}\nkinds: [cloudtrail]\n"
static const char plain_mapping[] = MAPPING;
static const char rich_mapping[] =
	MAPPING "fields: {both: [one.x, two], named: deep.name, all: low.**}\n"
		"prefixes: {'aws.': ''}\n";
static const char nocase_mapping[] = MAPPING "case_insensitive_keys: true\n";

struct example {
	const char *selection; /* with "condition: s" unless it has one */
	const char *record;
	bool holds;
};

static void check(const struct example *examples, size_t count, const char *mapping)
{
	struct bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	for (size_t i = 0; i < count; i++) {
		CLEANUP(buf_fini) struct buf rule = {0};
		const struct example *e = &examples[i];
		buf_printf(
			&rule, "title: t\nlogsource: {product: aws}\ndetection:\n  s:\n    %s\n%s",
			e->selection, strstr(e->selection, "condition:") ? "" : "  condition: s\n");
		buf_add_byte(&rule, '\0');
		open_bench(b, rule.at, mapping);
		if (match(b, e->record).count != e->holds)
			fail_msg("%s %s %s", e->selection,
				 e->holds ? "does not hold for" : "holds for", e->record);
		/* what it says does not depend on the record before */
		match(b, "{}");
		assert_int_equal(match(b, e->record).count, e->holds);
		close_bench(b);
	}
	free(b);
}

#define CHECK(examples, mapping) check(examples, sizeof(examples) / sizeof(*(examples)), mapping)

static void test_values(void **state)
{
	static const struct example examples[] = {
		{"a: Abc", "{\"a\":\"aBC\"}", true},
		{"a: Abc", "{\"a\":\"abcd\"}", false},
		{"a|cased: Abc", "{\"a\":\"Abc\"}", true},
		{"a|cased: Abc", "{\"a\":\"abc\"}", false},
		{"a: 'x/y'", "{\"a\":\"X\\/Y\"}", true},
		{"a: \"x\\ny\"", "{\"a\":\"x\\ny\"}", true},
		{"a: '\xc3\xa9'", "{\"a\":\"\\u00e9\"}", true},
		{"a: ''", "{\"a\":\"\"}", true},
		{"a: ''", "{\"a\":null}", false},
		{"a: ''", "{}", false},
		{"a: null", "{}", true},
		{"a: null", "{\"a\":null}", true},
		{"a: null", "{\"a\":\"\"}", false},
		{"a: null", "{\"a\":{}}", false},
		{"a: null", "{\"a\":[]}", false},
		{"a: null", "{\"a\":[1,null]}", true},
		{"a: 8", "{\"a\":8}", true},
		{"a: 8", "{\"a\":\"8\"}", true},
		{"a: 8", "{\"a\":8.0}", true},
		{"a: 8", "{\"a\":80}", false},
		{"a: '8'", "{\"a\":8}", true},
		{"a: '8'", "{\"a\":8.0}", false},
		{"a: 9007199254740993", "{\"a\":9007199254740992}", false},
		{"a: 9007199254740993", "{\"a\":9007199254740993}", true},
		{"a: true", "{\"a\":true}", true},
		{"a: 'True'", "{\"a\":true}", true},
		{"a: true", "{\"a\":\"TRUE\"}", true},
		{"a: false", "{\"a\":true}", false},
		{"a|lt: 5", "{\"a\":4.9}", true},
		{"a|lt: 5", "{\"a\":5}", false},
		{"a|lte: 5", "{\"a\":\"5\"}", true},
		{"a|gt: 5", "{\"a\":5.1}", true},
		{"a|gte: 5", "{\"a\":4}", false},
		{"a|gte: 5", "{\"a\":\"many\"}", false},
		{"a|exists: true", "{\"a\":null}", true},
		{"a|exists: true", "{\"a\":[]}", true},
		{"a|exists: true", "{\"b\":1}", false},
		{"a|exists: false", "{\"b\":1}", true},
		{"a|exists: false", "{\"a\":\"\"}", false},
		{"a|neq: x", "{\"a\":\"y\"}", true},
		{"a|neq: x", "{\"a\":\"X\"}", false},
	};

	CHECK(examples, plain_mapping);
}

static void test_texts(void **state)
{
	static const struct example examples[] = {
		{"a|contains: mid", "{\"a\":\"a MID dle\"}", true},
		{"a|contains: mid", "{\"a\":\"mi d\"}", false},
		{"a|contains: mid", "{\"a\":{\"b\":\"mid\"}}", false},
		{"a|contains: mid", "{\"a\":[\"x\",\"amid\"]}", true},
		{"a|contains: '*'", "{\"a\":\"\"}", true},
		{"a|contains: '*'", "{\"a\":{}}", false},
		{"a|startswith: be", "{\"a\":\"Begin\"}", true},
		{"a|startswith: be", "{\"a\":\"to be\"}", false},
		{"a|endswith: ing", "{\"a\":\"thING\"}", true},
		{"a|endswith: ing", "{\"a\":\"ingot\"}", false},
		{"a|endswith: ing", "{\"a\":\"thing\\n\"}", false},
		{"a: x*z", "{\"a\":\"xz\"}", true},
		{"a: x*z", "{\"a\":\"x\\n\\nz\"}", true},
		{"a: x*z", "{\"a\":\"axz\"}", false},
		{"a: x?z", "{\"a\":\"xYz\"}", true},
		{"a: x?z", "{\"a\":\"xz\"}", false},
		{"a: x?z", "{\"a\":\"x\xe2\x80\x93z\"}", true},
		{"a: x??z", "{\"a\":\"x\xe2\x80\x93z\"}", false},
		{"a: '?*'", "{\"a\":\"\"}", false},
		{"a: '*'", "{\"a\":\"\"}", true},
		{"a: '*'", "{\"a\":null}", false},
		{"a: '*'", "{}", false},
		{"a|cased: '*'", "{\"a\":\"x\"}", true},
		{"a: 'x\\*'", "{\"a\":\"x*\"}", true},
		{"a: 'x\\*'", "{\"a\":\"xy\"}", false},
		{"a: 'c:\\d\\\\*'", "{\"a\":\"C:\\\\D\\\\e\"}", true},
		{"a|contains|all: [x, y]", "{\"a\":\"y-x\"}", true},
		{"a|contains|all: [x, y]", "{\"a\":\"x\"}", false},
		{"a|contains|all: [x, y]", "{\"a\":[\"x\",\"y\"]}", true},
		{"a|re: 'x.+z'", "{\"a\":\"axbzc\"}", true},
		{"a|re: 'x.+z'", "{\"a\":\"AXBZC\"}", false},
		{"a|re|i: 'x.+z'", "{\"a\":\"AXBZC\"}", true},
		{"a|re: '^x$'", "{\"a\":\"y\\nx\"}", false},
		{"a|re|m: '^x$'", "{\"a\":\"y\\nx\"}", true},
		{"a|re: 'x.z'", "{\"a\":\"x\\nz\"}", false},
		{"a|re|s: 'x.z'", "{\"a\":\"x\\nz\"}", true},
		{"a|re: '^$'", "{\"a\":\"\"}", true},
		{"a|windash|contains: ' -e '", "{\"a\":\"p /e x\"}", true},
		{"a|windash|contains: ' -e '",
		 "{\"a\":\"p \xe2\x80\x95"
		 "e x\"}",
		 true},
		{"a|windash|contains: ' -e '", "{\"a\":\"p +e x\"}", false},
		{"a|base64offset|contains: 'curl '", "{\"a\":\"YSBjdXJsIGI=\"}", true},
		{"a|base64offset|contains: 'curl '", "{\"a\":\"d2dldCA=\"}", false},
		{"a|wide|base64: ab", "{\"a\":\"YQBiAA==\"}", true},
	};

	CHECK(examples, plain_mapping);
}

static void test_networks(void **state)
{
	static const struct example examples[] = {
		{"a|cidr: 10.0.0.0/8", "{\"a\":\"10.255.1.2\"}", true},
		{"a|cidr: 10.0.0.0/8", "{\"a\":\"11.0.0.1\"}", false},
		{"a|cidr: 10.0.0.0/8", "{\"a\":\"AWS Internal\"}", false},
		{"a|cidr: 192.0.2.1/32", "{\"a\":\"192.0.2.1\"}", true},
		{"a|cidr: 0.0.0.0/0", "{\"a\":\"192.0.2.1\"}", true},
		{"a|cidr: 0.0.0.0/0", "{\"a\":\"2001:db8::1\"}", false},
		{"a|cidr: '::/0'", "{\"a\":\"192.0.2.1\"}", false},
		{"a|cidr: '2001:db8::/33'", "{\"a\":\"2001:db8:7fff::1\"}", true},
		{"a|cidr: '2001:db8::/33'", "{\"a\":\"2001:db8:8000::1\"}", false},
		{"a|cidr: [10.0.0.0/8, 10.1.0.0/16, 172.16.0.0/12]", "{\"a\":\"172.31.0.1\"}",
		 true},
		{"a|cidr|all: [10.0.0.0/8, 10.1.0.0/16]", "{\"a\":\"10.1.2.3\"}", true},
	};

	CHECK(examples, plain_mapping);
}

static void test_paths(void **state)
{
	static const struct example plain[] = {
		{"a.b: x", "{\"a\":{\"b\":\"x\"}}", true},
		{"a.b: x", "{\"a.b\":\"x\"}", true},
		{"a.b: x", "{\"b\":\"x\"}", false},
		{"a.b: x", "{\"a\":[{\"b\":\"y\"},{\"b\":\"x\"}]}", true},
		{"a.b: x", "{\"a\":[[{\"b\":[\"y\",[\"x\"]]}]]}", true},
		{"a.k8s.io/d.c: x", "{\"a\":{\"k8s.io/d\":{\"c\":\"x\"}}}", true},
		{"a.k8s.io/d.c: x", "{\"a.k8s\":{\"io/d.c\":\"x\"}}", true},
		/* the longest key counts, and alone */
		{"a.b.c: x", "{\"a.b\":{\"c\":\"y\"},\"a\":{\"b\":{\"c\":\"x\"}}}", false},
		{"a.b.c: x", "{\"a\":{\"b\":{\"c\":\"y\"}},\"a.b\":{\"c\":\"x\"}}", true},
		/* of those that lead to a value */
		{"a.b.c: 2", "{\"a.b\":{\"z\":1},\"a\":{\"b\":{\"c\":1},\"b.c\":2}}", true},
		{"a.b.c: 1", "{\"a.b\":{\"z\":1},\"a\":{\"b\":{\"c\":1},\"b.c\":2}}", false},
		{"a.b.c: 1", "{\"a.b\":[{}],\"a\":{\"b\":{\"c\":1},\"b.c\":[]}}", true},
		{"a.b.c: 1", "{\"a.b\":[{\"c\":2},{}],\"a\":{\"b\":{\"c\":1}}}", false},
		{"a.b.c: 1", "{\"a\":[{\"b.c\":3,\"b\":{\"c\":1}},{\"b\":{\"c\":1}}]}", true},
		{"a.b.c: null", "{\"a.b\":{\"c\":null},\"a\":{\"b\":{\"c\":1},\"b.c\":1}}", true},
		{"a.b.c|exists: true", "{\"a.b\":{\"c\":[]},\"a\":{\"b.c\":[[]]}}", true},
		{"a.b: x", "{\"a\":{\"b\":\"x\",\"b\":\"y\"}}", true},
		{"a.b: x", "{\"a\":{\"b\":\"y\",\"b\":\"x\"}}", true},
		{"a.b: null", "{\"a\":{}}", true},
		{"a.b: null", "{\"a\":{\"b\":1}}", false},
		{"a: x", "{\"A\":\"x\"}", false},
		{"\"a\\tb\": x", "{\"a\\u0009b\":\"x\"}", true},
		{"a: x\n    a.b: y", "{\"a\":[\"x\",{\"b\":\"y\"}]}", true},
	};
	static const struct example rich[] = {
		{"both: x", "{\"one\":{\"x\":\"x\"}}", true},
		{"both: x", "{\"two\":\"x\"}", true},
		{"both: x", "{\"both\":\"x\"}", false},
		{"both: null", "{\"two\":\"x\"}", false},
		{"both: null", "{\"three\":\"x\"}", true},
		{"both|exists: true", "{\"two\":null}", true},
		{"named: x\n    aws.deep.name: x", "{\"deep\":{\"name\":\"x\"}}", true},
		{"all: x", "{\"low\":{\"x\":1,\"y\":[{\"z\":\"x\"}]}}", true},
		{"all: x", "{\"low\":{\"x\":{\"x\":\"y\"}}}", false},
		{"all: x", "{\"low\":\"x\"}", true},
		{"all: x", "{\"low\":[[\"x\"]]}", true},
		{"all: x", "{\"other\":{\"low\":\"x\"}}", false},
		{"all: x", "{\"low.**\":\"x\",\"low\":{\"a\":\"y\",\"b.c\":\"y\"}}", false},
		{"all: null", "{\"low\":{\"x\":null}}", true},
		{"all|exists: true", "{\"low\":{\"x\":[]}}", false},
		{"all|exists: true", "{\"low\":{\"x\":false}}", true},
		{"named: x\n    aws.deep.name: y", "{\"deep\":{\"name\":\"x\"}}", false},
	};
	static const struct example nocase[] = {
		{"A.bC: x", "{\"a\":{\"Bc\":\"x\"}}", true},
		{"A.bC: x", "{\"A.BC\":\"x\"}", true},
		{"a.b.c: x", "{\"A.B\":{\"c\":\"y\"},\"a\":{\"b\":{\"c\":\"x\"}}}", false},
	};

	CHECK(plain, plain_mapping);
	CHECK(rich, rich_mapping);
	CHECK(nocase, nocase_mapping);
}

static void test_fields(void **state)
{
	static const struct example examples[] = {
		{"a|fieldref: b", "{\"a\":\"X\",\"b\":\"x\"}", true},
		{"a|fieldref|cased: b", "{\"a\":\"X\",\"b\":\"x\"}", false},
		{"a|fieldref: b", "{\"a\":\"x\"}", false},
		{"a|fieldref: b", "{}", false},
		{"a|fieldref: b.c", "{\"a\":[1,\"\\u0032\"],\"b\":[{\"c\":3},{\"c\":2}]}", true},
		{"a|fieldref|contains: b", "{\"a\":\"arn:user/joe\",\"b\":\"JOE\"}", true},
		{"a|fieldref|startswith: b", "{\"a\":\"arn:user/joe\",\"b\":\"joe\"}", false},
		{"a|fieldref|endswith: b", "{\"a\":\"arn:user/joe\",\"b\":\"joe\"}", true},
		{"a|fieldref|neq: b", "{\"a\":\"x\",\"b\":\"y\"}", true},
	};

	CHECK(examples, plain_mapping);
}

static void test_keywords(void **state)
{
	static const struct example examples[] = {
		{"- Needle", "{\"a\":{\"b\":[1,\"a needle here\"]}}", true},
		{"- Needle", "{\"needle\":\"x\"}", false},
		{"- Needle", "{\"a\":\"nee\",\"b\":\"dle\"}", false},
		{"- Needle", "{\"a\":\"nee\\u0064le\"}", true},
		{"- 'x/y'", "{\"a\":\"x\\/y\"}", true},
		{"- 'a*b'", "{\"k\":\"a\",\"l\":\"b\"}", false},
		{"- 'a*b'", "{\"k\":\"a-b\"}", true},
		{"- 42", "{\"a\":1427}", true},
		{"'|all': [x, y]", "{\"a\":\"x\",\"b\":\"y\"}", true},
		{"'|all': [x, y]", "{\"a\":\"x\"}", false},
		{"'|re': '^x$'", "{\"a\":\"yx\",\"b\":[\"x\"]}", true},
		{"'|re': '^x$'", "{\"a\":\"yx\"}", false},
		{"'|startswith': x", "{\"a\":\"yx\",\"b\":\"xy\"}", true},
		{"- x\n    - f: y", "{\"f\":\"y\"}", true},
	};

	CHECK(examples, plain_mapping);
}

static void test_dates(void **state)
{
	static const struct example examples[] = {
		{"a|hour: 3", "{\"a\":\"2026-01-05T03:59:00Z\"}", true},
		{"a|hour: 3", "{\"a\":\"2026-01-05T04:59:00+01:00\"}", false},
		{"a|hour: 3", "{\"a\":\"2026-01-05 03:59:00.5\"}", true},
		{"a|hour: 0", "{\"a\":\"2026-01-05\"}", false},
		{"a|hour: 0", "{\"a\":\"2026-01-05T00:00\"}", true},
		{"a|hour: 3", "{\"a\":\"2026-01-05T03:5\"}", false},
		{"a|hour: 3", "{\"a\":\"2026-01-05T03:590\"}", false},
		{"a|hour: 3", "{\"a\":\"at 2026-01-05T03:59\"}", false},
		{"a|hour: 3", "{\"a\":3}", false},
		{"a|hour|lt: 6", "{\"a\":[\"2026-01-05T07:00Z\",\"2026-01-05T05:00Z\"]}", true},
		{"a|hour|lt: 6", "{\"a\":\"2026-01-05T06:00Z\"}", false},
		{"a|hour|neq: 6", "{\"a\":\"no date\"}", true},
		{"a|minute|gte: 59", "{\"a\":\"2026-01-05T03:59:00Z\"}", true},
		{"a|day: 29", "{\"a\":\"2024-02-29\"}", true},
		{"a|day: 29", "{\"a\":\"2026-02-29\"}", false},
		{"a|day: 31", "{\"a\":\"2026-12-31\"}", true},
		{"a|month: 12", "{\"a\":\"2026-12-31\"}", true},
		{"a|month: 12", "{\"a\":\"2026-13-01\"}", false},
		{"a|year: 2026", "{\"a\":\"2026-12-31T00:00:00Z\"}", true},
		{"a|week: 53", "{\"a\":\"2020-12-31\"}", true},
		{"a|week: 53", "{\"a\":\"2021-01-03\"}", true},
		{"a|week: 1", "{\"a\":\"2021-01-04\"}", true},
		{"a|week: 1", "{\"a\":\"2024-12-30\"}", true},
		{"a|week: 52", "{\"a\":\"2024-12-29\"}", true},
		{"a|week: 52", "{\"a\":\"2023-01-01\"}", true},
		/* a number and a date of one field */
		{"a|hour: 3\n    b: x\n  t: {a: 3}\n  condition: s or t", "{\"a\":3}", true},
	};

	CHECK(examples, plain_mapping);
}

/* Conditions with and without something that wakes the rule. */
static void test_conditions(void **state)
{
	static const struct example examples[] = {
		{"a: x\n  t:\n    b: y\n  condition: s and not t", "{\"a\":\"x\"}", true},
		{"a: x\n  t:\n    b: y\n  condition: s and not t", "{\"a\":\"x\",\"b\":\"y\"}",
		 false},
		{"a: x\n  condition: not s", "{}", true},
		{"a: x\n  condition: not s", "{\"a\":\"x\"}", false},
		{"a: x\n  condition: not not s", "{\"a\":\"x\"}", true},
		{"a: x\n  t:\n    b: null\n  condition: s or t", "{\"b\":1}", false},
		{"a: x\n  t:\n    b: null\n  condition: s or t", "{}", true},
		{"a: x\n  t:\n    b: y\n  condition: not (s or t)", "{\"a\":\"x\"}", false},
		{"a: x\n  t:\n    b: y\n  condition: not (not s or not t)",
		 "{\"a\":\"x\",\"b\":\"y\"}", true},
		{"a: x\n  t:\n    b: y\n  condition: not (not s or not t)", "{\"a\":\"x\"}", false},
		{"a: x\n  t1:\n    b: y\n  t2:\n    c: z\n  condition: s and 1 of t*",
		 "{\"a\":\"x\",\"c\":\"z\"}", true},
		{"a: x\n  t1:\n    b: y\n  t2:\n    c: z\n  condition: all of t* or s",
		 "{\"b\":\"y\",\"c\":\"z\"}", true},
		{"a: x\n  t1:\n    b: y\n  t2:\n    c: z\n  condition: all of t* or s",
		 "{\"b\":\"y\"}", false},
		{"a: 1\n  condition: [s, not s]", "{}", true},
	};

	CHECK(examples, plain_mapping);
}

/* Two rules ask one field for a number and for a text of the same digits. */
static void test_order(void **state)
{
	static const char *const values[] = {"8", "'8'", "8.0", "'8.0'", "08"};
	static const bool holds[][5] = {
		{true, true, true, false, true},  /* "8" */
		{true, false, true, true, true},  /* "8.0" */
		{true, false, true, false, true}, /* "08.0" */
	};
	static const char *const records[] = {"{\"a\":\"8\"}", "{\"a\":8.0}", "{\"a\":\"08.0\"}"};
	struct bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	for (size_t first = 0; first < 5; first++)
		for (size_t second = 0; second < 5; second++) {
			CLEANUP(buf_fini) struct buf rules = {0};
			const size_t which[] = {first, second};
			for (int i = 0; i < 2; i++)
				buf_printf(&rules,
					   "title: t%d\nid: r%d\nlogsource: {product: aws}\n"
					   "detection:\n  s: {a: %s}\n  condition: s\n---\n",
					   i, i, values[which[i]]);
			buf_add_byte(&rules, '\0');
			open_bench(b, rules.at, plain_mapping);
			for (size_t r = 0; r < 3; r++) {
				const struct matcher_hits hits = match(b, records[r]);
				bool said[2] = {false, false};
				for (size_t h = 0; h < hits.count; h++)
					said[hits.rules[h]] = true;
				for (int i = 0; i < 2; i++)
					if (said[i] != holds[r][which[i]])
						fail_msg("%s beside %s: %s", values[which[i]],
							 values[which[!i]], records[r]);
			}
			close_bench(b);
		}
	free(b);
}

/* Of many rules only those are looked at that something woke. */
static void test_cost(void **state)
{
	enum { RULES = 500 };
	CLEANUP(buf_fini) struct buf rules = {0};
	struct bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	for (int i = 0; i < RULES; i++)
		buf_printf(&rules,
			   "title: t%d\nid: r%d\nlogsource: {product: aws}\ndetection:\n"
			   "  s: {source: 's%d.example', name: 'Act%d'}\n  f: {by: svc}\n"
			   "  condition: s and not f\n---\n",
			   i, i, i % 5, i);
	buf_add_byte(&rules, '\0');
	open_bench(b, rules.at, plain_mapping);
	struct matcher_hits hits =
		match(b, "{\"source\":\"s2.example\",\"name\":\"act7\",\"by\":\"me\"}");
	assert_int_equal(hits.count, 1);
	assert_int_equal(hits.rules[0], 7);
	hits = match(b, "{\"source\":\"s2.example\",\"name\":\"act8\",\"by\":\"me\"}");
	assert_int_equal(hits.count, 0);
	hits = match(b, "{\"source\":\"s2.example\",\"name\":\"other\"}");
	assert_int_equal(hits.count, 0);
	const struct matcher_counters counters = matcher_counters(b->matcher);
	assert_int_equal(counters.rules, RULES);
	assert_int_equal(counters.always, 0);
	assert_int_equal(counters.looked_at, 2);
	assert_int_equal(counters.comparisons, RULES + 5 + 1);
	close_bench(b);
	free(b);
}

static void test_reasons(void **state)
{
	static const char rule[] =
		"title: t\nlogsource: {product: aws}\ndetection:\n  s: {a: [x, y], b: 1}\n"
		"  f: {c: z, d: w}\n  condition: s and not f\n";
	const struct sigma_atom *reasons[8];
	struct bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	open_bench(b, rule, plain_mapping);
	assert_int_equal(match(b, "{\"a\":\"Y\",\"b\":1,\"c\":\"z\"}").count, 1);
	assert_int_equal(matcher_reasons(b->matcher, 0, reasons, 8), 2);
	assert_true(str_equal(reasons[0]->text, STR("y")));
	assert_true(str_equal(reasons[1]->field, STR("b")));
	assert_int_equal(matcher_reasons(b->matcher, 0, reasons, 1), 1);
	close_bench(b);
	free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),	   cmocka_unit_test(test_texts),
		cmocka_unit_test(test_networks),   cmocka_unit_test(test_paths),
		cmocka_unit_test(test_fields),	   cmocka_unit_test(test_keywords),
		cmocka_unit_test(test_conditions), cmocka_unit_test(test_cost),
		cmocka_unit_test(test_reasons),	   cmocka_unit_test(test_order),
		cmocka_unit_test(test_dates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
