/*
 * Reading real processes: such as hide, pretend, or live in containers. Each child is made here,
 * waits on a pipe, and is gone when its end is closed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "cgroups.h"
#include "decode/proc/command.h"
#include "source/host/executable_hash.h"
#include "source/host/processes.h"

static struct opener opener;
static struct processes *processes;
static struct arena arena;

/* -- children -- */

struct child {
	pid_t pid;
	int hold;  /* closing it ends the child */
	int ready; /* has a byte when the child is what it should be */
};

/* In the child: true. `hold_in` and `ready_in` are its ends. */
static bool child_fork(struct child *child, int *hold_in, int *ready_in, unsigned long namespaces)
{
	int hold[2], ready[2];

	assert_int_equal(pipe2(hold, O_CLOEXEC), 0);
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	child->pid = (pid_t)syscall(SYS_clone, SIGCHLD | namespaces, 0, 0, 0, 0);
	if (child->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(hold[1]);
		close(ready[0]);
		*hold_in = hold[0];
		*ready_in = ready[1];
		return true;
	}
	assert_true(child->pid > 0);
	close(hold[0]);
	close(ready[1]);
	child->hold = hold[1];
	child->ready = ready[0];
	return false;
}

/* In the child: it is what it should be; wait for the end. */
static void child_wait(int hold, int ready)
{
	char byte = 1;

	if (write(ready, &byte, 1) != 1)
		_exit(1);
	_exit(read(hold, &byte, 1) != 0);
}

/* A copy of cat: from the one pipe to the other until that ends. */
static void child_exec(const char *path, int fd, char *const environment[], int hold, int ready)
{
	static char *const arguments[] = {"worker", "-u", NULL};

	dup2(hold, 0);
	int null = open("/dev/null", O_WRONLY);
	dup2(ready, 1);
	dup2(null, 2);
	if (fd >= 0)
		syscall(SYS_execveat, fd, "", arguments, environment, AT_EMPTY_PATH);
	else
		execve(path, arguments, environment);
	_exit(127);
}

static void child_ready(const struct child *child)
{
	char byte;

	assert_int_equal(read(child->ready, &byte, 1), 1);
}

/* It runs when it has copied a byte; a pipe that exec closes would tell too early. */
static void child_ready_program(const struct child *child)
{
	assert_int_equal(write(child->hold, "x", 1), 1);
	child_ready(child);
}

static void child_end(const struct child *child)
{
	close(child->hold);
	close(child->ready);
	assert_int_equal(waitpid(child->pid, NULL, 0), child->pid);
}

static void read_process(pid_t pid, struct process *out)
{
	struct opened_process opened;

	arena_reset(&arena);
	assert_int_equal(opener_process(&opener, (uint32_t)pid, process_files_for(PROCESS_WANT_ALL),
					&opened),
			 0);
	assert_int_equal(
		process_read(processes, (uint32_t)pid, &opened, PROCESS_WANT_ALL, &arena, out), 0);
	opened_process_close(&opened);
}

static void copy_file(const char *from, int to)
{
	char bytes[65536];
	ssize_t got;
	int fd = open(from, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	while ((got = read(fd, bytes, sizeof(bytes))) > 0)
		assert_int_equal(write(to, bytes, (size_t)got), got);
	close(fd);
}

/* -- those that pretend -- */

static void a_name_in_brackets_makes_no_kernel_thread(void **state)
{
	static const char *const names[] = {"[kworker/0:1]", "x) R 1 1\n2 (y", "\x1b[2J\r\n"};
	struct child child;
	struct process p;
	int hold, ready;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (child_fork(&child, &hold, &ready, 0)) {
			prctl(PR_SET_NAME, names[i]);
			child_wait(hold, ready);
		}
		child_ready(&child);
		read_process(child.pid, &p);
		assert_true(str_equal(p.name, str_from(names[i])));
		assert_int_equal(p.flags, 0);
		assert_true(p.executable.path.len > 0 && p.executable.inode > 0);
		assert_int_equal(p.ancestors[0].key.pid, getpid());
		assert_int_equal(processes_sweep(processes, NULL), 0);
		const struct process_row *row = processes_find(processes, (uint32_t)child.pid);
		assert_true(str_equal(str_of(row->name, row->name_len), str_from(names[i])));
		assert_int_equal(row->flags, 0);
		CLEANUP(buf_fini) struct buf shown = {0};
		buf_add_printable(&shown, p.name, PROCESS_NAME_MAX);
		for (size_t j = 0; j < shown.len; j++)
			assert_true((unsigned char)shown.at[j] >= ' ');
		child_end(&child);
	}
}

static void a_kernel_thread_is_one(void **state)
{
	struct process p;
	size_t count, found = 0;

	assert_int_equal(processes_sweep(processes, NULL), 0);
	const struct process_row *rows = processes_rows(processes, &count);
	for (size_t i = 0; i < count; i++) {
		if (!(rows[i].flags & PROCESS_KERNEL_THREAD) || found++)
			continue;
		read_process((pid_t)rows[i].key.pid, &p);
		assert_int_equal(p.flags & PROCESS_KERNEL_THREAD, PROCESS_KERNEL_THREAD);
		assert_int_equal(p.executable.flags, EXECUTABLE_NONE);
		assert_int_equal(p.arguments.len + p.socket_count, 0);
	}
	if (!found)
		printf("# no kernel thread in this pid namespace\n");
}

static void check_hash(pid_t pid, const char *path)
{
	struct executable_hashes *hashes;
	struct opened_process opened;
	uint8_t expected[32], got[32];
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_int_equal(executable_hashes_new(4, &hashes), 0);
	assert_int_equal(
		opener_process(&opener, (uint32_t)pid, 1u << PROCESS_FILE_EXECUTABLE, &opened), 0);
	assert_int_equal(executable_hash_step(hashes, fd, UINT64_MAX, instant_at(1, 0), expected),
			 1);
	assert_int_equal(executable_hash_step(hashes, opened.descriptors[PROCESS_FILE_EXECUTABLE],
					      UINT64_MAX, instant_at(1, 0), got),
			 1);
	assert_memory_equal(got, expected, 32);
	opened_process_close(&opened);
	executable_hashes_free(hashes);
	close(fd);
}

static void a_deleted_program_is_still_there(void **state)
{
	char path[] = "/tmp/davy a (b)-XXXXXX";
	char *const none[] = {NULL};
	struct child child;
	struct process p;
	int hold, ready, fd = mkstemp(path);

	copy_file("/bin/cat", fd);
	assert_int_equal(fchmod(fd, 0755), 0);
	close(fd);
	if (child_fork(&child, &hold, &ready, 0))
		child_exec(path, -1, none, hold, ready);
	child_ready_program(&child);
	assert_int_equal(unlink(path), 0);
	read_process(child.pid, &p);
	assert_int_equal(p.executable.flags, EXECUTABLE_DELETED);
	assert_true(str_equal(p.executable.path, str_from(path)));
	assert_true(str_equal(p.arguments, STR("worker -u")));
	check_hash(child.pid, "/bin/cat");
	child_end(&child);
}

static void a_program_that_never_was_a_file(void **state)
{
	char *const none[] = {NULL};
	struct child child;
	struct process p;
	int hold, ready, memory = memfd_create("kworker \n", MFD_CLOEXEC);

	copy_file("/bin/cat", memory);
	if (child_fork(&child, &hold, &ready, 0))
		child_exec(NULL, memory, none, hold, ready);
	child_ready_program(&child);
	close(memory);
	read_process(child.pid, &p);
	assert_int_equal(p.executable.flags, EXECUTABLE_DELETED | EXECUTABLE_MEMFD);
	assert_true(str_equal(p.executable.path, STR("/memfd:kworker \n")));
	check_hash(child.pid, "/bin/cat");
	struct opened_process opened;
	struct process_mappings mappings;
	uint32_t seen = 0;
	assert_int_equal(
		opener_process(&opener, (uint32_t)child.pid, 1u << PROCESS_FILE_MAPS, &opened), 0);
	assert_int_equal(process_mappings_read(processes, &opened, &arena, &mappings), 0);
	opened_process_close(&opened);
	for (size_t i = 0; i < mappings.count; i++)
		seen |= mappings.at[i].flags;
	const uint32_t expected =
		MAPPING_MEMFD | MAPPING_STACK | MAPPING_VDSO | MAPPING_HEAP | MAPPING_EXECUTE;
	assert_int_equal(seen & expected, expected);
	child_end(&child);
}

static void preloaded_and_secrets(void **state)
{
	char *const environment[] = {"TOKEN=hidden-value", "LD_PRELOAD=/nonexistent/hide.so", NULL};
	struct child child;
	struct process p;
	int hold, ready;

	if (child_fork(&child, &hold, &ready, 0))
		child_exec("/bin/cat", -1, environment, hold, ready);
	child_ready_program(&child);
	read_process(child.pid, &p);
	assert_int_equal(p.flags, PROCESS_PRELOADED);
	assert_true(str_equal(p.preload, STR("/nonexistent/hide.so")));
	assert_int_equal(str_find(str_of(arena.at, arena.used), STR("hidden-value")), -1);
	struct opened_process opened;
	struct proc_environment names;
	assert_int_equal(opener_process(&opener, (uint32_t)child.pid,
					1u << PROCESS_FILE_ENVIRONMENT, &opened),
			 0);
	assert_int_equal(process_environment_read(processes, &opened, &arena, &names), 0);
	opened_process_close(&opened);
	assert_int_equal(names.name_count, 2);
	assert_true(str_equal(names.names[0], STR("TOKEN")));
	child_end(&child);
}

static void low_priority_shows(void **state)
{
	struct child child;
	struct process p;
	int hold, ready;

	if (child_fork(&child, &hold, &ready, 0)) {
		const struct sched_param none = {0};
		setpriority(PRIO_PROCESS, 0, 19);
		sched_setscheduler(0, SCHED_IDLE, &none);
		child_wait(hold, ready);
	}
	child_ready(&child);
	read_process(child.pid, &p);
	assert_int_equal(p.schedule.nice, 19);
	assert_int_equal(p.schedule.policy, SCHED_IDLE);
	child_end(&child);
}

/* -- those that hide -- */

/* In a mount namespace of this test's own: nobody else's /proc changes. */
/* Others on this machine may hide, too. */
static bool is_hidden(const struct hiding_mounts *hiding, pid_t pid)
{
	for (size_t i = 0; i < hiding->count; i++)
		if (hiding->pids[i] == (uint32_t)pid)
			return true;
	return false;
}

static void a_mount_over_a_process_hides_nothing(void **state)
{
	struct hiding_mounts hiding;
	struct child child;
	struct process p;
	char path[64];
	int hold, ready;

	if (!opener.is_private) {
		printf("# %s\n", opener.weakness);
		return;
	}
	if (child_fork(&child, &hold, &ready, 0))
		child_wait(hold, ready);
	child_ready(&child);
	snprintf(path, sizeof(path), "/proc/%d", child.pid);
	assert_int_equal(mount("none", path, "tmpfs", 0, "size=4k"), 0);
	snprintf(path, sizeof(path), "/proc/%d/stat", child.pid);
	assert_int_equal(access(path, F_OK), -1); /* ps is blind now */
	assert_int_equal(processes_read_mounts(processes, &hiding), 0);
	assert_true(is_hidden(&hiding, child.pid));
	assert_false(hiding.all);
	assert_int_equal(processes_sweep(processes, NULL), 0);
	assert_int_equal(processes_find(processes, (uint32_t)child.pid)->flags,
			 PROCESS_HIDDEN_MOUNT);
	read_process(child.pid, &p);
	assert_int_equal(p.flags, PROCESS_HIDDEN_MOUNT);
	snprintf(path, sizeof(path), "/proc/%d", child.pid);
	assert_int_equal(umount(path), 0);
	assert_int_equal(processes_read_mounts(processes, &hiding), 0);
	assert_false(is_hidden(&hiding, child.pid));
	child_end(&child);
}

static void a_mount_over_all_processes_hides_nothing(void **state)
{
	struct hiding_mounts hiding;
	struct child child;
	struct process p;
	int hold, ready;

	if (!opener.is_private)
		return;
	if (child_fork(&child, &hold, &ready, 0))
		child_wait(hold, ready);
	child_ready(&child);
	assert_int_equal(mount("none", "/proc", "tmpfs", 0, "size=4k"), 0);
	int error = processes_read_mounts(processes, &hiding);
	read_process(child.pid, &p);
	struct opener blind;
	struct error why = {""};
	int second = opener_init(&blind, &why);
	if (second == 0)
		opener_fini(&blind);
	assert_int_equal(umount("/proc"), 0);
	assert_int_equal(error, 0);
	assert_int_equal(second, 0);
	assert_true(hiding.all);
	assert_int_equal(p.flags, PROCESS_HIDDEN_MOUNT);
	assert_int_equal(processes_read_mounts(processes, &hiding), 0);
	assert_false(hiding.all);
	child_end(&child);
}

static void a_mount_in_its_own_namespace_shows(void **state)
{
	struct child child;
	struct process p;
	int hold, ready;

	if (child_fork(&child, &hold, &ready, CLONE_NEWNS)) {
		char path[64];
		snprintf(path, sizeof(path), "/proc/%ld", (long)syscall(SYS_getpid));
		if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		    mount("/tmp", path, NULL, MS_BIND, NULL))
			_exit(1);
		child_wait(hold, ready);
	}
	child_ready(&child);
	read_process(child.pid, &p);
	assert_int_equal(p.flags, PROCESS_HIDDEN_MOUNT);
	child_end(&child);
}

/* The walk that a listing which lies is compared with: here none lies, so nobody is unlisted. */
static void a_walk_by_pid_finds_what_is_listed(void **state)
{
	static struct process_key before[4096], after[4096], out[8];
	struct child child;
	int hold, ready;

	if (child_fork(&child, &hold, &ready, 0))
		child_wait(hold, ready);
	child_ready(&child);
	uint32_t first = child.pid > 2000 ? (uint32_t)child.pid - 2000 : 1;
	size_t before_count = opener_walk(first, 4096, before);
	assert_int_equal(processes_sweep(processes, NULL), 0);
	size_t after_count = opener_walk(first, 4096, after);
	bool has_child = false;
	for (size_t i = 0; i < after_count; i++)
		has_child |= after[i].pid == (uint32_t)child.pid;
	assert_true(has_child);
	assert_int_equal(
		processes_unlisted(processes, before, before_count, after, after_count, out, 8), 0);
	child_end(&child);
	assert_int_equal(opener_walk((uint32_t)child.pid, 1, out), 0);
	assert_int_equal(opener_walk((uint32_t)getpid(), 1, out), 1);
	assert_int_equal(opener_walk(0, 2, out), 1); /* there is no pid 0 */
	assert_int_equal(opener_walk(UINT32_MAX, 4096, out), 0);
}

/* -- containers -- */

static void bring_loopback_up(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request))
		_exit(1);
	close(fd);
}

/* A listening socket, one connected to it, the accepted one, and one of UDP. */
static void make_sockets(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(3333),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int listening = socket(AF_INET, SOCK_STREAM, 0),
	    connected = socket(AF_INET, SOCK_STREAM, 0);
	int datagrams = socket(AF_INET6, SOCK_DGRAM, 0);
	struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(5353)};

	if (bind(listening, (struct sockaddr *)&to, sizeof(to)) || listen(listening, 1) ||
	    connect(connected, (struct sockaddr *)&to, sizeof(to)) ||
	    accept(listening, NULL, NULL) < 0 ||
	    (datagrams >= 0 && bind(datagrams, (struct sockaddr *)&any, sizeof(any))))
		_exit(1);
}

static void sockets_are_found_in_its_namespace(void **state)
{
	unsigned listening = 0, to_3333 = 0, from_3333 = 0, datagrams = 0;
	struct child child;
	struct process p;
	int hold, ready;

	if (child_fork(&child, &hold, &ready, CLONE_NEWPID | CLONE_NEWNET)) {
		bring_loopback_up();
		make_sockets();
		child_wait(hold, ready);
	}
	child_ready(&child);
	read_process(child.pid, &p);
	assert_int_equal(p.flags, PROCESS_FOREIGN_PID_NS);
	for (size_t i = 0; i < p.socket_count; i++) {
		const struct process_socket *one = &p.sockets[i];
		listening += one->is_listening && one->local.port == 3333;
		to_3333 += one->remote.port == 3333 && address_is_loopback(&one->remote.address);
		from_3333 += one->is_tcp && !one->is_listening && one->local.port == 3333;
		datagrams += !one->is_tcp && one->local.port == 5353;
	}
	assert_int_equal(listening, 1);
	assert_int_equal(to_3333, 1);
	assert_int_equal(from_3333, 1);
	if (access("/proc/self/net/udp6", F_OK) == 0)
		assert_int_equal(datagrams, 1);
	child_end(&child);
}

static void open_many_listening(void)
{
	for (int i = 0; i < 2 * PROCESS_SOCKETS_MAX; i++)
		if (listen(socket(AF_INET, SOCK_STREAM, 0), 1))
			_exit(1);
}

static void many_sockets_do_not_crowd_out_a_session(void **state)
{
	unsigned connected = 0;
	struct child child;
	struct process p;
	int hold, ready;

	if (child_fork(&child, &hold, &ready, CLONE_NEWNET)) {
		bring_loopback_up();
		open_many_listening();
		make_sockets();
		child_wait(hold, ready);
	}
	child_ready(&child);
	read_process(child.pid, &p);
	assert_int_equal(p.socket_count, PROCESS_SOCKETS_MAX);
	for (size_t i = 0; i < p.socket_count; i++)
		connected += p.sockets[i].is_tcp && !p.sockets[i].is_listening;
	assert_int_equal(connected, 2);
	child_end(&child);
}

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void check_group(const char *kind, const char *option)
{
	char mounted[CGROUP_POINT_MAX], group[400];
	struct child child;
	struct process p;
	int hold, ready;

	if (!cgroup_mounted(kind, option, mounted)) {
		printf("# no %s of %s is mounted\n", kind, option ? option : "control groups");
		return;
	}
	snprintf(group, sizeof(group), "%s/docker-" ID ".scope", mounted);
	if (mkdir(group, 0755)) {
		printf("# %s: no group can be made: %s\n", mounted, strerror(errno));
		return;
	}
	if (child_fork(&child, &hold, &ready, 0))
		child_wait(hold, ready);
	child_ready(&child);
	bool joined = cgroup_join(group, child.pid);
	read_process(child.pid, &p);
	child_end(&child);
	assert_int_equal(rmdir(group), 0);
	assert_true(joined);
	assert_int_equal(p.cgroup.runtime, CONTAINER_DOCKER);
	assert_true(str_equal(p.cgroup.container, STR(ID)));
	assert_true(str_equal(p.cgroup.unit, STR("docker-" ID ".scope")));
	assert_true(str_ends(p.cgroup.path, STR("/docker-" ID ".scope")));
}

static void a_control_group_places_it(void **state)
{
	check_group("cgroup2", NULL);
	check_group("cgroup", "cpu");
}

/* Told, not judged: the machine may be busy. */
static void a_sweep_costs_little(void **state)
{
	struct timespec before, after;
	size_t count;

	assert_int_equal(processes_sweep(processes, NULL), 0);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
	for (int i = 0; i < 20; i++)
		assert_int_equal(processes_sweep(processes, NULL), 0);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
	duration spent = instant_since(instant_at(after.tv_sec, after.tv_nsec),
				       instant_at(before.tv_sec, before.tv_nsec));
	(void)processes_rows(processes, &count);
	printf("# %.1f us a process and sweep, %zu processes\n",
	       duration_seconds(spent) * 1e6 / 20 / (double)count, count);
}

int main(void)
{
	struct error why;

	if (geteuid() != 0) {
		printf("1..0 # SKIP needs root\n");
		return 0;
	}
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL)) {
		printf("1..0 # SKIP no mount namespace: %s\n", strerror(errno));
		return 0;
	}
	if (opener_init(&opener, &why) || processes_open(opener.proc, &processes, &why) ||
	    arena_init(&arena, 1 << 20)) {
		printf("Bail out! %s\n", why.text);
		return 1;
	}
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_in_brackets_makes_no_kernel_thread),
		cmocka_unit_test(a_kernel_thread_is_one),
		cmocka_unit_test(a_deleted_program_is_still_there),
		cmocka_unit_test(a_program_that_never_was_a_file),
		cmocka_unit_test(preloaded_and_secrets),
		cmocka_unit_test(low_priority_shows),
		cmocka_unit_test(a_mount_over_a_process_hides_nothing),
		cmocka_unit_test(a_mount_over_all_processes_hides_nothing),
		cmocka_unit_test(a_mount_in_its_own_namespace_shows),
		cmocka_unit_test(sockets_are_found_in_its_namespace),
		cmocka_unit_test(many_sockets_do_not_crowd_out_a_session),
		cmocka_unit_test(a_walk_by_pid_finds_what_is_listed),
		cmocka_unit_test(a_control_group_places_it),
		cmocka_unit_test(a_sweep_costs_little),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	processes_close(processes);
	opener_fini(&opener);
	arena_fini(&arena);
	return failed;
}
