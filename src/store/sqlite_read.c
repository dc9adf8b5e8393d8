#include "store/sqlite.h"

#include <errno.h>
#include <string.h>

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

/*
 * A list is read in two steps: the ids in their order, then line by line, and no transaction stays
 * open while a line is visited. A reader that stands still (`davy incidents | less`) would
 * otherwise keep the log from being cut back, and it would grow until the disk is full.
 */
struct selection {
	const char *ids_sql; /* ?1 since, ?2 verdict or '', ?3 incident, ?4 limit */
	const char *line_sql;
	struct str incident;
	const struct store_filter *filter;
};

/* Each id with its length before it. */
static int select_ids(struct store *store, const struct selection *selection, struct buf *ids,
		      struct error *why)
{
	const struct store_filter *filter = selection->filter;
	sqlite3_stmt *statement = NULL;
	int code;

	int result = prepare(store, selection->ids_sql, &statement, why);
	if (result != 0)
		return result;
	sqlite3_bind_int64(statement, 1, filter->since.ns);
	sqlite_bind_text(statement, 2,
			 filter->has_verdict ? str_from(verdict_name(filter->verdict)) : STR(""));
	sqlite_bind_text(statement, 3, selection->incident);
	sqlite3_bind_int64(statement, 4, filter->limit > 0 ? (int64_t)filter->limit : -1);
	while ((code = sqlite3_step(statement)) == SQLITE_ROW && !ids->failed) {
		struct str id = sqlite_column(statement, 0);
		buf_add_bytes(ids, &id.len, sizeof(id.len));
		buf_add(ids, id);
	}
	return finish(store, statement, code, why);
}

/* Empty when it was removed meanwhile. */
static int read_line(struct store *store, sqlite3_stmt *statement, struct str id, struct buf *line,
		     struct error *why)
{
	buf_clear(line);
	sqlite_bind_text(statement, 1, id);
	int code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		buf_add(line, sqlite_column(statement, 0));
	int result =
		code == SQLITE_ROW || code == SQLITE_DONE ? 0 : sqlite_explain(store, code, why);
	sqlite3_reset(statement);
	return result;
}

static int visit_lines(struct store *store, const char *sql, struct str ids, store_visit *visit,
		       void *context, struct error *why)
{
	CLEANUP(buf_fini) struct buf line = {0};
	sqlite3_stmt *statement = NULL;
	bool goes_on = true;
	size_t len;

	int result = prepare(store, sql, &statement, why);
	while (result == 0 && goes_on && ids.len > 0) {
		memcpy(&len, ids.at, sizeof(len));
		result = read_line(store, statement, str_sub(ids, sizeof(len), len), &line, why);
		if (result == 0 && line.failed)
			result = error_set(why, -ENOMEM, "no memory to read %s", store->path);
		if (result == 0 && line.len > 0)
			goes_on = visit(context, buf_view(&line));
		ids = str_skip(ids, sizeof(len) + len);
	}
	sqlite3_finalize(statement);
	return result;
}

static int each_line(struct store *store, const struct selection *selection, store_visit *visit,
		     void *context, struct error *why)
{
	CLEANUP(buf_fini) struct buf ids = {0};

	int result = select_ids(store, selection, &ids, why);
	if (result == 0 && ids.failed)
		result = error_set(why, -ENOMEM, "no memory to list %s", store->path);
	return result != 0 ? result
			   : visit_lines(store, selection->line_sql, buf_view(&ids), visit, context,
					 why);
}

#define SELECT_IDS(table, condition)                                          \
	"SELECT id FROM " table                                               \
	" WHERE last_seen >= ?1 AND (?2 = '' OR verdict = ?2) AND " condition \
	" ORDER BY last_seen DESC, id LIMIT ?4"

int store_each_incident(struct store *store, const struct store_filter *filter, store_visit *visit,
			void *context, struct error *why)
{
	const struct selection selection = {SELECT_IDS("incident", "?3 = ?3"),
					    "SELECT json FROM incident WHERE id = ?1", STR(""),
					    filter};

	return each_line(store, &selection, visit, context, why);
}

int store_each_finding(struct store *store, struct str incident, const struct store_filter *filter,
		       store_visit *visit, void *context, struct error *why)
{
	static const char all[] = SELECT_IDS("finding", "?3 = ?3");
	static const char of_incident[] = SELECT_IDS(
		"finding", "id IN (SELECT finding FROM incident_finding WHERE incident = ?3)");
	const struct selection selection = {incident.len > 0 ? of_incident : all,
					    "SELECT json FROM finding WHERE id = ?1", incident,
					    filter};

	return each_line(store, &selection, visit, context, why);
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
