#include "store/sqlite.h"

#include <errno.h>

static int finish(struct store *store, sqlite3_stmt *statement, int code, struct error *why)
{
	int result =
		code == SQLITE_DONE || code == SQLITE_ROW ? 0 : sqlite_explain(store, code, why);

	sqlite3_finalize(statement);
	return result;
}

/* A writer whose connection broke (store_flush failed) reads again after the next good flush. */
static int prepare(struct store *store, const char *sql, sqlite3_stmt **out, struct error *why)
{
	int result = store->db ? 0 : sqlite_connect(store, why);

	return result != 0 ? result : sqlite_prepare(store, sql, out, why);
}

/* ?1 since, ?2 verdict or '', ?3 limit, ?4 incident or '' */
static int each_line(struct store *store, const char *sql, struct str incident,
		     const struct store_filter *filter, store_visit *visit, void *context,
		     struct error *why)
{
	sqlite3_stmt *statement = NULL;
	int code;

	int result = prepare(store, sql, &statement, why);
	if (result != 0)
		return result;
	sqlite3_bind_int64(statement, 1, filter->since.ns);
	sqlite_bind_text(statement, 2,
			 filter->has_verdict ? str_from(verdict_name(filter->verdict)) : STR(""));
	sqlite3_bind_int64(statement, 3, filter->limit > 0 ? (int64_t)filter->limit : -1);
	sqlite_bind_text(statement, 4, incident);
	while ((code = sqlite3_step(statement)) == SQLITE_ROW)
		if (!visit(context, sqlite_column(statement, 0)))
			break;
	return finish(store, statement, code, why);
}

#define SELECT_LINES(table)                                                              \
	"SELECT json FROM " table " WHERE last_seen >= ?1 AND (?2 = '' OR verdict = ?2)" \
	" AND ?4 = ?4"

int store_each_incident(struct store *store, const struct store_filter *filter, store_visit *visit,
			void *context, struct error *why)
{
	return each_line(store, SELECT_LINES("incident") " ORDER BY last_seen DESC, id LIMIT ?3",
			 STR(""), filter, visit, context, why);
}

int store_each_finding(struct store *store, struct str incident, const struct store_filter *filter,
		       store_visit *visit, void *context, struct error *why)
{
	static const char all[] = SELECT_LINES("finding") " ORDER BY last_seen DESC, id LIMIT ?3";
	static const char of_incident[] =
		SELECT_LINES("finding") " AND id IN (SELECT finding FROM incident_finding "
					"WHERE incident = ?4) ORDER BY last_seen DESC, id LIMIT ?3";

	return each_line(store, incident.len > 0 ? of_incident : all, incident, filter, visit,
			 context, why);
}

/* Rows of (is finding, id is exact, json): at most two, exact ones first. */
static const char find_sql[] =
	"SELECT * FROM ("
	"SELECT 0 AS is_finding, id = ?1 AS is_exact, json FROM incident"
	" WHERE id >= ?1 AND substr(id, 1, length(?1)) = ?1"
	" UNION ALL "
	"SELECT 1, id = ?1, json FROM finding WHERE id >= ?1 AND substr(id, 1, length(?1)) = ?1"
	") ORDER BY is_exact DESC LIMIT 2";

int store_find(struct store *store, struct str id, enum store_found *found, struct buf *json,
	       struct error *why)
{
	sqlite3_stmt *statement = NULL;

	*found = STORE_NOT_FOUND;
	int result = id.len > 0 ? prepare(store, find_sql, &statement, why) : -ENOENT;
	if (result != 0)
		return id.len > 0 ? result : 0;
	sqlite_bind_text(statement, 1, id);
	int code = sqlite3_step(statement);
	if (code == SQLITE_ROW) {
		bool is_exact = sqlite3_column_int(statement, 1) != 0;
		*found = sqlite3_column_int(statement, 0) ? STORE_FINDING : STORE_INCIDENT;
		buf_add(json, sqlite_column(statement, 2));
		code = sqlite3_step(statement);
		if (code == SQLITE_ROW && !is_exact)
			*found = STORE_AMBIGUOUS;
	}
	return finish(store, statement, code, why);
}

int store_each_counter(struct store *store,
		       void (*visit)(void *context, const struct store_counter *), void *context,
		       struct error *why)
{
	sqlite3_stmt *statement = NULL;
	int code;

	int result = prepare(store,
			     "SELECT source, name, value, time FROM counter ORDER BY source, name",
			     &statement, why);
	if (result != 0)
		return result;
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		const struct store_counter counter = {
			.source = sqlite_column(statement, 0),
			.name = sqlite_column(statement, 1),
			.value = (uint64_t)sqlite3_column_int64(statement, 2),
			.time.ns = sqlite3_column_int64(statement, 3),
		};
		visit(context, &counter);
	}
	return finish(store, statement, code, why);
}

int store_each_source(struct store *store,
		      void (*visit)(void *context, const struct store_source *), void *context,
		      struct error *why)
{
	sqlite3_stmt *statement = NULL;
	int code;

	int result = prepare(store, "SELECT name, is_on, why, time FROM source ORDER BY name",
			     &statement, why);
	if (result != 0)
		return result;
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		const struct store_source source = {
			.name = sqlite_column(statement, 0),
			.is_on = sqlite3_column_int(statement, 1) != 0,
			.why = sqlite_column(statement, 2),
			.time.ns = sqlite3_column_int64(statement, 3),
		};
		visit(context, &source);
	}
	return finish(store, statement, code, why);
}
