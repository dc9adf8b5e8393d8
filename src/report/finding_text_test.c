#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/utf8.h"
#include "model/filled.h"
#include "report/finding_text.h"
#include "report/incident_text.h"

static const struct report_style plain = {0};

static bool says(const struct buf *out, const char *text)
{
	return str_find(buf_view(out), str_from(text)) >= 0;
}

static struct finding mining_finding(void)
{
	struct finding f = filled_finding();

	f.facts = (struct facts){0};
	facts_add_text(&f.facts, "dialect", STR("zcash"));
	facts_add_text(&f.facts, "coin", STR("zcash or a fork of it"));
	facts_add_text(&f.facts, "login", STR("rig"));
	return f;
}

/* Each row adds one fact, or changes the verdict, and looks for a piece of the text. */
static const struct {
	const char *fact;
	struct str value;
	enum verdict verdict;
	const char *expected, *unexpected;
} rows[] = {
	{NULL,
	 {0},
	 VERDICT_MINING,
	 "10.0.0.7:40001 mines with the pool 198.51.100.20:3333\n",
	 "()"},
	{NULL, {0}, VERDICT_SUSPECT, "10.0.0.7:40001 speaks with 198.51.100.20:3333\n", " mines "},
	{NULL, {0}, VERDICT_SIGNAL, "SIGNAL  Monero", " mines "},
	{NULL, {0}, VERDICT_MINING, "coin      Zcash (or a fork of it)\n", NULL},
	{NULL, {0}, VERDICT_MINING, "paid to   account rig\n", NULL},
	{"wallet", STR("t1abc"), VERDICT_MINING, "paid to   t1abc\n", "account"},
	{"worker", STR("\x1b[2Jw"), VERDICT_MINING, "worker \\x1b[2Jw\n", "\x1b"},
	{"target", STR("pool.example.net:3333"), VERDICT_MINING,
	 "mines with the pool pool.example.net:3333 through the proxy at 198.51.100.20:3333\n",
	 NULL},
	{"agent", STR("\xe2\x80\xaegnu.exe"), VERDICT_MINING, "program \\u{202e}gnu.exe\n",
	 "\xe2\x80\xae"},
	{"hashrate", STR("1 H/s"), VERDICT_MINING, "speed     about 1 H/s\n", NULL},
};

static void people_are_told_who_and_with_whom(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct finding finding = mining_finding();
		struct buf text[2] = {0};
		finding.verdict = rows[i].verdict;
		if (rows[i].fact)
			facts_add_text(&finding.facts, rows[i].fact, rows[i].value);
		report_finding_short(&text[0], &plain, &finding);
		report_finding_whole(&text[1], &plain, &finding);
		for (size_t t = 0; t < 2; t++) {
			if (!says(&text[t], rows[i].expected) ||
			    (rows[i].unexpected && says(&text[t], rows[i].unexpected)))
				fail_msg("row %zu, text %zu:\n%.*s", i, t,
					 STR_ARG(buf_view(&text[t])));
			buf_fini(&text[t]);
		}
	}
}

static void pool_has_name_and_address(void **state)
{
	const struct str names[] = {STR("a.example"), STR("b.example")};
	struct finding finding = mining_finding();
	struct buf out = {0};

	facts_add_texts(&finding.facts, "pool_names", names, 2);
	report_finding_short(&out, &plain, &finding);
	assert_true(says(&out, "the pool a.example, b.example (198.51.100.20:3333)\n"));
	buf_fini(&out);
}

static void sure_is_never_a_hundred(void **state)
{
	static const struct {
		double confidence;
		const char *text;
	} sure[] = {{1, " 99 %"}, {0.999, " 99 %"}, {0.4, " 40 %"}, {0, " 0 %"}};

	for (size_t i = 0; i < 4; i++) {
		struct finding finding = filled_finding();
		struct buf out = {0};
		finding.confidence = sure[i].confidence;
		report_finding_short(&out, &plain, &finding);
		assert_true(says(&out, sure[i].text));
		buf_fini(&out);
	}
}

static void times_are_to_the_second(void **state)
{
	static const struct {
		int64_t first_ns, span_ns;
		const char *text;
	} times[] = {
		{0, 0, "since     1970-01-01T00:00:00Z\n"},
		{999999999, 1, "since     1970-01-01T00:00:00Z, for less than a second\n"},
		{500000000, 61000000000,
		 "since     1970-01-01T00:00:00Z to 1970-01-01T00:01:01Z (1 min 1 s)\n"},
		{-1, 0, "since     1969-12-31T23:59:59Z\n"},
	};

	for (size_t i = 0; i < 4; i++) {
		struct finding finding = filled_finding();
		struct buf out = {0};
		finding.first_seen.ns = times[i].first_ns;
		finding.last_seen.ns = times[i].first_ns + times[i].span_ns;
		report_finding_short(&out, &plain, &finding);
		if (!says(&out, times[i].text))
			fail_msg("no %s in %.*s", times[i].text, STR_ARG(buf_view(&out)));
		buf_fini(&out);
	}
}

static size_t columns_of(struct str line)
{
	size_t columns = 0;
	uint32_t rune;

	for (; line.len > 0; columns++) {
		size_t len = utf8_decode(line, &rune);
		assert_true(len > 0);
		line = str_skip(line, len);
	}
	return columns;
}

static struct finding wordy_finding(void)
{
	struct finding finding = filled_finding();

	finding.reasons[0] = STR("words of a sentence that goes on and on until no terminal of "
				 "eighty columns can hold it in one line");
	finding.evidence[0].quote = STR("\xc3\xa9\xc3\xa9\xc3\xa9{\"one\":\"long-word-without-"
					"any-blank-in-which-a-line-has-to-be-cut\",\"or\":\"be-"
					"wider-than-the-terminal\"}");
	finding.actions[0].command = STR("command that stays in one line, however narrow the "
					 "terminal may be, to be pasted: a\\b");
	return finding;
}

static void text_is_wrapped_on_terminals(void **state)
{
	struct finding finding = wordy_finding();

	for (uint16_t width = 34; width < 130; width++) {
		const struct report_style narrow = {.columns = width};
		struct buf out = {0};
		report_finding_short(&out, &narrow, &finding);
		ptrdiff_t from = str_find(buf_view(&out), STR("  why "));
		ptrdiff_t to = str_find(buf_view(&out), STR("  do next "));
		assert_true(from >= 0 && to > from);
		struct str part = str_sub(buf_view(&out), (size_t)from, (size_t)(to - from)), line;
		while (str_cut(part, '\n', &line, &part))
			if (columns_of(line) > width && !str_starts(line, STR("  rule ")))
				fail_msg("%u columns: %.*s", width, STR_ARG(line));
		assert_true(says(&out, "to be pasted: a\\b\n"));
		buf_fini(&out);
	}
}

static void text_is_not_wrapped_elsewhere(void **state)
{
	static const uint16_t widths[] = {0, 1, 12, 31};
	struct finding finding = wordy_finding();

	for (size_t i = 0; i < 4; i++) {
		const struct report_style style = {.columns = widths[i]};
		struct buf out = {0};
		report_finding_whole(&out, &style, &finding);
		assert_true(says(&out, "no terminal of eighty columns can hold it in one line\n"));
		assert_true(says(&out, "wider-than-the-terminal\"}\n"));
		buf_fini(&out);
	}
}

static void colour_is_asked_for(void **state)
{
	const struct report_style coloured = {.colour = true};
	const struct finding finding = filled_finding();
	const struct incident incident = filled_incident();
	struct report_steps steps = {0};
	struct buf with = {0}, without = {0};

	report_finding_short(&with, &coloured, &finding);
	assert_true(says(&with, "\x1b[1;31mMINING\x1b[0m"));
	buf_clear(&with);
	report_incident_short(&with, &coloured, &incident);
	assert_true(says(&with, "\x1b[1;31mINCIDENT\x1b[0m"));
	report_finding_whole(&without, &plain, &finding);
	report_incident_head(&without, &plain, &incident);
	report_incident_story(&without, &plain, &incident);
	report_finding_reasons(&without, &plain, &finding, true);
	report_finding_evidence(&without, &plain, &finding, true);
	report_steps_add(&without, &plain, &steps, incident.actions, incident.action_count);
	assert_false(says(&without, "\x1b"));
	buf_fini(&with);
	buf_fini(&without);
}

static void a_long_story_is_cut_short(void **state)
{
	struct incident incident = filled_incident();
	struct buf out = {0};

	for (incident.story_count = 0; incident.story_count < 20; incident.story_count++)
		incident.story[incident.story_count] = incident.story[0];
	report_incident_short(&out, &plain, &incident);
	assert_true(says(&out, "and 8 more steps\n"));
	buf_clear(&out);
	report_incident_story(&out, &plain, &incident);
	assert_false(says(&out, "more steps"));
	buf_fini(&out);
}

static void costs_are_told_in_words(void **state)
{
	struct incident incident = filled_incident();
	struct buf out = {0};

	incident.cost = (struct facts){0};
	facts_add_number(&incident.cost, "hosts", 2);
	facts_add_real(&incident.cost, "flow_hours", 0.5);
	facts_add_real(&incident.cost, "hashrate_per_s", 10544565007214.6);
	facts_add_number(&incident.cost, "accepted_shares", 1);
	facts_add_text(&incident.cost, "paid_b\x1by", STR("who\x1b[2J"));
	facts_add_real(&incident.cost, "flow_hours", -1e300);
	report_incident_story(&out, &plain, &incident);
	assert_true(says(&out, "cost      - the computing power of 2 hosts\n"));
	assert_true(says(&out, "- 30 min of mining connections, all together\n"));
	assert_true(says(&out, "- about 10.5 T hashes (or solutions) a second\n"));
	assert_true(says(&out, "- 1 share that the pool accepted\n"));
	assert_true(says(&out, "- paid b\\x1by: who\\x1b[2J\n"));
	assert_false(says(&out, "_"));
	buf_fini(&out);
}

static void each_step_is_told_once(void **state)
{
	const struct action cut = {STR("Cut it off"), STR("nft 1"), STR("nft 2")};
	const struct action find = {STR("Find it"), STR("ss 1"), STR("")};
	const struct action of_two[] = {cut, find};
	struct report_steps steps = {.seed = 7};
	struct action many[REPORT_STEPS_MAX + 3];
	struct buf out = {0};

	report_steps_add(&out, &plain, &steps, &cut, 1);
	report_steps_add(&out, &plain, &steps, of_two, 2);
	assert_true(str_equal(buf_view(&out), STR("  do next   1. Cut it off\n"
						  "                 nft 1\n"
						  "               undo: nft 2\n"
						  "            2. Find it\n"
						  "                 ss 1\n")));
	for (size_t i = 0; i < sizeof(many) / sizeof(*many); i++)
		many[i] =
			(struct action){.text = str_of("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
						       "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
						       i + 1)};
	report_steps_add(&out, &plain, &steps, many, sizeof(many) / sizeof(*many));
	assert_int_equal(steps.count, REPORT_STEPS_MAX);
	assert_true(says(&out, " 64. x"));
	assert_false(says(&out, " 65. x"));
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(people_are_told_who_and_with_whom),
		cmocka_unit_test(pool_has_name_and_address),
		cmocka_unit_test(sure_is_never_a_hundred),
		cmocka_unit_test(times_are_to_the_second),
		cmocka_unit_test(text_is_wrapped_on_terminals),
		cmocka_unit_test(text_is_not_wrapped_elsewhere),
		cmocka_unit_test(colour_is_asked_for),
		cmocka_unit_test(a_long_story_is_cut_short),
		cmocka_unit_test(costs_are_told_in_words),
		cmocka_unit_test(each_step_is_told_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
