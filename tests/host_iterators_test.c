/*
 * Lists from the kernel itself: a process that is hidden from /proc by a mount is in them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "host_child.h"
#include "sandbox/confine.h"
#include "source/host/iterators.h"

struct seen {
	uint32_t pid;
	uint64_t address; /* of a mapping looked for */
	ino_t socket;	  /* looked for */
	uint16_t port;	  /* of a listener looked for */
	size_t listed, of_pid, kernel_threads;
	struct iterated process, mapping, found, listener;
};

static void note(void *context, const struct iterated *one)
{
	struct seen *seen = context;

	seen->listed++;
	seen->kernel_threads += one->is_kernel_thread;
	if (one->socket.is_listening && one->socket.local.port == seen->port)
		seen->listener = *one;
	if (one->key.pid != seen->pid)
		return;
	seen->of_pid++;
	seen->process = *one;
	if (seen->address && one->mapping.start <= seen->address &&
	    seen->address < one->mapping.end)
		seen->mapping = *one;
	if (seen->socket && one->socket.inode == seen->socket)
		seen->found = *one;
}

static struct iterators *iterators_for_test(void)
{
	struct iterators *iterators;
	struct error why = {""};

	if (iterators_open(&iterators, &why))
		fail_msg("%s", why.text);
	return iterators;
}

static void iterate(const struct iterators *iterators, enum iterator_kind kind, uint32_t pid,
		    struct seen *seen)
{
	struct error why = {""};
	int descriptor = iterators_descriptor(iterators, kind, pid, &why);

	if (descriptor < 0)
		fail_msg("%s", why.text);
	assert_int_equal(iterators_read(descriptor, kind, note, seen), 0);
	close(descriptor);
}

/* In a child with a mount namespace of its own: what it returns is the exit status. */
static int list_the_hidden(void *context)
{
	pid_t pid = *(pid_t *)context;
	struct seen seen = {.pid = (uint32_t)pid};
	uint64_t start = child_start_ns(pid);
	struct iterators *iterators = iterators_for_test();
	struct stat program;
	char path[64], empty[] = "/tmp/davy-empty-XXXXXX";

	if (unshare(CLONE_NEWNS) || mount(NULL, "/proc", NULL, MS_REC | MS_PRIVATE, NULL))
		return 1;
	snprintf(path, sizeof(path), "/proc/%d", pid);
	if (!mkdtemp(empty) || mount(empty, path, NULL, MS_BIND, NULL))
		return 2;
	(void)umount2(empty, MNT_DETACH);
	(void)rmdir(empty);
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (!access(path, F_OK) || stat("/proc/self/exe", &program))
		return 3;
	iterate(iterators, ITERATE_PROCESSES, 0, &seen);
	iterators_close(iterators);
	if (seen.of_pid != 1 || seen.process.key.start_ns != start)
		return 4;
	if (seen.process.inode != program.st_ino || seen.process.device != program.st_dev ||
	    seen.process.size_bytes != (uint64_t)program.st_size)
		return 5;
	return 0;
}

static void a_process_under_a_mount_is_listed(void **state)
{
	pid_t hidden = child_start(spin_there, spin_page());
	int status = child_wait(child_start(list_the_hidden, &hidden), NULL);

	child_kill(hidden);
	assert_int_equal(status, 0);
}

static void processes_are_told_whole(void **state)
{
	pid_t pid = child_start(spin_there, spin_page());
	struct iterators *iterators = iterators_for_test();
	struct seen seen = {.pid = (uint32_t)pid}, again = {.pid = (uint32_t)pid};
	struct stat space;

	assert_int_equal(stat("/proc/self/ns/pid", &space), 0);
	iterate(iterators, ITERATE_PROCESSES, 0, &seen);
	while (child_cpu_time(pid).ns < DURATION_MS(300).ns)
		;
	iterate(iterators, ITERATE_PROCESSES, 0, &again);
	assert_int_equal(seen.of_pid, 1);
	assert_true(seen.listed > seen.kernel_threads && seen.kernel_threads > 0);
	assert_false(seen.process.is_kernel_thread);
	assert_int_equal(seen.process.parent.pid, getpid());
	assert_int_equal(seen.process.threads, 1);
	assert_int_equal(seen.process.pid_ns, space.st_ino);
	assert_int_equal(seen.process.uid, getuid());
	/* a tick of what it spent may be missing */
	assert_true(again.process.cpu_time.ns >= DURATION_MS(285).ns);
	assert_true(again.process.cpu_time.ns <= child_cpu_time(pid).ns);
	child_kill(pid);
	iterators_close(iterators);
}

static void code_without_a_file_is_listed(void **state)
{
	void *page = spin_page();
	void *large =
		mmap(NULL, 3 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int file = memfd_create("davy-test", 0);
	pid_t pid = getpid();
	struct iterators *iterators = iterators_for_test();
	struct seen seen = {.pid = (uint32_t)pid, .address = (uint64_t)(uintptr_t)page};

	assert_int_equal(ftruncate(file, 4096), 0);
	void *nameless = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0);
	assert_ptr_not_equal(nameless, MAP_FAILED);
	iterate(iterators, ITERATE_MAPPINGS, (uint32_t)pid, &seen);
	assert_int_equal(seen.listed, seen.of_pid); /* of others nothing */
	assert_int_equal(seen.mapping.mapping.flags,
			 MAPPING_READ | MAPPING_WRITE | MAPPING_EXECUTE | MAPPING_ANONYMOUS);
	seen.address = (uint64_t)(uintptr_t)large;
	iterate(iterators, ITERATE_MAPPINGS, (uint32_t)pid, &seen);
	assert_int_equal(seen.mapping.mapping.flags,
			 MAPPING_READ | MAPPING_WRITE | MAPPING_ANONYMOUS);
	seen.address = (uint64_t)(uintptr_t)nameless;
	iterate(iterators, ITERATE_MAPPINGS, 0, &seen);
	assert_int_equal(seen.mapping.mapping.flags,
			 MAPPING_READ | MAPPING_EXECUTE | MAPPING_DELETED);
	assert_true(seen.listed > seen.of_pid); /* of all */
	munmap(page, 4096);
	munmap(large, 3 << 20);
	munmap(nameless, 4096);
	close(file);
	iterators_close(iterators);
}

static void sockets_are_told_with_their_process(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
	struct iterators *iterators = iterators_for_test();
	struct seen seen = {.pid = (uint32_t)getpid()}, all = {0};
	struct stat file;

	assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	assert_int_equal(connect(client, (struct sockaddr *)&address, size), 0);
	assert_int_equal(fstat(client, &file), 0);
	seen.port = all.port = ntohs(address.sin_port);
	seen.socket = file.st_ino;
	iterate(iterators, ITERATE_SOCKETS, (uint32_t)getpid(), &seen);
	assert_int_equal(seen.listed, seen.of_pid);
	assert_int_equal(seen.found.socket.remote.port, seen.port);
	assert_true(address_is_loopback(&seen.found.socket.remote.address));
	assert_true(seen.found.socket.is_tcp);
	assert_int_equal(seen.listener.key.pid, getpid());
	iterate(iterators, ITERATE_TCP, 0, &all);
	assert_int_equal(all.listener.key.pid, 0);
	assert_int_equal(fstat(listener, &file), 0);
	assert_int_equal(all.listener.socket.inode, file.st_ino);
	close(client);
	close(listener);
	iterators_close(iterators);
}

static int read_confined(void *context)
{
	struct confine_settings settings = {.confinement = CONFINE_PARSER, .last_writable = 3};
	const int *descriptors = context;
	struct confine_report report;
	struct error why;

	if (confine(&settings, &report, &why))
		return 10;
	for (int kind = 0; kind < ITERATOR_COUNT; kind++) {
		struct seen seen = {.pid = (uint32_t)getppid()};
		if (iterators_read(descriptors[kind], (enum iterator_kind)kind, note, &seen))
			return 11 + kind;
		if (kind == ITERATE_PROCESSES && seen.of_pid != 1)
			return 20;
	}
	return 0;
}

static void a_confined_worker_reads_them(void **state)
{
	struct iterators *iterators = iterators_for_test();
	int descriptors[ITERATOR_COUNT];

	for (int kind = 0; kind < ITERATOR_COUNT; kind++) {
		struct error why = {""};
		descriptors[kind] =
			iterators_descriptor(iterators, (enum iterator_kind)kind, 0, &why);
		if (descriptors[kind] < 0)
			fail_msg("%s", why.text);
	}
	assert_int_equal(child_wait(child_start(read_confined, descriptors), NULL), 0);
	for (int kind = 0; kind < ITERATOR_COUNT; kind++)
		close(descriptors[kind]);
	iterators_close(iterators);
}

static int open_without_bpf(void *context)
{
	struct iterators *iterators;
	struct error why = {""};

	drop_bpf();
	if (!iterators_open(&iterators, &why))
		return 1;
	print_message("# %s\n", why.text);
	return !iterators && strstr(why.text, "from /proc alone") ? 0 : 2;
}

static void without_bpf_there_is_a_sentence(void **state)
{
	assert_int_equal(child_wait(child_start(open_without_bpf, NULL), NULL), 0);
}

static void a_torn_list_is_an_error(void **state)
{
	struct seen seen = {0};
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "0123456789", 10), 10);
	close(ends[1]);
	assert_int_equal(iterators_read(ends[0], ITERATE_PROCESSES, note, &seen), -EIO);
	assert_int_equal(seen.listed, 0);
	close(ends[0]);
	assert_int_equal(iterators_read(-1, ITERATE_TCP, note, &seen), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_process_under_a_mount_is_listed),
		cmocka_unit_test(processes_are_told_whole),
		cmocka_unit_test(code_without_a_file_is_listed),
		cmocka_unit_test(sockets_are_told_with_their_process),
		cmocka_unit_test(a_confined_worker_reads_them),
		cmocka_unit_test(without_bpf_there_is_a_sentence),
		cmocka_unit_test(a_torn_list_is_an_error),
	};

	if (!is_root())
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
