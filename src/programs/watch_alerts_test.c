#include "programs/watch_alerts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/instant.h"

enum { KNOWN = 4096, SUSPECTS = 10, MINING = 100 };

struct bench {
	struct alerts *alerts;
	struct alert_texts texts;
};

static const struct alert_settings plain = {.writes_report = true,
					    .verdict = VERDICT_SUSPECT,
					    .per_minute = SUSPECTS,
					    .mining_per_minute = MINING};

static struct bench bench_of(const struct alert_settings *settings)
{
	struct bench bench = {0};

	assert_int_equal(alerts_new(settings, KNOWN, 7, &bench.alerts), 0);
	return bench;
}

static void bench_fini(struct bench *bench)
{
	alerts_free(bench->alerts);
	buf_fini(&bench->texts.report);
	buf_fini(&bench->texts.journal);
}

static struct finding finding_of(char id[FINDING_ID_LEN + 1], unsigned number, enum verdict verdict,
				 uint64_t accepted)
{
	struct finding finding = {.verdict = verdict,
				  .detector = STR("mining_session"),
				  .title = STR("Monero mining: a to b"),
				  .confidence = 0.5,
				  .first_seen = instant_at(1, 0),
				  .last_seen = instant_at(1, 0)};

	snprintf(id, FINDING_ID_LEN + 1, "%016x", number);
	finding.id = str_of(id, FINDING_ID_LEN);
	finding_add_reason(&finding, STR("a reason"));
	if (accepted > 0)
		facts_add_number(&finding.facts, "accepted", accepted);
	return finding;
}

static void take(struct bench *bench, unsigned number, enum verdict verdict, uint64_t accepted,
		 int64_t at_ms)
{
	char id[FINDING_ID_LEN + 1];
	struct finding finding = finding_of(id, number, verdict, accepted);

	alerts_take(bench->alerts, &finding, STR("{}"),
		    instant_at(at_ms / 1000, (uint32_t)(at_ms % 1000) * 1000000), &bench->texts);
}

static size_t count(const struct buf *text, const char *word)
{
	struct str rest = buf_view(text);
	size_t found = 0;

	for (const char *at; rest.len > 0 && (at = memmem(rest.at, rest.len, word, strlen(word)));
	     found++)
		rest = str_skip(rest, (size_t)(at - rest.at) + strlen(word));
	return found;
}

/* Each row is a history of one finding; told: how often it is told. */
static void a_finding_is_told_once_and_when_it_rises(void **state)
{
	static const struct {
		const char *name;
		struct {
			enum verdict verdict;
			uint64_t accepted;
		} seen[5];
		size_t count, told;
		const char *says;
	} rows[] = {
		{"again and again", {{VERDICT_SUSPECT, 0}, {VERDICT_SUSPECT, 0}}, 2, 1, "more  "},
		{"it became mining",
		 {{VERDICT_SUSPECT, 0}, {VERDICT_MINING, 0}},
		 2,
		 2,
		 "told before as suspect, and graver now"},
		{"a login, then shares",
		 {{VERDICT_MINING, 0}, {VERDICT_MINING, 3}, {VERDICT_MINING, 9}},
		 3,
		 2,
		 "MINING  Monero mining: a to b\n  again     told before; now the pool"},
		{"from the first to the last",
		 {{VERDICT_SUSPECT, 0},
		  {VERDICT_MINING, 0},
		  {VERDICT_SUSPECT, 0},
		  {VERDICT_MINING, 0},
		  {VERDICT_MINING, 1}},
		 5,
		 3,
		 "now the pool has accepted shares"},
		{"mining with shares at once",
		 {{VERDICT_MINING, 5}, {VERDICT_MINING, 6}},
		 2,
		 1,
		 "MINING"},
		{"too light", {{VERDICT_SIGNAL, 0}}, 1, 0, ""},
		{"light, then not",
		 {{VERDICT_SIGNAL, 0}, {VERDICT_SUSPECT, 0}},
		 2,
		 1,
		 "told before as signal"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bench bench = bench_of(&plain);
		for (size_t k = 0; k < rows[i].count; k++)
			take(&bench, 1, rows[i].seen[k].verdict, rows[i].seen[k].accepted, 0);
		if (count(&bench.texts.report, "davy show") != rows[i].told ||
		    (rows[i].told > 0 && count(&bench.texts.report, rows[i].says) == 0))
			fail_msg("%s: %.*s", rows[i].name, (int)bench.texts.report.len,
				 bench.texts.report.at);
		assert_int_equal(bench.texts.journal.len, 0);
		bench_fini(&bench);
	}
}

static void a_flood_of_suspects_is_folded_and_starves_no_miner(void **state)
{
	struct bench bench = bench_of(&plain);
	unsigned number = 1;

	for (; number <= 1250; number++)
		take(&bench, number, VERDICT_SUSPECT, 0, number * 10);
	assert_int_equal(count(&bench.texts.report, "SUSPECT"), SUSPECTS);
	/* mining in the midst of it, and one of the folded that rises */
	take(&bench, 999, VERDICT_MINING, 1, 13000);
	for (; number <= 1250 + MINING / 2; number++)
		take(&bench, number, VERDICT_MINING, 0, 13000);
	assert_int_equal(count(&bench.texts.report, "MINING"), MINING / 2 + 1);
	alerts_tick(bench.alerts, instant_at(59, 0), &bench.texts);
	assert_int_equal(count(&bench.texts.report, "and "), 1); /* "and graver now" */
	alerts_tick(bench.alerts, instant_at(61, 0), &bench.texts);
	assert_int_equal(count(&bench.texts.report,
			       "and 1,240 more of the kind suspect (mining_session) in the last "
			       "minute. They are stored; the latest: davy show 00000000000004e2\n"),
			 1);
	/* told once, and a new minute has a new budget */
	buf_clear(&bench.texts.report);
	alerts_tick(bench.alerts, instant_at(200, 0), &bench.texts);
	assert_int_equal(bench.texts.report.len, 0);
	take(&bench, 5000, VERDICT_SUSPECT, 0, 201000);
	assert_int_equal(count(&bench.texts.report, "SUSPECT"), 1);
	struct alert_counters counters = alerts_counters(bench.alerts);
	assert_int_equal(counters.folded, 1240);
	assert_int_equal(counters.findings[VERDICT_MINING], MINING / 2 + 1);
	assert_int_equal(counters.findings[VERDICT_SUSPECT], 1250);
	bench_fini(&bench);
}

/* Of mining, too, not all at once; and without a limit all is told. */
static void the_budget_is_the_settings(void **state)
{
	static const struct {
		uint32_t per_minute, mining_per_minute;
		size_t suspects, mining; /* told of 1000 */
	} rows[] = {{SUSPECTS, MINING, SUSPECTS, MINING}, {0, 0, 1000, 1000}, {1, 2, 1, 2}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct alert_settings settings = plain;
		settings.per_minute = rows[i].per_minute;
		settings.mining_per_minute = rows[i].mining_per_minute;
		struct bench bench = bench_of(&settings);
		for (unsigned k = 0; k < 1000; k++) {
			take(&bench, 2 * k, VERDICT_SUSPECT, 0, 0);
			take(&bench, 2 * k + 1, VERDICT_MINING, 0, 0);
		}
		assert_int_equal(count(&bench.texts.report, "SUSPECT"), rows[i].suspects);
		assert_int_equal(count(&bench.texts.report, "MINING"), rows[i].mining);
		alerts_flush(bench.alerts, instant_at(2, 0), &bench.texts);
		assert_int_equal(count(&bench.texts.report, " more of the kind "),
				 rows[i].suspects < 1000 ? 2 : 0);
		bench_fini(&bench);
	}
}

/* More suspects than are remembered: what was told of mining is still known, and not told again. */
static void suspects_do_not_push_out_mining(void **state)
{
	struct bench bench = bench_of(&plain);

	for (unsigned i = 0; i < 50; i++)
		take(&bench, i, VERDICT_MINING, 1, 0);
	take(&bench, 60, VERDICT_SUSPECT, 0, 0);
	for (unsigned i = 1000; i < 1000 + 8 * KNOWN; i++)
		take(&bench, i, VERDICT_SUSPECT, 0, 0);
	buf_clear(&bench.texts.report);
	for (unsigned i = 0; i < 50; i++)
		take(&bench, i, VERDICT_MINING, 1, 70000);
	assert_int_equal(count(&bench.texts.report, "MINING"), 0);
	take(&bench, 60, VERDICT_SUSPECT, 0, 140000); /* and a suspect was */
	assert_int_equal(count(&bench.texts.report, "SUSPECT"), 1);
	/* nor when there is nothing but mining */
	for (unsigned i = 100000; i < 100000 + 2 * KNOWN; i++)
		take(&bench, i, VERDICT_MINING, 1, 0);
	for (unsigned i = 200000; i < 200000 + 2 * KNOWN; i++)
		take(&bench, i, VERDICT_SUSPECT, 0, 0);
	buf_clear(&bench.texts.report);
	take(&bench, 100000 + 2 * KNOWN - 1, VERDICT_MINING, 1, 500000);
	assert_int_equal(count(&bench.texts.report, "MINING"), 0);
	bench_fini(&bench);
}

/* Names that a worker makes up fill no table: they share what is left. */
static void made_up_detectors_share_a_budget(void **state)
{
	struct bench bench = bench_of(&plain);
	char id[FINDING_ID_LEN + 1], detector[24];

	for (unsigned i = 0; i < 2000; i++) {
		struct finding finding = finding_of(id, i, VERDICT_SUSPECT, 0);
		snprintf(detector, sizeof(detector), "d%u", i);
		finding.detector = str_from(detector);
		alerts_take(bench.alerts, &finding, STR("{}"), instant_at(5, 0), &bench.texts);
	}
	assert_true(count(&bench.texts.report, "SUSPECT") <= 32 + SUSPECTS);
	alerts_flush(bench.alerts, instant_at(6, 0), &bench.texts);
	assert_int_equal(count(&bench.texts.report, "(other detectors)"), 1);
	bench_fini(&bench);
}

static void each_stream_has_its_form(void **state)
{
	static const struct {
		bool is_json, writes_report, writes_journal;
		const char *report, *journal, *report_folded, *journal_folded;
	} rows[] = {
		{false, true, false, "SUSPECT  Monero", "", "and 2 more of the kind", ""},
		{true, true, false, "{}\n", "", "{\"kind\":\"folded\",\"schema\":1,", ""},
		{false, true, true, "SUSPECT  Monero", "<4>davy: suspect id=0000000000000000 ",
		 "and 2 more", "<4>davy: and 2 more of the kind"},
		{false, false, true, "", "Monero mining: a to b: a reason\n", "", "<4>davy: and 2"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct alert_settings settings = plain;
		settings.per_minute = 1;
		settings.is_json = rows[i].is_json;
		settings.writes_report = rows[i].writes_report;
		settings.writes_journal = rows[i].writes_journal;
		struct bench bench = bench_of(&settings);
		for (unsigned k = 0; k < 3; k++)
			take(&bench, k, VERDICT_SUSPECT, 0, 0);
		const char *wanted[2] = {rows[i].report, rows[i].journal};
		for (int round = 0; round < 2; round++) {
			struct buf *texts[2] = {&bench.texts.report, &bench.texts.journal};
			for (int t = 0; t < 2; t++)
				if (wanted[t][0] ? count(texts[t], wanted[t]) != 1
						 : texts[t]->len > 0)
					fail_msg("row %zu: %.*s", i, (int)texts[t]->len,
						 texts[t]->at);
			alerts_flush(bench.alerts, instant_at(1, 0), &bench.texts);
			wanted[0] = rows[i].report_folded;
			wanted[1] = rows[i].journal_folded;
		}
		bench_fini(&bench);
	}
}

static void what_was_told_before_a_restart_is_known(void **state)
{
	struct bench bench = bench_of(&plain);
	char id[FINDING_ID_LEN + 1];
	struct finding finding = finding_of(id, 1, VERDICT_SUSPECT, 0);

	alerts_remember(bench.alerts, &finding);
	take(&bench, 1, VERDICT_SUSPECT, 0, 0);
	assert_int_equal(bench.texts.report.len, 0);
	take(&bench, 1, VERDICT_MINING, 0, 0);
	assert_int_equal(count(&bench.texts.report, "told before as suspect"), 1);
	bench_fini(&bench);
}

/* A clock that is set back does not make a minute last for ever. */
static void a_clock_set_back_ends_the_minute(void **state)
{
	struct bench bench = bench_of(&plain);

	for (unsigned i = 0; i < 50; i++)
		take(&bench, i, VERDICT_SUSPECT, 0, 90000);
	take(&bench, 50, VERDICT_SUSPECT, 0, 10000);
	assert_int_equal(count(&bench.texts.report, "and 40 more"), 1);
	assert_int_equal(count(&bench.texts.report, "SUSPECT"), SUSPECTS + 1);
	bench_fini(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_finding_is_told_once_and_when_it_rises),
		cmocka_unit_test(a_flood_of_suspects_is_folded_and_starves_no_miner),
		cmocka_unit_test(the_budget_is_the_settings),
		cmocka_unit_test(suspects_do_not_push_out_mining),
		cmocka_unit_test(made_up_detectors_share_a_budget),
		cmocka_unit_test(each_stream_has_its_form),
		cmocka_unit_test(what_was_told_before_a_restart_is_known),
		cmocka_unit_test(a_clock_set_back_ends_the_minute),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
