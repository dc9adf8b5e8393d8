/*
 * `davy watch` and this machine's own processes: a drill that behaves as a miner is found while it
 * runs, one that only computes is not accused, and a worker that is killed comes back, as does one
 * that hangs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "namespace.h"
#include "silent_page.h"
#include "watching.h"

enum { HANGS_MS = 60000 }; /* twenty seconds, in which it may be that it is not yet noticed */
enum { LOUD_MS = 20000 };
enum { FOUND_MS = 40000 }; /* under sanitizers, beside whatever else builds */

struct drill {
	pid_t pid;   /* of davy drill */
	pid_t miner; /* of the process that runs the code */
};

/* It says which process it is as soon as that runs. */
static struct drill drill_start(const char *words)
{
	char said[512] = {0};
	int pipe_ends[2];
	struct drill drill = {0};

	assert_int_equal(pipe2(pipe_ends, O_CLOEXEC), 0);
	drill.pid = fork();
	if (drill.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setpgid(0, 0);
		dup2(pipe_ends[1], STDOUT_FILENO);
		execl(getenv("DAVY_PROGRAM"), "davy", "drill", "host", "--with", words, NULL);
		_exit(127);
	}
	close(pipe_ends[1]);
	for (size_t len = 0; !strchr(said, '\n') && len + 1 < sizeof(said);) {
		ssize_t got = read(pipe_ends[0], said + len, sizeof(said) - 1 - len);
		assert_true(got > 0);
		len += (size_t)got;
	}
	close(pipe_ends[0]);
	const char *at = strstr(said, "process ");
	assert_non_null(at);
	drill.miner = (pid_t)strtol(at + strlen("process "), NULL, 10);
	assert_true(drill.miner > 0);
	return drill;
}

static void drill_end(const struct drill *drill)
{
	kill(-drill->pid, SIGTERM);
	assert_int_equal(waitpid(drill->pid, NULL, 0), drill->pid);
}

static bool await_verdict(struct watching *w, size_t from, pid_t pid, int timeout_ms)
{
	char wanted[64];

	snprintf(wanted, sizeof(wanted), "\"pid\":%d,", (int)pid);
	return watching_await_line(w, from, "\"verdict\":\"mining\"", wanted, timeout_ms);
}

static void a_miner_on_this_machine_is_found(void **state)
{
	static const char *const drills[] = {
		"randomx,name=[kworker/0:1],seconds=120",
		"cryptonight,deleted,seconds=120",
	};
	struct watching *w = *state;

	watching_start_up(w, NULL);
	for (size_t i = 0; i < sizeof(drills) / sizeof(*drills); i++) {
		size_t from = w->text[WATCHING_OUT].len;
		struct drill drill = drill_start(drills[i]);
		int64_t began = watching_now_ms();
		bool is_found = await_verdict(w, from, drill.miner, FOUND_MS);
		drill_end(&drill);
		if (!is_found)
			fail_msg("not found: %s; davy watch says: %.*s", drills[i],
				 (int)w->text[WATCHING_OUT].len, w->text[WATCHING_OUT].at);
		printf("# %s: told after %.1f s\n", drills[i],
		       (double)(watching_now_ms() - began) / 1000);
	}
	assert_int_equal(watching_end(w, SIGTERM), 0);
}

static void a_worker_that_is_killed_comes_back(void **state)
{
	struct watching *w = *state;

	watching_start_up(w, NULL);
	assert_true(watching_await_counter(w, "samples taken", 1, FOUND_MS)); /* it has begun */
	pid_t worker = watching_worker(w, "host", 0);
	assert_true(worker > 0);
	assert_int_equal(kill(worker, SIGKILL), 0);
	assert_true(watching_await(w, WATCHING_ERR, 0, "the host was killed by signal 9", 1,
				   PATIENCE_MS));
	struct drill drill = drill_start("randomx,seconds=120");
	if (!await_verdict(w, 0, drill.miner, FOUND_MS))
		fail_msg("not found again; davy watch says: %.*s", (int)w->text[WATCHING_OUT].len,
			 w->text[WATCHING_OUT].at);
	drill_end(&drill);
	assert_int_equal(watching_end(w, SIGTERM), 0);
}

static void a_miner_is_found_again(struct watching *w)
{
	size_t from = w->text[WATCHING_OUT].len;
	struct drill drill = drill_start("randomx,seconds=120");

	if (!await_verdict(w, from, drill.miner, FOUND_MS))
		fail_msg("not found again; davy watch says: %.*s%.*s",
			 (int)w->text[WATCHING_OUT].len, w->text[WATCHING_OUT].at,
			 (int)w->text[WATCHING_ERR].len, w->text[WATCHING_ERR].at);
	drill_end(&drill);
}

static void a_worker_that_hangs_is_replaced(void **state)
{
	struct watching *w = *state;

	watching_start_up(w, NULL);
	assert_true(watching_await_counter(w, "samples taken", 1, FOUND_MS)); /* it has begun */
	pid_t worker = watching_worker(w, "host", 0);
	assert_true(worker > 0);
	int64_t began = watching_now_ms();
	assert_int_equal(kill(worker, SIGSTOP), 0);
	assert_true(watching_await(w, WATCHING_ERR, 0, "the host said nothing for 20 s, was ended",
				   1, HANGS_MS));
	printf("# replaced after %.1f s\n", (double)(watching_now_ms() - began) / 1000);
	a_miner_is_found_again(w);
	assert_int_equal(watching_counter(w, "workers that hung"), 1);
	assert_int_equal(watching_end(w, SIGTERM), 0);
}

/* The page of the stack where it ends; nothing of the program needs that. */
static void *last_of_environment(void)
{
	uintptr_t last = 0;

	for (char **at = environ; *at; at++)
		last = (uintptr_t)*at > last ? (uintptr_t)*at : last;
	return (void *)(last & ~(uintptr_t)(SILENT_PAGE_BYTES - 1));
}

/* Its environment is where whoever reads it waits for ever; and it is loud. */
static void be_unreadable(const char *folder, int told)
{
	struct silent_page page = {0};
	volatile uint64_t number = 1;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	int failed = silent_page_map(folder, &page);
	if (failed == 0 &&
	    mremap(page.at, SILENT_PAGE_BYTES, SILENT_PAGE_BYTES, MREMAP_MAYMOVE | MREMAP_FIXED,
		   last_of_environment()) == MAP_FAILED)
		failed = -errno;
	if (write(told, &failed, sizeof(failed)) != sizeof(failed) || failed != 0)
		_exit(1);
	/* then quiet: whoever else looks at this machine's processes has to be spared, too */
	for (int64_t until = watching_now_ms() + LOUD_MS; watching_now_ms() < until;)
		for (int i = 0; i < 1000000; i++)
			number = number * 6364136223846793005u + 1;
	for (;;)
		pause();
}

static void a_process_that_cannot_be_read_blinds_nobody(void **state)
{
	struct watching *w = *state;
	char folder[sizeof(w->folder) + 16], wanted[64];
	int told[2], failed = 0;

	snprintf(folder, sizeof(folder), "%s/silent", w->folder);
	assert_int_equal(mkdir(folder, 0700), 0);
	assert_int_equal(pipe2(told, O_CLOEXEC), 0);
	watching_start_up(w, NULL);
	assert_true(watching_await_counter(w, "samples taken", 1, FOUND_MS));
	pid_t unreadable = fork();
	if (unreadable == 0)
		be_unreadable(folder, told[1]);
	assert_int_equal(read(told[0], &failed, sizeof(failed)), (int)sizeof(failed));
	close(told[0]);
	close(told[1]);
	if (failed != 0)
		fail_msg("no file system of our own: %s", strerror(-failed));
	snprintf(wanted, sizeof(wanted), "host: memory of process %d: looking at it never ends",
		 (int)unreadable);
	if (!watching_await(w, WATCHING_ERR, 0, wanted, 1, HANGS_MS))
		fail_msg("not noticed; davy watch says: %.*s", (int)w->text[WATCHING_ERR].len,
			 w->text[WATCHING_ERR].at);
	assert_true(watching_await(w, WATCHING_ERR, 0, "and is started again", 1, HANGS_MS));
	a_miner_is_found_again(w);
	assert_int_equal(watching_counter(w, "workers that hung"), 1);
	assert_int_equal(kill(unreadable, SIGKILL), 0);
	assert_int_equal(waitpid(unreadable, NULL, 0), unreadable);
	assert_true(watching_await_counter(w, "worker restarts", 1, FOUND_MS));
	assert_int_equal(watching_end(w, SIGTERM), 0);
	assert_int_equal(rmdir(folder), 0);
}

/* Loops of the same loudness: numbers, vectors, long integers. */
static void what_only_computes_is_not_accused(void **state)
{
	struct watching *w = *state;
	CLEANUP(buf_fini) struct buf out = {0};

	watching_start_up(w, NULL);
	struct drill loops[] = {drill_start("float,seconds=120"), drill_start("vector,seconds=120"),
				drill_start("mixer,seconds=120")};
	assert_true(watching_await_counter(w, "looks", 12, FOUND_MS));
	for (size_t i = 0; i < sizeof(loops) / sizeof(*loops); i++) {
		char wanted[64];
		snprintf(wanted, sizeof(wanted), "\"pid\":%d,", (int)loops[i].miner);
		assert_int_equal(watching_count(w, WATCHING_OUT, 0, wanted), 0);
		drill_end(&loops[i]);
	}
	assert_true(watching_davy(w, &out, (const char *const[]){"health", NULL}) < 2);
	assert_true(str_find_nocase(buf_view(&out), STR("host: samples of the processors on")) >=
		    0);
	assert_int_equal(watching_end(w, SIGTERM), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_miner_on_this_machine_is_found,
						watching_host_init, watching_host_fini),
		cmocka_unit_test_setup_teardown(a_worker_that_is_killed_comes_back,
						watching_host_init, watching_host_fini),
		cmocka_unit_test_setup_teardown(a_worker_that_hangs_is_replaced, watching_host_init,
						watching_host_fini),
		cmocka_unit_test_setup_teardown(a_process_that_cannot_be_read_blinds_nobody,
						watching_host_init, watching_host_fini),
		cmocka_unit_test_setup_teardown(what_only_computes_is_not_accused,
						watching_host_init, watching_host_fini),
	};

	if (!namespace_enter()) {
		printf("1..0 # SKIP no namespaces of our own\n");
		return 0;
	}
	cmocka_set_test_filter(getenv("DAVY_TEST"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
