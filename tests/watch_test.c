/*
 * `davy watch` finds drills within two seconds of the packet that proves them: in a network
 * namespace of the test's own, whole program, real interfaces, real sockets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "drilling.h"
#include "namespace.h"
#include "watching.h"

enum { FOUND_WITHIN_MS = 2000, BULK_BYTES = 10 << 20 };

static struct watching w;

static int start_watching(void **state)
{
	watching_init(&w);
	watching_start_up(&w, NULL);
	return 0;
}

static int end_watching(void **state)
{
	watching_fini(&w);
	return 0;
}

/* The incidents of the store, as JSON lines; waits for the first `count`. */
static unsigned await_incidents(struct buf *out, unsigned count)
{
	int64_t until = watching_now_ms() + 10000;
	unsigned lines;

	do {
		struct str rest, line;
		/* 1: there are some */
		assert_true(watching_davy(&w, out,
					  (const char *const[]){"incidents", "--json", NULL}) < 2);
		rest = buf_view(out);
		for (lines = 0; str_cut(rest, '\n', &line, &rest); lines++)
			;
	} while (lines < count && watching_now_ms() < until);
	return lines;
}

static void show_tells(const char *id, const char *text)
{
	CLEANUP(buf_fini) struct buf out = {0};

	(void)watching_davy(&w, &out, (const char *const[]){"show", id, NULL});
	if (str_find_nocase(buf_view(&out), str_from(text)) < 0)
		fail_msg("davy show %s does not tell %s: %.*s", id, text, (int)out.len, out.at);
}

static void copy_id(const struct buf *json, char id[32])
{
	const char *at = memmem(json->at, json->len, "\"id\":\"", 6);

	assert_non_null(at);
	snprintf(id, 32, "%.16s", at + 6);
}

static const struct {
	const char *dialect, *carrier;
} drills[] = {
	{"cryptonote", "plain"},	   {"bitcoin-stratum-v1", "socks5"},
	{"ethereum-stratum-1", "connect"}, {"kaspa", "plain"},
	{"coinhive", "websocket"},	   {"zcash", "socks4a"},
	{"getblocktemplate", "plain"},	   {"cryptonote", "socks5+websocket"},
	{"stratum-v2", "plain"},
};

/* Each is told and stored in time, and is one incident with the one host there is as victim. */
static void drills_are_found_in_time(void **state)
{
	CLEANUP(buf_fini) struct buf out = {0};
	char id[32], dialect[64];

	for (size_t i = 0; i < sizeof(drills) / sizeof(*drills); i++) {
		size_t from = w.text[WATCHING_OUT].len;
		int64_t began = watching_now_ms();
		pid_t drill = drilling_start(drills[i].dialect, drills[i].carrier, 5, 100 + i);
		snprintf(dialect, sizeof(dialect), "\"dialect\":\"%s\"", drills[i].dialect);
		bool is_found = watching_await_line(&w, from, "\"verdict\":\"mining\"", dialect,
						    PATIENCE_MS);
		int64_t took = watching_now_ms() - began;
		drilling_end(drill);
		if (!is_found)
			fail_msg("%s over %s is not found", drills[i].dialect, drills[i].carrier);
		printf("# %s over %s: told %lld ms after the miner was started\n",
		       drills[i].dialect, drills[i].carrier, (long long)took);
		assert_true(took < FOUND_WITHIN_MS);
		unsigned count = await_incidents(&out, (unsigned)i + 1);
		if (count != i + 1)
			fail_msg("%s over %s: %u incidents, not %zu: %.*s", drills[i].dialect,
				 drills[i].carrier, count, i + 1, (int)out.len, out.at);
		copy_id(&out, id);
		show_tells(id, "127.0.0.1");
	}
}

/* In a process of its own, so that the reading of what is found does not wait for it. */
static pid_t mine_on(struct connection *c, const char *dialect, uint64_t seed)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	connection_mine(c, dialect, 5, seed);
	_exit(0);
}

static void check_found(size_t from, const char *dialect, int64_t began, const char *where)
{
	char wanted[64];

	snprintf(wanted, sizeof(wanted), "\"dialect\":\"%s\"", dialect);
	if (!watching_await_line(&w, from, "\"verdict\":\"mining\"", wanted, PATIENCE_MS))
		fail_msg("%s %s is not found", dialect, where);
	int64_t took = watching_now_ms() - began;
	printf("# %s %s: told %lld ms after it began\n", dialect, where, (long long)took);
	assert_true(took < FOUND_WITHIN_MS);
}

/*
 * How much of the bulk the kernel cuts depends on when the sensor gets its turn to say so: again,
 * until it did so in time.
 */
static void a_session_behind_a_cut_is_found(void **state)
{
	int64_t before = watching_counter(&w, "bytes cut off"), cut = 0;

	for (unsigned tries = 0; tries < 6 && cut < BULK_BYTES / 4; tries++) {
		struct connection c = connection_open();
		size_t from = w.text[WATCHING_OUT].len;
		connection_bulk(&c, BULK_BYTES);
		int64_t began = watching_now_ms();
		pid_t miner = mine_on(&c, "cryptonote", 200 + tries);
		check_found(from, "cryptonote", began, "behind 10 MB on the same connection");
		drilling_end(miner);
		connection_close(&c);
		(void)watching_await_counter(&w, "bytes cut off", before + BULK_BYTES / 4, 2500);
		cut = watching_counter(&w, "bytes cut off") - before;
		printf("# %lld bytes were cut off by the kernel\n", (long long)cut);
	}
	assert_true(cut >= BULK_BYTES / 4);
}

static void a_session_beside_a_cut_is_found(void **state)
{
	struct connection c = connection_open();
	int64_t cut = watching_counter(&w, "bytes cut off");
	size_t from = w.text[WATCHING_OUT].len;
	pid_t bulk = fork();

	if (bulk == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (int i = 0; i < 400; i++) { /* 4 s, 25 MB/s */
			connection_bulk(&c, 256 * 1024);
			poll(NULL, 0, 10);
		}
		_exit(0);
	}
	assert_true(watching_await_counter(&w, "bytes cut off", cut + 1, PATIENCE_MS));
	int64_t began = watching_now_ms();
	pid_t drill = drilling_start("kaspa", "plain", 5, 300);
	check_found(from, "kaspa", began, "while another flow is cut off");
	drilling_end(drill);
	drilling_stop(bulk);
	connection_close(&c);
}

static void health_tells_the_traffic(void **state)
{
	CLEANUP(buf_fini) struct buf out = {0};

	assert_true(watching_await_counter(&w, "packets received", 100, PATIENCE_MS));
	assert_int_equal(watching_davy(&w, &out, (const char *const[]){"health", NULL}), 0);
	assert_true(str_find_nocase(buf_view(&out), STR("sensor 0")) >= 0);
	assert_true(str_find_nocase(buf_view(&out), STR("sensor 1")) >= 0);
	assert_true(str_find_nocase(buf_view(&out), STR("lo")) >= 0);
	assert_int_equal(watching_counter(&w, "packets dropped"), 0);
	assert_int_equal(watching_counter(&w, "worker restarts"), 0);
	assert_int_equal(watching_counter(&w, "findings lost"), 0);
	assert_true(watching_counter(&w, "frames") >= 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(drills_are_found_in_time),
		cmocka_unit_test(health_tells_the_traffic),
		cmocka_unit_test(a_session_behind_a_cut_is_found),
		cmocka_unit_test(a_session_beside_a_cut_is_found),
	};

	if (!namespace_enter()) {
		printf("1..0 # SKIP no network namespace\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, start_watching, end_watching);
}
