/*
 * Who runs a copy of a program is told by its hash, and whoever likes can run many files of that
 * size: a search reads so much and no more, and who is no copy is not read again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "programs/respond_target.h"

enum { DECOYS = 5, DECOY_BYTES = 60 * 1024 * 1024 + 7, SEARCHES = 4 };

struct decoys {
	char folder[32], path[DECOYS][64];
	pid_t pid[DECOYS];
};

/* `sleep`, as large as the program that is looked for; the end is a hole. */
static void copy_sleep(const char *path)
{
	struct stat about;
	int from = open("/bin/sleep", O_RDONLY | O_CLOEXEC);
	int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);

	assert_true(from >= 0 && to >= 0 && fstat(from, &about) == 0);
	assert_int_equal(sendfile(to, from, NULL, (size_t)about.st_size), about.st_size);
	assert_int_equal(ftruncate(to, DECOY_BYTES), 0);
	close(from);
	close(to);
}

static pid_t run(const char *path)
{
	int told[2];
	char byte;

	assert_int_equal(pipe2(told, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl(path, path, "600", NULL);
		_exit(127);
	}
	close(told[1]);
	assert_int_equal(read(told[0], &byte, 1), 0); /* it runs: the pipe was closed by that */
	close(told[0]);
	return pid;
}

static int start(void **state)
{
	static struct decoys d;

	snprintf(d.folder, sizeof(d.folder), "/tmp/davy-decoys-XXXXXX");
	assert_non_null(mkdtemp(d.folder));
	for (int i = 0; i < DECOYS; i++) {
		snprintf(d.path[i], sizeof(d.path[i]), "%s/%d", d.folder, i);
		copy_sleep(d.path[i]);
		d.pid[i] = run(d.path[i]);
	}
	*state = &d;
	return 0;
}

static int stop(void **state)
{
	struct decoys *d = *state;

	for (int i = 0; i < DECOYS; i++) {
		kill(d->pid[i], SIGKILL);
		waitpid(d->pid[i], NULL, 0);
		unlink(d->path[i]);
	}
	return rmdir(d->folder);
}

static size_t count_perhaps(const struct decoys *d, const struct respond_targets *t,
			    const struct respond_program *program)
{
	size_t count = 0;

	for (int i = 0; i < DECOYS; i++)
		count += respond_may_run(t, (uint32_t)d->pid[i], program, 1);
	return count;
}

static void a_search_reads_no_more_than_its_budget(void **state)
{
	static struct respond_targets targets;
	const struct respond_program program = {.size_bytes = DECOY_BYTES, .has_sha256 = true};
	const struct decoys *d = *state;
	struct finding finding = {.subject = {.type = STR("process")}};
	struct error why = {0};

	facts_add_number(&finding.subject.keys, "pid", (uint64_t)getpid());
	if (respond_targets_open(&targets, &why) != 0)
		fail_msg("%s", why.text);
	targets.narrowing.programs = &program;
	targets.narrowing.program_count = 1;
	assert_int_equal(count_perhaps(d, &targets, &program), DECOYS);
	assert_true(respond_targets_find(&targets, &finding, &why) != 0);
	assert_int_equal(targets.count, 0);
	/* 128 MiB are two of them, and the beginning of the third */
	assert_int_equal(count_perhaps(d, &targets, &program), DECOYS - 2);
	for (int i = 1; i < SEARCHES; i++)
		assert_true(respond_targets_find(&targets, &finding, &why) != 0);
	assert_int_equal(count_perhaps(d, &targets, &program), 0);
	/* whoever changes his file is read again, and nobody else */
	assert_int_equal(chmod(d->path[0], 0755), 0);
	assert_int_equal(count_perhaps(d, &targets, &program), 1);
	respond_targets_close(&targets);
}

/* The same files, and the hash is theirs: each is found, however many searches that takes. */
static void a_copy_is_found_behind_the_budget(void **state)
{
	static struct respond_targets targets;
	struct respond_program program = {.size_bytes = DECOY_BYTES};
	const struct decoys *d = *state;
	struct finding finding = {.subject = {.type = STR("process")}};
	struct executable_hashes *hashes;
	struct error why = {0};
	size_t most = 0;
	int result = 0;

	facts_add_number(&finding.subject.keys, "pid", (uint64_t)getpid());
	assert_int_equal(executable_hashes_new(8, &hashes), 0);
	int fd = open(d->path[0], O_RDONLY | O_CLOEXEC);
	while (result == 0)
		result = executable_hash_step(hashes, fd, EXECUTABLE_HASH_STEP, instant_at(1, 0),
					      program.sha256);
	assert_int_equal(result, 1);
	program.has_sha256 = true;
	close(fd);
	executable_hashes_free(hashes);
	if (respond_targets_open(&targets, &why) != 0)
		fail_msg("%s", why.text);
	targets.narrowing.programs = &program;
	targets.narrowing.program_count = 1;
	for (int i = 0; i < SEARCHES; i++) {
		assert_int_equal(respond_targets_find(&targets, &finding, &why), 0);
		size_t found = targets.count + targets.refused_count;
		most = found > most ? found : most;
	}
	assert_int_equal(most, DECOYS);
	respond_targets_close(&targets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_search_reads_no_more_than_its_budget),
		cmocka_unit_test(a_copy_is_found_behind_the_budget),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
