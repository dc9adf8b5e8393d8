/*
 * A process that the kernel runs and /proc does not show is seen by `davy watch`, and told; what
 * begins and ends while both are listed is not.
 *
 * Davy runs without CAP_SYS_ADMIN here, so that it has no procfs of its own and sees of /proc what
 * ps sees: with one, a mount over /proc/PID hides nothing from it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "namespace.h"
#include "watching.h"

enum { FOUND_MS = 40000 };

static pid_t start_sleeper(const char *name)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, name);
	for (;;)
		pause();
}

/* Processes that live for a moment, without a pause. */
static pid_t start_storm(void)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "storm");
	for (;;) {
		pid_t children[8];
		for (size_t i = 0; i < 8; i++) {
			children[i] = fork();
			if (children[i] == 0)
				_exit(0);
		}
		for (size_t i = 0; i < 8; i++)
			waitpid(children[i], NULL, 0);
	}
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void who_is_missing_from_proc_is_told(void **state)
{
	struct watching *w = *state;
	pid_t hidden = start_sleeper("hides"), plain = start_sleeper("does-not-hide");
	pid_t storm = start_storm();
	char folder[32], wanted[64];

	snprintf(folder, sizeof(folder), "/proc/%d", (int)hidden);
	assert_int_equal(mount("none", folder, "tmpfs", 0, NULL), 0);
	watching_start_up(w, NULL);
	snprintf(wanted, sizeof(wanted), "\"title\":\"Hidden from /proc: hides, pid %d\"",
		 (int)hidden);
	bool is_told = watching_await(w, WATCHING_OUT, 0, wanted, 1, FOUND_MS);
	bool is_counted = watching_await_counter(w, "processes missing from /proc", 1, PATIENCE_MS);
	umount(folder);
	end(storm);
	end(plain);
	end(hidden);
	assert_int_equal(watching_end(w, SIGTERM), 0);
	if (!is_told || !is_counted)
		fail_msg("not told: %.*s", STR_ARG(buf_view(&w->text[WATCHING_OUT])));
	assert_true(watching_count(w, WATCHING_OUT, 0, "/proc does not list it") > 0);
	assert_int_equal(watching_count(w, WATCHING_OUT, 0, "Hidden from /proc: does-not-hide"), 0);
	assert_int_equal(watching_count(w, WATCHING_OUT, 0, "Hidden from /proc: storm"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(who_is_missing_from_proc_is_told,
						watching_host_init, watching_host_fini),
	};

	if (!namespace_enter()) {
		printf("1..0 # SKIP no namespaces of our own\n");
		return 0;
	}
	if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
		printf("1..0 # SKIP no mount namespace of our own\n");
		return 0;
	}
	/* of what is executed from here on, not of this process */
	if (prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN) != 0) {
		printf("1..0 # SKIP rights cannot be given up\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
