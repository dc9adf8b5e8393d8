#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "decode/setup/command.h"
#include "detect/host_room.h"

extern const struct host_room setup_room;

enum { NOTHING = -1 };

static void how_it_stays(void **state)
{
	static const struct {
		const char *name, *executable;
		struct setup_trace trace;
		int weight;
	} rows[] = {
		{"a unit of installed software",
		 "/usr/bin/monerod",
		 {.kind = "systemd", .leads_here = true},
		 SIGN_SUPPORTS},
		{"a crontab of somebody's own",
		 "/home/USER/monero/monerod",
		 {.kind = "cron", .leads_here = true},
		 SIGN_SUPPORTS},
		{"every few minutes",
		 "/srv/x",
		 {.kind = "cron", .leads_here = true, .when = SETUP_EVERY_MINUTES},
		 SIGN_STRONG},
		{"from a temporary folder",
		 "/var/tmp/x",
		 {.kind = "systemd", .leads_here = true},
		 SIGN_STRONG},
		{"from a hidden folder",
		 "/usr/lib/.x/y",
		 {.kind = "systemd", .leads_here = true},
		 SIGN_STRONG},
		{"from a shell's profile",
		 "/srv/x",
		 {.kind = "shell profile", .leads_here = true},
		 SIGN_STRONG},
		{"by what it fetches",
		 "/srv/x",
		 {.kind = "cron", .leads_here = true, .marks = COMMAND_FETCHES},
		 SIGN_STRONG},
		{"a one-liner of a packager",
		 "/srv/x",
		 {.kind = "cron", .leads_here = true, .marks = COMMAND_ONE_LINER},
		 SIGN_SUPPORTS},
		{"huge pages", "/srv/x", {.kind = "sysctl"}, SIGN_SUPPORTS},
		{"settings of a miner", "/srv/x", {.kind = "miner settings"}, SIGN_STRONG},
	};
	struct arena arena;

	assert_int_equal(arena_init(&arena, 4096), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct process process = {.executable.path = str_from(rows[i].executable)};
		struct setup_trace trace = rows[i].trace;
		trace.place = STR("/etc/x:3");
		const struct workload workload = {
			.process = &process, .traces = &trace, .trace_count = 1};
		struct signs signs = {0};
		setup_room.judge(&workload, &arena, &signs);
		assert_int_equal(signs.count, 1);
		if ((int)signs.at[0].weight != rows[i].weight)
			fail_msg("%s: weight %d", rows[i].name, signs.at[0].weight);
		assert_int_equal(signs.at[0].family, FAMILY_SETUP);
		assert_true(str_find(signs.at[0].reason, STR("/etc/x:3")) > 0);
	}
	const struct workload none = {.process = &(struct process){.name = STR("x")}};
	struct signs signs = {0};
	setup_room.judge(&none, &arena, &signs);
	setup_room.judge(&(struct workload){0}, &arena, &signs);
	assert_int_equal(signs.count, 0);
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(how_it_stays)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
