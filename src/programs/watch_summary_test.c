#include "programs/watch_summary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static void take(struct summary *summary, unsigned number, enum verdict verdict, int64_t seen_s,
		 const char *state)
{
	char id[FINDING_ID_LEN + 1];
	struct incident incident = {.state = str_from(state),
				    .verdict = verdict,
				    .title = STR("Monero \x1b[2J mining"),
				    .last_seen = instant_at(seen_s, 0)};

	snprintf(id, sizeof(id), "%016u", number);
	incident.id = str_of(id, FINDING_ID_LEN);
	summary_take(summary, &incident);
}

static void check(const struct buf *out, const char *expected)
{
	if (!str_equal(buf_view(out), str_from(expected)))
		fail_msg("%.*s\ninstead of\n%s", STR_ARG(buf_view(out)), expected);
}

static void numbers_are_grouped(void **state)
{
	static const struct {
		uint64_t number;
		const char *text;
	} rows[] = {{0, "0"},
		    {999, "999"},
		    {1000, "1,000"},
		    {1240, "1,240"},
		    {1000001, "1,000,001"},
		    {UINT64_MAX, "18,446,744,073,709,551,615"}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf out = {0};
		buf_add_grouped(&out, rows[i].number);
		check(&out, rows[i].text);
		buf_fini(&out);
	}
}

static void a_run_without_findings_says_so(void **state)
{
	struct summary summary = {.began = instant_at(100, 0)};
	struct alert_counters alerts = {0};
	struct buf out = {0};

	take(&summary, 1, VERDICT_MINING, 99, "open");	  /* of a run before */
	take(&summary, 2, VERDICT_MINING, 150, "closed"); /* became part of another */
	summary_sentence(&summary, &alerts, instant_at(160, 0), &out);
	summary_lines(&summary, &out);
	check(&out, "In this run (1 min): 0 incidents, 0 new findings");
	buf_fini(&out);
}

static void the_gravest_come_first_and_the_rest_is_counted(void **state)
{
	struct summary summary = {.began = instant_at(100, 0)};
	struct alert_counters alerts = {
		.findings = {[VERDICT_SUSPECT] = 1240, [VERDICT_MINING] = 2, [VERDICT_MINER] = 1}};
	struct buf out = {0};

	take(&summary, 1, VERDICT_MINER, 100, "open");
	take(&summary, 2, VERDICT_MINING, 110, "open");
	summary_sentence(&summary, &alerts, instant_at(160, 0), &out);
	check(&out,
	      "In this run (1 min): 2 incidents, 1,243 new findings (2 mining, 1 miner, 1,240 "
	      "suspect)");
	buf_clear(&out);
	summary_lines(&summary, &out);
	check(&out, "  mining    0000000000000002  Monero \\x1b[2J mining\n"
		    "  miner     0000000000000001  Monero \\x1b[2J mining\n"
		    "`davy show ID` tells one whole, `davy incidents` lists all.\n");
	for (unsigned i = 3; i < 50; i++)
		take(&summary, i, i == 49 ? VERDICT_MINING : VERDICT_MINER, 110, "open");
	assert_int_equal(summary.count, SUMMARY_INCIDENTS);
	assert_int_equal(summary.incidents, 49);
	assert_memory_equal(summary.at[0].id, "0000000000000002", FINDING_ID_LEN);
	assert_memory_equal(summary.at[1].id, "0000000000000049", FINDING_ID_LEN);
	assert_memory_equal(summary.at[2].id, "0000000000000001", FINDING_ID_LEN);
	buf_clear(&out);
	summary_lines(&summary, &out);
	assert_true(str_find_nocase(buf_view(&out), STR("  and 39 more\n")) >= 0);
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_grouped),
		cmocka_unit_test(a_run_without_findings_says_so),
		cmocka_unit_test(the_gravest_come_first_and_the_rest_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
