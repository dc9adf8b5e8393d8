/* The walk through /proc for the holder of a connection: of processes of this test, whoever runs
 * it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "source/host/socket_walk.h"
#include "two_sides.h"

enum { TYPE = MESSAGE_FIRST_FREE, WAIT_MS = 20000, BEFORE_IT = SOCKET_WALK_LINKS + 100 };

struct fixture {
	struct socket_walk *walk;
	struct two_sides sides;
};

static int set_up(void **state)
{
	static struct fixture f;

	f = (struct fixture){0};
	two_sides_open(&f.sides);
	assert_int_equal(socket_walk_open(f.sides.proc, &f.walk), 0);
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	socket_walk_close(f->walk);
	two_sides_close(&f->sides);
	return 0;
}

static void ask(struct fixture *f, enum socket_walk_part part, bool is_first,
		struct socket_walked *out)
{
	const struct socket_walk_request request = {part, is_first};
	struct message message;

	assert_int_equal(socket_walk_answer(f->walk, str_of(&request, sizeof(request)),
					    &f->sides.rights, TYPE),
			 0);
	assert_int_equal(channel_await(&f->sides.worker, WAIT_MS, &message), MESSAGE_READY);
	assert_true(message.body.len <= SOCKET_WALK_TEXT_MAX + 64);
	assert_true(socket_walk_receive(&message, out));
	assert_int_equal(message.descriptor_count, 0);
	assert_int_equal(out->part, part);
}

struct search {
	uint16_t local, remote;
	uint64_t inode;
	unsigned count;
};

static void compare(void *context, const struct process_socket *socket)
{
	struct search *search = context;

	assert_false(socket->is_listening);
	if (socket->local.port != search->local || socket->remote.port != search->remote)
		return;
	search->inode = socket->inode;
	search->count++;
}

static uint64_t inode_of(struct fixture *f, uint16_t local, uint16_t remote)
{
	struct search search = {local, remote, 0, 0};
	struct socket_walked answer;
	bool is_first = true;

	do {
		ask(f, SOCKET_WALK_TABLES, is_first, &answer);
		is_first = false;
		for (size_t i = 0; i < answer.descriptor_count; i++)
			assert_int_equal(socket_table_read(f->sides.processes,
							   answer.descriptors[i], compare, &search),
					 0);
		socket_walked_close(&answer);
	} while (!answer.is_last);
	assert_int_equal(search.count, 1);
	return search.inode;
}

static unsigned times_held(struct fixture *f, uint64_t inode, pid_t by, unsigned *answers)
{
	struct socket_walked answer;
	uint64_t one;
	uint32_t pid;
	unsigned count = 0;

	*answers = 0;
	do {
		ask(f, SOCKET_WALK_HOLDERS, *answers == 0, &answer);
		while (socket_walk_holder(&answer, &pid, &one))
			count += one == inode && pid == (uint32_t)by;
		++*answers;
	} while (!answer.is_last);
	return count;
}

/* -- who holds it -- */

static void *wait_for_ever(void *context)
{
	(void)context;
	while (pause() != 0)
		;
	return NULL;
}

/* Only the first thread ends: the kernel shows no descriptors of it any more. */
static void lose_first_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, wait_for_ever, NULL) != 0)
		_exit(1);
	syscall(SYS_exit, 0);
}

static void hold_many(void)
{
	const struct rlimit limit = {BEFORE_IT + 64, BEFORE_IT + 64};

	(void)!setrlimit(RLIMIT_NOFILE, &limit);
	while (open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0)
		;
}

enum way { PLAIN, MANY_BEFORE_IT, WITHOUT_FIRST_THREAD };

static void hold(int connection, int ready, enum way way)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (way == MANY_BEFORE_IT) {
		hold_many();
		int last = -1;
		for (int fd = 0; fd < BEFORE_IT + 64; fd++)
			if (fd != connection && fd != ready && fcntl(fd, F_GETFD) >= 0)
				last = fd;
		/* it has the highest number of all */
		if (last < connection || dup2(connection, last) != last)
			_exit(1);
		close(connection);
	}
	if (write(ready, "", 1) != 1)
		_exit(1);
	if (way == WITHOUT_FIRST_THREAD)
		lose_first_thread();
	wait_for_ever(NULL);
}

static int connect_to_myself(int *accepted, uint16_t *local, uint16_t *remote)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in mine;
	socklen_t len = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len), 0);
	assert_int_equal(connect(connection, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(getsockname(connection, (struct sockaddr *)&mine, &len), 0);
	*accepted = accept(listener, NULL, NULL);
	assert_true(*accepted >= 0);
	close(listener);
	*local = ntohs(mine.sin_port);
	*remote = ntohs(at.sin_port);
	return connection;
}

/* The kernel takes a moment to end a thread. */
static bool is_without_descriptors(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd/0", (int)pid);
	for (int i = 0; i < 4000; i++) {
		if (access(path, F_OK) != 0)
			return true;
		usleep(5000);
	}
	return false;
}

static void its_holder_is_found(void **state)
{
	static const struct {
		enum way way;
		unsigned answers; /* at the least */
	} cases[] = {{PLAIN, 1}, {MANY_BEFORE_IT, 2}, {WITHOUT_FIRST_THREAD, 1}};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint16_t local, remote;
		unsigned answers;
		int accepted, ready[2];
		char byte;

		assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
		int connection = connect_to_myself(&accepted, &local, &remote);
		pid_t pid = fork();
		if (pid == 0)
			hold(connection, ready[1], cases[i].way);
		close(connection);
		close(ready[1]);
		assert_int_equal(read(ready[0], &byte, 1), 1);
		if (cases[i].way == WITHOUT_FIRST_THREAD)
			assert_true(is_without_descriptors(pid));
		uint64_t inode = inode_of(f, local, remote);
		assert_true(inode > 0);
		assert_int_equal(times_held(f, inode, pid, &answers), 1);
		assert_int_equal(times_held(f, inode, getpid(), &answers), 0);
		assert_true(answers >= cases[i].answers);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		close(ready[0]);
		close(accepted);
	}
}

/* -- one that has more than are read: in a folder of the test's that is like /proc -- */

static void link_socket(int folder, const char *process, unsigned number)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/fd/%u", process, number);
	assert_int_equal(symlinkat("socket:[1]", folder, path), 0);
}

static void count_all(struct fixture *f, int folder, unsigned *links, unsigned *others,
		      unsigned *cut)
{
	struct socket_walk *kept = f->walk;
	struct socket_walked answer;
	uint64_t inode;
	uint32_t pid;
	bool is_first = true;

	*links = *others = *cut = 0;
	assert_int_equal(socket_walk_open(folder, &f->walk), 0);
	do {
		ask(f, SOCKET_WALK_HOLDERS, is_first, &answer);
		is_first = false;
		while (socket_walk_holder(&answer, &pid, &inode))
			*(pid == 7 ? links : others) += 1;
		*cut += answer.cut;
	} while (!answer.is_last);
	socket_walk_close(f->walk);
	f->walk = kept;
}

static void one_process_does_not_use_up_the_walk(void **state)
{
	struct fixture *f = *state;
	char path[] = "/tmp/davy-test-XXXXXX", command[64];
	unsigned links, others, cut;

	assert_non_null(mkdtemp(path));
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(mkdirat(folder, "7", 0755) == 0 && mkdirat(folder, "7/fd", 0755) == 0 &&
		    mkdirat(folder, "8", 0755) == 0 && mkdirat(folder, "8/fd", 0755) == 0);
	link_socket(folder, "8", 3);
	for (unsigned i = 0; i < SOCKET_WALK_LINKS_OF_ONE; i++)
		link_socket(folder, "7", i);
	count_all(f, folder, &links, &others, &cut);
	assert_int_equal(links, SOCKET_WALK_LINKS_OF_ONE);
	assert_int_equal(others, 1);
	assert_int_equal(cut, 0);
	for (unsigned i = 0; i < 100; i++)
		link_socket(folder, "7", SOCKET_WALK_LINKS_OF_ONE + i);
	count_all(f, folder, &links, &others, &cut);
	assert_int_equal(links, SOCKET_WALK_LINKS_OF_ONE);
	assert_int_equal(others, 1);
	assert_int_equal(cut, 1);
	close(folder);
	snprintf(command, sizeof(command), "rm -r %s", path);
	assert_int_equal(system(command), 0);
}

static void no_walk_is_over_at_once(void **state)
{
	struct fixture *f = *state;
	struct socket_walk *kept = f->walk;
	struct socket_walked answer;
	uint64_t inode;
	uint32_t pid;

	f->walk = NULL;
	ask(f, SOCKET_WALK_TABLES, true, &answer);
	f->walk = kept;
	assert_true(answer.is_last);
	assert_int_equal(answer.descriptor_count, 0);
	assert_false(socket_walk_holder(&answer, &pid, &inode));
}

static void what_is_no_request_is_refused(void **state)
{
	static const struct socket_walk_request wrong[] = {
		{SOCKET_WALK_PARTS, 1}, {SOCKET_WALK_TABLES, 2}, {UINT32_MAX, 0}};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_true(socket_walk_answer(f->walk, str_of(&wrong[i], sizeof(wrong[i])),
					       &f->sides.rights, TYPE) < 0);
	assert_true(socket_walk_answer(f->walk, str_of(wrong, 4), &f->sides.rights, TYPE) < 0);
	assert_true(socket_walk_answer(f->walk, (struct str){0}, &f->sides.rights, TYPE) < 0);
}

static void holders_are_read_from_words(void **state)
{
	static const char text[] = "socket:[1]\0"
				   "7\0socket:[2]\0socket:[x]\0/tmp/socket:[3]\0"
				   "\0"
				   "8\0"
				   "99999999999\0socket:[4]\0socket:[5";
	struct socket_walked answer = {.holders = str_of(text, sizeof(text) - 1)};
	uint64_t inode;
	uint32_t pid;

	(void)state;
	assert_true(socket_walk_holder(&answer, &pid, &inode));
	assert_int_equal(pid, 7);
	assert_int_equal(inode, 2);
	assert_true(socket_walk_holder(&answer, &pid, &inode));
	assert_int_equal(pid, 8);
	assert_int_equal(inode, 4);
	assert_false(socket_walk_holder(&answer, &pid, &inode));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_holder_is_found),
		cmocka_unit_test(one_process_does_not_use_up_the_walk),
		cmocka_unit_test(no_walk_is_over_at_once),
		cmocka_unit_test(what_is_no_request_is_refused),
		cmocka_unit_test(holders_are_read_from_words),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
