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

/* SQLite goes on writing into a file that was removed; nobody would ever read that. */
static bool file_is_gone(const struct store *store)
{
	struct stat status;

	return stat(store->path, &status) != 0 || status.st_dev != store->device ||
	       status.st_ino != store->inode;
}

int sqlite_transact(struct store *store, sqlite_body *body, const void *context, struct error *why)
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
	int result = sqlite_transact(store, flush_body, NULL, why);
	if (result != 0) {
		store->failures++;
		return result;
	}
	store->committed += store->queue.count;
	queue_clear(&store->queue);
	return 0;
}
