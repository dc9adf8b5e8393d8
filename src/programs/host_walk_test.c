/* Whose a socket is that several processes have: a table and links as the kernel writes them, and
 * the processes in a folder of the test's that is like /proc. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "programs/host_walk.h"
#include "source/host/processes.h"

enum { TYPE = MESSAGE_FIRST_FREE, WAIT_MS = 20000, HOLDERS_MAX = 4, UID = 1000, INODE = 4711 };

#define HEADING "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt\n"
#define ENDS	"   0: 0700000A:9C40 0900000A:0D05 01 00000000:00000000 02:000006B8 00000000 "

struct holder {
	uint32_t pid, uid;
	unsigned ticks;
	bool has_ended;
};

static void write_file(const char *folder, const struct holder *one, const char *name,
		       const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%u", folder, one->pid);
	(void)!mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/%u/%s", folder, one->pid, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void write_process(const char *folder, const struct holder *one)
{
	char text[256];

	snprintf(text, sizeof(text),
		 "%u (x) S 1 7 7 0 -1 4194304 0 0 0 0 %u 0 0 0 20 0 1 0 100 4096 1 "
		 "18446744073709551615 0 0 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0\n",
		 one->pid, one->ticks);
	write_file(folder, one, "stat", text);
	snprintf(text, sizeof(text), "Name:\tx\nUid:\t%u\t%u\t%u\t%u\n", one->uid, one->uid,
		 one->uid, one->uid);
	write_file(folder, one, "status", text);
}

static int table(void)
{
	char text[256];
	int fd = memfd_create("tcp", MFD_CLOEXEC);
	int len = snprintf(text, sizeof(text), HEADING ENDS "%d        0 %d\n", UID, INODE);

	assert_int_equal(write(fd, text, (size_t)len), len);
	return fd;
}

/* True: the walk is over by it. */
static bool answer(struct host_walk *walk, struct channel *rights, struct channel *worker,
		   const struct holder *holders, bool is_last)
{
	CLEANUP(buf_fini) struct buf body = {0};
	struct socket_walk_request request;
	struct message message;

	assert_true(host_walk_next(walk, &request));
	int fd = request.part == SOCKET_WALK_TABLES ? table() : -1;
	const uint32_t head[] = {request.part, is_last, fd < 0};
	buf_add_bytes(&body, head, sizeof(head));
	for (size_t i = 0; i < HOLDERS_MAX && fd < 0 && holders[i].pid > 0; i++) {
		buf_printf(&body, "%u", holders[i].pid);
		buf_add_byte(&body, 0);
		buf_printf(&body, "socket:[%d]", INODE);
		buf_add_byte(&body, 0);
	}
	assert_int_equal(channel_send(rights, TYPE, buf_view(&body), &fd, fd >= 0), 0);
	if (fd >= 0)
		close(fd);
	assert_int_equal(channel_await(worker, WAIT_MS, &message), MESSAGE_READY);
	return host_walk_take(walk, &message);
}

static uint32_t named(const char *folder, const struct holder *holders, bool in_two_answers)
{
	struct walked_ends ends;
	struct processes *processes;
	struct host_walk *walk;
	struct channel rights, worker;
	struct error why;
	int pair[2], proc = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t count;

	assert_true(endpoint_parse(STR("10.0.0.7:40000"), &ends.one));
	assert_true(endpoint_parse(STR("10.0.0.9:3333"), &ends.other));
	assert_int_equal(processes_open(proc, &processes, &why), 0);
	assert_int_equal(host_walk_new(processes, &walk), 0);
	assert_int_equal(channel_pair(pair), 0);
	channel_init(&rights, pair[0], false);
	channel_init(&worker, pair[1], true);
	host_walk_begin(walk, &ends, 1);
	assert_false(answer(walk, &rights, &worker, NULL, true));
	if (in_two_answers) { /* the first has one holder, who is not all there are */
		const struct holder first[HOLDERS_MAX] = {holders[0]};
		assert_false(answer(walk, &rights, &worker, first, false));
		holders++;
	}
	assert_true(answer(walk, &rights, &worker, holders, true));
	const struct walked_socket *found = host_walk_found(walk, &count);
	assert_int_equal(count, 1);
	assert_int_equal(host_walk_cut(walk), 1 + in_two_answers);
	uint32_t pid = found[0].pid;
	host_walk_free(walk);
	channel_fini(&rights);
	channel_fini(&worker);
	processes_close(processes);
	close(proc);
	return pid;
}

static void of_several_the_one_whose_it_is_is_named(void **state)
{
	static const struct {
		const char *name;
		struct holder holders[HOLDERS_MAX + 1];
		uint32_t named; /* 0: nobody */
	} rows[] = {
		{"one", {{7, UID, 1, false}}, 7},
		{"one of another user", {{7, 0, 1, false}}, 7},
		{"nobody", {{0}}, 0},
		{"a bus that came first", {{5, 100, 90, false}, {7, UID, 1, false}}, 7},
		{"a bus that came last", {{7, UID, 1, false}, {9, 100, 90, false}}, 7},
		{"one that sleeps", {{5, UID, 0, false}, {7, UID, 50, false}}, 7},
		{"one that sleeps, and came last", {{7, UID, 50, false}, {9, UID, 0, false}}, 7},
		{"two that sleep", {{5, UID, 0, false}, {7, UID, 0, false}}, 5},
		{"two of another user", {{5, 0, 1, false}, {7, 0, 2, false}}, 7},
		{"several users, none of them its own", {{5, 0, 1, false}, {7, 100, 1, false}}, 0},
		{"the same, and again the first",
		 {{5, 0, 1, false}, {7, 100, 1, false}, {9, 0, 1, false}},
		 0},
		{"several users, and its own",
		 {{5, 0, 1, false}, {7, 100, 1, false}, {9, UID, 1, false}},
		 9},
		{"one that has ended", {{5, UID, 0, true}, {7, 0, 1, false}}, 7},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char folder[] = "/tmp/davy-test-XXXXXX", command[64];
		assert_non_null(mkdtemp(folder));
		for (size_t j = 0; rows[i].holders[j].pid > 0; j++)
			if (!rows[i].holders[j].has_ended)
				write_process(folder, &rows[i].holders[j]);
		uint32_t once = named(folder, rows[i].holders, false);
		uint32_t twice = named(folder, rows[i].holders, rows[i].holders[0].pid > 0);
		snprintf(command, sizeof(command), "rm -r %s", folder);
		assert_int_equal(system(command), 0);
		if (once != rows[i].named || twice != rows[i].named)
			fail_msg("%s: %u, %u", rows[i].name, once, twice);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_several_the_one_whose_it_is_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
