#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <errno.h>
#include <cmocka.h>

#include "model/filled.h"
#include "model/finding_json.h"
#include "model/line.h"

static const char written[] =
	"{\"kind\":\"finding\",\"schema\":1,\"id\":\"00c0ffee00c0ffee\",\"revision\":3,"
	"\"detector\":\"stratum\",\"rule\":{\"id\":\"r-1\",\"title\":\"A rule\",\"author\":\"An "
	"author\","
	"\"license\":\"DRL-1.1\",\"path\":\"rules/"
	"r.yml\"},\"verdict\":\"mining\",\"severity\":\"high\","
	"\"confidence\":0.99,\"techniques\":[\"T1496.001\"],"
	"\"title\":\"Monero mining: 10.0.0.7 to pool 198.51.100.20:3333\","
	"\"first_seen\":\"2026-11-22T10:00:00Z\",\"last_seen\":\"2026-11-22T10:41:07.250Z\","
	"\"subject\":{\"type\":\"flow\",\"client\":\"10.0.0.7:40001\",\"server\":\"198.51.100.20:"
	"3333\","
	"\"protocol\":\"tcp\"},\"actor\":{\"identity\":\"alice\"},\"resources\":[\"bucket/one\"],"
	"\"reasons\":[\"login with a Monero address whose checksum is right\",\"31 shares, 30 "
	"accepted\"],\"evidence\":[{\"source\":\"capture.pcap\",\"offset\":81234,"
	"\"time\":\"2026-11-22T10:00:00Z\",\"quote\":\"{\\\"method\\\":\\\"login\\\"\\u001b["
	"2J\\n\"}],"
	"\"facts\":{\"coin\":\"monero\",\"shares\":18446744073709551615,\"hashrate_per_s\":1480.0,"
	"\"two_sided\":true,\"transport\":[\"tcp\",\"tls\"]},\"actions\":[{\"text\":\"Cut this "
	"pool "
	"off\",\"command\":\"davy respond 00c0 block\",\"undo\":\"davy respond 00c0 undo\"}]}";

static void a_filled_finding_is_written_as_agreed(void **state)
{
	struct finding f = filled_finding();
	struct buf out = {0};

	finding_to_json(&f, &out);
	buf_add_byte(&out, '\0');
	assert_false(out.failed);
	assert_string_equal(out.at, written);
	buf_fini(&out);
}

static void an_empty_finding_has_every_key(void **state)
{
	struct finding f = {.id = STR("1")};
	struct buf out = {0};

	finding_to_json(&f, &out);
	buf_add_byte(&out, '\0');
	assert_string_equal(
		out.at,
		"{\"kind\":\"finding\",\"schema\":1,\"id\":\"1\",\"revision\":0,\"detector\":\"\","
		"\"rule\":null,\"verdict\":\"signal\",\"severity\":\"info\",\"confidence\":0,"
		"\"techniques\":[],\"title\":\"\",\"first_seen\":\"1970-01-01T00:00:00Z\","
		"\"last_seen\":\"1970-01-01T00:00:00Z\",\"subject\":{\"type\":\"\"},\"actor\":null,"
		"\"resources\":[],\"reasons\":[],\"evidence\":[],\"facts\":{},\"actions\":[]}");
	buf_fini(&out);
}

static void assert_facts_equal(const struct facts *a, const struct facts *b)
{
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++) {
		const struct fact *x = &a->at[i], *y = &b->at[i];
		assert_true(str_equal(x->name, y->name));
		assert_int_equal(x->kind, y->kind);
		assert_true(str_equal(x->text, y->text));
		assert_true(x->number == y->number && x->truth == y->truth);
		assert_true(x->real == y->real);
		assert_int_equal(x->text_count, y->text_count);
		for (size_t t = 0; t < x->text_count; t++)
			assert_true(str_equal(x->texts[t], y->texts[t]));
	}
}

static void assert_findings_equal(const struct finding *a, const struct finding *b)
{
	assert_true(str_equal(a->id, b->id) && str_equal(a->detector, b->detector));
	assert_true(str_equal(a->rule.id, b->rule.id) && str_equal(a->rule.path, b->rule.path));
	assert_true(str_equal(a->title, b->title) && a->revision == b->revision);
	assert_true(a->verdict == b->verdict && a->severity == b->severity);
	assert_true(a->confidence == b->confidence);
	assert_true(a->first_seen.ns == b->first_seen.ns && a->last_seen.ns == b->last_seen.ns);
	assert_true(str_equal(a->subject.type, b->subject.type));
	assert_facts_equal(&a->subject.keys, &b->subject.keys);
	assert_facts_equal(&a->actor, &b->actor);
	assert_facts_equal(&a->facts, &b->facts);
	assert_int_equal(a->reason_count, b->reason_count);
	for (size_t i = 0; i < a->reason_count; i++)
		assert_true(str_equal(a->reasons[i], b->reasons[i]));
	assert_int_equal(a->technique_count, b->technique_count);
	assert_int_equal(a->resource_count, b->resource_count);
	assert_int_equal(a->evidence_count, b->evidence_count);
	for (size_t i = 0; i < a->evidence_count; i++) {
		assert_true(str_equal(a->evidence[i].source, b->evidence[i].source));
		assert_true(str_equal(a->evidence[i].quote, b->evidence[i].quote));
		assert_true(a->evidence[i].offset == b->evidence[i].offset);
		assert_true(a->evidence[i].has_offset == b->evidence[i].has_offset);
		assert_true(a->evidence[i].time.ns == b->evidence[i].time.ns);
	}
	assert_int_equal(a->action_count, b->action_count);
	for (size_t i = 0; i < a->action_count; i++) {
		assert_true(str_equal(a->actions[i].text, b->actions[i].text));
		assert_true(str_equal(a->actions[i].command, b->actions[i].command));
		assert_true(str_equal(a->actions[i].undo, b->actions[i].undo));
	}
}

static void assert_round_trip(const struct finding *f)
{
	struct buf out = {0};
	struct arena arena;
	struct finding back;
	struct error why = {0};

	finding_to_json(f, &out);
	assert_int_equal(arena_init(&arena, 256 * 1024), 0);
	int result = finding_from_json(buf_view(&out), &arena, &back, &why);
	if (result != 0)
		printf("# %s\n", why.text);
	assert_int_equal(result, 0);
	assert_findings_equal(f, &back);
	arena_fini(&arena);
	buf_fini(&out);
}

/* Findings built from a seeded generator: valid UTF-8 with everything JSON has to escape. */
struct maker {
	uint64_t seed;
	struct str texts[256]; /* lists of facts point in here */
	size_t used;
};

static uint64_t next_random(struct maker *m)
{
	m->seed = m->seed * 6364136223846793005u + 1442695040888963407u;
	return m->seed >> 33;
}

static struct str any_text(struct maker *m)
{
	static const struct str texts[] = {
		{"a", 1},
		{"\"", 1},
		{"\\", 1},
		{"\\u0041", 6},
		{"a\0b", 3},
		{"\n\r\t\x1b", 4},
		{"\xc2\x85", 2},
		{"\xe2\x80\xae", 3},
		{"\xf0\x9f\x92\xb0", 4},
		{"type", 4},
		{"null", 4},
		{"]}", 2},
		{"//", 2},
		{"\xef\xbf\xbd", 3},
		{"\x7f", 1},
		{"10.0.0.1:3333", 13},
		{"'", 1},
		{"\xef\xbb\xbf", 3},
	};
	return texts[next_random(m) % (sizeof(texts) / sizeof(*texts))];
}

static void make_facts(struct maker *m, struct facts *facts, size_t most)
{
	static const char *const names[] = {"a", "b\"", "c\\", "d\n", "\xc3\xa9"};
	static const double reals[] = {0.5, 1480, -3, 1e300, 1.5e-7, 1e15, 0};
	size_t count = next_random(m) % (most + 1);

	for (size_t i = 0; i < count; i++) {
		const char *name = names[i % 5];
		switch (next_random(m) % 5) {
		case 0:
			facts_add_text(facts, name, any_text(m));
			break;
		case 1:
			facts_add_number(facts, name, next_random(m) << (next_random(m) % 33));
			break;
		case 2:
			facts_add_real(facts, name, reals[next_random(m) % 7]);
			break;
		case 3:
			facts_add_truth(facts, name, next_random(m) % 2 == 0);
			break;
		default:
			m->texts[m->used] = any_text(m);
			m->texts[m->used + 1] = any_text(m);
			facts_add_texts(facts, name, &m->texts[m->used], 1 + next_random(m) % 2);
			m->used += 2;
		}
	}
}

static struct finding make_finding(struct maker *m)
{
	struct finding f = {.id = any_text(m),
			    .revision = (uint32_t)next_random(m),
			    .detector = any_text(m),
			    .title = any_text(m),
			    .verdict = (enum verdict)(next_random(m) % VERDICT_COUNT),
			    .severity = (enum severity)(next_random(m) % SEVERITY_COUNT),
			    .confidence = (double)(next_random(m) % 1001) / 1000,
			    .first_seen.ns = (int64_t)(next_random(m) % 4000000000) * 1000000,
			    .last_seen.ns = -(int64_t)(next_random(m) % 4000000000) * 1000000,
			    .subject.type = any_text(m)};

	m->used = 0;
	if (next_random(m) % 2)
		f.rule = (struct rule){any_text(m), any_text(m), (struct str){0}, any_text(m),
				       any_text(m)};
	make_facts(m, &f.subject.keys, 5);
	make_facts(m, &f.actor, 5);
	make_facts(m, &f.facts, 5);
	for (size_t i = next_random(m) % 17; i > 0; i--)
		finding_add_reason(&f, any_text(m));
	for (size_t i = next_random(m) % 9; i > 0; i--)
		finding_add_evidence(&f, (struct evidence){any_text(m), 0, false,
							   (instant){(int64_t)i * 1000000},
							   any_text(m)});
	for (size_t i = next_random(m) % 9; i > 0; i--)
		finding_add_action(&f, (struct action){any_text(m), any_text(m), (struct str){0}});
	return f;
}

static void findings_survive_the_way_there_and_back(void **state)
{
	struct finding filled = filled_finding();
	struct maker maker = {.seed = 42};

	assert_round_trip(&filled);
	for (int i = 0; i < 2000; i++) {
		struct finding f = make_finding(&maker);
		assert_round_trip(&f);
	}
}

static void odd_values_are_written_so_that_they_can_be_read(void **state)
{
	struct finding f = {.id = STR("1"),
			    .confidence = 0.0 / 0.0,
			    .first_seen.ns = INT64_MIN,
			    .last_seen.ns = INT64_MAX};
	struct buf out = {0};
	struct arena arena;
	struct finding back;

	facts_add_real(&f.facts, "nan", 0.0 / 0.0);
	facts_add_real(&f.facts, "most", 1.7976931348623157e308);
	facts_add_text(&f.facts, "bytes", str_of("\xff\xfe", 2));
	facts_add_number(&f.facts, "twice", 1);
	facts_add_number(&f.facts, "twice", 2);
	facts_add_text(&f.subject.keys, "type", STR("not the type"));
	finding_to_json(&f, &out);
	assert_int_equal(arena_init(&arena, LINE_ARENA_BYTES), 0);
	assert_int_equal(finding_from_json(buf_view(&out), &arena, &back, NULL), 0);
	assert_true(back.confidence == 0);
	assert_null(facts_find(&back.facts, STR("nan")));
	assert_non_null(facts_find(&back.facts, STR("most")));
	assert_true(
		str_equal(facts_text(&back.facts, STR("bytes")), STR("\xef\xbf\xbd\xef\xbf\xbd")));
	assert_int_equal(facts_number(&back.facts, STR("twice")), 1);
	assert_int_equal(back.subject.keys.count, 0);
	assert_int_equal(back.subject.type.len, 0);
	arena_fini(&arena);
	buf_fini(&out);
}

#define HEAD                                                                                   \
	"{\"kind\":\"finding\",\"schema\":1,\"id\":\"1\",\"verdict\":\"mining\",\"severity\":" \
	"\"high\""

/* Written, both names would be U+FFFD "a", and the second reading would lose one. */
static void a_name_of_no_characters_is_passed_over(void **state)
{
	struct arena arena;
	struct finding back;

	assert_int_equal(arena_init(&arena, LINE_ARENA_BYTES), 0);
	assert_int_equal(finding_from_json(STR(HEAD ",\"facts\":{\"\xff"
						    "a\":1,\"\xef\xbf\xbd"
						    "a\":2}}"),
					   &arena, &back, NULL),
			 0);
	assert_int_equal(back.facts.count, 1);
	assert_int_equal(facts_number(&back.facts, STR("\xef\xbf\xbd"
						       "a")),
			 2);
	arena_fini(&arena);
}

static void lines_that_are_not_findings_are_refused(void **state)
{
	static const struct {
		const char *name, *line, *why;
	} rows[] = {
		{"the least that is a finding", HEAD "}", NULL},
		{"unknown keys are passed over", HEAD ",\"new\":{\"a\":[1,{}]}}", NULL},
		{"null is absent", HEAD ",\"title\":null,\"facts\":{\"a\":null}}", NULL},
		{"a line end after it", HEAD "}\n", NULL},
		{"nothing", "", "well-formed"},
		{"cut off", HEAD, "well-formed"},
		{"two on a line", HEAD "}" HEAD "}", "well-formed"},
		{"superfluous commas change nothing", HEAD ",,}", NULL},
		{"another kind", "{\"kind\":\"incident\",\"schema\":1}", "kind"},
		{"no kind", "{}", "kind"},
		{"newer schema", "{\"kind\":\"finding\",\"schema\":2}", "schema is 2"},
		{"no id",
		 "{\"kind\":\"finding\",\"schema\":1,\"verdict\":\"mining\",\"severity\":\"low\"}",
		 "\"id\""},
		{"an id that is a number", "{\"kind\":\"finding\",\"schema\":1,\"id\":1}",
		 "\"id\""},
		{"unknown verdict",
		 "{\"kind\":\"finding\",\"schema\":1,\"id\":\"1\",\"verdict\":\"maybe\"}",
		 "verdict"},
		{"confidence over 1", HEAD ",\"confidence\":1.1}", "confidence"},
		{"confidence as text", HEAD ",\"confidence\":\"1\"}", "confidence"},
		{"negative revision", HEAD ",\"revision\":-1}", "revision"},
		{"revision over 32 bits", HEAD ",\"revision\":4294967296}", "revision"},
		{"reasons as text", HEAD ",\"reasons\":\"x\"}", "reasons"},
		{"a number among reasons", HEAD ",\"reasons\":[1]}", "reasons"},
		{"a time that is none", HEAD ",\"first_seen\":\"yesterday\"}", "first_seen"},
		{"subject as list", HEAD ",\"subject\":[]}", "subject"},
		{"a number in a list of a fact", HEAD ",\"facts\":{\"a\":[1]}}", "facts"},
		{"evidence of numbers", HEAD ",\"evidence\":[1]}", "evidence"},
		{"an action without text", HEAD ",\"actions\":[{}]}", "action"},
		{"a rule without id", HEAD ",\"rule\":{}}", "rule"},
	};
	struct arena arena;
	struct finding f;

	assert_int_equal(arena_init(&arena, LINE_ARENA_BYTES), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct error why = {0};
		arena_reset(&arena);
		int result = finding_from_json(str_from(rows[i].line), &arena, &f, &why);
		if ((result == 0) != (rows[i].why == NULL) ||
		    (rows[i].why && !strstr(why.text, rows[i].why)))
			fail_msg("%s: %d, %s", rows[i].name, result, why.text);
	}
	arena_fini(&arena);
}

static void a_small_arena_fails_softly(void **state)
{
	struct finding f = filled_finding(), back;
	struct buf out = {0};
	struct arena arena;
	int failures = 0, result = -ENOMEM;

	finding_to_json(&f, &out);
	for (size_t cap = 1; result != 0; cap += 16) {
		assert_int_equal(arena_init(&arena, cap), 0);
		result = finding_from_json(buf_view(&out), &arena, &back, NULL);
		arena_fini(&arena);
		assert_true(result == 0 || result == -ENOMEM);
		failures += result != 0;
	}
	assert_true(failures > 10);
	buf_fini(&out);
}

static void long_and_crowded_lines_are_bounded(void **state)
{
	struct buf out = {0};
	struct arena arena;
	struct finding f;

	buf_add(&out, STR(HEAD ",\"reasons\":["));
	for (int i = 0; i < 80000; i++)
		buf_add(&out, STR("\"\","));
	buf_add(&out, STR("\"\"]}"));
	assert_int_equal(arena_init(&arena, LINE_ARENA_BYTES), 0);
	assert_int_equal(finding_from_json(buf_view(&out), &arena, &f, NULL), 0);
	for (int i = 0; i < 10000; i++)
		buf_add(&out, STR("          "));
	arena_reset(&arena);
	assert_int_equal(finding_from_json(buf_view(&out), &arena, &f, NULL), -EBADMSG);
	arena_fini(&arena);
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_filled_finding_is_written_as_agreed),
		cmocka_unit_test(an_empty_finding_has_every_key),
		cmocka_unit_test(findings_survive_the_way_there_and_back),
		cmocka_unit_test(odd_values_are_written_so_that_they_can_be_read),
		cmocka_unit_test(a_name_of_no_characters_is_passed_over),
		cmocka_unit_test(lines_that_are_not_findings_are_refused),
		cmocka_unit_test(a_small_arena_fails_softly),
		cmocka_unit_test(long_and_crowded_lines_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
