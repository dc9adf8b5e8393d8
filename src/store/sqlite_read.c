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

/*
 * Lines are read page by page and visited in between, with no transaction open: a reader that
 * stands still (`davy incidents | less`) would otherwise keep the log from being cut back, and it
 * would grow until the disk is full.
 */
enum { PAGE_ROWS = 128, PAGE_BYTES = 1024 * 1024 };

struct page {
	struct buf text; /* ids and lines, one after another */
	struct {
		size_t id_len, json_len;
		int64_t last_seen;
	} rows[PAGE_ROWS];
	size_t count;
	bool is_last;
	/* the place after which the next page begins */
	int64_t last_seen;
	struct buf id;
};

static void page_add(struct page *page, sqlite3_stmt *statement)
{
	struct str id = sqlite_column(statement, 0), json = sqlite_column(statement, 2);

	page->rows[page->count].id_len = id.len;
	page->rows[page->count].json_len = json.len;
	page->rows[page->count].last_seen = sqlite3_column_int64(statement, 1);
	page->count++;
	buf_add(&page->text, id);
	buf_add(&page->text, json);
}

struct selection {
	const char *sql;
	struct str incident;
	const struct store_filter *filter;
};

static int page_read(struct store *store, const struct selection *selection, struct page *page,
		     struct error *why)
{
	const struct store_filter *filter = selection->filter;
	sqlite3_stmt *statement = NULL;
	int code;

	int result = prepare(store, selection->sql, &statement, why);
	if (result != 0)
		return result;
	sqlite3_bind_int64(statement, 1, filter->since.ns);
	sqlite_bind_text(statement, 2,
			 filter->has_verdict ? str_from(verdict_name(filter->verdict)) : STR(""));
	sqlite_bind_text(statement, 3, selection->incident);
	sqlite3_bind_int64(statement, 4, page->last_seen);
	sqlite_bind_text(statement, 5, buf_view(&page->id));
	buf_clear(&page->text);
	page->count = 0;
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		page_add(page, statement);
		if (page->count == PAGE_ROWS || page->text.len > PAGE_BYTES)
			break;
	}
	page->is_last = code == SQLITE_DONE;
	result = finish(store, statement, code, why);
	if (result == 0 && page->text.failed)
		result = error_set(why, -ENOMEM, "no memory to read %s", store->path);
	return result;
}

/* False: the visitor has enough, or the limit is reached. */
static bool page_visit(struct page *page, uint64_t *left, store_visit *visit, void *context)
{
	struct str rest = buf_view(&page->text);

	for (size_t i = 0; i < page->count; i++, --*left) {
		struct str id = str_sub(rest, 0, page->rows[i].id_len);
		struct str json = str_sub(rest, id.len, page->rows[i].json_len);
		if (*left == 0 || !visit(context, json))
			return false;
		page->last_seen = page->rows[i].last_seen;
		buf_clear(&page->id);
		buf_add(&page->id, id);
		rest = str_skip(rest, id.len + json.len);
	}
	return !page->is_last && *left > 0 && !page->id.failed;
}

static int each_line(struct store *store, const struct selection *selection, store_visit *visit,
		     void *context, struct error *why)
{
	struct page page = {.last_seen = INT64_MAX};
	uint64_t left = selection->filter->limit > 0 ? selection->filter->limit : UINT64_MAX;
	int result;

	do
		result = page_read(store, selection, &page, why);
	while (result == 0 && page_visit(&page, &left, visit, context));
	buf_fini(&page.text);
	buf_fini(&page.id);
	return result;
}

/* ?1 since, ?2 verdict or '', ?3 incident, ?4 and ?5 the place after which to begin */
#define SELECT_LINES(table, condition)                                                        \
	"SELECT id, last_seen, json FROM " table " WHERE last_seen >= ?1 AND last_seen <= ?4" \
	" AND (last_seen < ?4 OR id > ?5) AND (?2 = '' OR verdict = ?2) AND " condition       \
	" ORDER BY last_seen DESC, id"

int store_each_incident(struct store *store, const struct store_filter *filter, store_visit *visit,
			void *context, struct error *why)
{
	const struct selection selection = {SELECT_LINES("incident", "?3 = ?3"), STR(""), filter};

	return each_line(store, &selection, visit, context, why);
}

int store_each_finding(struct store *store, struct str incident, const struct store_filter *filter,
		       store_visit *visit, void *context, struct error *why)
{
	static const char all[] = SELECT_LINES("finding", "?3 = ?3");
	static const char of_incident[] = SELECT_LINES(
		"finding", "id IN (SELECT finding FROM incident_finding WHERE incident = ?3)");
	const struct selection selection = {incident.len > 0 ? of_incident : all, incident, filter};

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
