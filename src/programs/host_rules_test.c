#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/buf.h"
#include "programs/host_rules.h"
#include "programs/sealed.h"

/* Whose memory is looked at: our own. */
static struct processes *processes;
static struct arena arena;
static int memory;
static const char mark[] = "what the rule looks for";

struct watched {
	int begun, ended;
	uint32_t refused; /* the pid; 0: nobody's */
};

static bool note_begin(void *context, uint32_t pid)
{
	struct watched *watched = context;

	if (pid == watched->refused)
		return false;
	watched->begun++;
	return true;
}

static void note_end(void *context, uint32_t pid)
{
	struct watched *watched = context;

	(void)pid;
	watched->ended++;
}

static struct host_rules *rules_of(const char *text, struct watched *watched)
{
	static const char name[] = "one.yar";
	const uint32_t lengths[] = {sizeof(name) - 1, (uint32_t)strlen(text)};
	const struct rules_watcher watcher = {note_begin, note_end, watched};
	CLEANUP(buf_fini) struct buf file = {0};
	struct host_rules *rules;
	struct error why = {0};

	buf_add_bytes(&file, lengths, sizeof(lengths));
	buf_add_text(&file, name);
	buf_add_text(&file, text);
	assert_int_equal(host_rules_new(&rules, &why), 0);
	int result = host_rules_take(rules, sealed_make("rules", buf_view(&file)), &why);
	if (result != 0)
		fail_msg("%s", why.text);
	host_rules_watch(rules, &watcher);
	return rules;
}

static size_t look(struct host_rules *rules, uint32_t pid)
{
	const struct process process = {.key = {pid, 1}};
	struct workload workload = {.process = &process};
	uint64_t at = (uintptr_t)mark;

	host_rules_begin(rules);
	host_rules_add(rules, at, at + sizeof(mark));
	host_rules_scan(rules, processes, memory, &arena, &workload);
	return workload.rule_hit_count;
}

static void who_is_refused_is_not_looked_at(void **state)
{
	struct watched watched = {.refused = 2};
	struct host_rules *rules = rules_of(
		"rule a { strings: $a = \"what the rule looks for\" condition: $a }", &watched);

	(void)state;
	assert_int_equal(look(rules, 1), 1);
	assert_int_equal(host_rules_stopped(rules), 0);
	assert_int_equal(look(rules, 2), 0);
	assert_int_equal(watched.begun, 1);
	assert_int_equal(watched.ended, 1);
	assert_int_equal(host_rules_stopped(rules), 1);
	host_rules_free(rules);
}

/* The first takes four seconds; all others are new to us, and it must not be four more of each. */
static void who_comes_anew_costs_no_more_than_all_may(void **state)
{
	enum { PROCESSES = 100 };
	struct watched watched = {0};
	struct host_rules *rules = rules_of(
		"rule endless { condition: for all i in (1..1000000000000) : (i > 0) }", &watched);

	(void)state;
	for (uint32_t pid = 1; pid <= PROCESSES; pid++)
		assert_int_equal(look(rules, pid), 0);
	/* two: where this machine stood still for a minute under way */
	assert_in_range(watched.begun, 1, 2);
	assert_int_equal(watched.ended, watched.begun);
	assert_int_equal(host_rules_stopped(rules), PROCESSES);
	host_rules_free(rules);
}

static int begin(void **state)
{
	struct error why;

	(void)state;
	int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	return proc >= 0 && memory >= 0 && processes_open(proc, &processes, &why) == 0
		       ? arena_init(&arena, 1 << 20)
		       : -1;
}

static int end(void **state)
{
	(void)state;
	processes_close(processes);
	arena_fini(&arena);
	close(memory);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_refused_is_not_looked_at),
		cmocka_unit_test(who_comes_anew_costs_no_more_than_all_may),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
