/* Keeping the store within its limits, in steps. */
#include "store/sqlite.h"

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

/* How many rows of a table there may be, seen from the bytes in use: as if all had one size. */
static int rows_for_bytes(struct store *store, uint64_t max_bytes, int64_t count, int64_t *most,
			  struct error *why)
{
	int64_t pages, unused, page_bytes;

	int result = sqlite_number(store, "PRAGMA page_count", &pages, why);
	if (result == 0)
		result = sqlite_number(store, "PRAGMA freelist_count", &unused, why);
	if (result == 0)
		result = sqlite_number(store, "PRAGMA page_size", &page_bytes, why);
	if (result != 0)
		return result;
	uint64_t used = (uint64_t)((pages - unused) * page_bytes);
	if (used > max_bytes)
		*most = (int64_t)((double)count * ((double)max_bytes / (double)used));
	return 0;
}

static int prune_by_rows(struct store *store, const struct prune *prune,
			 const struct prunable *table, struct error *why)
{
	const struct store_limits *limits = prune->limits;
	int64_t count, most = INT64_MAX;

	int result = sqlite_number(store, table->count, &count, why);
	if (result == 0 && limits->max_bytes > 0)
		result = rows_for_bytes(store, limits->max_bytes, count, &most, why);
	if (limits->max_rows > 0 && limits->max_rows < (uint64_t)most)
		most = (int64_t)limits->max_rows;
	for (int verdict = 0; verdict < VERDICT_COUNT && result == 0; verdict++) {
		uint32_t before = *prune->removed;
		if (count <= most || left_to_prune(prune) <= 0)
			return 0;
		result = prune_step(store, prune, table->by_verdict, count - most,
				    left_to_prune(prune), verdict_name((enum verdict)verdict), why);
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
		if (result == 0)
			result = prune_by_rows(store, prune, &prunables[i], why);
	}
	return result;
}

int store_prune(struct store *store, const struct store_limits *limits, instant now, uint32_t most,
		uint32_t *removed, struct error *why)
{
	const struct prune prune = {limits, now, most, removed};

	*removed = 0;
	int result = sqlite_transact(store, prune_body, &prune, why);
	if (result != 0) {
		*removed = 0;
		return result;
	}
	return *removed > 0 ? sqlite_run(store, "PRAGMA incremental_vacuum(256)", why) : 0;
}
