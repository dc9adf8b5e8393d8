#include "store/sqlite.h"

#include <errno.h>
#include <sys/stat.h>

#include "model/finding_json.h"
#include "model/incident_json.h"

int store_put_finding(struct store *store, const struct finding *finding)
{
	CLEANUP(buf_fini) struct buf json = {.limit = QUEUE_ROW_BYTES_MAX};

	finding_to_json(finding, &json);
	if (json.failed)
		return -EMSGSIZE;
	const struct row row = {
		.verdict = finding->verdict,
		.severity = finding->severity,
		.revision = finding->revision,
		.first_seen = finding->first_seen,
		.last_seen = finding->last_seen,
		.id = finding->id,
		.json = buf_view(&json),
	};
	return queue_put(&store->queue, &row);
}

int store_put_incident(struct store *store, const struct incident *incident)
{
	CLEANUP(buf_fini) struct buf json = {.limit = QUEUE_ROW_BYTES_MAX};

	incident_to_json(incident, &json);
	if (json.failed)
		return -EMSGSIZE;
	const struct row row = {
		.is_incident = true,
		.verdict = incident->verdict,
		.severity = incident->severity,
		.revision = incident->revision,
		.first_seen = incident->first_seen,
		.last_seen = incident->last_seen,
		.id = incident->id,
		.json = buf_view(&json),
	};
	return queue_put(&store->queue, &row);
}

struct store_queue_counters store_queue_counters(const struct store *store)
{
	return (struct store_queue_counters){
		.committed = store->committed,
		.lost = store->queue.lost,
		.failures = store->failures,
		.queued = store->queue.count,
		.queued_bytes = store->queue.bytes,
	};
}

/*
 * A higher revision replaces. A lower one that was seen later comes from a program that began anew:
 * it replaces too, and the revision counts on from what is there.
 */
#define UPSERT(table)                                                                            \
	"INSERT INTO " table " AS old (id, revision, verdict, severity, first_seen, last_seen, " \
	"json) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (id) DO UPDATE SET "              \
	"verdict = excluded.verdict, severity = excluded.severity, "                             \
	"revision = max(excluded.revision, old.revision + (excluded.revision < old.revision)), " \
	"first_seen = min(excluded.first_seen, old.first_seen), "                                \
	"last_seen = excluded.last_seen, "                                                       \
	"json = json_set(excluded.json, "                                                        \
	"'$.revision', max(excluded.revision, old.revision + (excluded.revision < "              \
	"old.revision)), "                                                                       \
	"'$.first_seen', json_extract(CASE WHEN old.first_seen < excluded.first_seen AND "       \
	"json_valid(old.json) "                                                                  \
	"THEN old.json ELSE excluded.json END, '$.first_seen')) "                                \
	"WHERE excluded.revision >= old.revision OR excluded.last_seen > old.last_seen"

static int write_row(struct store *store, sqlite3_stmt *upsert, const struct row *row,
		     struct error *why)
{
	sqlite_bind_text(upsert, 1, row->id);
	sqlite3_bind_int64(upsert, 2, row->revision);
	sqlite_bind_text(upsert, 3, str_from(verdict_name(row->verdict)));
	sqlite_bind_text(upsert, 4, str_from(severity_name(row->severity)));
	sqlite3_bind_int64(upsert, 5, row->first_seen.ns);
	sqlite3_bind_int64(upsert, 6, row->last_seen.ns);
	sqlite_bind_text(upsert, 7, row->json);
	return sqlite_step(store, upsert, why);
}

static int write_links(struct store *store, sqlite3_stmt *link, const struct row *row,
		       struct error *why)
{
	sqlite_bind_text(link, 1, row->id);
	sqlite_bind_text(link, 2, row->json);
	return sqlite_step(store, link, why);
}

static int write_queue(struct store *store, struct error *why)
{
	sqlite3_stmt *finding = NULL, *incident = NULL, *link = NULL;

	int result = sqlite_prepare(store, UPSERT("finding"), &finding, why);
	if (result == 0)
		result = sqlite_prepare(store, UPSERT("incident"), &incident, why);
	if (result == 0)
		result = sqlite_prepare(store,
					"INSERT OR IGNORE INTO incident_finding SELECT ?1, value "
					"FROM json_each(?2, '$.findings')",
					&link, why);
	for (uint32_t i = 0; i < store->queue.count && result == 0; i++) {
		const struct row *row = &store->queue.rows[i];
		result = write_row(store, row->is_incident ? incident : finding, row, why);
		if (result == 0 && row->is_incident)
			result = write_links(store, link, row, why);
	}
	sqlite3_finalize(finding);
	sqlite3_finalize(incident);
	sqlite3_finalize(link);
	return result;
}

typedef int transaction_body(struct store *store, const void *context, struct error *why);

/* SQLite goes on writing into a file that was removed; nobody would ever read that. */
static bool file_is_gone(const struct store *store)
{
	struct stat status;

	return stat(store->path, &status) != 0 || status.st_dev != store->device ||
	       status.st_ino != store->inode;
}

/*
 * Everything that writes goes through here. After a failure other than a full disk or a lock the
 * connection is not trusted any more (the file may have been mended or replaced) and is opened anew
 * the next time.
 */
static int in_transaction(struct store *store, transaction_body *body, const void *context,
			  struct error *why)
{
	int result = 0;

	if (store->mode != STORE_WRITE)
		return error_set(why, -EACCES, "%s is open for reading only", store->path);
	if (store->must_reopen || file_is_gone(store))
		sqlite_disconnect(store);
	if (!store->db)
		result = sqlite_connect(store, why);
	if (result != 0)
		return result;
	store->must_reopen = false;
	result = sqlite_run(store, "BEGIN IMMEDIATE", why);
	if (result == 0)
		result = body(store, context, why);
	if (result == 0)
		result = sqlite_run(store, "COMMIT", why);
	if (result != 0) {
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
		store->must_reopen = result != -ENOSPC && result != -EBUSY;
	}
	return result;
}

static int flush_body(struct store *store, const void *context, struct error *why)
{
	return write_queue(store, why);
}

int store_flush(struct store *store, struct error *why)
{
	if (store->queue.count == 0)
		return 0;
	int result = in_transaction(store, flush_body, NULL, why);
	if (result != 0) {
		store->failures++;
		return result;
	}
	store->committed += store->queue.count;
	queue_clear(&store->queue);
	return 0;
}

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

	return in_transaction(store, counters_body, &list, why);
}

struct source_list {
	const struct store_source *at;
	size_t count;
};

static int sources_body(struct store *store, const void *context, struct error *why)
{
	const struct source_list *list = context;
	sqlite3_stmt *put = NULL;

	int result = sqlite_prepare(store,
				    "INSERT OR REPLACE INTO source (name, is_on, why, time) "
				    "VALUES (?1, ?2, ?3, ?4)",
				    &put, why);
	for (size_t i = 0; i < list->count && result == 0; i++) {
		const struct store_source *source = &list->at[i];
		sqlite_bind_text(put, 1, source->name);
		sqlite3_bind_int(put, 2, source->is_on);
		sqlite_bind_text(put, 3, source->why);
		sqlite3_bind_int64(put, 4, source->time.ns);
		result = sqlite_step(store, put, why);
	}
	sqlite3_finalize(put);
	return result;
}

int store_put_sources(struct store *store, const struct store_source *sources, size_t count,
		      struct error *why)
{
	const struct source_list list = {sources, count};

	return in_transaction(store, sources_body, &list, why);
}

struct prune {
	const struct store_limits *limits;
	instant now;
	uint32_t most;
	uint32_t *removed;
};

/* Runs one DELETE with ?1 = value, ?2 = how many may still go, ?3 = verdict. */
static int prune_step(struct store *store, const struct prune *prune, const char *sql,
		      int64_t value, int64_t most, const char *verdict, struct error *why)
{
	sqlite3_stmt *statement = NULL;

	int result = sqlite_prepare(store, sql, &statement, why);
	if (result != 0)
		return result;
	sqlite3_bind_int64(statement, 1, value);
	sqlite3_bind_int64(statement, 2, most);
	if (verdict)
		sqlite_bind_text(statement, 3, str_from(verdict));
	result = sqlite_step(store, statement, why);
	if (result == 0)
		*prune->removed += (uint32_t)sqlite3_changes(store->db);
	sqlite3_finalize(statement);
	return result;
}

struct prunable {
	const char *count, *by_age, *by_verdict;
};

#define PRUNABLE(table)                                                                  \
	{                                                                                \
		"SELECT count(*) FROM " table,                                           \
			"DELETE FROM " table " WHERE rowid IN (SELECT rowid FROM " table \
			" WHERE last_seen < ?1"                                          \
			" ORDER BY last_seen LIMIT ?2)",                                 \
			"DELETE FROM " table " WHERE rowid IN (SELECT rowid FROM " table \
			" WHERE verdict = ?3"                                            \
			" ORDER BY last_seen LIMIT min(?1, ?2))"                         \
	}

static const struct prunable prunables[] = {PRUNABLE("finding"), PRUNABLE("incident")};

static int64_t left_to_prune(const struct prune *prune)
{
	return (int64_t)prune->most - *prune->removed;
}

static int prune_by_rows(struct store *store, const struct prune *prune,
			 const struct prunable *table, struct error *why)
{
	int64_t count;

	int result = sqlite_number(store, table->count, &count, why);
	for (int verdict = 0; verdict < VERDICT_COUNT && result == 0; verdict++) {
		uint32_t before = *prune->removed;
		if (count <= (int64_t)prune->limits->max_rows || left_to_prune(prune) <= 0)
			return 0;
		result = prune_step(store, prune, table->by_verdict,
				    count - (int64_t)prune->limits->max_rows, left_to_prune(prune),
				    verdict_name((enum verdict)verdict), why);
		count -= *prune->removed - before;
	}
	return result;
}

static int prune_body(struct store *store, const void *context, struct error *why)
{
	const struct prune *prune = context;
	int64_t oldest = prune->now.ns - prune->limits->keep.ns;
	int result = 0;

	for (size_t i = 0; i < 2 && result == 0; i++) {
		if (prune->limits->keep.ns > 0)
			result = prune_step(store, prune, prunables[i].by_age, oldest,
					    left_to_prune(prune), NULL, why);
		if (result == 0 && prune->limits->max_rows > 0)
			result = prune_by_rows(store, prune, &prunables[i], why);
	}
	return result;
}

int store_prune(struct store *store, const struct store_limits *limits, instant now, uint32_t most,
		uint32_t *removed, struct error *why)
{
	const struct prune prune = {limits, now, most, removed};

	*removed = 0;
	int result = in_transaction(store, prune_body, &prune, why);
	if (result != 0) {
		*removed = 0;
		return result;
	}
	return *removed > 0 ? sqlite_run(store, "PRAGMA incremental_vacuum(256)", why) : 0;
}
