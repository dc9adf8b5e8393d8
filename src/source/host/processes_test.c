/* With this process alone, whoever runs it; tests/processes_test.c has what needs root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "decode/proc/command.h"
#include "source/host/processes.h"

struct fixture {
	struct opener opener;
	struct processes *processes;
	struct arena arena;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct error why = {""};

	assert_non_null(f);
	if (opener_init(&f->opener, &why) || processes_open(f->opener.proc, &f->processes, &why))
		fail_msg("%s", why.text);
	assert_int_equal(arena_init(&f->arena, 1 << 20), 0);
	assert_int_equal(f->opener.is_private, f->opener.weakness[0] == '\0');
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	processes_close(f->processes);
	opener_fini(&f->opener);
	arena_fini(&f->arena);
	free(f);
	return 0;
}

struct told {
	uint32_t wanted;
	unsigned started, ended;
};

static void on_start(void *context, const struct process_row *row)
{
	struct told *told = context;

	told->started += row->key.pid == told->wanted;
}

static void on_end(void *context, const struct process_row *row)
{
	struct told *told = context;

	told->ended += row->key.pid == told->wanted;
}

static void the_table_follows_a_process(void **state)
{
	struct fixture *f = *state;
	struct told told = {0};
	struct process_changes changes = {on_start, on_end, &told};
	int hold[2];

	assert_int_equal(processes_sweep(f->processes, NULL), 0);
	assert_int_equal(pipe(hold), 0);
	pid_t child = fork();
	if (child == 0) {
		char byte;
		close(hold[1]);
		_exit(read(hold[0], &byte, 1) != 0);
	}
	close(hold[0]);
	told.wanted = (uint32_t)child;
	assert_int_equal(processes_sweep(f->processes, &changes), 0);
	const struct process_row *row = processes_find(f->processes, told.wanted);
	assert_non_null(row);
	assert_true(row->is_new);
	assert_int_equal(row->parent, getpid());
	assert_int_equal(row->threads, 1);
	assert_int_equal(row->flags & PROCESS_KERNEL_THREAD, 0);
	assert_true(row->resident_bytes > 0);
	assert_int_equal(processes_sweep(f->processes, &changes), 0);
	assert_false(processes_find(f->processes, told.wanted)->is_new);
	close(hold[1]);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(processes_sweep(f->processes, &changes), 0);
	assert_null(processes_find(f->processes, told.wanted));
	assert_int_equal(told.started, 1);
	assert_int_equal(told.ended, 1);
}

static void rows_are_by_pid(void **state)
{
	struct fixture *f = *state;
	size_t count;

	assert_null(processes_find(f->processes, 1)); /* no sweep yet */
	assert_int_equal(processes_sweep(f->processes, NULL), 0);
	const struct process_row *rows = processes_rows(f->processes, &count);
	assert_true(count >= 1);
	for (size_t i = 1; i < count; i++)
		assert_true(rows[i - 1].key.pid < rows[i].key.pid);
	assert_int_equal(processes_uncounted(f->processes), 0);
}

static void reads_itself_in_full(void **state)
{
	struct fixture *f = *state;
	uint32_t self = (uint32_t)getpid();
	struct opened_process opened;
	struct process p;
	struct stat about;

	assert_int_equal(
		opener_process(&f->opener, self, process_files_for(PROCESS_WANT_ALL), &opened), 0);
	assert_int_equal(process_read(f->processes, self, &opened, PROCESS_WANT_ALL, &f->arena, &p),
			 0);
	opened_process_close(&opened);
	assert_int_equal(p.uid, getuid());
	assert_int_equal(stat("/proc/self/exe", &about), 0);
	assert_true(p.executable.inode == about.st_ino && p.executable.device == about.st_dev);
	assert_true(p.executable.size_bytes == (uint64_t)about.st_size);
	assert_int_equal(p.executable.flags, 0);
	assert_true(str_ends(p.executable.path, STR("test_source_host_processes")));
	assert_true(str_find(p.arguments, STR("test_source_host_processes")) >= 0);
	assert_true(p.ancestor_count >= 1);
	assert_int_equal(p.ancestors[0].key.pid, getppid());
	assert_true(p.has_io && p.read_calls > 0);
	assert_true(p.cgroup.path.len > 0 && p.cgroup.path.at[0] == '/');
	assert_true(p.resident_bytes > 0);
	/* It was started in the past, and not yesterday. */
	duration age = instant_since(instant_at(time(NULL), 0), p.started);
	assert_true(duration_seconds(age) > -2 && duration_seconds(age) < 3600);
}

static void without_an_opener_there_is_less(void **state)
{
	struct fixture *f = *state;
	struct process p;

	assert_int_equal(process_read(f->processes, (uint32_t)getpid(), NULL, PROCESS_WANT_ALL,
				      &f->arena, &p),
			 0);
	assert_int_equal(p.executable.flags, EXECUTABLE_UNREAD);
	assert_true(p.arguments.len > 0 && !p.has_io);
	assert_int_equal(process_read(f->processes, 0x7ffffff0, NULL, 0, &f->arena, &p), -ESRCH);
}

static void a_small_arena_leaves_texts_out(void **state)
{
	struct fixture *f = *state;
	char few[16];
	struct arena none = {.at = few, .cap = 0};
	struct process p;

	assert_int_equal(process_read(f->processes, (uint32_t)getpid(), NULL,
				      PROCESS_WANT_UNPRIVILEGED, &none, &p),
			 0);
	assert_int_equal(p.name.len + p.arguments.len + p.cgroup.path.len, 0);
	assert_int_equal(p.uid, getuid());
}

static void finds_its_own_mapping(void **state)
{
	struct fixture *f = *state;
	struct opened_process opened;
	struct process_mappings mappings;
	void *code = mmap(NULL, 12288, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool is_found = false;

	assert_int_equal(
		opener_process(&f->opener, (uint32_t)getpid(), 1u << PROCESS_FILE_MAPS, &opened),
		0);
	assert_int_equal(process_mappings_read(f->processes, &opened, &f->arena, &mappings), 0);
	assert_false(mappings.is_cut);
	for (size_t i = 0; i < mappings.count; i++) {
		const struct mapping *m = &mappings.at[i];
		assert_true(i == 0 || m[-1].end <= m->start);
		is_found |= m->start <= (uintptr_t)code && (uintptr_t)code < m->end &&
			    m->flags & MAPPING_EXECUTE && m->flags & MAPPING_ANONYMOUS;
	}
	assert_true(is_found);
	struct arena few = {.at = f->arena.at, .cap = 4096};
	assert_int_equal(process_mappings_read(f->processes, &opened, &few, &mappings), 0);
	assert_true(mappings.is_cut);
	opened_process_close(&opened);
	munmap(code, 12288);
}

static void who_ended_is_gone(void **state)
{
	struct fixture *f = *state;
	struct opened_process opened;
	struct process p;
	int hold[2];
	char byte;

	assert_int_equal(pipe(hold), 0);
	pid_t child = fork();
	if (child == 0) {
		close(hold[1]);
		_exit(read(hold[0], &byte, 1) != 0);
	}
	close(hold[0]);
	assert_int_equal(opener_process(&f->opener, (uint32_t)child,
					process_files_for(PROCESS_WANT_ALL), &opened),
			 0);
	close(hold[1]);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(process_read(f->processes, (uint32_t)child, &opened, PROCESS_WANT_ALL,
				      &f->arena, &p),
			 -ESRCH);
	opened_process_close(&opened);
	assert_int_equal(opener_process(&f->opener, (uint32_t)child, 1, &opened), -ESRCH);
	assert_int_equal(opened.error, -ESRCH);
	assert_int_equal(process_read(f->processes, (uint32_t)child, &opened, 0, &f->arena, &p),
			 -ESRCH);
}

static void an_answer_goes_through_a_channel(void **state)
{
	struct fixture *f = *state;
	struct channel ours, theirs;
	struct opened_process sent, got;
	struct message message;
	struct process p;
	int ends[2];
	uint32_t self = (uint32_t)getpid();

	assert_int_equal(channel_pair(ends), 0);
	channel_init(&ours, ends[0], false);
	channel_init(&theirs, ends[1], true);
	assert_int_equal(opener_process(&f->opener, self, PROCESS_FILES_ALL, &sent), 0);
	for (size_t i = 0; i < PROCESS_FILE_COUNT; i++)
		assert_int_equal(sent.errors[i], 0);
	assert_int_equal(opened_process_send(&ours, 20, &sent), 0);
	opened_process_close(&sent);
	assert_int_equal(channel_await(&theirs, 1000, &message), MESSAGE_READY);
	assert_true(opened_process_receive(&message, &got));
	assert_int_equal(got.pid, self);
	for (size_t i = 0; i < PROCESS_DESCRIPTORS; i++)
		assert_true(fcntl(got.descriptors[i], F_GETFD) >= 0);
	assert_int_equal(process_read(f->processes, self, &got, PROCESS_WANT_ALL, &f->arena, &p),
			 0);
	assert_true(p.has_io && p.executable.inode && p.executable.path.len);
	opened_process_close(&got);
	channel_fini(&ours);
	channel_fini(&theirs);
}

static void lies_are_not_taken(void **state)
{
	static const struct {
		const char *name;
		uint32_t words[2];
		size_t len;
	} requests[] = {
		{"no pid", {0, 1}, 8},	       {"negative", {0x80000000, 1}, 8},
		{"nothing wanted", {1, 0}, 8}, {"unknown file", {1, 1u << PROCESS_FILE_COUNT}, 8},
		{"short", {1, 1}, 7},	       {"empty", {0, 0}, 0},
	};
	struct opener_request request;
	struct opened_process got;
	const uint32_t good[2] = {1, PROCESS_FILES_ALL};

	assert_true(opener_request_read(str_of(good, sizeof(good)), &request));
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		if (opener_request_read(str_of(requests[i].words, requests[i].len), &request))
			fail_msg("%s is taken", requests[i].name);
	uint32_t answer[64] = {1, 0, 1}; /* says a descriptor came */
	int fd = open("/dev/null", O_RDONLY);
	struct message message = {.body = str_of(answer, 4 * (7 + PROCESS_FILE_COUNT))};
	assert_false(opened_process_receive(&message, &got));
	message =
		(struct message){.body = STR("short"), .descriptors = {fd}, .descriptor_count = 1};
	assert_false(opened_process_receive(&message, &got));
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void unlisted_are_those_of_both_walks(void **state)
{
	struct fixture *f = *state;
	const uint64_t tick = 10000000;
	struct process_key out[2];

	assert_int_equal(processes_sweep(f->processes, NULL), 0);
	const struct process_row *self = processes_find(f->processes, (uint32_t)getpid());
	struct process_key me = {self->key.pid, self->key.start_ns + 7}; /* exact, not in ticks */
	const struct process_key before[] = {me,
					     {0x7ffffff0, 5 * tick},
					     {0x7ffffff1, 5 * tick},
					     {0x7ffffff2, 5 * tick}},
				 after[] = {me, {0x7ffffff1, 5 * tick + 3}, {0x7ffffff2, 9 * tick}};
	assert_int_equal(processes_unlisted(f->processes, before, 4, after, 3, out, 2), 1);
	assert_int_equal(out[0].pid, 0x7ffffff1);
	assert_int_equal(processes_unlisted(f->processes, before, 4, after, 3, out, 0), 1);
	assert_int_equal(processes_unlisted(f->processes, before, 4, after, 0, out, 2), 0);
	assert_int_equal(processes_unlisted(f->processes, before, 0, after, 3, out, 2), 0);
}

static void errors_come_with_a_remedy(void **state)
{
	static const struct {
		int error;
		const char *word;
	} cases[] = {{-EACCES, "run davy as root"},
		     {-ESRCH, "ended"},
		     {-ENOENT, "kernel thread"},
		     {-EMFILE, "LimitNOFILE"},
		     {-EIO, "Input/output"}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CLEANUP(buf_fini) struct buf out = {0};
		opener_explain(cases[i].error, PROCESS_FILE_MAPS, &out);
		assert_true(str_find(buf_view(&out), str_from(cases[i].word)) >= 0);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(the_table_follows_a_process),
		TEST(rows_are_by_pid),
		TEST(reads_itself_in_full),
		TEST(without_an_opener_there_is_less),
		TEST(a_small_arena_leaves_texts_out),
		TEST(finds_its_own_mapping),
		TEST(who_ended_is_gone),
		TEST(an_answer_goes_through_a_channel),
		TEST(lies_are_not_taken),
		TEST(unlisted_are_those_of_both_walks),
		cmocka_unit_test(errors_come_with_a_remedy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
