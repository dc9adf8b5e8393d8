/*
 * What a response relies on in the kernel's control groups, v1 and v2: a frozen group stands still
 * and goes on, a process moved into one is frozen and moved out is not, what kills a frozen one,
 * and that a quota holds. Time is told by a child that spins outside of the group: while it got 300
 * ms of a processor, one that runs cannot have got none.
 *
 * DAVY_CGROUP=v2 in the environment: all of v2 must be there (tests/kernel/run).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "cgroups.h"
#include "host_child.h"

enum { DEADLINE_S = 60, STEP_MS = 300, STILL_MS = 20, PATH_BYTES = 400, PERIODS = 20 };

/* The two file systems say the same in other files. */
struct generation {
	const char *name, *freezer, *cpu; /* kind of mount, controllers of v1 */
	const char *freeze[3];		  /* file, value to freeze, value to thaw */
	const char *is_frozen[2];	  /* file, line */
	const char *quota[3];		  /* file, 5 ms of each 100, no limit */
	bool kills_frozen;
};

static const struct generation generations[] = {
	{"v1",
	 "freezer",
	 "cpu",
	 {"freezer.state", "FROZEN", "THAWED"},
	 {"freezer.state", "FROZEN"},
	 {"cpu.cfs_quota_us", "5000", "-1"},
	 false},
	{"v2",
	 NULL,
	 NULL,
	 {"cgroup.freeze", "1", "0"},
	 {"cgroup.events", "frozen 1"},
	 {"cpu.max", "5000 100000", "max 100000"},
	 true},
};

struct scene {
	const struct generation *generation;
	const char *controller;
	char point[CGROUP_POINT_MAX], group[PATH_BYTES];
	pid_t clock, child; /* outside; inside the group at some time */
	bool took_cpu;	    /* of the root's subtree_control, to be given back */
};

static bool put(const char *folder, const char *file, const char *value)
{
	char path[PATH_BYTES + 64];

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool is_put = fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value);
	if (fd >= 0)
		close(fd);
	return is_put;
}

static void get(const char *folder, const char *file, char text[1024])
{
	char path[PATH_BYTES + 64];

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? 0 : read(fd, text, 1023);
	if (fd >= 0)
		close(fd);
	text[len > 0 ? len : 0] = 0;
}

/* A look at something that will be; the test fails when it has not become so in time. */
static void pause_before(duration deadline)
{
	assert_true(since_boot().ns < deadline.ns);
	(void)poll(NULL, 0, 2);
}

static duration deadline(void)
{
	return (duration){since_boot().ns + DURATION_S(DEADLINE_S).ns};
}

static void let_run(pid_t pid, int64_t ms)
{
	int64_t enough = child_cpu_time(pid).ns + DURATION_MS(ms).ns;
	duration until = deadline();

	while (child_cpu_time(pid).ns < enough)
		pause_before(until);
}

static void freeze(const struct scene *scene)
{
	const char *const *words = scene->generation->freeze;

	assert_true(put(scene->group, words[0], words[1]));
}

static void thaw(const struct scene *scene)
{
	const char *const *words = scene->generation->freeze;

	assert_true(put(scene->group, words[0], words[2]));
}

static void await_frozen(const struct scene *scene)
{
	const char *const *words = scene->generation->is_frozen;
	duration until = deadline();
	char text[1024];

	for (get(scene->group, words[0], text); !strstr(text, words[1]);
	     get(scene->group, words[0], text))
		pause_before(until);
}

static void expect_still(const struct scene *scene)
{
	int64_t before = child_cpu_time(scene->child).ns;

	let_run(scene->clock, STEP_MS);
	assert_true(child_cpu_time(scene->child).ns - before < DURATION_MS(STILL_MS).ns);
}

static int scene_open(void **state)
{
	struct scene *scene = *state;

	scene->child = 0;
	snprintf(scene->group, sizeof(scene->group), "%s/davy-test-%d", scene->point, getpid());
	if (mkdir(scene->group, 0755))
		return -1;
	scene->clock = child_start(spin_there, spin_page());
	return 0;
}

static void end(pid_t pid)
{
	if (pid <= 0)
		return;
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

/* Also after a failure: a frozen process of v1 would stay for good. */
static int scene_close(void **state)
{
	struct scene *scene = *state;
	const char *const *words = scene->generation->freeze;

	if (!scene->controller || strcmp(scene->controller, "cpu") != 0)
		(void)put(scene->group, words[0], words[2]);
	end(scene->child);
	end(scene->clock);
	if (rmdir(scene->group)) {
		printf("# %s stays: %s\n", scene->group, strerror(errno));
		return -1;
	}
	return 0;
}

static void a_frozen_group_stands_still_and_goes_on(void **state)
{
	struct scene *scene = *state;

	scene->child = child_start(spin_there, spin_page());
	assert_true(cgroup_join(scene->group, scene->child));
	let_run(scene->child, 50);
	freeze(scene);
	await_frozen(scene);
	expect_still(scene);
	thaw(scene);
	let_run(scene->child, 50);
}

/* What happens to the guilty one only: its old group goes on. */
static void moving_in_freezes_and_moving_out_thaws(void **state)
{
	struct scene *scene = *state;

	freeze(scene);
	scene->child = child_start(spin_there, spin_page());
	let_run(scene->child, 50);
	assert_true(cgroup_join(scene->group, scene->child));
	await_frozen(scene);
	expect_still(scene);
	assert_true(cgroup_join(scene->point, scene->child));
	let_run(scene->child, 50);
}

/* v1 keeps the signal until the group is thawed: who kills there must thaw afterwards. */
static void a_frozen_one_can_be_killed(void **state)
{
	struct scene *scene = *state;

	scene->child = child_start(spin_there, spin_page());
	assert_true(cgroup_join(scene->group, scene->child));
	freeze(scene);
	await_frozen(scene);
	assert_int_equal(kill(scene->child, SIGKILL), 0);
	if (!scene->generation->kills_frozen) {
		let_run(scene->clock, STEP_MS);
		assert_int_equal(waitpid(scene->child, NULL, WNOHANG), 0);
		thaw(scene);
	}
	int status = child_wait(scene->child, NULL);
	scene->child = 0;
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* In the group before it forks: both are there. */
static int spin_twice(void *context)
{
	const struct scene *scene = context;

	if (!cgroup_join(scene->group, getpid()) || fork() < 0)
		return 1;
	return spin_there(spin_page());
}

static void a_frozen_group_dies_whole(void **state)
{
	struct scene *scene = *state;
	duration until = deadline();
	char text[1024];

	scene->child = child_start(spin_twice, scene);
	let_run(scene->child, 50);
	freeze(scene);
	await_frozen(scene);
	assert_true(put(scene->group, "cgroup.kill", "1"));
	int status = child_wait(scene->child, NULL);
	scene->child = 0;
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	for (get(scene->group, "cgroup.events", text); !strstr(text, "populated 0");
	     get(scene->group, "cgroup.events", text))
		pause_before(until);
}

static uint64_t throttled(const struct scene *scene)
{
	unsigned long long times = 0;
	char text[1024];

	get(scene->group, "cpu.stat", text);
	const char *at = strstr(text, "nr_throttled ");
	assert_non_null(at);
	assert_int_equal(sscanf(at, "nr_throttled %llu", &times), 1);
	return times;
}

/* 5 % of one processor; half of it more is what a period begun may give. A busy machine gives less.
 */
static void a_quota_holds_and_is_taken_back(void **state)
{
	struct scene *scene = *state;
	const char *const *words = scene->generation->quota;
	duration until = deadline();

	scene->child = child_start(spin_there, spin_page());
	assert_true(cgroup_join(scene->group, scene->child));
	assert_true(put(scene->group, words[0], words[1]));
	while (!throttled(scene)) /* from here on it holds */
		pause_before(until);
	uint64_t before = throttled(scene);
	duration begun = since_boot(), spent = child_cpu_time(scene->child);
	while (throttled(scene) < before + PERIODS)
		pause_before(until);
	double used = (double)(child_cpu_time(scene->child).ns - spent.ns);
	double share = used / (double)(since_boot().ns - begun.ns);
	printf("# %.1f %% of one processor\n", share * 100);
	assert_true(share < 0.075);
	assert_true(put(scene->group, words[0], words[2]));
	let_run(scene->child, STEP_MS);
	before = throttled(scene);
	let_run(scene->child, STEP_MS);
	assert_int_equal(throttled(scene), before);
}

/* Which of a generation can be tried here; the mount point is where. */
static bool find_place(struct scene *scene, const char *controller)
{
	const struct generation *generation = scene->generation;
	bool is_v2 = !generation->freezer;
	char text[1024];

	scene->controller = controller;
	if (!cgroup_mounted(is_v2 ? "cgroup2" : "cgroup", is_v2 ? NULL : controller, scene->point))
		return false;
	snprintf(scene->group, sizeof(scene->group), "%s/davy-test-%d", scene->point, getpid());
	if (mkdir(scene->group, 0755) || rmdir(scene->group))
		return false;
	if (!is_v2 || strcmp(controller, "cpu") != 0)
		return true;
	get(scene->point, "cgroup.subtree_control", text);
	if (strstr(text, "cpu ") || strstr(text, "cpu\n"))
		return true;
	scene->took_cpu = put(scene->point, "cgroup.subtree_control", "+cpu");
	return scene->took_cpu;
}

struct attempt {
	const char *name, *controller;
	CMUnitTestFunction run;
	bool is_v2_only;
};

static const struct attempt attempts[] = {
	{"a frozen group stands still and goes on", "freezer",
	 a_frozen_group_stands_still_and_goes_on, false},
	{"moving in freezes and moving out thaws", "freezer",
	 moving_in_freezes_and_moving_out_thaws, false},
	{"a frozen one can be killed", "freezer", a_frozen_one_can_be_killed, false},
	{"a frozen group dies whole", "freezer", a_frozen_group_dies_whole, true},
	{"a quota holds and is taken back", "cpu", a_quota_holds_and_is_taken_back, false},
};

enum { GENERATIONS = 2, ATTEMPTS = sizeof(attempts) / sizeof(attempts[0]) };

static size_t prepare(const struct generation *generation, struct scene scenes[ATTEMPTS],
		      char names[ATTEMPTS][80], struct CMUnitTest tests[ATTEMPTS])
{
	bool is_v2 = !generation->freezer;
	size_t count = 0;

	for (size_t i = 0; i < ATTEMPTS; i++) {
		struct scene *scene = &scenes[i];

		*scene = (struct scene){.generation = generation};
		if (attempts[i].is_v2_only && !is_v2)
			continue;
		if (!find_place(scene, attempts[i].controller)) {
			printf("# %s: no group for %s can be made here\n", generation->name,
			       attempts[i].controller);
			continue;
		}
		snprintf(names[count], 80, "%s: %s", generation->name, attempts[i].name);
		tests[count] = (struct CMUnitTest){names[count], attempts[i].run, scene_open,
						   scene_close, scene};
		count++;
	}
	return count;
}

int main(void)
{
	static struct scene scenes[GENERATIONS * ATTEMPTS];
	static char names[GENERATIONS * ATTEMPTS][80];
	struct CMUnitTest tests[GENERATIONS * ATTEMPTS];
	const char *wanted = getenv("DAVY_CGROUP");
	size_t count = 0;

	if (geteuid() != 0) {
		printf("1..0 # SKIP needs root\n");
		return 0;
	}
	for (size_t i = 0; i < GENERATIONS; i++)
		count += prepare(&generations[i], scenes + i * ATTEMPTS, names + count,
				 tests + count);
	if (wanted && count != ATTEMPTS) {
		printf("Bail out! %zu of %d can be tried\n", count, ATTEMPTS);
		return 1;
	}
	if (!count) {
		printf("1..0 # SKIP no control group can be made here\n");
		return 0;
	}
	int failed = _cmocka_run_group_tests("control groups", tests, count, NULL, NULL);
	for (size_t i = 0; i < GENERATIONS * ATTEMPTS; i++)
		if (scenes[i].took_cpu)
			(void)put(scenes[i].point, "cgroup.subtree_control", "-cpu");
	return failed;
}
