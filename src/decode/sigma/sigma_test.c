#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/patterns.h"
#include "decode/sigma/sigma.h"
#include "model/record.h"

/* What was told of a text, one problem a line. */
struct told {
	struct sigma_teller teller;
	struct buf out;
};

static void take_problem(struct sigma_teller *teller, const struct sigma_problem *problem)
{
	struct told *told = (struct told *)teller;

	assert_true(problem->remedy.len > 0);
	buf_printf(&told->out, "%s%.*s:%u:%u: %.*s\n",
		   problem->is_refusal ? "" : "warning: ", STR_ARG(problem->file), problem->line,
		   problem->column, STR_ARG(problem->what));
}

struct read {
	struct sigma_rules rules;
	struct told told;
};

static void read_rules(struct read *read, const char *text,
		       const struct sigma_placeholders *placeholders)
{
	*read = (struct read){.told = {.teller = {take_problem}}};
	assert_int_equal(sigma_rules_init(&read->rules, 4 << 20), 0);
	assert_int_equal(sigma_rules_read(&read->rules, STR("r.yml"), str_from(text), placeholders,
					  &read->told.teller),
			 0);
	sigma_rules_join(&read->rules, &read->told.teller);
	buf_add_byte(&read->told.out, '\0');
}

static void read_fini(struct read *read)
{
	sigma_rules_fini(&read->rules);
	buf_fini(&read->told.out);
}

static void tell_parts(const struct sigma_atom *atom, struct buf *out)
{
	static const char *const marks[] = {
		[SIGMA_ANY] = "<*>", [SIGMA_ONE] = "<?>", [SIGMA_DASH] = "<->"};

	for (size_t i = 0; i < atom->part_count; i++) {
		const struct sigma_part *part = &atom->parts[i];
		if (part->kind != SIGMA_LITERAL)
			buf_add_text(out, marks[part->kind]);
		else
			buf_add_printable(out, part->text, 200);
	}
}

static void tell_atom(const struct sigma_atom *atom, struct buf *out)
{
	static const char *const signs[] = {
		[SIGMA_TEXT] = "=",	      [SIGMA_EXPRESSION] = "~",	  [SIGMA_NETWORK] = " in ",
		[SIGMA_LESS] = "<",	      [SIGMA_LESS_EQUAL] = "<=",  [SIGMA_GREATER] = ">",
		[SIGMA_GREATER_EQUAL] = ">=", [SIGMA_EXISTS] = " exists", [SIGMA_NULL] = " null",
		[SIGMA_FIELD] = "==",	      [SIGMA_EQUAL] = " is ",
	};

	buf_printf(out, "%.*s%s", STR_ARG(atom->field), atom->is_cased ? "!" : "");
	if (atom->time != SIGMA_NO_TIME)
		buf_printf(out, ":%d", atom->time);
	buf_add_text(out, signs[atom->match]);
	if (atom->match == SIGMA_TEXT)
		tell_parts(atom, out);
	else if (atom->match == SIGMA_NETWORK)
		buf_printf(out, "%.*s/%u", STR_ARG(atom->text), atom->prefix);
	else if (atom->match == SIGMA_EXPRESSION || atom->match == SIGMA_FIELD)
		buf_printf(out, "%.*s,%u", STR_ARG(atom->text), atom->flags + atom->place);
	else if (atom->match < SIGMA_EXISTS)
		buf_printf(out, "%g", atom->number);
	if (atom->match == SIGMA_TEXT && atom->has_number)
		buf_printf(out, "(%g)", atom->number);
}

/* The steps of the first rule: "a=b c=d &2 !" */
static void tell_steps(const struct sigma_rules *rules, struct buf *out)
{
	const struct sigma_rule *rule = &rules->at[0];

	for (size_t i = 0; rules->count > 0 && i < rule->step_count; i++) {
		const struct sigma_step *step = &rule->steps[i];
		buf_add_text(out, i ? " " : "");
		if (step->op == SIGMA_ATOM)
			tell_atom(&rule->atoms[step->operand], out);
		else if (step->op == SIGMA_NOT)
			buf_add_byte(out, '!');
		else
			buf_printf(out, "%c%u", step->op == SIGMA_AND ? '&' : '|', step->operand);
	}
	buf_add_byte(out, '\0');
}

/* `detection` of one rule -> its steps, or what is told of it. */
static void check_detection(const char *detection, const char *steps, const char *told)
{
	CLEANUP(buf_fini) struct buf text = {0};
	CLEANUP(buf_fini) struct buf out = {0};
	static const struct str hosts[] = {{"web*", 4}, {"db", 2}};
	static const struct sigma_placeholder one = {{"hosts", 5}, hosts, 2};
	static const struct sigma_placeholders placeholders = {&one, 1};
	struct read read;

	buf_printf(&text, "title: t\nlogsource: {product: aws}\ndetection:\n%s", detection);
	buf_add_byte(&text, '\0');
	read_rules(&read, text.at, &placeholders);
	tell_steps(&read.rules, &out);
	if (strcmp(out.at, steps ? steps : "") != 0 ||
	    !strstr(read.told.out.at, told ? told : "") || (!told && read.told.out.at[0]))
		fail_msg("%s\ngave: %s\ntold: %s", detection, out.at, read.told.out.at);
	read_fini(&read);
}

static void test_values(void **state)
{
	static const struct {
		const char *selection, *steps;
	} cases[] = {
		{"a: b", "a=b"},
		{"a: 8", "a=8(8)"},
		{"a: '8'", "a=8"},
		{"a: true", "a=true"},
		{"a: null", "a null"},
		{"a:", "a null"},
		{"a: ''", "a="},
		{"a: [x, 'y*', '?']", "a=x a=y<*> a=<?> |3"},
		{"a: 'x\\*y\\?z\\\\w\\v'", "a=x*y?z\\\\w\\\\v"},
		{"a: '\\\\*'", "a=\\\\<*>"},
		{"a: '\\\\\\*'", "a=\\\\*"},
		{"a: '\\\\\\\\'", "a=\\\\\\\\"},
		{"a: '\\\\\\'", "a=\\\\\\\\"},
		{"a|contains: x", "a=<*>x<*>"},
		{"a|startswith: x*", "a=x<*>"},
		{"a|endswith: x", "a=<*>x"},
		{"a|contains: 5", "a=<*>5<*>"},
		{"a|contains: ''", "a=<*>"},
		{"a|contains|all: [x, y]", "a=<*>x<*> a=<*>y<*> &2"},
		{"a|contains|cased: X", "a!=<*>X<*>"},
		{"a|re: x.+", "a!~x.+,0"},
		{"a|re|i: x", "a~x,1"},
		{"a|re|m|s: x", "a!~x,6"},
		{"a|cidr: 10.0.0.0/8", "a in 10.0.0.0/8/104"},
		{"a|cidr: '2001:db8::/32'", "a in 2001:db8::/32/32"},
		{"a|cidr: 192.0.2.1", "a in 192.0.2.1/128"},
		{"a|base64: foobar", "a=Zm9vYmFy"},
		{"a|base64offset|contains: /bin/sh",
		 "a=<*>L2Jpbi9za<*> a=<*>9iaW4vc2<*> a=<*>vYmluL3No<*> |3"},
		{"a|wide|base64offset|contains: ab", "a=<*>YQBiA<*> a=<*>EAYg<*> a=<*>hAGIA<*> |3"},
		{"a|utf16le|base64: ab", "a=YQBiAA=="},
		{"a|utf16be|base64: ab", "a=AGEAYg=="},
		{"a|utf16|base64: ab", "a=//5hAGIA"},
		{"a|lt: 5", "a<5"},
		{"a|lte: 5.5", "a<=5.5"},
		{"a|gt: -1", "a>-1"},
		{"a|gte: '7'", "a>=7"},
		{"a|exists: true", "a exists"},
		{"a|exists: no", "a exists !"},
		{"a|fieldref: b.c", "a==b.c,0"},
		{"a|fieldref|endswith: b", "a==b,2"},
		{"a|neq: [x, y]", "a=x a=y |2 !"},
		{"a|hour: 3", "a:2 is 3"},
		{"a|minute|lt: 5", "a:1<5"},
		{"a|year|gte: [2020, 2030]", "a:6>=2020 a:6>=2030 |2"},
		{"a|week|neq: 53", "a:4 is 53 !"},
		{"a|windash|contains: ' -f /x a-b'", "a=<*> <->f <->x a<->b<*>"},
		{"a|expand: 'x%hosts%y'", "a=xweb<*>y a=xdby |2"},
		{"a|expand: '\\%hosts%'", "a=%hosts%"},
		{"a: '%hosts%'", "a=%hosts%"},
		{"a: x\n    b: y", "a=x b=y &2"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(buf_fini) struct buf text = {0};
		buf_printf(&text, "  s:\n    %s\n  condition: s\n", cases[i].selection);
		buf_add_byte(&text, '\0');
		check_detection(text.at, cases[i].steps, NULL);
	}
}

static void test_selections(void **state)
{
	static const struct {
		const char *detection, *steps;
	} cases[] = {
		{"  k: [x, 5]\n  condition: k\n", "=<*>x<*> =<*>5<*> |2"},
		{"  k: x\n  condition: k\n", "=<*>x<*>"},
		{"  k:\n    '|all': [x, y]\n  condition: k\n", "=<*>x<*> =<*>y<*> &2"},
		{"  k:\n    '|re': x+\n  condition: k\n", "!~x+,0"},
		{"  s:\n    - a: x\n      b: y\n    - c: z\n  condition: s\n", "a=x b=y &2 c=z |2"},
		{"  s:\n    - a: x\n    - word\n  condition: s\n", "a=x =<*>word<*> |2"},
		{"  a: {f: 1}\n  b: {f: 2}\n  condition: not a and b or a\n",
		 "f=1(1) ! f=2(2) &2 f=1(1) |2"},
		{"  a: {f: 1}\n  b: {f: 2}\n  c: {f: 3}\n  condition: a or b and c\n",
		 "f=1(1) f=2(2) f=3(3) &2 |2"},
		{"  a: {f: 1}\n  b: {f: 2}\n  condition: not (a or not b)\n",
		 "f=1(1) f=2(2) ! |2 !"},
		{"  s1: {f: 1}\n  s2: {f: 2}\n  t: {f: 3}\n  condition: 1 of s* and not t\n",
		 "f=1(1) f=2(2) |2 f=3(3) ! &2"},
		{"  s1: {f: 1}\n  s2: {f: 2}\n  condition: all of s*\n", "f=1(1) f=2(2) &2"},
		{"  s1: {f: 1}\n  _h: {f: 2}\n  condition: all of them\n", "f=1(1)"},
		{"  s1: {f: 1}\n  s2: {f: 2}\n  condition: [s1, s2]\n", "f=1(1) f=2(2) |2"},
		{"  s: {f: 1}\n  condition: s AND (NOT s)\n", "f=1(1) f=1(1) ! &2"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		check_detection(cases[i].detection, cases[i].steps, NULL);
}

static void test_refused(void **state)
{
	static const struct {
		const char *detection, *told;
	} cases[] = {
		{"  s: {a|foo: 1}\n  condition: s\n", "r.yml:4:7: there is no modifier foo"},
		{"  s: {a|re: '(?=x)y'}\n  condition: s\n",
		 "r.yml:4:13: this expression cannot be matched without backtracking"},
		{"  s: {a|re: '(a)\\1'}\n  condition: s\n", "without backtracking"},
		{"  s: {a|re: '('}\n  condition: s\n", "without backtracking"},
		{"  s: {a|re|contains: x}\n  condition: s\n", "cannot stand together"},
		{"  s: {a|cidr|contains: x}\n  condition: s\n", "cannot stand together"},
		{"  s: {a|contains|contains: x}\n  condition: s\n", "more than once"},
		{"  s: {a|contains|base64: x}\n  condition: s\n", "cannot come after"},
		{"  s: {a|contains|startswith: x}\n  condition: s\n", "cannot come after"},
		{"  s: {a|i: x}\n  condition: s\n", "for expressions"},
		{"  s: {a|i|re: x}\n  condition: s\n", "for expressions"},
		{"  s: {a|exists|cased: true}\n  condition: s\n", "cannot stand together"},
		{"  s: {a|exists: maybe}\n  condition: s\n", "true or false"},
		{"  s: {a|lt: x}\n  condition: s\n", "no number"},
		{"  s: {a|hour: 24}\n  condition: s\n", "r.yml:4:15: hour is a whole number"},
		{"  s: {a|month|gt: 1.5}\n  condition: s\n", "month is a whole number"},
		{"  s: {a|day: monday}\n  condition: s\n", "no number"},
		{"  s: {a|lt|hour: 3}\n  condition: s\n", "r.yml:4:7: hour takes a number out of"},
		{"  s: {a|hour|contains: 3}\n  condition: s\n", "cannot stand together"},
		{"  s: {a|hour|minute: 3}\n  condition: s\n", "cannot stand together"},
		{"  s: {'|hour': 3}\n  condition: s\n", "none is named"},
		{"  s: {a|cidr: 10.0.0.1/8}\n  condition: s\n", "beyond its prefix"},
		{"  s: {a|cidr: 10.0.0.0/33}\n  condition: s\n", "no network"},
		{"  s: {a|cidr: x}\n  condition: s\n", "no network"},
		{"  s: {a|base64: 'x*'}\n  condition: s\n", "cannot be encoded"},
		{"  s: {a|contains: null}\n  condition: s\n", "nothing stands here"},
		{"  s: {a|expand: '%nobody%'}\n  condition: s\n",
		 "r.yml:4:17: %nobody% has no values"},
		{"  s: {'|cidr': 10.0.0.0/8}\n  condition: s\n", "none is named"},
		{"  s: {a: {b: c}}\n  condition: s\n", "r.yml:4:10: a value is a text"},
		{"  s: {a: []}\n  condition: s\n", "empty"},
		{"  s: []\n  condition: s\n", "empty"},
		{"  s: {}\n  condition: s\n", "nothing is asked for"},
		{"  s: [[a]]\n  condition: s\n", "list inside a list"},
		{"  s: [null]\n  condition: s\n", "nothing stands here"},
		{"  s: {a: 1}\n", "no condition"},
		{"  s: {a: 1}\n  condition: t\n", "r.yml:5:14: no selection is called t"},
		{"  s: {a: 1}\n  condition: s and\n", "not complete"},
		{"  s: {a: 1}\n  condition: ''\n", "not complete"},
		{"  s: {a: 1}\n  condition: s s\n", "r.yml:5:16: nothing joins s"},
		{"  s: {a: 1}\n  condition: and s\n", "nothing is before and"},
		{"  s: {a: 1}\n  condition: (s\n", "not closed"},
		{"  s: {a: 1}\n  condition: s)\n", "nothing is closed"},
		{"  s: {a: 1}\n  condition: ()\n", "nothing is closed"},
		{"  s: {a: 1}\n  condition: 2 of s*\n", "2 of something"},
		{"  s: {a: 1}\n  condition: 1 of t*\n", "no selection is called t*"},
		{"  s: {a: 1}\n  condition: s*\n", "no selection is called s*"},
		{"  s: {a: 1}\n  condition: s | count() > 5\n", "old Sigma"},
		{"  s: {a: 1}\n  condition: {s: 1}\n", "no condition"},
		{"  s: {a: 1}\n  timeframe: 5m\n  condition: s\n", "timeframe"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		check_detection(cases[i].detection, NULL, cases[i].told);
}

static void test_warnings(void **state)
{
	check_detection("  s: {a: 1}\n  t: {a: 2}\n  condition: s\n", "a=1(1)",
			"warning: r.yml:5:3: the condition does not use the selection t");
	check_detection("  s: {a|contains|all: x}\n  condition: s\n", "a=<*>x<*>",
			"warning: r.yml:4:7: `all` has one value");
}

/* Nesting in a rule is not nesting in the program, and has an end. */
static void test_bounds(void **state)
{
	CLEANUP(buf_fini) struct buf text = {0};

	buf_add_text(&text, "  s: {a: 1}\n  condition: ");
	for (int i = 0; i < 100; i++)
		buf_add_text(&text, "not (");
	buf_add_text(&text, "s\n");
	buf_add_byte(&text, '\0');
	check_detection(text.at, NULL, "nested too deep");
	buf_clear(&text);
	buf_add_text(&text, "  s:\n    a: [x");
	for (int i = 0; i < 20; i++)
		buf_add_text(&text, ", x, x, x, x, x, x, x, x, x, x");
	buf_add_text(&text, "]\n  condition: s");
	for (int i = 0; i < 400; i++)
		buf_add_text(&text, " or s");
	buf_add_byte(&text, '\0');
	check_detection(text.at, NULL, "compares too much");
}

static const char whole_rule[] =
	"title: Whole\nid: 11\nname: whole\nauthor: somebody\nlicense: DRL-1.1\nlevel: high\n"
	"tags: [attack.impact, attack.t1496.001, attack.T1078, cve.2020-1]\n"
	"falsepositives: [admins, others]\nlogsource: {product: aws, service: cloudtrail}\n"
	"detection: {s: {a: 1}, condition: s}\n";

static void test_about(void **state)
{
	struct read read;

	read_rules(&read, whole_rule, NULL);
	assert_int_equal(read.rules.count, 1);
	const struct sigma_rule *rule = &read.rules.at[0];
	assert_true(str_equal(rule->title, STR("Whole")));
	assert_true(str_equal(rule->id, STR("11")));
	assert_true(str_equal(rule->author, STR("somebody")));
	assert_true(str_equal(rule->license, STR("DRL-1.1")));
	assert_true(str_equal(rule->path, STR("r.yml")));
	assert_true(str_equal(rule->falsepositives, STR("admins")));
	assert_int_equal(rule->severity, SEVERITY_HIGH);
	assert_int_equal(rule->verdict, VERDICT_SUSPECT);
	assert_int_equal(rule->technique_count, 2);
	assert_true(str_equal(rule->techniques[0], STR("T1496.001")));
	assert_true(str_equal(rule->techniques[1], STR("T1078")));
	assert_int_equal(rule->line, 1);
	read_fini(&read);
}

static void test_documents(void **state)
{
	static const struct {
		const char *text;
		size_t count;
		uint64_t refused;
		const char *told;
	} cases[] = {
		{"", 0, 0, ""},
		{"title: t\nlogsource: {product: a}\ndetection: {s: {a: 1}, condition: s}\n"
		 "tags: [attack.t1496, davy.verdict.signal]\n",
		 1, 0, ""},
		{"title: t\n", 0, 1, "which log"},
		{"logsource: {product: a}\ndetection: {s: {a: 1}, condition: s}\n", 0, 1,
		 "no title"},
		{"title: t\nlogsource: {product: a}\n", 0, 1, "detection is no map"},
		{"[1, 2]\n", 0, 1, "this is no rule"},
		{"action: global\ntitle: t\n", 0, 1, "old Sigma"},
		{"title: t\ntaxonomy: ecs\n", 0, 1, "taxonomy ecs"},
		{"title: t\ntags: [davy.verdict.maybe]\n", 0, 1, "no verdict maybe"},
		{"title: [\n", 0, 1, "no YAML"},
		{"title: t\ndavy: {verdict: maybe}\n", 0, 1, "no verdict maybe"},
		{"title: t\ndavy: {mine: true}\n", 0, 1, "says nothing"},
		{"title: t\nscope: [server]\nlogsource: {product: a}\n"
		 "detection: {s: {a: 1}, condition: s}\n---\ntitle: u\n",
		 1, 1, "warning: r.yml:2:8: scope is not looked at"},
		{"title: t\nlogsource: {product: a}\nlevel: huge\n"
		 "detection: {s: {a: 1}, condition: s}\n",
		 1, 0, "no level huge"},
		{"title: t\nid: x\nlogsource: {product: a}\ndetection: {s: {a: 1}, condition: s}\n"
		 "---\ntitle: u\nid: x\nlogsource: {product: a}\n"
		 "detection: {s: {a: 1}, condition: s}\n",
		 1, 1, "r.yml:6:1: another rule has the id or name x"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct read read;
		read_rules(&read, cases[i].text, NULL);
		if (read.rules.count != cases[i].count || read.rules.refused != cases[i].refused ||
		    !strstr(read.told.out.at, cases[i].told))
			fail_msg("%s\ngave %zu rules, %d refused, told: %s", cases[i].text,
				 read.rules.count, (int)read.rules.refused, read.told.out.at);
		read_fini(&read);
	}
}

#define BASE(name)                                                   \
	"title: " name "\nname: " name "\nlogsource: {product: a}\n" \
	"detection: {s: {a: 1}, condition: s}\n---\n"

static void test_correlations(void **state)
{
	static const struct {
		const char *correlation;
		uint64_t least;
		bool is_early;
		const char *told;
	} cases[] = {
		{"type: event_count\n  rules: [a]\n  group-by: [x]\n  timespan: 5m\n"
		 "  condition: {gte: 10}",
		 10, true, ""},
		{"type: event_count\n  rules: a\n  timespan: 1h\n  condition: {gt: 100, lte: 200}",
		 101, false, ""},
		{"type: event_count\n  rules: a\n  timespan: 1d\n  condition: {lt: 3}", 1, false,
		 ""},
		{"type: event_count\n  rules: a\n  timespan: 90s\n  condition: {eq: 3}", 3, false,
		 ""},
		{"type: event_count\n  rules: a\n  timespan: 90s\n  condition: {neq: 3}", 1, false,
		 ""},
		{"type: value_count\n  rules: [a]\n  timespan: 5m\n  condition: {field: u, gt: 1}",
		 2, true, ""},
		{"type: value_sum\n  rules: [a]\n  timespan: 5m\n  condition: {field: u, gt: -1.5}",
		 0, false, ""},
		{"type: value_avg\n  rules: [a]\n  timespan: 5m\n  condition: {field: u, lte: 1e3}",
		 0, false, ""},
		{"type: temporal\n  rules: [a, b]\n  timespan: 5m\n  condition: {eq: 1}", 1, false,
		 ""},
		{"type: temporal\n  rules: [a, b]\n  timespan: 5m\n  condition: {eq: 2}", 2, true,
		 ""},
		{"type: temporal\n  rules: [a, b]\n  timespan: 5m\n  aliases: {ip: {a: x, b: y}}\n"
		 "  group-by: [ip]",
		 2, true, ""},
		{"type: temporal_ordered\n  rules: [a, b]\n  timespan: 5m", 2, true, ""},
		{"type: temporal\n  rules: [a, b]\n  timespan: 5m\n  condition: a and b", 0, 0,
		 "condition of names"},
		{"type: temporal\n  rules: [a, b]\n  timespan: 5m\n  condition: {gte: 3}", 0, 0,
		 "cannot be held"},
		{"type: value_count\n  rules: [a]\n  timespan: 5m\n  condition: {gte: 3}", 0, 0,
		 "which field"},
		{"type: value_percentile\n  rules: [a]\n  timespan: 5m\n  condition: {gte: 3}", 0,
		 0, "r.yml:14:9: correlations of type value_percentile"},
		{"type: value_avg\n  rules: [a]\n  timespan: 5m\n  condition: {gte: 3}", 0, 0,
		 "value_avg does not say whose numbers"},
		{"type: value_avg\n  rules: [a]\n  timespan: 5m\n"
		 "  condition: {gte: 3, field: [x, y]}",
		 0, 0, "of one field"},
		{"type: event_count\n  rules: [a]\n  timespan: 5m\n  condition: {gte: 3, field: x}",
		 0, 0, "looks at no field"},
		{"type: event_count\n  rules: [a]\n  timespan: 5m\n  condition: {gte: 3.5}", 0, 0,
		 "no number to count to"},
		{"type: event_count\n  rules: [a]\n  timespan: 5m\n  condition: {eq: 3, neq: 3}", 0,
		 0, "no number is in this range"},
		{"type: event_count\n  rules: [a]\n  timespan: 5m\n  condition: {like: 3}", 0, 0,
		 "a condition has no like"},
		{"type: event_count\n  rules: [a]\n  timespan: 5w\n  condition: {gte: 3}", 0, 0,
		 "timespan"},
		{"type: event_count\n  rules: [a]\n  timespan: 5m", 0, 0, "no condition"},
		{"type: event_count\n  rules: [a]\n  timespan: 5m\n  condition: {lt: 0}", 0, 0,
		 "no number is in this range"},
		{"type: event_count\n  rules: [a]\n  timespan: 5m\n  condition: {gt: 5, lt: 5}", 0,
		 0, "no number is in this range"},
		{"type: event_count\n  rules: [zz]\n  timespan: 5m\n  condition: {gte: 3}", 0, 0,
		 "no rule has the id or name zz"},
		{"type: event_count\n  rules: [c]\n  timespan: 5m\n  condition: {gte: 3}", 0, 0,
		 "no rule has the id or name c"},
		{"type: event_count\n  rules: [a]\n  timespan: 5m\n  condition: {gte: 3}\n"
		 "  window: 5",
		 0, 0, "window in a correlation"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(buf_fini) struct buf text = {0};
		struct read read;
		buf_printf(&text, "%s%stitle: c\nname: c\ncorrelation:\n  %s\n", BASE("a"),
			   BASE("b"), cases[i].correlation);
		buf_add_byte(&text, '\0');
		read_rules(&read, text.at, NULL);
		const bool is_good = cases[i].told[0] == '\0';
		if (read.rules.count != 2u + is_good || !strstr(read.told.out.at, cases[i].told))
			fail_msg("%s\ngave %zu rules, told: %s", cases[i].correlation,
				 read.rules.count, read.told.out.at);
		if (is_good) {
			assert_int_equal(read.rules.at[2].correlation->least, cases[i].least);
			assert_int_equal(read.rules.at[2].correlation->is_early, cases[i].is_early);
			assert_int_equal(read.rules.at[2].correlation->rules[0], 0);
			assert_true(read.rules.at[0].is_silent);
		}
		read_fini(&read);
	}
}

/* What a tag says depends on how grave the author finds it; the rule's own word counts most. */
static void test_verdicts(void **state)
{
	static const struct {
		const char *about;
		enum verdict verdict;
	} cases[] = {
		{"level: critical", VERDICT_SIGNAL},
		{"tags: [attack.t1496.001]", VERDICT_SUSPECT}, /* medium, as none is */
		{"level: medium\ntags: [attack.T1496.001]", VERDICT_SUSPECT},
		{"level: low\ntags: [attack.t1496.001]", VERDICT_SIGNAL},
		{"level: informational\ntags: [attack.t1496.001]", VERDICT_SIGNAL},
		{"level: high\ntags: [attack.t1496]", VERDICT_SUSPECT},
		{"level: medium\ntags: [attack.t1485, attack.t1496]", VERDICT_SIGNAL},
		{"level: critical\ntags: [attack.t1496.003]", VERDICT_SIGNAL},
		{"level: critical\ntags: [t1496.001, car.t1496.001]", VERDICT_SIGNAL},
		{"level: low\ntags: [davy.verdict.mining]", VERDICT_MINING},
		{"level: high\ntags: [attack.t1496, davy.verdict.signal]", VERDICT_SIGNAL},
		{"davy: {verdict: access}\ntags: [davy.verdict.mining]", VERDICT_ACCESS},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(buf_fini) struct buf text = {0};
		struct read read;
		buf_printf(&text,
			   "title: t\nlogsource: {product: a}\ndetection: {s: {a: 1}, condition: "
			   "s}\n%s\n",
			   cases[i].about);
		buf_add_byte(&text, '\0');
		read_rules(&read, text.at, NULL);
		if (read.rules.count != 1 || read.rules.at[0].verdict != cases[i].verdict)
			fail_msg("%s: %s", cases[i].about,
				 read.rules.count ? verdict_name(read.rules.at[0].verdict)
						  : read.told.out.at);
		read_fini(&read);
	}
}

#define FILTER(rest) "title: f\nlogsource: {product: a}\nfilter:\n" rest
#define OUT	     "  s: {b: 2}\n  condition: not s\n"

static void test_filters(void **state)
{
	static const struct {
		const char *filter, *steps; /* of the first rule, `a` */
		uint64_t refused;
		const char *told;
	} cases[] = {
		{FILTER("  rules: [a]\n" OUT), "a=1(1) b=2(2) ! &2", 0, ""},
		{FILTER("  rules: a\n" OUT), "a=1(1) b=2(2) ! &2", 0, ""},
		{FILTER("  rules: any\n" OUT), "a=1(1) b=2(2) ! &2", 0, ""},
		{FILTER("  rules: All\n" OUT "---\n" FILTER("  rules: [a, b, a]\n" OUT)),
		 "a=1(1) b=2(2) ! b=2(2) ! &3", 0, ""},
		{FILTER("  rules: b\n" OUT), "a=1(1)", 0, ""},
		{FILTER("  rules: a\n  s: {b: 2}\n  t: [x]\n  condition: not (s or t)\n"),
		 "a=1(1) b=2(2) =<*>x<*> |2 ! &2", 0, ""},
		{FILTER("  rules: a\n  s1: {b: 2}\n  s2: {c: 3}\n  condition: not 1 of s*\n"),
		 "a=1(1) b=2(2) c=3(3) |2 ! &2", 0, ""},
		/* all that is selected stays: by the reference; it goes: by the specification */
		{FILTER("  rules: a\n  s: {b: 2}\n  condition: s\n"), "a=1(1)", 1,
		 "f.yml:6:14: a filter leaves out what it selects"},
		{FILTER("  rules: a\n  s: {b: 2}\n  condition: not not s\n"), "a=1(1)", 1,
		 "would leave out all else"},
		{FILTER("  rules: a\n  s: {b|neq: 2}\n  condition: s\n"), "a=1(1)", 1,
		 "would leave out all else"},
		{FILTER("  rules: [a, zz]\n" OUT), "a=1(1) b=2(2) ! &2", 0,
		 "warning: f.yml:1:1: no rule has the id or name zz"},
		{FILTER("  rules: zz\n" OUT), "a=1(1)", 1, "there is no rule that this filter"},
		{FILTER("  rules: [a, c]\n" OUT), "a=1(1) b=2(2) ! &2", 0,
		 "warning: f.yml:1:1: records are left out of rules about records"},
		{"title: f\nlogsource: {product: z}\nfilter:\n  rules: a\n" OUT, "a=1(1)", 1,
		 "warning: f.yml:1:1: the filter is for another log than the rule a"},
		{"title: f\nlogsource: {product: z}\nfilter:\n  rules: any\n" OUT, "a=1(1)", 0, ""},
		{"title: f\nfilter:\n  rules: any\n" OUT, "a=1(1)", 1, "which log"},
		{"logsource: {product: a}\nfilter:\n  rules: any\n" OUT, "a=1(1)", 1, "no title"},
		{FILTER(OUT), "a=1(1)", 1, "does not say which rules"},
		{FILTER("  rules: []\n" OUT), "a=1(1)", 1, "does not say which rules"},
		{FILTER("  rules: [[a]]\n" OUT), "a=1(1)", 1, "this is no rule"},
		{FILTER("  rules: a\n  s: {b: 2}\n"), "a=1(1)", 1, "a filter has one condition"},
		{FILTER("  rules: a\n  s: {b|near: 2}\n  condition: not s\n"), "a=1(1)", 1,
		 "f.yml:5:7: there is no modifier near"},
		{"title: f\nlogsource: {product: a}\nfilter: x\n", "a=1(1)", 1, "filter is no map"},
		{"title: f\nlogsource: {product: a}\nfilter: {rules: a}\ndetection: {}\n", "a=1(1)",
		 1, "no part of a rule"},
	};
	static const char rules[] = BASE("a") BASE(
		"b") "title: c\nname: c\ncorrelation: {type: temporal, rules: [a, b], timespan: 1m,"
		     " group-by: [x]}\n";

	/* which of the two files comes first makes no difference */
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(buf_fini) struct buf steps = {0};
		struct read read = {.told = {.teller = {take_problem}}};
		const char *filter = cases[i / 2].filter;
		const struct str texts[] = {str_from(rules), str_from(filter)};
		const struct str names[] = {STR("r.yml"), STR("f.yml")};
		assert_int_equal(sigma_rules_init(&read.rules, 4 << 20), 0);
		for (size_t k = 0; k < 2; k++)
			assert_int_equal(sigma_rules_read(&read.rules, names[(i + k) % 2],
							  texts[(i + k) % 2], NULL,
							  &read.told.teller),
					 0);
		sigma_rules_join(&read.rules, &read.told.teller);
		buf_add_byte(&read.told.out, '\0');
		tell_steps(&read.rules, &steps);
		if (strcmp(steps.at, cases[i / 2].steps) != 0 || read.rules.count != 3 ||
		    read.rules.refused != cases[i / 2].refused ||
		    !strstr(read.told.out.at, cases[i / 2].told) ||
		    (!cases[i / 2].told[0] && read.told.out.at[0]))
			fail_msg("%s\ngave: %s, %d refused\ntold: %s", filter, steps.at,
				 (int)read.rules.refused, read.told.out.at);
		read_fini(&read);
	}
}

static void test_mapping(void **state)
{
	static const char text[] =
		"title: T\nlogsource: [{product: aws, service: cloudtrail}, {category: x}]\n"
		"kinds: [cloudtrail, s3access]\n"
		"fields: {eventName: eventName, m: [a.b, c], n: d}\n"
		"prefixes: {'aws.cloudtrail.': '', 'gcp.': 'protoPayload.'}\n"
		"case_insensitive_keys: true\n";
	static const struct {
		const char *field, *first;
		size_t count;
	} cases[] = {
		{"eventName", "eventName", 1},	  {"m", "a.b", 2},
		{"aws.cloudtrail.x.y", "x.y", 1}, {"gcp.x", "protoPayload.x", 1},
		{"raw.path", "raw.path", 1},
	};
	static const struct {
		struct sigma_logsource source;
		bool is_served;
	} sources[] = {
		{{{0}, {"aws", 3}, {"cloudtrail", 10}}, true},
		{{{0}, {"aws", 3}, {0}}, true},
		{{{"any", 3}, {"aws", 3}, {"cloudtrail", 10}}, true},
		{{{0}, {"aws", 3}, {"other", 5}}, false},
		{{{0}, {"azure", 5}, {0}}, false},
		{{{"x", 1}, {"y", 1}, {0}}, true},
	};
	struct told told = {.teller = {take_problem}};
	struct sigma_mapping mapping;
	struct arena arena;
	bool serves;

	assert_int_equal(arena_init(&arena, 65536), 0);
	assert_int_equal(
		sigma_mapping_read(STR("m.yaml"), str_from(text), &arena, &mapping, &told.teller),
		0);
	assert_int_equal(mapping.kinds, 1 << RECORD_CLOUDTRAIL | 1 << RECORD_S3_ACCESS);
	assert_true(mapping.ignores_key_case);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct str single;
		const struct str *paths;
		size_t count = sigma_mapping_paths(&mapping, str_from(cases[i].field), &arena,
						   &single, &paths);
		assert_int_equal(count, cases[i].count);
		assert_true(str_equal(paths[0], str_from(cases[i].first)));
	}
	for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++)
		assert_int_equal(sigma_mappings_for(&mapping, 1, &sources[i].source, &serves),
				 sources[i].is_served);
	struct sigma_mapping both[2] = {mapping, mapping};
	bool two[2];
	both[1].logsource_count = 1;
	both[1].logsources[0] = (struct sigma_logsource){{0}, {"aws", 3}, {0}};
	assert_int_equal(sigma_mappings_for(both, 2, &sources[0].source, two), 1);
	assert_true(two[0]); /* it says more of what the rule says */
	assert_int_equal(sigma_mappings_for(both, 2, &sources[1].source, two), 1);
	assert_true(two[1]);
	assert_int_equal(sigma_mapping_read(STR("m.yaml"), STR("title: x\nkind: y\n"), &arena,
					    &mapping, &told.teller),
			 -EINVAL);
	assert_int_equal(sigma_mapping_read(STR("m.yaml"), STR("kinds: nothing\n"), &arena,
					    &mapping, &told.teller),
			 -EINVAL);
	buf_add_byte(&told.out, '\0');
	assert_non_null(strstr(told.out.at, "m.yaml:2:1: a mapping has no kind"));
	assert_non_null(strstr(told.out.at, "no kind of record nothing"));
	buf_fini(&told.out);
	arena_fini(&arena);
}

static void test_placeholders(void **state)
{
	struct told told = {.teller = {take_problem}};
	struct sigma_placeholders placeholders;
	struct arena arena;

	assert_int_equal(arena_init(&arena, 65536), 0);
	assert_int_equal(sigma_placeholders_read(STR("p.yaml"), STR("hosts: [a, b]\none: c\n"),
						 &arena, &placeholders, &told.teller),
			 0);
	assert_int_equal(placeholders.count, 2);
	assert_int_equal(placeholders.at[0].count, 2);
	assert_true(str_equal(placeholders.at[1].values[0], STR("c")));
	assert_int_equal(sigma_placeholders_read(STR("p.yaml"), STR("[a]\n"), &arena, &placeholders,
						 &told.teller),
			 -EINVAL);
	buf_fini(&told.out);
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),	  cmocka_unit_test(test_selections),
		cmocka_unit_test(test_refused),	  cmocka_unit_test(test_warnings),
		cmocka_unit_test(test_bounds),	  cmocka_unit_test(test_about),
		cmocka_unit_test(test_documents), cmocka_unit_test(test_correlations),
		cmocka_unit_test(test_mapping),	  cmocka_unit_test(test_placeholders),
		cmocka_unit_test(test_verdicts),  cmocka_unit_test(test_filters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
