/* What `davy health` shows: sources, counters and the writer's life; and who is the writer. */
#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct counter_list {
	const struct store_counter *at;
	size_t count;
};

static int counters_body(struct store *store, const void *context, struct error *why)
{
	const struct counter_list *list = context;
	sqlite3_stmt *put = NULL;

	int result = sqlite_prepare(store,
				    "INSERT OR REPLACE INTO counter (source, name, value, time) "
				    "VALUES (?1, ?2, ?3, ?4)",
				    &put, why);
	for (size_t i = 0; i < list->count && result == 0; i++) {
		const struct store_counter *counter = &list->at[i];
		sqlite_bind_text(put, 1, counter->source);
		sqlite_bind_text(put, 2, counter->name);
		sqlite3_bind_int64(
			put, 3, counter->value < INT64_MAX ? (int64_t)counter->value : INT64_MAX);
		sqlite3_bind_int64(put, 4, counter->time.ns);
		result = sqlite_step(store, put, why);
	}
	sqlite3_finalize(put);
	return result;
}

int store_put_counters(struct store *store, const struct store_counter *counters, size_t count,
		       struct error *why)
{
	const struct counter_list list = {counters, count};

	return sqlite_transact(store, counters_body, &list, why);
}

struct source_list {
	const struct store_source *at;
	size_t count;
};

static int sources_body(struct store *store, const void *context, struct error *why)
{
	const struct source_list *list = context;
	sqlite3_stmt *put = NULL, *drop = NULL;

	int result = sqlite_prepare(store,
				    "INSERT OR REPLACE INTO source (name, is_on, why, time) "
				    "VALUES (?1, ?2, ?3, ?4)",
				    &put, why);
	if (result == 0)
		result = sqlite_prepare(store, "DELETE FROM source WHERE name = ?1", &drop, why);
	for (size_t i = 0; i < list->count && result == 0; i++) {
		const struct store_source *source = &list->at[i];
		if (source->is_gone) {
			sqlite_bind_text(drop, 1, source->name);
			result = sqlite_step(store, drop, why);
			continue;
		}
		sqlite_bind_text(put, 1, source->name);
		sqlite3_bind_int(put, 2, source->is_on);
		sqlite_bind_text(put, 3, source->why);
		sqlite3_bind_int64(put, 4, source->time.ns);
		result = sqlite_step(store, put, why);
	}
	sqlite3_finalize(put);
	sqlite3_finalize(drop);
	return result;
}

int store_put_sources(struct store *store, const struct store_source *sources, size_t count,
		      struct error *why)
{
	const struct source_list list = {sources, count};

	return sqlite_transact(store, sources_body, &list, why);
}

static int write_life(struct store *store, const char *event, instant at, struct error *why)
{
	sqlite3_stmt *put = NULL;

	int result = sqlite_prepare(
		store, "INSERT OR REPLACE INTO life (event, time) VALUES (?1, ?2)", &put, why);
	if (result != 0)
		return result;
	sqlite_bind_text(put, 1, str_from(event));
	sqlite3_bind_int64(put, 2, at.ns);
	result = sqlite_step(store, put, why);
	sqlite3_finalize(put);
	return result;
}

static int start_body(struct store *store, const void *context, struct error *why)
{
	int result =
		sqlite_run(store, "DELETE FROM source; DELETE FROM counter; DELETE FROM life", why);

	return result != 0 ? result : write_life(store, "started", *(const instant *)context, why);
}

static int stop_body(struct store *store, const void *context, struct error *why)
{
	return write_life(store, "stopped", *(const instant *)context, why);
}

int store_note_start(struct store *store, instant now, struct error *why)
{
	return sqlite_transact(store, start_body, &now, why);
}

int store_note_stop(struct store *store, instant now, struct error *why)
{
	return sqlite_transact(store, stop_body, &now, why);
}

int store_read_life(struct store *store, struct store_life *out, struct error *why)
{
	int result = sqlite_number(store, "SELECT time FROM life WHERE event = 'started'",
				   &out->started.ns, why);

	return result != 0 ? result
			   : sqlite_number(store, "SELECT time FROM life WHERE event = 'stopped'",
					   &out->stopped.ns, why);
}

/* The other wrote its number there; the file may hold anything. */
static int explain_lock(int lock, const char *path, struct error *why)
{
	char text[16] = "";
	long pid = 0;

	if (pread(lock, text, sizeof(text) - 1, 0) > 0)
		(void)!sscanf(text, "%ld", &pid);
	return error_set(why, -EBUSY,
			 "another davy watch (pid %ld) writes to %s: stop it, or name another file "
			 "with store.path",
			 pid, path);
}

static int open_lock(const char *path, int flags)
{
	CLEANUP(buf_fini) struct buf name = {0};

	buf_printf(&name, "%s.lock", path);
	buf_add_byte(&name, '\0');
	if (name.failed)
		return -ENOMEM;
	int lock = open(name.at, flags | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK, 0640);
	return lock < 0 ? -errno : lock;
}

int store_is_locked(const char *path)
{
	int lock = open_lock(path, O_RDONLY);

	if (lock < 0)
		return lock;
	int result = flock(lock, LOCK_SH | LOCK_NB) == 0 ? 0 : -errno;
	close(lock); /* and the lock with it */
	return result == -EWOULDBLOCK ? 1 : result;
}

/* Who asks store_is_locked has it for a moment, too. */
static int take_lock(int lock)
{
	enum { TRIES = 5 };
	const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};

	for (int i = 1; flock(lock, LOCK_EX | LOCK_NB) < 0; i++) {
		if (errno != EWOULDBLOCK || i == TRIES)
			return -errno;
		nanosleep(&pause, NULL);
	}
	return 0;
}

int store_lock(const char *path, pid_t pid, struct error *why)
{
	char text[16];
	int lock = open_lock(path, O_RDWR | O_CREAT);

	if (lock == -ENOMEM)
		return error_set(why, lock, "no memory to open %s", path);
	if (lock < 0)
		return error_set(why, lock, "cannot make or open %s.lock: %s", path,
				 strerror(-lock));
	int result = take_lock(lock);
	if (result == -EWOULDBLOCK)
		result = explain_lock(lock, path, why);
	else if (result < 0)
		result = error_set(why, result, "cannot lock %s.lock: %s", path, strerror(-result));
	int len = snprintf(text, sizeof(text), "%ld\n", (long)pid);
	/* only the number is lost when the disk is full; the lock holds */
	if (result == 0 && ftruncate(lock, 0) == 0)
		(void)!pwrite(lock, text, (size_t)len, 0);
	if (result == 0)
		return lock;
	close(lock);
	return result;
}
