#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "detect/host_verdict.h"

#define SIGN(f, w, s)                                                                        \
	{                                                                                    \
		.family = FAMILY_##f, .weight = SIGN_##w, .strength = s, .detector = "test", \
		.reason = STR("because")                                                     \
	}

#define SIGN_OF(f, w, s, a)                                                                  \
	{                                                                                    \
		.family = FAMILY_##f, .weight = SIGN_##w, .strength = s, .detector = "test", \
		.algorithm = a, .reason = STR("because")                                     \
	}

static void a_verdict_needs_two_families_and_a_specific_sign(void **state)
{
	static const struct {
		const char *name;
		struct sign signs[4];
		int verdict; /* -1: nothing */
	} rows[] = {
		{"nothing", {{0}}, -1},
		{"code and rhythm",
		 {SIGN(CODE, SPECIFIC, .9), SIGN(RHYTHM, STRONG, .8)},
		 VERDICT_MINING},
		{"code alone: a node may verify", {SIGN(CODE, SPECIFIC, .99)}, VERDICT_SUSPECT},
		{"code twice is one family",
		 {SIGN(CODE, SPECIFIC, .9), SIGN(CODE, STRONG, .9)},
		 VERDICT_SUSPECT},
		{"constants and disguise",
		 {SIGN(MEMORY, SPECIFIC, .9), SIGN(SETUP, STRONG, .7)},
		 VERDICT_MINING},
		{"hash loop for hours",
		 {SIGN(CODE, LOOKS_ALIKE, .9), SIGN(RHYTHM, STRONG, .9)},
		 VERDICT_SUSPECT},
		{"hash loop, disguised, steady, and a thin flow: still no miner's own code",
		 {SIGN(CODE, LOOKS_ALIKE, .9), SIGN(RHYTHM, STRONG, .9), SIGN(SETUP, STRONG, .9),
		  SIGN(NETWORK, STRONG, .5)},
		 VERDICT_SUSPECT},
		{"hash loop once", {SIGN(CODE, LOOKS_ALIKE, .9)}, -1},
		{"steady", {SIGN(RHYTHM, STRONG, .9)}, -1},
		{"steady and in huge pages",
		 {SIGN(RHYTHM, STRONG, .9), SIGN(MEMORY, SUPPORTS, .9)},
		 -1},
		{"RandomX's keys or its dataset's code, and the dataset's block",
		 {SIGN_OF(CODE, LOOKS_ALIKE, .7, "rx"), SIGN_OF(MEMORY, STRONG, .8, "rx/0")},
		 VERDICT_MINING},
		{"the keys and a steady load: a node that checks blocks",
		 {SIGN_OF(CODE, LOOKS_ALIKE, .7, "rx"), SIGN(RHYTHM, STRONG, .9)},
		 VERDICT_SUSPECT},
		{"the keys and memory for something else",
		 {SIGN_OF(CODE, LOOKS_ALIKE, .7, "rx"), SIGN_OF(MEMORY, STRONG, .8, "cn")},
		 -1},
		{"without the large dataset, steady, in blocks of its sizes",
		 {SIGN_OF(CODE, STRONG, .7, "rx"), SIGN(RHYTHM, STRONG, .9),
		  SIGN(MEMORY, STRONG, .6)},
		 VERDICT_SUSPECT},
		{"a session on its own connection: a tunnel has that, too",
		 {SIGN(NETWORK, SPECIFIC, .97)},
		 VERDICT_SUSPECT},
		{"a hash loop, and a session on its own connection",
		 {SIGN(CODE, LOOKS_ALIKE, .9), SIGN(NETWORK, SPECIFIC, .97)},
		 VERDICT_MINING},
		{"keys that are there, and a session: a proxy that links them",
		 {{.family = FAMILY_CODE,
		   .weight = SIGN_LOOKS_ALIKE,
		   .is_at_rest = true,
		   .strength = .7,
		   .detector = "test",
		   .reason = STR("because")},
		  SIGN(NETWORK, SPECIFIC, .97)},
		 VERDICT_SUSPECT},
		{"miners' code alone, and a session on its own connection",
		 {SIGN(CODE, SPECIFIC, .9), SIGN(NETWORK, SPECIFIC, .97)},
		 VERDICT_MINING},
		{"steady, and a session on its own connection",
		 {SIGN(RHYTHM, STRONG, .9), SIGN(NETWORK, SPECIFIC, .97)},
		 VERDICT_MINING},
		{"the pool's end of a session", {SIGN(NETWORK, LOOKS_ALIKE, .97)}, VERDICT_SUSPECT},
		{"a pool that checks what it is sent",
		 {SIGN(CODE, SPECIFIC, .9), SIGN(NETWORK, LOOKS_ALIKE, .97)},
		 VERDICT_SUSPECT},
		{"steady and disguised",
		 {SIGN(RHYTHM, STRONG, .9), SIGN(SETUP, STRONG, .9)},
		 VERDICT_SUSPECT},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct process process = {.key = {4711, 1}, .name = STR("worker")};
		struct workload workload = {.process = &process};
		struct signs signs = {0};
		struct arena scratch;
		struct finding finding = {0};

		assert_int_equal(arena_init(&scratch, 32 * 1024), 0);
		for (size_t s = 0; s < 4; s++)
			if (rows[i].signs[s].detector)
				signs_add(&signs, rows[i].signs[s]);
		const struct host_case host_case = {.workload = &workload, .signs = &signs};
		bool told = host_verdict(&host_case, &scratch, &finding);
		if (told != (rows[i].verdict >= 0) ||
		    (told && (int)finding.verdict != rows[i].verdict))
			fail_msg("%s", rows[i].name);
		if (told)
			assert_true(finding.reason_count > 0 && finding.confidence < 1);
		if (told && finding.verdict == VERDICT_MINING)
			assert_true(finding.confidence >= 0.9);
		arena_fini(&scratch);
	}
}

static void a_disguise_is_told_in_the_title(void **state)
{
	struct process process = {
		.key = {4711, 5},
		.name = STR("kworker/0:1\x1b[2J"),
		.executable = {.path = STR("/dev/shm/.x"), .flags = EXECUTABLE_DELETED},
	};
	struct workload workload = {.process = &process, .processes_seen = 1};
	struct signs signs = {0};
	struct arena scratch;
	struct finding finding = {0};
	struct sign code = SIGN(CODE, SPECIFIC, .95), rhythm = SIGN(RHYTHM, STRONG, .8);

	code.algorithm = "rx/0";
	signs_add(&signs, rhythm);
	signs_add(&signs, code);
	assert_int_equal(arena_init(&scratch, 32 * 1024), 0);
	const struct host_case host_case = {.workload = &workload, .signs = &signs};
	assert_true(host_verdict(&host_case, &scratch, &finding));
	assert_true(str_equal(
		finding.title,
		STR("RandomX mining: .x, which calls itself kworker/0:1\\x1b[2J, pid 4711")));
	assert_true(str_equal(facts_text(&finding.facts, STR("coin")), STR("monero")));
	assert_true(str_ends(finding.actions[1].command, STR(" freeze")));
	assert_true(str_equal(finding.subject.type, STR("process")));
	arena_fini(&scratch);
}

/* It may do anything; that it hides is told. */
static void what_hides_is_a_suspect(void **state)
{
	struct process process = {
		.key = {4711, 5}, .name = STR("worker"), .flags = PROCESS_NOT_LISTED};
	struct workload workload = {.process = &process, .processes_seen = 1};
	struct signs signs = {0};
	struct arena scratch;
	struct finding finding = {0};

	signs_add(&signs, (struct sign)SIGN(SETUP, STRONG, .95));
	assert_int_equal(arena_init(&scratch, 32 * 1024), 0);
	const struct host_case host_case = {.workload = &workload, .signs = &signs};
	assert_true(host_verdict(&host_case, &scratch, &finding));
	assert_int_equal(finding.verdict, VERDICT_SUSPECT);
	assert_true(str_equal(finding.title, STR("Hidden from /proc: worker, pid 4711")));
	process.flags = 0;
	assert_false(host_verdict(&host_case, &scratch, &finding));
	arena_fini(&scratch);
}

static void accuse_page(const struct workload *workload, bool is_spread, struct arena *scratch,
			struct finding *out)
{
	struct signs signs = {0};
	const struct host_case host_case = {
		.workload = workload, .signs = &signs, .is_spread = is_spread};

	signs_add(&signs, (struct sign)SIGN_OF(CODE, SPECIFIC, .9, "cn"));
	signs_add(&signs, (struct sign)SIGN(RHYTHM, STRONG, .8));
	assert_true(host_verdict(&host_case, scratch, out));
}

/* The page is accused, not the browser: and how it is found in there. */
static void a_page_is_told_as_one(void **state)
{
	static const struct {
		struct browser_process browser;
		const char *title, *way, *profile;
	} rows[] = {
		{{BROWSER_PAGE, ENGINE_CHROMIUM, STR("Chromium"), STR("/srv/u/p"), 7},
		 "CryptoNight mining: page in Chromium, pid 4711",
		 "Shift+Esc",
		 "/srv/u/p"},
		{{BROWSER_EXTENSION, ENGINE_CHROMIUM, STR("Brave\x1b[2J"), {0}, 7},
		 "CryptoNight mining: extension in Brave\\x1b[2J, pid 4711",
		 "remove the extension",
		 "its default one"},
		{{BROWSER_PAGE, ENGINE_FIREFOX, STR("Firefox"), {0}, 7},
		 "CryptoNight mining: page in Firefox, pid 4711",
		 "about:processes",
		 "its default one"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct process process = {.key = {4711, 1}, .name = STR("chromium")};
		struct workload workload = {.process = &process, .browser = &rows[i].browser};
		struct arena scratch;
		struct finding finding = {0};

		assert_int_equal(arena_init(&scratch, 32 * 1024), 0);
		accuse_page(&workload, false, &scratch, &finding);
		assert_true(str_equal(finding.title, str_from(rows[i].title)));
		assert_true(str_equal(facts_text(&finding.facts, STR("browser_profile")),
				      str_from(rows[i].profile)));
		assert_int_equal(facts_number(&finding.facts, STR("browser_pid")), 7);
		assert_true(str_find(finding.actions[0].text, str_from(rows[i].way)) >= 0);
		const struct action *last = &finding.actions[finding.action_count - 1];
		assert_true(str_ends(last->command, STR(" kill")));
		assert_true(str_find(last->text, STR("alone")) >= 0);
		arena_fini(&scratch);
	}
}

#define SITE_OF(literal, count, opaque)                                          \
	{                                                                        \
		.text = literal, .len = sizeof(literal) - 1, .records = (count), \
		.is_opaque = (opaque)                                            \
	}

#define MINE  SITE_OF("https://mine.example", 3, false)
#define OTHER SITE_OF("http://other.example:81", 1, false)
#define BOXED SITE_OF("https://ads.example", 1, true)

/* A site is told as a fact only when it is clear, and what is not clear is told as that. */
static void the_site_of_a_page(void **state)
{
	static const struct {
		const char *name;
		enum browser_engine engine;
		bool is_spread;
		struct page_sites sites;
		const char *site, *title, *reason, *way; /* NULL: none, and of none is spoken */
		size_t candidates;
	} rows[] = {
		{"clear",
		 ENGINE_CHROMIUM,
		 false,
		 {{MINE}, 1, 1, true},
		 "https://mine.example",
		 "page of https://mine.example in Chromium, pid 4711",
		 "(3 records of the browser's own in its memory, none of another)",
		 "it shows a page of https://mine.example, or has one in a frame",
		 0},
		{"in a sandbox",
		 ENGINE_CHROMIUM,
		 false,
		 {{BOXED}, 1, 1, true},
		 "https://ads.example",
		 "page of https://ads.example in Chromium, pid 4711",
		 "the page is of https://ads.example, in a sandbox: ",
		 "https://ads.example",
		 0},
		{"clear in Firefox",
		 ENGINE_FIREFOX,
		 false,
		 {{MINE}, 1, 1, true},
		 "https://mine.example",
		 "page of https://mine.example in Chromium, pid 4711",
		 "below it, the browser keeps this process (3 texts of",
		 "about:processes",
		 0},
		{"two",
		 ENGINE_CHROMIUM,
		 false,
		 {{MINE, OTHER}, 2, 2, false},
		 NULL,
		 "page in Chromium, pid 4711",
		 "which of them mines is not clear: https://mine.example (3 records of the "
		 "browser's own), http://other.example:81 (1 record of the browser's own)",
		 "cannot be seen from outside",
		 2},
		{"many",
		 ENGINE_CHROMIUM,
		 false,
		 {{MINE, BOXED, OTHER}, 3, 32, false},
		 NULL,
		 "page in Chromium, pid 4711",
		 " and 29 more",
		 "cannot be seen from outside",
		 3},
		{"two in Firefox",
		 ENGINE_FIREFOX,
		 false,
		 {{MINE, OTHER}, 2, 2, false},
		 NULL,
		 "page in Chromium, pid 4711",
		 "a page can make up such names: https://mine.example, http://other.example:81",
		 "cannot be seen from outside",
		 2},
		{"half read",
		 ENGINE_CHROMIUM,
		 false,
		 {{MINE}, 1, 1, false},
		 NULL,
		 "page in Chromium, pid 4711",
		 "not all of its memory was read",
		 "cannot be seen from outside",
		 1},
		{"none",
		 ENGINE_CHROMIUM,
		 false,
		 {.count = 0},
		 NULL,
		 "page in Chromium, pid 4711",
		 NULL,
		 "cannot be seen from outside",
		 0},
		{"spread over many processes",
		 ENGINE_CHROMIUM,
		 true,
		 {{MINE}, 1, 1, true},
		 NULL,
		 "processes so far",
		 NULL,
		 NULL,
		 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct browser_process browser = {.role = BROWSER_PAGE,
							.engine = rows[i].engine,
							.name = STR("Chromium"),
							.main_pid = 7};
		struct process process = {.key = {4711, 1}, .name = STR("chromium")};
		struct workload workload = {
			.process = &process, .browser = &browser, .sites = &rows[i].sites};
		struct arena scratch;
		struct finding finding = {0};

		assert_int_equal(arena_init(&scratch, 32 * 1024), 0);
		accuse_page(&workload, rows[i].is_spread, &scratch, &finding);
		struct str site = facts_text(&finding.facts, STR("site"));
		struct str because = finding.reasons[finding.reason_count - 1];
		const struct fact *candidates = facts_find(&finding.facts, STR("site_candidates"));
		if (!str_equal(site, str_from(rows[i].site)) ||
		    (facts_text(&finding.facts, STR("site_evidence")).len > 0) != (site.len > 0) ||
		    !str_ends(finding.title, str_from(rows[i].title)) ||
		    (rows[i].reason ? str_find(because, str_from(rows[i].reason)) < 0
				    : str_find(because, STR("://")) >= 0) ||
		    (rows[i].way && str_find(finding.actions[0].text, str_from(rows[i].way)) < 0) ||
		    (candidates ? candidates->text_count : 0) != rows[i].candidates)
			fail_msg("%s: %.*s; %.*s", rows[i].name, STR_ARG(finding.title),
				 STR_ARG(because));
		arena_fini(&scratch);
	}
}

/* What starts it again is named, with the way to take it out; tuning is not what starts it. */
static void how_it_stays_is_told(void **state)
{
	static const struct setup_trace traces[] = {
		{.kind = "cron",
		 .place = STR("/etc/cron.d/x:3"),
		 .remove = STR("sed a"),
		 .undo = STR("sed b"),
		 .leads_here = true},
		{.kind = "sysctl", .place = STR("/etc/sysctl.conf:1"), .remove = STR("sed c")},
	};
	struct process process = {.key = {4711, 1}, .name = STR("worker")};
	struct workload workload = {.process = &process, .traces = traces, .trace_count = 2};
	struct signs signs = {0};
	struct arena scratch;
	struct finding finding = {0};

	assert_int_equal(arena_init(&scratch, 32 * 1024), 0);
	signs_add(&signs, (struct sign)SIGN(CODE, SPECIFIC, .9));
	const struct host_case host_case = {.workload = &workload, .signs = &signs};
	assert_true(host_verdict(&host_case, &scratch, &finding));
	const struct fact *stays = facts_find(&finding.facts, STR("stays_by"));
	assert_non_null(stays);
	assert_int_equal(stays->text_count, 1);
	assert_true(str_equal(stays->texts[0], STR("cron /etc/cron.d/x:3")));
	const struct action *last = &finding.actions[finding.action_count - 1];
	assert_true(str_starts(last->text, STR("Take away what starts it again: ")));
	assert_true(str_equal(last->command, STR("sed a")));
	assert_true(str_equal(last->undo, STR("sed b")));
	arena_fini(&scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_verdict_needs_two_families_and_a_specific_sign),
		cmocka_unit_test(a_disguise_is_told_in_the_title),
		cmocka_unit_test(what_hides_is_a_suspect),
		cmocka_unit_test(how_it_stays_is_told),
		cmocka_unit_test(a_page_is_told_as_one),
		cmocka_unit_test(the_site_of_a_page),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
