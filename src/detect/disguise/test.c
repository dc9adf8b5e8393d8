#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "detect/host_room.h"

extern const struct host_room disguise_room;

enum { NOTHING = -1 };

static void what_poses_and_what_hides(void **state)
{
	static const struct {
		const char *name;
		struct process process;
		int weight; /* of the weightiest sign */
	} rows[] = {
		{"a kernel's name",
		 {.name = STR("kworker/0:1"), .executable.path = STR("/tmp/x")},
		 SIGN_STRONG},
		{"a kernel's name as argument",
		 {.name = STR("x"),
		  .arguments = STR("[kworker/u8:2-events]"),
		  .executable.path = STR("/usr/bin/x")},
		 SIGN_STRONG},
		{"a thread of the kernel",
		 {.name = STR("kworker/0:1"),
		  .flags = PROCESS_KERNEL_THREAD,
		  .executable.flags = EXECUTABLE_NONE},
		 NOTHING},
		{"sshd of the system",
		 {.name = STR("sshd"), .executable.path = STR("/usr/sbin/sshd")},
		 NOTHING},
		{"sshd of somebody",
		 {.name = STR("sshd"), .executable.path = STR("/srv/.x/sshd")},
		 SIGN_STRONG},
		{"a daemon in a container's /opt",
		 {.name = STR("nginx"), .executable.path = STR("/opt/n/nginx")},
		 NOTHING},
		{"memfd",
		 {.name = STR("a"),
		  .executable = {.path = STR("/memfd:a"),
				 .flags = EXECUTABLE_MEMFD | EXECUTABLE_DELETED}},
		 SIGN_STRONG},
		{"removed after start",
		 {.name = STR("a"),
		  .executable = {.path = STR("/srv/a"), .flags = EXECUTABLE_DELETED}},
		 SIGN_STRONG},
		{"upgraded",
		 {.name = STR("python3"),
		  .executable = {.path = STR("/usr/bin/python3.11"), .flags = EXECUTABLE_DELETED}},
		 SIGN_SUPPORTS},
		{"a test in /tmp",
		 {.name = STR("t"), .executable.path = STR("/tmp/build/t")},
		 SIGN_SUPPORTS},
		{"hidden in /tmp",
		 {.name = STR("t"), .executable.path = STR("/var/tmp/.../t")},
		 SIGN_STRONG},
		{"shared memory",
		 {.name = STR("t"), .executable.path = STR("/dev/shm/t")},
		 SIGN_STRONG},
		{"under a mount",
		 {.name = STR("t"),
		  .executable.path = STR("/usr/bin/t"),
		  .flags = PROCESS_HIDDEN_MOUNT},
		 SIGN_STRONG},
		{"not listed",
		 {.name = STR("t"),
		  .executable.path = STR("/usr/bin/t"),
		  .flags = PROCESS_NOT_LISTED},
		 SIGN_STRONG},
		{"nice",
		 {.name = STR("t"), .executable.path = STR("/usr/bin/t"), .schedule.nice = 19},
		 SIGN_SUPPORTS},
		{"a user's own program in a hidden folder of home",
		 {.name = STR("node"), .executable.path = STR("/srv/.nvm/node")},
		 NOTHING},
		{"a browser",
		 {.name = STR("chromium"), .executable.path = STR("/usr/lib/chromium/chromium")},
		 NOTHING},
		{"Java",
		 {.name = STR("java"), .executable.path = STR("/opt/java/bin/java")},
		 NOTHING},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct workload workload = {.process = &rows[i].process};
		struct signs signs = {0};
		struct arena scratch;
		int weight = NOTHING;

		assert_int_equal(arena_init(&scratch, 4096), 0);
		disguise_room.judge(&workload, &scratch, &signs);
		for (size_t s = 0; s < signs.count; s++) {
			weight =
				(int)signs.at[s].weight > weight ? (int)signs.at[s].weight : weight;
			assert_true(signs.at[s].reason.len > 0);
		}
		if (weight != rows[i].weight)
			fail_msg("%s: %d instead of %d", rows[i].name, weight, rows[i].weight);
		arena_fini(&scratch);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_poses_and_what_hides),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
