/*
 * `davy watch` in a flood of 10,000 new flows a second, with miners at work in the midst of it: all
 * are found, and no process takes more memory than the settings allow.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <cmocka.h>

#include "drilling.h"
#include "namespace.h"
#include "watching.h"

enum {
	FLOWS_PER_S = 10000,
	FLOOD_S = 11,
	SLICE_MS = 10,
	DRILLS = 5,
	CEILING_KIB = 128 << 10, /* watch.memory of watching_settings */
};

/* A SYN, and a little of nothing known: each pair a flow of its own. */
static void send_flow(int sender, uint32_t number)
{
	static const char noise[] = "\x01\x93\x17 nothing that anybody speaks \x88\x01";
	struct frame_plan plan = {.from = 0x0a000000 + number,
				  .to = 0xc6336401,
				  .from_port = (uint16_t)(1024 + number % 60000),
				  .to_port = (uint16_t)(1 + number % 9999),
				  .flags = 2};

	(void)!frame_send(sender, &plan);
	plan.flags = 0x18;
	plan.payload = noise;
	plan.payload_len = sizeof(noise) - 1;
	(void)!frame_send(sender, &plan);
}

static pid_t flood(const char *interface)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	int sender = frame_sender(interface);
	int64_t began = watching_now_ms();
	uint32_t sent = 0;
	for (int64_t now = began; sender >= 0 && now < began + FLOOD_S * 1000;
	     now = watching_now_ms()) {
		uint32_t due = (uint32_t)((now - began) * FLOWS_PER_S / 1000);
		while (sent < due)
			send_flow(sender, sent++);
		poll(NULL, 0, SLICE_MS);
	}
	_exit(sent >= FLOOD_S * FLOWS_PER_S / 10 * 9 ? 0 : 1);
}

static long peak_kib(pid_t pid)
{
	char path[64], line[256];
	long peak = -1;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	FILE *file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "VmHWM: %ld", &peak) == 1)
			break;
	if (file)
		fclose(file);
	return peak;
}

static void check_memory(const struct watching *w, const char *name, pid_t pid)
{
	long peak = peak_kib(pid);

	printf("# %s: at most %ld MiB resident\n", name, peak / 1024);
	assert_true(peak > 0);
	assert_true(peak < CEILING_KIB);
}

static void miners_are_found_in_a_flood(void **state)
{
	static const char *const dialects[DRILLS] = {"cryptonote", "kaspa", "zcash",
						     "bitcoin-stratum-v1", "ethereum-stratum-1"};
	struct watching *w = *state;
	pid_t drills[DRILLS];

	assert_true(namespace_veth("flood0", "flood1"));
	watching_settings(w, "  interfaces: [lo, flood1]\n");
	watching_start_up(w, NULL);
	pid_t flooder = flood("flood0");
	poll(NULL, 0, 2000);
	for (unsigned i = 0; i < DRILLS; i++)
		drills[i] = drilling_start(dialects[i], "plain", 30, 700 + i);
	for (unsigned i = 0; i < DRILLS; i++) {
		char wanted[64];
		snprintf(wanted, sizeof(wanted), "\"dialect\":\"%s\"", dialects[i]);
		if (!watching_await_line(w, 0, "\"verdict\":\"mining\"", wanted, PATIENCE_MS))
			fail_msg("%s is not found", dialects[i]);
	}
	for (unsigned i = 0; i < DRILLS; i++)
		drilling_end(drills[i]);
	drilling_end(flooder);
	assert_true(watching_await_counter(w, "flows seen", FLOWS_PER_S, PATIENCE_MS));
	check_memory(w, "supervisor", w->pid);
	check_memory(w, "sensor 0", watching_worker(w, "sensor", 0));
	check_memory(w, "sensor 1", watching_worker(w, "sensor", 1));
	check_memory(w, "core", watching_worker(w, "core", 0));
	poll(NULL, 0, 1200); /* the last counters */
	printf("# packets received %lld, dropped %lld; flows seen %lld, evicted %lld\n",
	       (long long)watching_counter(w, "packets received"),
	       (long long)watching_counter(w, "packets dropped"),
	       (long long)watching_counter(w, "flows seen"),
	       (long long)watching_counter(w, "flows evicted"));
	assert_int_equal(watching_counter(w, "worker restarts"), 0);
	assert_int_equal(watching_end(w, SIGTERM), 0);
	assert_true(namespace_ip("link del flood0"));
}

/* A login that nobody answers: whoever can send packets can send these, from any address. */
static void forge_logins(int sender, unsigned count)
{
	static const char login[] =
		"{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"login\",\"params\":{\"login\":\"x\","
		"\"pass\":\"x\",\"agent\":\"XMRig/6.21.0\",\"algo\":[\"rx/0\"]}}\n";

	for (unsigned i = 0; i < count; i++) {
		struct frame_plan plan = {.from = 0x0a000000 + i,
					  .to = 0xc6336401,
					  .from_port = (uint16_t)(1024 + i),
					  .to_port = 3333,
					  .payload = login,
					  .payload_len = sizeof(login) - 1};
		assert_true(frame_send(sender, &plan));
		if (i % 64 == 63)
			poll(NULL, 0, 10);
	}
}

/* All are stored, few are told, and a miner in their midst is told at once. */
static void forged_suspects_do_not_flood_the_terminal(void **state)
{
	enum { FORGED = 1000, TOLD_MOST = 20 };
	struct watching *w = *state;

	assert_true(namespace_veth("flood0", "flood1"));
	watching_settings(w, "  interfaces: [lo, flood1]\n");
	watching_start_up(w, NULL);
	int sender = frame_sender("flood0");
	assert_true(sender >= 0);
	forge_logins(sender, FORGED);
	if (!watching_await_counter(w, "stored", FORGED, PATIENCE_MS))
		fail_msg("%lld of %u stored, %lld found in %lld frames",
			 (long long)watching_counter(w, "stored"), FORGED,
			 (long long)watching_counter(w, "findings told"),
			 (long long)watching_counter(w, "frames"));
	pid_t drill = drilling_start("cryptonote", "plain", 10, 800);
	if (!watching_await_line(w, 0, "\"verdict\":\"mining\"", "cryptonote", PATIENCE_MS))
		fail_msg("the miner is not told");
	drilling_end(drill);
	close(sender);
	assert_int_equal(watching_end(w, SIGTERM), 0);
	unsigned told = watching_count(w, WATCHING_OUT, 0, "\"verdict\":\"suspect\",\"severity\"");
	printf("# %u of %u suspects told\n", told, FORGED);
	assert_true(told > 0 && told <= TOLD_MOST);
	assert_int_equal(watching_count(w, WATCHING_OUT, 0, "{\"kind\":\"folded\","), 1);
	/* standard error is no journal here */
	assert_int_equal(watching_count(w, WATCHING_ERR, 0, "davy: suspect"), 0);
	assert_int_equal(watching_count(w, WATCHING_ERR, 0, "<2>"), 0);
	assert_true(namespace_ip("link del flood0"));
}

static int init(void **state)
{
	static struct watching w;

	/* freed memory is kept for a while by the sanitizer: that is not the program's */
	setenv("ASAN_OPTIONS", "quarantine_size_mb=1", 0);
	watching_init(&w);
	*state = &w;
	return 0;
}

static int fini(void **state)
{
	watching_fini(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(miners_are_found_in_a_flood, init, fini),
		cmocka_unit_test_setup_teardown(forged_suspects_do_not_flood_the_terminal, init,
						fini),
	};

	if (!namespace_enter()) {
		printf("1..0 # SKIP no network namespace\n");
		return 0;
	}
	cmocka_set_test_filter(getenv("DAVY_TEST"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
