#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "decode/proc/command.h"
#include "decode/proc/stat.h"
#include "decode/proc/status.h"

/* Columns 3 to 52 of a process of 2 threads, nice 19, SCHED_IDLE. */
#define COLUMNS                                                                       \
	" R 7 42 41 34816 42 4194304 92 0 0 0 250 50 0 0 39 19 2 0 8814 5677056 225 " \
	"18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 5 0 0 0 1 2 3 4 5 6 7 0\n"

static void check_columns(const struct proc_stat *stat)
{
	assert_int_equal(stat->parent, 7);
	assert_int_equal(stat->session, 41);
	assert_int_equal(stat->state, 'R');
	assert_int_equal(stat->flags, 4194304);
	assert_int_equal(stat->user_ticks, 250);
	assert_int_equal(stat->system_ticks, 50);
	assert_int_equal(stat->nice, 19);
	assert_int_equal(stat->threads, 2);
	assert_int_equal(stat->start_ticks, 8814);
	assert_int_equal(stat->resident_pages, 225);
	assert_int_equal(stat->policy, 5);
	assert_false(proc_stat_is_kernel_thread(stat));
}

static void reads_stat_around_any_name(void **state)
{
	static const char *const names[] = {
		"cat",
		"",
		")",
		"a) R 1 1 (b",
		"x) S 1 2 3\n43 (y",
		"((((",
		"a b",
		"\xff\xfe\x1b[2J",
		"kworker/0:1-events_power_efficient",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char text[512];
		struct proc_stat stat;
		strcpy(text, "42 (");
		strcat(text, names[i]);
		strcat(text, ")" COLUMNS);
		assert_int_equal(proc_stat_read(str_from(text), &stat), DECODED);
		assert_int_equal(stat.pid, 42);
		assert_true(str_equal(stat.name, str_from(names[i])));
		check_columns(&stat);
	}
}

static void stat_that_is_cut_or_wrong(void **state)
{
	const struct str whole = STR("42 (cat)" COLUMNS);
	struct proc_stat stat;

	for (size_t len = 0; len < whole.len - 36; len++)
		assert_int_equal(proc_stat_read(str_sub(whole, 0, len), &stat), NEED_MORE);
	assert_int_equal(proc_stat_read(STR("x (cat)" COLUMNS), &stat), MALFORMED);
	assert_int_equal(proc_stat_read(STR("99999999999 (cat)" COLUMNS), &stat), MALFORMED);
	assert_int_equal(proc_stat_read(STR("1 (cat) R 1 2\n"), &stat), MALFORMED);
	assert_int_equal(proc_stat_read(STR("hello\n"), &stat), MALFORMED);
	assert_int_equal(proc_stat_read(STR(")(\n"), &stat), MALFORMED);
}

static void knows_kernel_threads_by_their_flag(void **state)
{
	struct proc_stat stat;

	assert_int_equal(
		proc_stat_read(STR("2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 2 0 "
				   "0 18446744073709551615 0 0 0 0 0 0 0 2147483647 0 0 0 0 0 0 0 "
				   "0 0 0 0 0 0 0 0 0 0 0 0\n"),
			       &stat),
		DECODED);
	assert_true(proc_stat_is_kernel_thread(&stat));
	assert_int_equal(proc_ticks_ns(150), 1500000000);
	assert_true(proc_ticks_ns(UINT64_MAX) == UINT64_MAX);
}

static void reads_status(void **state)
{
	struct proc_status status;

	assert_int_equal(
		proc_status_read(
			STR("Name:\tx\\nUid:\t0\t0\nUmask:\t0022\nTracerPid:\t9\n"
			    "Uid:\t1000\t1001\t1000\t1000\nNSpid:\t815\t3\t1\nVmRSS:\t   2048 kB\n"
			    "HugetlbPages:\t 4096 kB\nThreads:\t3\nvoluntary_ctxt_switches:\t12\n"
			    "nonvoluntary_ctxt_switches:\t34"),
			&status),
		DECODED);
	assert_int_equal(status.uid, 1000);
	assert_int_equal(status.effective_uid, 1001);
	assert_int_equal(status.tracer, 9);
	assert_int_equal(status.pid_namespaces, 3);
	assert_int_equal(status.innermost_pid, 1);
	assert_int_equal(status.resident_bytes, 2048 * 1024);
	assert_int_equal(status.huge_page_bytes, 4096 * 1024);
	assert_int_equal(status.threads, 3);
	assert_int_equal(status.switches_asked, 12);
	assert_int_equal(status.switches_forced, 34);
	assert_int_equal(proc_status_read(STR("Name:\tx\nUid:\t-1\t0\n"), &status), MALFORMED);
	assert_int_equal(proc_status_read(STR(""), &status), MALFORMED);
}

static void reads_io(void **state)
{
	struct proc_io io;

	assert_int_equal(proc_io_read(STR("rchar: 10\nwchar: 20\nsyscr: 3\nsyscw: 4\nread_bytes: "
					  "5\nwrite_bytes: 6\ncancelled_write_bytes: 0\n"),
				      &io),
			 DECODED);
	assert_int_equal(io.read_bytes, 10);
	assert_int_equal(io.written_bytes, 20);
	assert_int_equal(io.read_calls, 3);
	assert_int_equal(io.write_calls, 4);
	assert_int_equal(proc_io_read(STR("rchar: 10\nwchar: 20\nsyscr: 3\n"), &io), MALFORMED);
}

static void joins_arguments(void **state)
{
	char out[8];

	assert_true(str_equal(proc_arguments_read(STR("a\0b c\0\0\0"), out, sizeof(out)),
			      STR("a b c")));
	assert_true(
		str_equal(proc_arguments_read(STR("\0a\0\0b"), out, sizeof(out)), STR(" a  b")));
	assert_true(str_equal(proc_arguments_read(STR("0123456789"), out, sizeof(out)),
			      STR("01234567")));
	assert_int_equal(proc_arguments_read(STR("\0\0\0"), out, sizeof(out)).len, 0);
	assert_int_equal(proc_arguments_read((struct str){0}, out, 0).len, 0);
}

static void keeps_secrets_of_the_environment(void **state)
{
	const struct str text = STR("HOME=/x\0TOKEN=secret\0secret\0=secret\0LD_AUDIT=/a.so\0"
				    "LD_PRELOAD=\0LD_PRELOAD=/tmp/p.so\0LD_PRELOAD=/second");
	struct proc_environment environment;

	proc_environment_read(text, &environment);
	assert_true(str_equal(environment.preload, STR("/tmp/p.so")));
	assert_int_equal(environment.name_count, 6);
	for (size_t i = 0; i < environment.name_count; i++)
		assert_int_equal(str_find(environment.names[i], STR("secret")), -1);
	proc_environment_read(STR("LD_PRELOADED=/x\0LD_AUDIT=/a.so"), &environment);
	assert_true(str_equal(environment.preload, STR("/a.so")));
}

static void counts_no_more_names_than_fit(void **state)
{
	char text[4 * (PROC_ENVIRONMENT_NAMES_MAX + 1)], long_name[200];
	struct proc_environment environment;

	for (size_t i = 0; i < sizeof(text); i += 4)
		memcpy(text + i, "A=b", 4);
	proc_environment_read(str_of(text, sizeof(text)), &environment);
	assert_int_equal(environment.name_count, PROC_ENVIRONMENT_NAMES_MAX);
	assert_true(environment.has_more_names);
	memset(long_name, 'n', sizeof(long_name));
	long_name[150] = '=';
	proc_environment_read(str_of(long_name, sizeof(long_name)), &environment);
	assert_int_equal(environment.names[0].len, PROC_ENVIRONMENT_NAME_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_stat_around_any_name),
		cmocka_unit_test(stat_that_is_cut_or_wrong),
		cmocka_unit_test(knows_kernel_threads_by_their_flag),
		cmocka_unit_test(reads_status),
		cmocka_unit_test(reads_io),
		cmocka_unit_test(joins_arguments),
		cmocka_unit_test(keeps_secrets_of_the_environment),
		cmocka_unit_test(counts_no_more_names_than_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
