#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "detect/host_room.h"
#include "detect/host_verdict.h"

extern const struct host_room own_rules_room;

static struct arena scratch;

static const struct rule_hit plain = {.rule = STR("our_pool"),
				      .author = STR("ops \x1b[2J team"),
				      .file = STR("/etc/davy/rules/our.yar"),
				      .string = STR("$name"),
				      .text = STR("pool\n.example"),
				      .address = 0x7f00};
static const struct rule_hit mining = {
	.rule = STR("only_miners"), .file = STR("m.yar"), .says_mining = true};

static struct signs judged(const struct workload *workload)
{
	struct signs signs = {0};

	own_rules_room.judge(workload, &scratch, &signs);
	return signs;
}

static void a_hit_is_quoted_and_only_supports(void **state)
{
	const struct workload workload = {.rule_hits = &plain, .rule_hit_count = 1};
	struct signs signs = judged(&workload);

	assert_int_equal(signs.count, 1);
	assert_int_equal(signs.at[0].family, FAMILY_MEMORY);
	assert_int_equal(signs.at[0].weight, SIGN_SUPPORTS);
	assert_null(signs.at[0].algorithm);
	assert_true(str_equal(signs.at[0].reason,
			      STR("a rule of your own holds for its memory: our_pool by ops "
				  "\\x1b[2J team, from /etc/davy/rules/our.yar")));
	assert_true(
		str_equal(signs.at[0].quote, STR("our_pool: $name at 0x7f00: pool\\n.example")));
}

static void its_author_may_say_that_only_miners_have_it(void **state)
{
	const struct workload_session session = {0};
	const struct workload alone = {.rule_hits = &mining, .rule_hit_count = 1};
	const struct workload carries = {.rule_hits = &mining,
					 .rule_hit_count = 1,
					 .sessions = &session,
					 .session_count = 1};

	assert_int_equal(judged(&alone).at[0].weight, SIGN_STRONG);
	assert_true(str_equal(judged(&alone).at[0].quote, STR("only_miners")));
	/* a tunnel's memory is its senders' */
	assert_int_equal(judged(&carries).at[0].weight, SIGN_SUPPORTS);
}

/* What others saw, and the verdict with a rule of each kind beside it; -1: nothing is told. */
static void it_accuses_nobody_alone(void **state)
{
	static const struct {
		const char *name;
		struct sign beside;
		int with_plain, with_mining;
	} rows[] = {
		{"nothing", {.weight = SIGN_SUPPORTS}, -1, -1},
		{"a rhythm",
		 {.family = FAMILY_RHYTHM, .weight = SIGN_STRONG, .strength = 0.9},
		 -1,
		 VERDICT_SUSPECT},
		{"code that others run as well",
		 {.family = FAMILY_CODE,
		  .weight = SIGN_LOOKS_ALIKE,
		  .strength = 0.7,
		  .algorithm = "sha256d"},
		 -1,
		 -1},
		{"a miner's code",
		 {.family = FAMILY_CODE,
		  .weight = SIGN_SPECIFIC,
		  .strength = 0.9,
		  .algorithm = "rx"},
		 VERDICT_SUSPECT,
		 VERDICT_MINING},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		for (int says_mining = 0; says_mining < 2; says_mining++) {
			const struct process process = {.key = {.pid = 5}};
			const struct workload workload = {.process = &process,
							  .rule_hits =
								  says_mining ? &mining : &plain,
							  .rule_hit_count = 1};
			struct signs signs = judged(&workload);
			struct finding finding = {0};
			int wanted = says_mining ? rows[i].with_mining : rows[i].with_plain;
			signs_add(&signs, rows[i].beside);
			const struct host_case host_case = {.workload = &workload, .signs = &signs};
			bool is_told = host_verdict(&host_case, &scratch, &finding);
			if ((is_told ? (int)finding.verdict : -1) != wanted)
				fail_msg("%s, %d", rows[i].name, says_mining);
		}
	}
}

static int begin(void **state)
{
	return arena_init(&scratch, 1 << 20);
}

static int end(void **state)
{
	arena_fini(&scratch);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hit_is_quoted_and_only_supports),
		cmocka_unit_test(its_author_may_say_that_only_miners_have_it),
		cmocka_unit_test(it_accuses_nobody_alone),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
