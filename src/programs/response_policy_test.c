#include "programs/response_policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define ID "00112233445566ff"

static struct finding finding_of(const char *detector, enum verdict verdict, double confidence)
{
	struct finding f = {.id = STR(ID),
			    .detector = str_from(detector),
			    .verdict = verdict,
			    .confidence = confidence};

	f.subject.type = STR("process");
	facts_add_number(&f.subject.keys, "pid", 4711);
	return f;
}

static void only_what_is_sure_is_stopped(void **state)
{
	static const struct {
		const char *name, *detector;
		enum verdict verdict;
		double confidence;
		bool protects, freezes_suspects;
		uint8_t percent;
		enum policy_act expected;
	} rows[] = {
		{"mining", "host", VERDICT_MINING, 0.99, true, false, 95, POLICY_STOP},
		{"at the border", "host", VERDICT_MINING, 0.95, true, false, 95, POLICY_STOP},
		{"below it", "host", VERDICT_MINING, 0.949, true, false, 95, POLICY_NOTHING},
		{"a higher border", "host", VERDICT_MINING, 0.98, true, false, 99, POLICY_NOTHING},
		{"only proposed", "host", VERDICT_MINING, 0.99, false, true, 95, POLICY_NOTHING},
		{"a flow, which can be forged", "mining_session", VERDICT_MINING, 0.99, true, true,
		 95, POLICY_NOTHING},
		{"suspect", "host", VERDICT_SUSPECT, 0.6, true, false, 95, POLICY_NOTHING},
		{"suspect, however sure", "host", VERDICT_SUSPECT, 0.99, true, false, 95,
		 POLICY_NOTHING},
		{"suspect, if wanted", "host", VERDICT_SUSPECT, 0.3, true, true, 95, POLICY_PAUSE},
		{"code at rest", "host", VERDICT_MINER, 0.99, true, true, 95, POLICY_NOTHING},
		{"a signal", "host", VERDICT_SIGNAL, 0.99, true, true, 95, POLICY_NOTHING},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct response_policy policy = {.protects = rows[i].protects,
						       .freezes_suspects = rows[i].freezes_suspects,
						       .confidence_percent = rows[i].percent};
		struct finding f =
			finding_of(rows[i].detector, rows[i].verdict, rows[i].confidence);
		if (response_policy_judge(&policy, &f) != rows[i].expected)
			fail_msg("%s", rows[i].name);
	}
}

/* A sensor reads what strangers send: what rests on its word is told, and not acted upon. */
static void a_sensors_word_is_not_acted_upon(void **state)
{
	static const struct {
		const char *verdict;
		double confidence;
		enum policy_act expected;
	} rows[] = {
		{"mining", 0.97, POLICY_STOP},	    {"mining", 0.9, POLICY_NOTHING},
		{"suspect", 0.97, POLICY_PAUSE},    {"signal", 0.97, POLICY_NOTHING},
		{"nonsense", 0.99, POLICY_NOTHING},
	};
	const struct response_policy policy = {
		.protects = true, .freezes_suspects = true, .confidence_percent = 95};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct finding f = finding_of("host", VERDICT_MINING, 0.99);
		facts_add_text(&f.facts, "verdict_without_network", str_from(rows[i].verdict));
		facts_add_real(&f.facts, "confidence_without_network", rows[i].confidence);
		if (response_policy_judge(&policy, &f) != rows[i].expected)
			fail_msg("%s %f", rows[i].verdict, rows[i].confidence);
	}
}

static void only_processes_are_stopped(void **state)
{
	const struct response_policy policy = {.protects = true, .confidence_percent = 95};
	struct finding f = finding_of("host", VERDICT_MINING, 0.99);

	f.subject.keys.count = 0;
	assert_int_equal(response_policy_judge(&policy, &f), POLICY_NOTHING);
	facts_add_number(&f.subject.keys, "pid", 1);
	assert_int_equal(response_policy_judge(&policy, &f), POLICY_NOTHING);
	f.subject.type = STR("workload");
	assert_int_equal(response_policy_judge(&policy, &f), POLICY_NOTHING);
	facts_add_text(&f.subject.keys, "executable", STR("/tmp/x"));
	assert_int_equal(response_policy_judge(&policy, &f), POLICY_STOP);
	f.subject.type = STR("host");
	assert_int_equal(response_policy_judge(&policy, &f), POLICY_NOTHING);
	f.subject.type = STR("workload");
	f.id = STR("../../etc/passwd");
	assert_int_equal(response_policy_judge(&policy, &f), POLICY_NOTHING);
}

static void each_waits_once_and_the_graver_act_wins(void **state)
{
	const struct response_policy policy = {
		.protects = true, .freezes_suspects = true, .confidence_percent = 95};
	struct policy_waiting waiting = {0};
	struct finding suspect = finding_of("host", VERDICT_SUSPECT, 0.6);
	struct finding mining = finding_of("host", VERDICT_MINING, 0.99);
	char id[FINDING_ID_LEN + 1];

	policy_wait(&waiting, &policy, &suspect);
	policy_wait(&waiting, &policy, &mining);
	policy_wait(&waiting, &policy, &suspect);
	assert_int_equal(waiting.count, 1);
	assert_int_equal(waiting.at[0].act, POLICY_STOP);
	assert_memory_equal(waiting.at[0].finding, ID, FINDING_ID_LEN);
	for (unsigned i = 0; i < POLICY_WAITING_MAX; i++) {
		snprintf(id, sizeof(id), "%016x", i);
		mining.id = str_of(id, FINDING_ID_LEN);
		policy_wait(&waiting, &policy, &mining);
	}
	assert_int_equal(waiting.count, POLICY_WAITING_MAX);
	assert_int_equal(waiting.lost, 1);
}

static void groups_are_paths(void **state)
{
	static const struct {
		const char *text;
		bool fits;
	} rows[] = {{"/user.slice", true}, {"/system.slice/a b.service", true},
		    {"/", false},	   {"", false},
		    {"user.slice", false}, {"/a/../b", false}};
	struct response_policy policy = {0};
	struct error why = {0};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (response_policy_group(str_from(rows[i].text), &why) != rows[i].fits)
			fail_msg("%s", rows[i].text);
	for (unsigned i = 0; i < POLICY_GROUPS_MAX; i++)
		assert_true(response_policy_add_group(&policy, STR("/a.slice"), &why));
	assert_false(response_policy_add_group(&policy, STR("/b.slice"), &why));
	assert_non_null(strstr(why.text, "only the first 16"));
	assert_string_equal(policy.groups[POLICY_GROUPS_MAX - 1], "/a.slice");
}

static void so_often_a_minute(void **state)
{
	struct policy_pace pace = {0};

	for (int i = 0; i < 3; i++)
		assert_true(policy_pace_take(&pace, 3, instant_at(1000 + i, 0)));
	assert_false(policy_pace_take(&pace, 3, instant_at(1059, 0)));
	assert_true(policy_pace_take(&pace, 3, instant_at(1060, 0)));
	assert_true(policy_pace_take(&pace, 1, instant_at(10, 0))); /* the clock was set back */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_is_sure_is_stopped),
		cmocka_unit_test(a_sensors_word_is_not_acted_upon),
		cmocka_unit_test(only_processes_are_stopped),
		cmocka_unit_test(each_waits_once_and_the_graver_act_wins),
		cmocka_unit_test(groups_are_paths),
		cmocka_unit_test(so_often_a_minute),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
