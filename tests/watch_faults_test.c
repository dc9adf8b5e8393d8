/*
 * `davy watch` when things go wrong: workers and all of it killed, the disk full, signals,
 * interfaces that come and go. Nothing that was told may be lost, and it goes on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "drilling.h"
#include "namespace.h"
#include "watching.h"

enum { KILL_ROUNDS = 10, KILL_LATEST_MS = 900, RESTARTED_MS = 8000 };

static const char mining[] = "\"verdict\":\"mining\"";

static int init(void **state)
{
	static struct watching w;

	watching_init(&w);
	*state = &w;
	return 0;
}

static int fini(void **state)
{
	watching_fini(*state);
	return 0;
}

static void await_mining(struct watching *w, size_t from, const char *dialect)
{
	char wanted[64];

	snprintf(wanted, sizeof(wanted), "\"dialect\":\"%s\"", dialect);
	if (!watching_await_line(w, from, mining, wanted, PATIENCE_MS))
		fail_msg("%s is not found; davy watch says: %.*s%.*s", dialect,
			 (int)w->text[WATCHING_ERR].len, w->text[WATCHING_ERR].at,
			 (int)w->text[WATCHING_OUT].len, w->text[WATCHING_OUT].at);
}

/* Every finding that was printed is in the store; how many that were. */
static unsigned check_all_stored(const struct watching *w)
{
	CLEANUP(buf_fini) struct buf shown = {0};
	struct str rest = buf_view(&w->text[WATCHING_OUT]), line;
	unsigned count = 0;

	/* a line cut off by the kill was not told */
	while (str_cut(rest, '\n', &line, &rest)) {
		const char *at = memmem(line.at, line.len, "\"id\":\"", 6);
		char id[20];
		if (!at)
			continue;
		snprintf(id, sizeof(id), "%.16s", at + 6);
		if (watching_davy(w, &shown, (const char *const[]){"show", "--json", id, NULL}))
			fail_msg("%s was told and is not stored", id);
		count++;
	}
	return count;
}

static void kill_worker(struct watching *w, const char *role, unsigned restarts)
{
	char said[80];
	pid_t worker = watching_worker(w, role, 0);

	assert_true(worker > 0);
	kill(worker, SIGKILL);
	snprintf(said, sizeof(said), "the %s was killed by signal 9", role);
	assert_true(watching_await(w, WATCHING_ERR, 0, said, 1, RESTARTED_MS));
	assert_true(watching_await_counter(w, "worker restarts", restarts, RESTARTED_MS));
}

static void killed_workers_are_started_again(void **state)
{
	struct watching *w = *state;

	watching_start_up(w, NULL);
	pid_t first = drilling_start("cryptonote", "plain", 80, 1);
	await_mining(w, 0, "cryptonote");
	kill_worker(w, "sensor", 1);
	pid_t second = drilling_start("kaspa", "plain", 60, 2);
	/* Its login may have been in the block that is given up: then another dialect is as likely.
	 */
	assert_true(watching_await_line(w, 0, mining, "\"title\":\"Kaspa mining", PATIENCE_MS));
	kill_worker(w, "core", 2);
	pid_t third = drilling_start("zcash", "plain", 10, 3);
	await_mining(w, 0, "zcash");
	drilling_end(first);
	drilling_end(second);
	drilling_end(third);
	assert_int_equal(watching_counter(w, "findings lost"), 0);
	assert_true(check_all_stored(w) >= 3);
	assert_int_equal(watching_end(w, SIGTERM), 0);
}

/* All at once, as the power would: also in the middle of a write. */
static void what_was_told_survives_a_kill(void **state)
{
	static const char *const dialects[] = {"cryptonote", "kaspa", "zcash",
					       "ethereum-stratum-1"};
	struct watching *w = *state;
	unsigned told = 0;

	srand((unsigned)getpid());
	for (unsigned round = 0; round < KILL_ROUNDS; round++) {
		pid_t drills[4];
		watching_start_up(w, NULL);
		for (unsigned i = 0; i < 4; i++)
			drills[i] = drilling_start(dialects[i], "plain", 10, 10 * round + i);
		int delay = rand() % KILL_LATEST_MS;
		(void)watching_await(w, WATCHING_OUT, 0, "no such text", 1, delay);
		(void)watching_end(w, SIGKILL);
		for (unsigned i = 0; i < 4; i++)
			drilling_stop(drills[i]);
		told += check_all_stored(w);
	}
	printf("# %u findings told before %u kills, all of them stored\n", told, KILL_ROUNDS);
	assert_true(told > 0);
}

static void fill_disk(const char *path)
{
	static char block[4096];
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	memset(block, 'x', sizeof(block));
	for (size_t size = sizeof(block); size > 0;)
		if (write(fd, block, size) <= 0)
			size /= 2;
	close(fd);
}

static void a_full_disk_is_told_and_survived(void **state)
{
	struct watching *w = *state;
	char folder[128], filler[160];

	snprintf(folder, sizeof(folder), "%s/store", w->folder);
	snprintf(filler, sizeof(filler), "%s/filler", folder);
	assert_int_equal(mkdir(folder, 0755), 0);
	assert_int_equal(mount("davy", folder, "tmpfs", 0, "size=512k,mode=0777"), 0);
	watching_start_up(w, NULL);
	assert_true(watching_await_counter(w, "packets received", 0, PATIENCE_MS));
	fill_disk(filler);
	pid_t drill = drilling_start("cryptonote", "plain", 200, 1);
	await_mining(w, 0, "cryptonote");
	if (!watching_await(w, WATCHING_ERR, 0, "is full: free some space", 1, PATIENCE_MS))
		fail_msg("nothing is said of the full disk: %.*s", (int)w->text[WATCHING_ERR].len,
			 w->text[WATCHING_ERR].at);
	/* said once, and not for each of the attempts of the next seconds */
	(void)watching_await(w, WATCHING_ERR, 0, "no such text", 1, 3000);
	assert_int_equal(watching_count(w, WATCHING_ERR, 0, "is full"), 1);
	assert_int_equal(unlink(filler), 0);
	assert_true(watching_await_counter(w, "stored", 1, PATIENCE_MS));
	drilling_stop(drill);
	assert_true(check_all_stored(w) >= 1);
	assert_int_equal(watching_end(w, SIGTERM), 0);
	assert_int_equal(umount(folder), 0);
}

static bool has_file(const struct watching *w, const char *ending)
{
	char path[PATH_MAX + 8];

	snprintf(path, sizeof(path), "%s%s", w->store, ending);
	return access(path, F_OK) == 0;
}

static void signals_end_it_cleanly(void **state)
{
	static const int signals[] = {SIGTERM, SIGINT, -SIGTERM, -SIGINT};
	struct watching *w = *state;

	for (size_t i = 0; i < 4; i++) {
		watching_start_up(w, NULL);
		pid_t drill = drilling_start("cryptonote", "plain", 100, 20 + i);
		await_mining(w, 0, "cryptonote");
		assert_int_equal(watching_end(w, signals[i]), 0);
		drilling_stop(drill);
		assert_true(has_file(w, ""));
		assert_false(has_file(w, "-wal"));
		assert_int_equal(check_all_stored(w) >= 1, 1);
		assert_int_equal(watching_count(w, WATCHING_ERR, 0, "<3>"), 0);
		assert_int_equal(watching_count(w, WATCHING_ERR, 0, "<4>"), 0);
		assert_int_equal(watching_count(w, WATCHING_ERR, 0, "davy: In this run ("), 1);
		assert_int_equal(watching_count(w, WATCHING_ERR, 0, "1 new finding (1 mining)"), 1);
	}
}

/* As in `davy watch | head -1`: it is stored all the same, and nobody dies of it. */
static void a_reader_that_leaves_stops_nothing(void **state)
{
	struct watching *w = *state;

	watching_start_up(w, NULL);
	close(w->fds[WATCHING_OUT]);
	w->fds[WATCHING_OUT] = -1;
	pid_t drill = drilling_start("cryptonote", "plain", 20, 71);
	assert_true(watching_await_counter(w, "stored", 1, PATIENCE_MS));
	drilling_end(drill);
	assert_int_equal(watching_counter(w, "worker restarts"), 0);
	assert_int_equal(watching_end(w, SIGTERM), 0);
}

/* Waits until `davy health` exits so, and says `text` or (has: false) does not. */
static void await_health(const struct watching *w, int status, const char *text, bool has)
{
	CLEANUP(buf_fini) struct buf out = {0};
	int64_t until = watching_now_ms() + PATIENCE_MS;

	for (;;) {
		int got = watching_davy(w, &out, (const char *const[]){"health", NULL});
		if (got == status && (str_find_nocase(buf_view(&out), str_from(text)) >= 0) == has)
			return;
		if (watching_now_ms() > until)
			fail_msg("status %d not %d, or %s \"%s\": %.*s", got, status,
				 has ? "without" : "with", text, (int)out.len, out.at);
		poll(NULL, 0, 100);
	}
}

static void settings_are_read_again(void **state)
{
	struct watching *w = *state;
	size_t from;

	assert_true(namespace_veth("wat0", "wat1"));
	watching_settings(w, "  interfaces: [wat0]\n");
	watching_start_up(w, NULL);
	if (watching_count(w, WATCHING_ERR, 0, "interface=wat0") != 1)
		fail_msg("%.*s", (int)w->text[WATCHING_ERR].len, w->text[WATCHING_ERR].at);
	assert_int_equal(watching_count(w, WATCHING_ERR, 0, "interface=lo"), 0);
	from = w->text[WATCHING_ERR].len;
	watching_settings(w, "  interfaces: [lo]\n");
	kill(w->pid, SIGHUP);
	assert_true(watching_await(w, WATCHING_ERR, from, "watching with", 1, PATIENCE_MS));
	assert_int_equal(watching_count(w, WATCHING_ERR, from, "interface=lo"), 1);
	assert_int_equal(watching_count(w, WATCHING_ERR, from, "interface=wat0"), 0);
	assert_int_equal(watching_count(w, WATCHING_ERR, from, "no longer watched: wat0"), 1);
	from = w->text[WATCHING_ERR].len;
	watching_settings(w, "  interfaces: [wat0]\n  workres: 3\n");
	kill(w->pid, SIGHUP);
	assert_true(watching_await(w, WATCHING_ERR, from, "the settings are kept as they were", 1,
				   PATIENCE_MS));
	assert_true(watching_await(w, WATCHING_ERR, from, "workres", 1, PATIENCE_MS));
	pid_t drill = drilling_start("kaspa", "plain", 30, 31);
	await_mining(w, 0, "kaspa");
	drilling_end(drill);
	/* Nothing went down for the sake of a file that says nothing. */
	assert_int_equal(watching_count(w, WATCHING_ERR, from, "watching with"), 0);
	/* Many at once, to the whole group: none is lost to the signal's standard action. */
	watching_settings(w, "");
	for (int i = 0; i < 20; i++) {
		kill(-w->pid, SIGHUP);
		poll(NULL, 0, 25);
	}
	assert_true(watching_await(w, WATCHING_ERR, from, "interface=wat1", 1, PATIENCE_MS));
	assert_int_equal(watching_end(w, SIGTERM), 0);
	assert_true(namespace_ip("link del wat0"));
}

static void write_list(const struct watching *w, const char *name, char path[128])
{
	snprintf(path, 128, "%s/%s.txt", w->folder, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file,
		"# name: %s\n# source: a test\n# date: 2026-11-22\n# licence: none\n127.0.0.1\n",
		name);
	assert_int_equal(fclose(file), 0);
}

/* Lists, thresholds and interfaces: the same processes go on, count on, and use what is new. */
static void a_reload_misses_nothing(void **state)
{
	struct watching *w = *state;
	char first[128], second[128], lines[512];
	pid_t sensors[2];

	write_list(w, "first", first);
	write_list(w, "second", second);
	snprintf(lines, sizeof(lines), "lists: {shipped: false, pools: [%s]}\n", first);
	watching_settings(w, lines);
	watching_start_up(w, NULL);
	await_health(w, 0, "first.txt", true);
	pid_t core = watching_worker(w, "core", 0);
	for (unsigned i = 0; i < 2; i++)
		sensors[i] = watching_worker(w, "sensor", i);
	pid_t drill = drilling_start("cryptonote", "plain", 60, 95);
	await_mining(w, 0, "cryptonote");
	assert_true(watching_await_counter(w, "frames", 10, PATIENCE_MS));
	int64_t frames = watching_counter(w, "frames");
	size_t from = w->text[WATCHING_OUT].len;
	snprintf(lines, sizeof(lines),
		 "lists: {shipped: false, pools: [%s]}\nalert: {verdict: mining}\n", second);
	watching_settings(w, lines);
	kill(w->pid, SIGHUP);
	assert_true(
		watching_await(w, WATCHING_ERR, 0, "the settings were read again", 1, PATIENCE_MS));
	await_health(w, 0, "second.txt", true);
	await_health(w, 0, "first.txt", false);
	pid_t next = drilling_start("kaspa", "plain", 5, 96);
	assert_true(watching_await_line(w, from, mining, "by second of", PATIENCE_MS));
	drilling_end(next);
	drilling_end(drill);
	assert_int_equal(watching_worker(w, "core", 0), core);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(watching_worker(w, "sensor", i), sensors[i]);
	assert_true(watching_counter(w, "frames") >= frames);
	assert_int_equal(watching_counter(w, "worker restarts"), 0);
	/* a sensor started later has the new lists, too */
	kill_worker(w, "sensor", 1);
	kill_worker(w, "sensor", 2);
	from = w->text[WATCHING_OUT].len;
	next = drilling_start("zcash", "plain", 5, 97);
	assert_true(watching_await_line(w, from, mining, "by second of", PATIENCE_MS));
	drilling_end(next);
	assert_int_equal(watching_end(w, SIGTERM), 0);
}

/* What workers are made by: started anew, and said so. */
static void other_settings_start_all_anew(void **state)
{
	struct watching *w = *state;

	watching_start_up(w, NULL);
	pid_t sensor = watching_worker(w, "sensor", 0);
	size_t from = w->text[WATCHING_ERR].len;
	watching_settings(w, "  cutoff: false\n");
	kill(w->pid, SIGHUP);
	assert_true(watching_await(w, WATCHING_ERR, from,
				   "watch.cutoff has changed: all is started", 1, PATIENCE_MS));
	assert_true(watching_await(w, WATCHING_ERR, from, "watching with", 1, PATIENCE_MS));
	assert_int_not_equal(watching_worker(w, "sensor", 0), sensor);
	assert_int_equal(watching_end(w, SIGTERM), 0);
}

/* Settings that can be read but not used are no reason to stop watching either. */
static void unusable_settings_are_not_taken(void **state)
{
	struct watching *w = *state;
	char kept[PATH_MAX];
	size_t from;

	watching_start_up(w, NULL);
	from = w->text[WATCHING_ERR].len;
	snprintf(kept, sizeof(kept), "%s", w->store);
	snprintf(w->store, sizeof(w->store), "/proc/davy/davy.db");
	watching_settings(w, "");
	snprintf(w->store, sizeof(w->store), "%s", kept);
	kill(w->pid, SIGHUP);
	assert_true(watching_await(w, WATCHING_ERR, from, "the settings are kept as they were", 1,
				   PATIENCE_MS));
	assert_true(watching_await(w, WATCHING_ERR, from, "watching with", 1, PATIENCE_MS));
	pid_t drill = drilling_start("kaspa", "plain", 60, 41);
	await_mining(w, 0, "kaspa");
	drilling_stop(drill);
	assert_int_equal(watching_end(w, SIGTERM), 0);
}

static void interfaces_come_and_go(void **state)
{
	struct watching *w = *state;
	CLEANUP(buf_fini) struct buf out = {0};

	watching_start_up(w, NULL);
	for (unsigned round = 1; round <= 3; round++) {
		assert_true(namespace_veth("comes0", "comes1"));
		assert_true(watching_await(w, WATCHING_ERR, 0, "watching interface=comes0", round,
					   PATIENCE_MS));
		assert_true(namespace_ip("link del comes0"));
		assert_true(watching_await(w, WATCHING_ERR, 0, "interface=comes0 is gone", round,
					   PATIENCE_MS));
	}
	/* of what was made and removed nothing is missing; what is down is */
	await_health(w, 0, "comes", false);
	assert_true(namespace_veth("comes2", "comes3"));
	await_health(w, 0, "comes2", true);
	assert_true(namespace_ip("link set comes2 down"));
	await_health(w, 1, "off: the interface is down", true);
	assert_true(namespace_ip("link del comes2"));
	await_health(w, 0, "comes2", false);
	assert_true(namespace_ip("link set lo down"));
	assert_true(watching_await(w, WATCHING_ERR, 0, "interface=lo is gone", 1, PATIENCE_MS));
	await_health(w, 1, "off: the interface is down", true);
	assert_true(namespace_ip("link set lo up"));
	assert_true(watching_await(w, WATCHING_ERR, 0, "watching interface=lo", 2, PATIENCE_MS));
	pid_t drill = drilling_start("cryptonote", "plain", 30, 51);
	await_mining(w, 0, "cryptonote");
	drilling_end(drill);
	assert_true(watching_davy(w, &out, (const char *const[]){"health", NULL}) < 2);
	assert_int_equal(watching_counter(w, "worker restarts"), 0);
	assert_int_equal(watching_end(w, SIGTERM), 0);
}

/* Ends at once with status 2 and exactly one sentence, without workers' noise. */
static bool is_refused(struct watching *w, const char *const *args, const char *sentence)
{
	watching_start(w, args);
	int status = watching_end(w, 0);
	bool is_so = status == 2 && watching_count(w, WATCHING_ERR, 0, sentence) == 1 &&
		     watching_count(w, WATCHING_ERR, 0, "\n") == 1;
	if (!is_so)
		print_error("status %d, wanted \"%s\": %.*s\n", status, sentence,
			    (int)w->text[WATCHING_ERR].len, w->text[WATCHING_ERR].at);
	return is_so;
}

static void check_refusal(struct watching *w, const char *const *args, const char *sentence)
{
	assert_true(is_refused(w, args, sentence));
}

/* One that the settings name is missed as long as it is not there. */
static void a_named_interface_is_missed(void **state)
{
	struct watching *w = *state;

	watching_settings(w, "  interfaces: [lo, nam0]\n");
	watching_start_up(w, NULL);
	await_health(w, 1, "there is no such interface", true);
	assert_true(namespace_veth("nam0", "nam1"));
	await_health(w, 0, "no such interface", false);
	assert_true(namespace_ip("link del nam0"));
	await_health(w, 1, "there is no such interface", true);
	assert_int_equal(watching_end(w, SIGTERM), 0);
}

/* Said at once after a clean stop, and the next start begins with no old sources. */
static void a_stop_is_told_at_once(void **state)
{
	struct watching *w = *state;
	CLEANUP(buf_fini) struct buf out = {0};

	assert_true(namespace_veth("old0", "old1"));
	watching_start_up(w, NULL);
	await_health(w, 0, "old0", true);
	assert_int_equal(watching_end(w, SIGTERM), 0);
	assert_int_equal(watching_davy(w, &out, (const char *const[]){"health", NULL}), 1);
	assert_true(str_find_nocase(buf_view(&out), STR("davy watch does not run: stopped ")) >= 0);
	assert_true(namespace_ip("link del old0"));
	watching_start_up(w, NULL);
	await_health(w, 0, "old0", false);
	await_health(w, 0, "davy watch runs", true);
	assert_int_equal(watching_end(w, SIGTERM), 0);
}

static void a_second_writer_is_refused(void **state)
{
	struct watching *w = *state;
	struct watching second = *w;
	char sentence[80];

	watching_start_up(w, NULL);
	second.pid = 0;
	for (int i = 0; i < WATCHING_STREAMS; i++) {
		second.fds[i] = -1;
		second.text[i] = (struct buf){0};
	}
	snprintf(sentence, sizeof(sentence), "davy: another davy watch (pid %d) writes to ",
		 (int)w->pid);
	check_refusal(&second, NULL, sentence);
	for (int i = 0; i < WATCHING_STREAMS; i++)
		buf_fini(&second.text[i]);
	/* the first goes on, also after its core had to be started again */
	kill_worker(w, "core", 1);
	pid_t drill = drilling_start("kaspa", "plain", 10, 91);
	await_mining(w, 0, "kaspa");
	drilling_end(drill);
	assert_int_equal(watching_end(w, SIGTERM), 0);
}

/* It waits for one to come, as a machine's network may be late. */
static void without_an_interface_it_waits(void **state)
{
	struct watching *w = *state;

	assert_true(namespace_ip("link set lo down"));
	watching_start_up(w, NULL);
	assert_true(
		watching_await(w, WATCHING_ERR, 0, "no interface is watched yet", 1, PATIENCE_MS));
	assert_true(namespace_ip("link set lo up"));
	assert_true(watching_await(w, WATCHING_ERR, 0, "watching interface=lo", 1, PATIENCE_MS));
	pid_t drill = drilling_start("cryptonote", "plain", 10, 61);
	await_mining(w, 0, "cryptonote");
	drilling_end(drill);
	assert_int_equal(watching_end(w, SIGTERM), 0);
}

static void what_cannot_be_is_one_sentence(void **state)
{
	struct watching *w = *state;
	char own[PATH_MAX];

	snprintf(own, sizeof(own), "%s", w->store);
	check_refusal(w, (const char *const[]){"--interface", "nosuch0", NULL},
		      "davy: no interface nosuch0 that is up can be watched; `ip link` lists them");
	snprintf(w->store, sizeof(w->store), "/proc/davy/davy.db");
	watching_settings(w, "");
	check_refusal(w, NULL, "davy: /proc/davy: the store's folder cannot be made");
	snprintf(w->store, sizeof(w->store), "%s/closed/davy.db", w->folder);
	watching_settings(w, "");
	snprintf(own, sizeof(own), "%s/closed", w->folder);
	assert_int_equal(mkdir(own, 0700), 0); /* root's own, not the workers' */
	check_refusal(w, NULL, "who keeps the store, may not write there: `chown -R ");
	snprintf(w->store, sizeof(w->store), "%s/closed/inside/davy.db", w->folder);
	watching_settings(w, "");
	check_refusal(w, NULL, "cannot get in: a folder above it is closed to others");
	watching_settings(w, "  workres: 3\n");
	check_refusal(w, NULL, "workres");
}

static void without_root_it_says_so(void **state)
{
	struct watching *w = *state;
	char copy[PATH_MAX], command[PATH_MAX + 64];
	int status;

	/* the build may lie where nobody else gets in, and the child must run no other test */
	snprintf(copy, sizeof(copy), "%s/davy", w->folder);
	snprintf(command, sizeof(command), "cp \"$DAVY_PROGRAM\" '%s'", copy);
	assert_int_equal(system(command), 0);
	pid_t pid = fork();
	if (pid == 0) {
		if (setgid(65534) || setuid(65534) || setenv("DAVY_PROGRAM", copy, 1))
			_exit(3);
		_exit(is_refused(w, NULL, "run it as root, sudo davy watch") ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_cannot_be_is_one_sentence, init, fini),
		cmocka_unit_test_setup_teardown(without_root_it_says_so, init, fini),
		cmocka_unit_test_setup_teardown(signals_end_it_cleanly, init, fini),
		cmocka_unit_test_setup_teardown(killed_workers_are_started_again, init, fini),
		cmocka_unit_test_setup_teardown(what_was_told_survives_a_kill, init, fini),
		cmocka_unit_test_setup_teardown(a_full_disk_is_told_and_survived, init, fini),
		cmocka_unit_test_setup_teardown(interfaces_come_and_go, init, fini),
		cmocka_unit_test_setup_teardown(a_named_interface_is_missed, init, fini),
		cmocka_unit_test_setup_teardown(a_stop_is_told_at_once, init, fini),
		cmocka_unit_test_setup_teardown(a_second_writer_is_refused, init, fini),
		cmocka_unit_test_setup_teardown(without_an_interface_it_waits, init, fini),
		cmocka_unit_test_setup_teardown(a_reader_that_leaves_stops_nothing, init, fini),
		cmocka_unit_test_setup_teardown(settings_are_read_again, init, fini),
		cmocka_unit_test_setup_teardown(a_reload_misses_nothing, init, fini),
		cmocka_unit_test_setup_teardown(other_settings_start_all_anew, init, fini),
		cmocka_unit_test_setup_teardown(unusable_settings_are_not_taken, init, fini),
	};

	if (!namespace_enter() || unshare(CLONE_NEWNS) != 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
		printf("1..0 # SKIP no namespaces of our own\n");
		return 0;
	}
	cmocka_set_test_filter(getenv("DAVY_TEST"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
