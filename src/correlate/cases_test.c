#include "correlate/cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/buf.h"
#include "model/incident_json.h"

/* One finding of a scene: who it is about by "name value" pairs, and what it says. */
struct said {
	const char *detector;
	enum verdict verdict;
	int second;
	const char *title;
	const char *ties[8]; /* name, text, name, text ... */
};

static struct finding finding_of(const struct said *said)
{
	struct finding finding = {
		.detector = str_from(said->detector),
		.verdict = said->verdict,
		.severity = SEVERITY_HIGH,
		.confidence = 0.8,
		.revision = 1,
		.title = str_from(said->title),
		.first_seen = {INT64_C(1800000000000000000) + said->second * INT64_C(1000000000)},
		.subject.type = STR("identity")};

	finding.last_seen = finding.first_seen;
	facts_add_text(&finding.subject.keys, "title", finding.title); /* each is another's */
	for (size_t i = 0; i < 8 && said->ties[i]; i += 2)
		facts_add_text(&finding.facts, said->ties[i], str_from(said->ties[i + 1]));
	finding_add_reason(&finding, STR("it was seen"));
	finding_add_technique(&finding, STR("T1610"));
	return finding;
}

struct told {
	size_t count;
	struct buf lines; /* of each incident its JSON */
	uint64_t totals[8];
	struct buf stories[8];
};

static void keep(void *context, const struct incident *incident)
{
	struct told *told = context;

	assert_true(told->count < 8);
	told->totals[told->count] = incident->finding_total;
	for (size_t i = 0; i < incident->story_count; i++) {
		buf_add(&told->stories[told->count], incident->story[i].text);
		buf_add_byte(&told->stories[told->count], '|');
	}
	incident_to_json(incident, &told->lines);
	told->count++;
}

static struct told tell(const struct said *said, size_t count, const size_t *order)
{
	const struct cases_settings settings = {.capacity = 64, .seed = 7};
	struct told told = {0};
	struct cases *cases;

	assert_int_equal(cases_new(&settings, &cases), 0);
	for (size_t i = 0; i < count; i++) {
		struct finding finding = finding_of(&said[order ? order[i] : i]);
		cases_take(cases, &finding);
	}
	cases_each(cases, keep, &told);
	cases_free(cases);
	return told;
}

static void forget(struct told *told)
{
	buf_fini(&told->lines);
	for (size_t i = 0; i < 8; i++)
		buf_fini(&told->stories[i]);
}

static const struct said founding[] = {
	{"cluster", VERDICT_EXPOSURE, 1, "open console", {"source", "198.51.100.7"}},
	{"cluster",
	 VERDICT_ACCESS,
	 2,
	 "secrets read",
	 {"source", "198.51.100.7", "key_id", "AKIAX"}},
	{"stolen_credential",
	 VERDICT_ACCESS,
	 3,
	 "key abroad",
	 {"key_id", "AKIAX", "identity", "arn:aws:iam::1:user/ci"}},
	{"hybrid", VERDICT_ACCESS, 4, "bucket read", {"identity", "arn:aws:iam::1:user/ci"}},
	{"cluster",
	 VERDICT_SUSPECT,
	 5,
	 "strange workload",
	 {"source", "198.51.100.7", "addresses", "10.0.0.9"}},
	{"flow_mining", VERDICT_SUSPECT, 6, "thin session", {"client", "10.0.0.9:40001"}},
};

static void one_hand_is_one_story_in_order(void **state)
{
	struct told told = tell(founding, 6, NULL);

	assert_int_equal(told.count, 1);
	assert_int_equal(told.totals[0], 6);
	struct str story = buf_view(&told.stories[0]);
	assert_true(
		str_equal(story, STR("open console: it was seen|secrets read: it was seen|"
				     "key abroad: it was seen|bucket read: it was seen|"
				     "strange workload: it was seen|thin session: it was seen|")));
	assert_true(str_find(buf_view(&told.lines), STR("\"technique\":\"T1610\"")) > 0);
	forget(&told);
}

static void the_order_of_arrival_does_not_matter(void **state)
{
	static const size_t orders[][6] = {
		{5, 4, 3, 2, 1, 0}, {2, 0, 5, 1, 4, 3}, {3, 5, 0, 4, 2, 1}};
	struct told first = tell(founding, 6, NULL);

	for (size_t i = 0; i < 3; i++) {
		struct told other = tell(founding, 6, orders[i]);
		assert_true(str_equal(buf_view(&first.lines), buf_view(&other.lines)));
		forget(&other);
	}
	forget(&first);
}

static void strangers_stay_apart(void **state)
{
	static const struct said said[] = {
		{"hybrid", VERDICT_ACCESS, 1, "one", {"identity", "a", "source", "198.51.100.7"}},
		{"hybrid", VERDICT_ACCESS, 2, "two", {"identity", "b", "source", "198.51.100.8"}},
		/* names of nobody, and a key that is another's identity */
		{"cluster", VERDICT_SUSPECT, 3, "three", {"identity", "system:anonymous"}},
		{"cluster",
		 VERDICT_SUSPECT,
		 4,
		 "four",
		 {"identity", "system:anonymous", "key_id", "a"}},
		/* the same server: a CDN */
		{"flow_mining",
		 VERDICT_SUSPECT,
		 5,
		 "five",
		 {"client", "10.0.0.1:4", "server", "192.0.2.1:443"}},
		{"flow_mining",
		 VERDICT_SUSPECT,
		 6,
		 "six",
		 {"client", "10.0.0.2:4", "server", "192.0.2.1:443"}},
	};
	struct told told = tell(said, 6, NULL);

	assert_int_equal(told.count, 6);
	forget(&told);
}

static void signals_join_and_do_not_bind(void **state)
{
	static const struct said said[] = {
		{"hybrid", VERDICT_ACCESS, 1, "one", {"identity", "a"}},
		{"hybrid", VERDICT_ACCESS, 2, "two", {"identity", "b"}},
		{"sigma", VERDICT_SIGNAL, 3, "both", {"identities", "a", "identity", "b"}},
		{"sigma", VERDICT_SIGNAL, 4, "nobody's", {"identity", "c"}},
		{"cluster", VERDICT_EXPOSURE, 5, "a door", {"identity", "c"}},
	};
	struct told told = tell(said, 5, NULL);

	assert_int_equal(told.count, 2);
	assert_int_equal(told.totals[0], 2); /* the signal, with the older */
	assert_int_equal(told.totals[1], 1);
	forget(&told);
}

static void a_month_lies_between(void **state)
{
	static const struct said said[] = {
		{"hybrid", VERDICT_ACCESS, 0, "one", {"identity", "a"}},
		{"hybrid", VERDICT_ACCESS, 30 * 86400, "two", {"identity", "a"}},
	};
	struct told told = tell(said, 2, NULL);

	assert_int_equal(told.count, 2);
	forget(&told);
}

static void a_flood_of_signals_pushes_nobody_out(void **state)
{
	const struct cases_settings settings = {.capacity = 64, .seed = 7};
	struct told told = {0};
	struct cases *cases;

	assert_int_equal(cases_new(&settings, &cases), 0);
	for (size_t i = 0; i < 6; i++) {
		struct finding finding = finding_of(&founding[i]);
		cases_take(cases, &finding);
	}
	for (int i = 0; i < 5000; i++) {
		char name[16];
		snprintf(name, sizeof(name), "junk%d", i);
		struct said junk = {"sigma", VERDICT_SIGNAL, i, name, {"identity", name}};
		struct finding finding = finding_of(&junk);
		cases_take(cases, &finding);
	}
	cases_each(cases, keep, &told);
	assert_int_equal(told.count, 1);
	assert_int_equal(told.totals[0], 5); /* all that accuse */
	cases_free(cases);
	forget(&told);
}

static void what_was_read_is_not_called_safe(void **state)
{
	const struct cases_settings settings = {.seed = 7};
	const struct str read[] = {STR("bucket a")}, safe[] = {STR("bucket a"), STR("bucket b")},
			 open[] = {STR("bucket c: no data events")};
	struct said one = {"hybrid", VERDICT_ACCESS, 1, "one", {"identity", "a"}};
	struct said two = {"hybrid", VERDICT_ACCESS, 2, "two", {"identity", "a"}};
	struct finding first = finding_of(&one), second = finding_of(&two);
	struct told told = {0};
	struct cases *cases;

	facts_add_texts(&first.facts, "not_touched", safe, 2);
	facts_add_texts(&first.facts, "cannot_tell", open, 1);
	facts_add_texts(&second.facts, "touched", read, 1);
	facts_add_real(&first.facts, "cost_per_hour", 3.5);
	facts_add_real(&second.facts, "cost_per_hour", 24.5);
	assert_int_equal(cases_new(&settings, &cases), 0);
	cases_take(cases, &first);
	cases_take(cases, &second);
	cases_each(cases, keep, &told);
	assert_int_equal(told.count, 1);
	assert_true(str_find(buf_view(&told.lines),
			     STR("\"touched\":[\"bucket a\"],\"not_touched\":[\"bucket b\"]")) > 0);
	assert_true(str_find(buf_view(&told.lines), STR("\"cost_per_hour\":24.5")) > 0);
	cases_free(cases);
	forget(&told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_hand_is_one_story_in_order),
		cmocka_unit_test(the_order_of_arrival_does_not_matter),
		cmocka_unit_test(strangers_stay_apart),
		cmocka_unit_test(signals_join_and_do_not_bind),
		cmocka_unit_test(a_month_lies_between),
		cmocka_unit_test(a_flood_of_signals_pushes_nobody_out),
		cmocka_unit_test(what_was_read_is_not_called_safe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
