/*
 * The host worker, tried out from inside: with CONFINE_HOST it lists and reads processes, and what
 * an attacker who has taken it over would want fails. This program is its own worker (--worker
 * ROLE).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include <cmocka.h>

#include "sandbox/confine.h"
#include "sandbox/supervise.h"
#include "sandbox/worker.h"
#include "source/host/executable_hash.h"
#include "source/host/processes.h"

enum {
	MESSAGE_REPORT = MESSAGE_FIRST_FREE, /* struct confine_report */
	MESSAGE_WANT,			     /* struct opener_request */
	MESSAGE_OPENED,			     /* opened_process_send */
	MESSAGE_SAW,			     /* struct sight */
	MESSAGE_ATTEMPTS,		     /* struct attempt[] */
	MESSAGE_ANSWER,			     /* text */
};

struct attempt {
	char name[48];
	int32_t error; /* 0: it worked */
};

/* What the worker found out about the process that started it. */
struct sight {
	uint64_t inode, resident_bytes;
	uint32_t pid, rows, mappings;
	int32_t swept, read, read_mappings, hashed, mounts;
	bool has_io, has_ancestors, is_listed;
	uint8_t sha256[32];
};

struct worker {
	struct channel channel;
	int proc;
	struct processes *processes;
	struct executable_hashes *hashes;
	struct arena arena;
	struct attempt attempts[48];
	size_t count;
};

static void tried(struct worker *w, const char *name, long result)
{
	struct attempt *attempt = &w->attempts[w->count++];
	int error = errno;

	snprintf(attempt->name, sizeof(attempt->name), "%s", name);
	attempt->error = result == -1 ? error : 0;
}

static void try_files(struct worker *w)
{
	char path[64];
	pid_t parent = getppid();

	tried(w, "open a file", open("/etc/passwd", O_RDONLY));
	tried(w, "open a file from the procfs", openat(w->proc, "/etc/passwd", O_RDONLY));
	tried(w, "climb out", openat(w->proc, "../../../../etc/passwd", O_RDONLY));
	tried(w, "climb out by self/root", openat(w->proc, "self/root/etc/passwd", O_RDONLY));
	snprintf(path, sizeof(path), "%d/root/etc/passwd", parent);
	tried(w, "climb out by another's root", openat(w->proc, path, O_RDONLY));
	snprintf(path, sizeof(path), "%d/mem", parent);
	tried(w, "open another's memory", openat(w->proc, path, O_RDONLY));
	snprintf(path, sizeof(path), "%d/environ", parent);
	tried(w, "open another's environment", openat(w->proc, path, O_RDONLY));
	snprintf(path, sizeof(path), "%d/exe", parent);
	tried(w, "open another's program", openat(w->proc, path, O_RDONLY));
	snprintf(path, sizeof(path), "%d/fd/0", parent);
	tried(w, "open another's descriptor", openat(w->proc, path, O_RDONLY));
	tried(w, "write in the procfs", openat(w->proc, "self/comm", O_WRONLY));
	tried(w, "read and write in it", openat(w->proc, "self/mem", O_RDWR));
	tried(w, "make a file", openat(w->proc, "davy", O_RDONLY | O_CREAT, 0600));
	tried(w, "truncate", openat(w->proc, "self/comm", O_RDONLY | O_TRUNC));
	tried(w, "hold a path", openat(w->proc, "self/root", O_PATH));
	tried(w, "open from the working directory", openat(AT_FDCWD, "self/stat", O_RDONLY));
	tried(w, "openat2", syscall(SYS_openat2, w->proc, "self/stat", NULL, 0));
	tried(w, "read a link", readlinkat(w->proc, "self/exe", path, sizeof(path)));
	tried(w, "memfd", memfd_create("x", 0));
	tried(w, "chroot", chroot("."));
	tried(w, "change directory", fchdir(w->proc));
	tried(w, "mkdir", mkdir("/davy", 0700));
}

static void try_processes(struct worker *w)
{
	static char *const arguments[] = {"true", NULL};
	pid_t parent = getppid();
	char byte;
	struct iovec here = {&byte, 1}, there = {(void *)try_files, 1};

	tried(w, "exec", execv("/bin/true", arguments));
	pid_t child = fork();
	if (child == 0)
		_exit(0);
	tried(w, "fork", child);
	tried(w, "ptrace", ptrace(PTRACE_SEIZE, parent, 0, 0));
	tried(w, "read another's memory", process_vm_readv(parent, &here, 1, &there, 1, 0));
	tried(w, "kill another", kill(parent, 0));
	tried(w, "pidfd", syscall(SYS_pidfd_open, parent, 0));
	tried(w, "socket, internet", socket(AF_INET, SOCK_STREAM, 0));
	tried(w, "socket, unix", socket(AF_UNIX, SOCK_STREAM, 0));
	tried(w, "socket, netlink", socket(AF_NETLINK, SOCK_RAW, 0));
	tried(w, "io_uring", syscall(SYS_io_uring_setup, 1, NULL));
	tried(w, "become root", setuid(0));
	void *code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	tried(w, "executable memory", code == MAP_FAILED ? -1 : 0);
	int stat = openat(w->proc, "self/stat", O_RDONLY | O_CLOEXEC);
	tried(w, "+open in the procfs", stat);
	tried(w, "+read from it", read(stat, &byte, 1));
	tried(w, "write to it", write(stat, "x", 1));
}

/* As the host worker does: sweep, ask the opener, read, hash. */
static int look_at_parent(struct worker *w, struct sight *sight)
{
	struct opener_request request = {(uint32_t)getppid(), PROCESS_FILES_ALL};
	struct opened_process opened;
	struct process_mappings mappings;
	struct hiding_mounts mounts;
	struct message message;
	struct process p;
	size_t rows;

	sight->mounts = processes_read_mounts(w->processes, &mounts);
	sight->swept = processes_sweep(w->processes, NULL);
	(void)processes_rows(w->processes, &rows);
	sight->rows = (uint32_t)rows;
	sight->is_listed = processes_find(w->processes, request.pid) != NULL;
	if (channel_send(&w->channel, MESSAGE_WANT, str_of(&request, sizeof(request)), NULL, 0) ||
	    channel_await(&w->channel, 10000, &message) != MESSAGE_READY ||
	    message.type != MESSAGE_OPENED || !opened_process_receive(&message, &opened))
		return 1;
	sight->read =
		process_read(w->processes, request.pid, &opened, PROCESS_WANT_ALL, &w->arena, &p);
	sight->pid = p.key.pid;
	sight->inode = p.executable.inode;
	sight->resident_bytes = p.resident_bytes;
	sight->has_io = p.has_io;
	sight->has_ancestors = p.ancestor_count > 0;
	sight->read_mappings = process_mappings_read(w->processes, &opened, &w->arena, &mappings);
	sight->mappings = (uint32_t)mappings.count;
	sight->hashed = executable_hash_step(w->hashes, opened.descriptors[PROCESS_FILE_EXECUTABLE],
					     UINT64_MAX, instant_at(1, 0), sight->sha256);
	opened_process_close(&opened);
	return 0;
}

/* Descriptors: the procfs's folder. */
static int be_host_worker(void)
{
	static struct worker w;
	struct worker_start start;
	struct confine_report report;
	struct sight sight;
	struct error why;
	struct confine_settings settings = {.confinement = CONFINE_HOST,
					    .memory_bytes = 512 << 20,
					    .last_writable = WORKER_CHANNEL};

	memset(&sight, 0, sizeof(sight));
	if (worker_receive_start(&w.channel, &start, &why) || start.descriptor_count != 1)
		return 2;
	settings.proc = w.proc = start.descriptors[0];
	if (confine(&settings, &report, &why)) {
		fprintf(stderr, "%s\n", why.text);
		return 3;
	}
	if (channel_send(&w.channel, MESSAGE_REPORT, str_of(&report, sizeof(report)), NULL, 0) ||
	    processes_open(w.proc, &w.processes, &why) || executable_hashes_new(8, &w.hashes) ||
	    arena_init(&w.arena, 1 << 20))
		return 4;
	if (look_at_parent(&w, &sight))
		return 5;
	if (channel_send(&w.channel, MESSAGE_SAW, str_of(&sight, sizeof(sight)), NULL, 0))
		return 6;
	try_files(&w);
	try_processes(&w);
	if (channel_send(&w.channel, MESSAGE_ATTEMPTS,
			 str_of(w.attempts, sizeof(w.attempts[0]) * w.count), NULL, 0))
		return 7;
	_exit(0);
}

/* Landlock alone, without seccomp in front of it and with the root as it was. */
static int be_landlocked(void)
{
	struct channel channel;
	struct worker_start start;
	struct confine_report report = {0};
	struct error why;
	char answer[96];

	if (worker_receive_start(&channel, &start, &why) || start.descriptor_count != 1)
		return 2;
	struct confine_settings settings = {.confinement = CONFINE_HOST,
					    .proc = start.descriptors[0]};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || confine_landlock(&settings, &report, &why))
		return 3;
	int outside = openat(settings.proc, "/etc/passwd", O_RDONLY) < 0 ? errno : 0;
	int other = openat(settings.proc, "1/root/etc/passwd", O_RDONLY) < 0 ? errno : 0;
	int writing = openat(settings.proc, "self/comm", O_WRONLY) < 0 ? errno : 0;
	int inside = openat(settings.proc, "1/stat", O_RDONLY) < 0 ? errno : 0;
	snprintf(answer, sizeof(answer), "abi %d: %d %d %d %d", report.landlock_abi, outside, other,
		 writing, inside);
	if (channel_send(&channel, MESSAGE_ANSWER, str_from(answer), NULL, 0))
		return 4;
	_exit(0);
}

/* -- the side with rights -- */

static struct message await(struct channel *channel, uint32_t type)
{
	struct message message;
	enum message_result result = channel_await(channel, 20000, &message);

	if (result != MESSAGE_READY || message.type != type)
		fail_msg("no message %u: %d", type, result);
	return message;
}

static void check_sight(struct message message)
{
	struct executable_hashes *hashes;
	struct stat about;
	struct sight sight;
	uint8_t sha256[32];
	int exe = open("/proc/self/exe", O_RDONLY);

	assert_int_equal(message.body.len, sizeof(sight));
	memcpy(&sight, message.body.at, sizeof(sight));
	assert_int_equal(sight.mounts, 0);
	assert_int_equal(sight.swept, 0);
	assert_true(sight.is_listed && sight.rows >= 2);
	assert_int_equal(sight.read, 0);
	assert_int_equal(sight.pid, getpid());
	assert_int_equal(fstat(exe, &about), 0);
	assert_true(sight.inode == about.st_ino);
	assert_true(sight.resident_bytes > 0 && sight.has_io && sight.has_ancestors);
	assert_int_equal(sight.read_mappings, 0);
	assert_true(sight.mappings > 10);
	assert_int_equal(sight.hashed, 1);
	assert_int_equal(executable_hashes_new(1, &hashes), 0);
	assert_int_equal(executable_hash_step(hashes, exe, UINT64_MAX, instant_at(1, 0), sha256),
			 1);
	assert_memory_equal(sight.sha256, sha256, sizeof(sha256));
	executable_hashes_free(hashes);
	close(exe);
}

static void check_attempts(struct message message)
{
	size_t count = message.body.len / sizeof(struct attempt), wrong = 0;

	assert_true(count > 30);
	for (size_t i = 0; i < count; i++) {
		struct attempt attempt;
		memcpy(&attempt, message.body.at + i * sizeof(attempt), sizeof(attempt));
		bool should_work = attempt.name[0] == '+';
		/* ENOENT: in its own root there is no such file; EBADF: not open for writing */
		bool is_right = should_work ? attempt.error == 0
					    : attempt.error == EPERM || attempt.error == EACCES ||
						      attempt.error == ENOENT;
		/* EACCES would be Landlock's alone: the root must hold without it too. */
		if (!strcmp(attempt.name, "open a file from the procfs"))
			is_right = attempt.error == ENOENT;
		if (!is_right)
			printf("# %s: %s\n", attempt.name, strerror(attempt.error));
		wrong += !is_right;
	}
	assert_int_equal(wrong, 0);
}

static struct opener opener;

static void serve(struct channel *channel)
{
	struct opener_request request;
	struct opened_process opened;

	struct message message = await(channel, MESSAGE_WANT);
	assert_true(opener_request_read(message.body, &request));
	assert_int_equal(opener_process(&opener, request.pid, request.wanted, &opened), 0);
	assert_int_equal(opened_process_send(channel, MESSAGE_OPENED, &opened), 0);
	opened_process_close(&opened);
}

static void a_host_worker_reads_processes_and_nothing_else(void **state)
{
	static struct supervisor supervisor;
	struct confine_report report;
	struct error why = {""};
	size_t index;
	struct worker_plan plan = {
		.role = "host", .descriptors = &opener.proc, .descriptor_count = 1};

	if (supervise_add(&supervisor, &plan, instant_at(1, 0), &index, &why))
		fail_msg("%s", why.text);
	struct channel *channel = &supervisor.at[0].channel;
	struct message message = await(channel, MESSAGE_REPORT);
	memcpy(&report, message.body.at, sizeof(report));
	CLEANUP(buf_fini) struct buf text = {0};
	confine_describe(&report, &text);
	printf("# %.*s; Landlock ABI %d\n", STR_ARG(buf_view(&text)), report.landlock_abi);
	uint32_t always = LAYER_USER | LAYER_CAPABILITIES | LAYER_BOUNDING |
			  LAYER_NO_NEW_PRIVILEGES | LAYER_LIMITS | LAYER_NOT_DUMPABLE |
			  LAYER_SECCOMP;
	assert_int_equal(report.applied & always, always);
	serve(channel);
	check_sight(await(channel, MESSAGE_SAW));
	check_attempts(await(channel, MESSAGE_ATTEMPTS));
	supervise_stop(&supervisor, 5000);
}

static void landlock_holds_alone(void **state)
{
	static struct supervisor supervisor;
	struct error why = {""};
	size_t index;
	int abi, outside, other, writing, inside;
	char answer[96];
	struct worker_plan plan = {
		.role = "landlocked", .descriptors = &opener.proc, .descriptor_count = 1};

	if (supervise_add(&supervisor, &plan, instant_at(1, 0), &index, &why))
		fail_msg("%s", why.text);
	struct message message = await(&supervisor.at[0].channel, MESSAGE_ANSWER);
	snprintf(answer, sizeof(answer), "%.*s", STR_ARG(message.body));
	assert_int_equal(
		sscanf(answer, "abi %d: %d %d %d %d", &abi, &outside, &other, &writing, &inside),
		5);
	supervise_stop(&supervisor, 5000);
	printf("# %s\n", answer);
	if (!abi) {
		printf("# this kernel has no Landlock: the root alone holds it\n");
		return;
	}
	assert_int_equal(outside, EACCES);
	assert_int_equal(other, EACCES);
	assert_true(writing == EACCES || writing == EROFS);
	assert_int_equal(inside, 0);
}

int main(int argc, char **argv)
{
	const char *role = worker_role(argc, argv);
	struct error why;

	if (role && !strcmp(role, "host"))
		_exit(be_host_worker());
	if (role && !strcmp(role, "landlocked"))
		_exit(be_landlocked());
	if (geteuid() != 0) {
		printf("1..0 # SKIP needs root\n");
		return 0;
	}
	if (opener_init(&opener, &why)) {
		printf("Bail out! %s\n", why.text);
		return 1;
	}
	printf("# %s\n", opener.is_private ? "a procfs of our own" : opener.weakness);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_host_worker_reads_processes_and_nothing_else),
		cmocka_unit_test(landlock_holds_alone),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	opener_fini(&opener);
	return failed;
}
