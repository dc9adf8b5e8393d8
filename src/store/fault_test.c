/* The store when things go wrong: killed writers, full disks, damaged and foreign files. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "model/filled.h"
#include "store/store.h"

static char folder[64], path[96];

static int make_place(void **state)
{
	snprintf(folder, sizeof(folder), "/tmp/davy-fault-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/davy.db", folder);
	return 0;
}

/* cmocka's skip() says "not ok ... # SKIP", which Meson takes for a failure. */
static void not_run(const char *why)
{
	printf("# not run: %s\n", why);
}

static void remove_store(void)
{
	static const char *const endings[] = {"", "-wal", "-shm", "-journal"};

	for (size_t i = 0; i < 4; i++) {
		char name[128];
		snprintf(name, sizeof(name), "%s%s", path, endings[i]);
		unlink(name);
	}
}

static int drop_place(void **state)
{
	remove_store();
	return rmdir(folder);
}

static int put_and_flush(struct store *store, unsigned number, struct error *why)
{
	struct finding f = filled_finding();
	char id[24];

	snprintf(id, sizeof(id), "%016x", number);
	f.id = str_from(id);
	int result = store_put_finding(store, &f);
	return result != 0 ? result : store_flush(store, why);
}

static bool has_finding(struct store *store, unsigned number)
{
	struct buf json = {0};
	enum store_found found;
	char id[24];

	snprintf(id, sizeof(id), "%016x", number);
	bool is_there =
		store_find(store, str_from(id), &found, &json, NULL) == 0 && found == STORE_FINDING;
	buf_fini(&json);
	return is_there;
}

static bool count_line(void *context, struct str json)
{
	++*(size_t *)context;
	return true;
}

static size_t count_findings(struct store *store)
{
	size_t count = 0;
	struct error why = {0};

	if (store_each_finding(store, STR(""), &(struct store_filter){0}, count_line, &count,
			       &why) != 0)
		fail_msg("%s", why.text);
	return count;
}

/* Writes for ever and reports every finding after its commit. */
static void run_writer(int report, unsigned first)
{
	struct store *store;

	if (store_open(path, STORE_WRITE, &store, NULL) != 0)
		_exit(1);
	for (unsigned number = first;; number++)
		if (put_and_flush(store, number, NULL) != 0 ||
		    write(report, &number, sizeof(number)) != sizeof(number))
			_exit(1);
}

static pid_t start_writer(int *report, unsigned first)
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0)
		run_writer(ends[1], first);
	close(ends[1]);
	*report = ends[0];
	return pid;
}

/* Kills a writer after it reported `after` findings; returns how many it reported in all. Its
 * findings are numbered from `first`. */
static unsigned kill_writer(unsigned first, unsigned after, unsigned spin)
{
	unsigned number, reported = 0;
	int report, status;
	pid_t pid = start_writer(&report, first);

	assert_true(pid > 0);
	while (reported < after && read(report, &number, sizeof(number)) == sizeof(number))
		reported++;
	for (volatile unsigned i = 0; i < spin; i++)
		; /* so that the kill falls anywhere into the next commit */
	kill(pid, SIGKILL);
	while (read(report, &number, sizeof(number)) == sizeof(number))
		reported++;
	close(report);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_true(reported >= after);
	return reported;
}

static void a_killed_writer_loses_nothing_it_reported(void **state)
{
	uint32_t seed = 12345;
	struct store *store;
	struct error why = {0};
	unsigned total = 0;

	for (int round = 0; round < 50; round++) {
		seed = seed * 1664525 + 1013904223;
		unsigned reported =
			kill_writer(1000 * (unsigned)round, seed >> 28, (seed >> 8) % 300000);
		if (reported == 0)
			continue; /* killed while it made the file: the next one goes on with it */
		if (store_open(path, STORE_READ, &store, &why) != 0)
			fail_msg("round %d: %s", round, why.text);
		for (unsigned number = 0; number < reported; number++)
			if (!has_finding(store, 1000 * (unsigned)round + number))
				fail_msg("round %d: %u of %u is lost", round, number, reported);
		store_close(&store);
		total += reported;
		if (round % 2) /* every other round goes on with what the killed one left */
			remove_store();
	}
	printf("# 50 writers killed, %u findings reported, all there\n", total);
	assert_true(total > 50);
}

static void readers_see_what_a_living_writer_commits(void **state)
{
	struct store *writer, *reader;
	struct error why = {0};

	assert_int_equal(store_open(path, STORE_WRITE, &writer, NULL), 0);
	assert_int_equal(put_and_flush(writer, 1, NULL), 0);
	assert_int_equal(store_open(path, STORE_READ, &reader, NULL), 0);
	assert_int_equal(count_findings(reader), 1);
	assert_int_equal(put_and_flush(writer, 2, NULL), 0);
	assert_int_equal(count_findings(reader), 2);
	assert_int_equal(store_put_counters(reader, NULL, 0, &why), -EACCES);
	store_close(&writer);
	assert_int_equal(count_findings(reader), 2);
	store_close(&reader);
}

/* Run in a child as another user: 0, or the errno of store_open, or 255: count is not `expected` */
static int open_as_nobody(size_t expected, const char *must_say)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct store *store;
		struct error why = {0};
		size_t count = 0;
		if (setgid(65534) != 0 || setuid(65534) != 0)
			_exit(254);
		int result = store_open(path, STORE_READ, &store, &why);
		if (result != 0 && must_say && !strstr(why.text, must_say))
			_exit(253);
		if (result != 0)
			_exit(-result);
		if (store_each_finding(store, STR(""), &(struct store_filter){0}, count_line,
				       &count, &why) != 0)
			_exit(252);
		store_close(&store);
		_exit(count == expected ? 0 : 255);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void another_user_reads_with_and_without_a_writer(void **state)
{
	struct store *writer;
	char wal[128], shm[128];

	if (geteuid() != 0) {
		not_run("needs root");
		return;
	}
	snprintf(wal, sizeof(wal), "%s-wal", path);
	snprintf(shm, sizeof(shm), "%s-shm", path);
	assert_int_equal(chmod(folder, 0755), 0);
	assert_int_equal(store_open(path, STORE_WRITE, &writer, NULL), 0);
	assert_int_equal(put_and_flush(writer, 1, NULL), 0);
	assert_int_equal(open_as_nobody(0, "no right to read"), EACCES);
	assert_int_equal(chown(path, 0, 65534), 0);
	assert_int_equal(chown(wal, 0, 65534), 0);
	assert_int_equal(chown(shm, 0, 65534), 0);
	assert_int_equal(open_as_nobody(1, NULL), 0); /* the writer lives */
	store_close(&writer);
	assert_int_not_equal(access(wal, F_OK), 0);
	assert_int_equal(open_as_nobody(1, NULL), 0); /* no writer, no log */

	unsigned reported = kill_writer(100, 5, 1000); /* leaves a log */
	assert_int_equal(access(wal, F_OK), 0);
	int result =
		open_as_nobody(1 + reported, NULL); /* the last may be there and not reported */
	assert_true(result == 0 || open_as_nobody(1 + reported + 1, NULL) == 0);
	assert_int_equal(chmod(wal, 0600), 0);
	assert_int_equal(open_as_nobody(0, "-wal"), EACCES);
	assert_int_equal(chmod(wal, 0640), 0);
	assert_int_equal(unlink(shm), 0); /* a log, no index, and no right to make one */
	assert_int_equal(open_as_nobody(0, "-shm"), EACCES);
}

/* Fill until a flush fails; everything committed before must be there, everything after kept. */
static unsigned fill_until_full(struct store *store, struct error *why)
{
	unsigned committed = 0;

	while (committed < 100000 && put_and_flush(store, committed, why) == 0)
		committed++;
	return committed;
}

/* A child must not run the rest of the tests, as it would when a cmocka check fails in it. */
static void child_must_at(bool holds, int line, const char *claim)
{
	if (holds)
		return;
	fprintf(stderr, "line %d: %s\n", line, claim);
	_exit(1);
}
#define child_must(claim) child_must_at(claim, __LINE__, #claim)

static void a_full_disk_child(void)
{
	struct store *store;
	struct error why = {0};
	unsigned committed;
	char ballast[128];

	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("none", folder, "tmpfs", 0, "size=1m,mode=0700") != 0)
		_exit(77);
	snprintf(ballast, sizeof(ballast), "%s/ballast", folder);
	FILE *file = fopen(ballast, "w");
	for (int i = 0; i < 400 * 1024; i++)
		fputc('x', file);
	fclose(file);
	child_must(store_open(path, STORE_WRITE, &store, &why) == 0);
	committed = fill_until_full(store, &why);
	printf("# after %u findings: %s\n", committed, why.text);
	child_must(strstr(why.text, "is full"));
	child_must(committed > 10);
	child_must(store_queue_counters(store).queued == 1);
	child_must(store_queue_counters(store).failures == 1);
	child_must(put_and_flush(store, committed + 1, &why) == -ENOSPC);
	child_must(store_queue_counters(store).queued == 2);
	child_must(unlink(ballast) == 0); /* there is room again */
	child_must(store_flush(store, &why) == 0);
	child_must(store_queue_counters(store).queued == 0);
	assert_int_equal(count_findings(store), committed + 2);
	store_close(&store);
}

static void a_full_disk_keeps_findings_waiting(void **state)
{
	int status;

	if (geteuid() != 0) {
		not_run("needs root");
		return;
	}
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		a_full_disk_child();
		fflush(stdout);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		not_run("no right to mount here");
		return;
	}
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* The same for any user: the system refuses to let the file grow (EFBIG, an I/O error). */
static void a_refused_write_keeps_findings_waiting(void **state)
{
	struct store *store;
	struct error why = {0};
	unsigned committed;
	struct rlimit before, limit;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(store_open(path, STORE_WRITE, &store, &why), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	limit.rlim_cur = 512 * 1024;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	committed = fill_until_full(store, &why);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	printf("# after %u findings: %s\n", committed, why.text);
	assert_int_equal(store_queue_counters(store).queued, 1);
	assert_int_equal(store_flush(store, &why), 0);
	assert_int_equal(count_findings(store), committed + 1);
	store_close(&store);
}

static void overwrite(const char *text, long offset)
{
	FILE *file = fopen(path, "r+");

	assert_non_null(file);
	fseek(file, offset, SEEK_SET);
	for (int i = 0; i < 4096; i++)
		fputs(text, file);
	fclose(file);
}

static void a_damaged_file_is_one_sentence(void **state)
{
	struct store *store;
	struct error why = {0};

	assert_int_equal(store_open(path, STORE_WRITE, &store, NULL), 0);
	for (unsigned i = 0; i < 200; i++)
		assert_int_equal(put_and_flush(store, i, NULL), 0);
	store_close(&store);
	overwrite("garbage", 4096);
	int result = store_open(path, STORE_READ, &store, &why);
	if (result == 0) {
		size_t count = 0;
		result = store_each_finding(store, STR(""), &(struct store_filter){0}, count_line,
					    &count, &why);
		store_close(&store);
	}
	assert_int_equal(result, -EUCLEAN);
	assert_non_null(strstr(why.text, "is damaged"));
	overwrite("garbage", 0);
	assert_int_equal(store_open(path, STORE_READ, &store, &why), -EUCLEAN);
	assert_int_equal(store_open(path, STORE_WRITE, &store, &why), -EUCLEAN);
	assert_non_null(strstr(why.text, ".recover"));
}

static void a_writer_whose_file_is_removed_goes_on_in_a_new_one(void **state)
{
	struct store *store;
	struct error why = {0};

	assert_int_equal(store_open(path, STORE_WRITE, &store, NULL), 0);
	assert_int_equal(put_and_flush(store, 1, NULL), 0);
	remove_store();
	if (put_and_flush(store, 2, &why) != 0)
		fail_msg("%s", why.text);
	store_close(&store);
	assert_int_equal(store_open(path, STORE_READ, &store, NULL), 0);
	assert_true(has_finding(store, 2));
	store_close(&store);
}

static void a_writer_whose_file_is_damaged_goes_on_when_it_is_mended(void **state)
{
	struct store *store;
	struct error why = {0};

	assert_int_equal(store_open(path, STORE_WRITE, &store, NULL), 0);
	assert_int_equal(put_and_flush(store, 1, NULL), 0);
	remove_store();
	FILE *file = fopen(path, "w");
	for (int i = 0; i < 1000; i++)
		fputs("garbage", file);
	fclose(file);
	assert_int_equal(put_and_flush(store, 2, &why), -EUCLEAN);
	assert_non_null(strstr(why.text, "is damaged"));
	assert_int_equal(put_and_flush(store, 3, &why), -EUCLEAN);
	assert_int_equal(store_queue_counters(store).queued, 2);
	assert_int_equal(store_queue_counters(store).failures, 2);
	remove_store();
	assert_int_equal(store_flush(store, &why), 0);
	assert_true(has_finding(store, 2) && has_finding(store, 3));
	store_close(&store);
}

static void run_sql(const char *sql)
{
	sqlite3 *db;
	char *message = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
		fail_msg("%s", message);
	sqlite3_close(db);
}

/* As the first version wrote it. */
static const char version_1[] =
	"PRAGMA journal_mode = WAL; PRAGMA application_id = 1684109945; PRAGMA user_version = 1;"
	"CREATE TABLE finding (id TEXT PRIMARY KEY, revision INTEGER NOT NULL, verdict TEXT NOT "
	"NULL,"
	" severity TEXT NOT NULL, first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL,"
	" json TEXT NOT NULL) STRICT;"
	"CREATE TABLE incident (id TEXT PRIMARY KEY, revision INTEGER NOT NULL,"
	" verdict TEXT NOT NULL, severity TEXT NOT NULL, first_seen INTEGER NOT NULL,"
	" last_seen INTEGER NOT NULL, json TEXT NOT NULL) STRICT;"
	"CREATE INDEX finding_last_seen ON finding (last_seen);"
	"CREATE INDEX incident_last_seen ON incident (last_seen);"
	"CREATE TABLE counter (source TEXT NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL,"
	" time INTEGER NOT NULL, PRIMARY KEY (source, name)) STRICT, WITHOUT ROWID;"
	"INSERT INTO finding VALUES ('0000000000000001', 1, 'mining', 'high', 1, 2, '{\"a\":1}');"
	"INSERT INTO incident VALUES ('i1', 1, 'mining', 'high', 1, 2,"
	" '{\"findings\":[\"0000000000000001\"]}');"
	"INSERT INTO incident VALUES ('i2', 1, 'mining', 'high', 1, 2, 'no JSON')";

static void version_1_is_brought_up_to_date(void **state)
{
	struct store *store;
	struct error why = {0};
	size_t count = 0;

	run_sql(version_1);
	assert_int_equal(store_open(path, STORE_READ, &store, &why), -EPROTO);
	assert_non_null(strstr(why.text, "older davy"));
	if (store_open(path, STORE_WRITE, &store, &why) != 0)
		fail_msg("%s", why.text);
	assert_true(has_finding(store, 1));
	assert_int_equal(store_each_finding(store, STR("i1"), &(struct store_filter){0}, count_line,
					    &count, NULL),
			 0);
	assert_int_equal(count, 1);
	assert_int_equal(put_and_flush(store, 2, &why), 0);
	store_close(&store);
	assert_int_equal(store_open(path, STORE_READ, &store, &why), 0);
	assert_int_equal(count_findings(store), 2);
	store_close(&store);
}

static void foreign_and_newer_files_are_left_alone(void **state)
{
	struct store *store;
	struct error why = {0};

	run_sql("CREATE TABLE other (a)");
	assert_int_equal(store_open(path, STORE_WRITE, &store, &why), -EUCLEAN);
	assert_non_null(strstr(why.text, "another program"));
	run_sql("PRAGMA application_id = 1684109945; PRAGMA user_version = 99");
	assert_int_equal(store_open(path, STORE_WRITE, &store, &why), -EPROTO);
	assert_int_equal(store_open(path, STORE_READ, &store, &why), -EPROTO);
	assert_non_null(strstr(why.text, "newer davy"));
}

static void a_lock_held_by_another_is_waited_for_and_told(void **state)
{
	struct store *store;
	struct error why = {0};
	sqlite3 *db;

	assert_int_equal(store_open(path, STORE_WRITE, &store, NULL), 0);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(put_and_flush(store, 1, &why), -EBUSY);
	assert_non_null(strstr(why.text, "locked"));
	assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(store_flush(store, &why), 0);
	sqlite3_close(db);
	store_close(&store);
}

int main(void)
{
#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, drop_place)
	const struct CMUnitTest tests[] = {
		IN_PLACE(readers_see_what_a_living_writer_commits),
		IN_PLACE(a_killed_writer_loses_nothing_it_reported),
		IN_PLACE(another_user_reads_with_and_without_a_writer),
		IN_PLACE(a_full_disk_keeps_findings_waiting),
		IN_PLACE(a_refused_write_keeps_findings_waiting),
		IN_PLACE(a_damaged_file_is_one_sentence),
		IN_PLACE(a_writer_whose_file_is_removed_goes_on_in_a_new_one),
		IN_PLACE(a_writer_whose_file_is_damaged_goes_on_when_it_is_mended),
		IN_PLACE(version_1_is_brought_up_to_date),
		IN_PLACE(foreign_and_newer_files_are_left_alone),
		IN_PLACE(a_lock_held_by_another_is_waited_for_and_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
