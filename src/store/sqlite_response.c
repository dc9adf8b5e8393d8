/* The journal of responses: few rows, written by hand or by a policy, each at once. */
#include "store/sqlite.h"

#include <errno.h>

enum { VISITED_MAX = 100000 };

struct beginning {
	const struct response *response;
	uint64_t *number;
};

static int begin_body(struct store *store, const void *context, struct error *why)
{
	const struct beginning *beginning = context;
	const struct response *r = beginning->response;
	sqlite3_stmt *put = NULL;

	int result =
		sqlite_prepare(store,
			       "INSERT INTO response (finding, step, state, memory, outcome, "
			       "began, changed, until, by_policy) VALUES (?1, ?2, 'begun', ?3, "
			       "'', ?4, ?4, ?5, ?6)",
			       &put, why);
	if (result != 0)
		return result;
	sqlite_bind_text(put, 1, r->finding);
	sqlite_bind_text(put, 2, r->step);
	sqlite_bind_text(put, 3, r->memory);
	sqlite3_bind_int64(put, 4, r->began.ns);
	sqlite3_bind_int64(put, 5, r->until.ns);
	sqlite3_bind_int(put, 6, r->by_policy);
	result = sqlite_step(store, put, why);
	sqlite3_finalize(put);
	*beginning->number = (uint64_t)sqlite3_last_insert_rowid(store->db);
	return result;
}

int store_begin_response(struct store *store, const struct response *response, uint64_t *number,
			 struct error *why)
{
	const struct beginning beginning = {response, number};

	return sqlite_transact(store, begin_body, &beginning, why);
}

struct ending {
	uint64_t number;
	enum response_state state;
	struct str outcome;
	instant now;
};

static int end_body(struct store *store, const void *context, struct error *why)
{
	const struct ending *ending = context;
	sqlite3_stmt *put = NULL;

	int result = sqlite_prepare(store,
				    "UPDATE response SET state = ?2, outcome = ?3, changed = ?4 "
				    "WHERE number = ?1",
				    &put, why);
	if (result != 0)
		return result;
	sqlite3_bind_int64(put, 1, (int64_t)ending->number);
	sqlite_bind_text(put, 2, str_from(response_state_name(ending->state)));
	sqlite_bind_text(put, 3, ending->outcome);
	sqlite3_bind_int64(put, 4, ending->now.ns);
	result = sqlite_step(store, put, why);
	sqlite3_finalize(put);
	if (result == 0 && sqlite3_changes(store->db) == 0)
		return error_set(why, -ENOENT, "the journal has no response %llu",
				 (unsigned long long)ending->number);
	return result;
}

int store_end_response(struct store *store, uint64_t number, enum response_state state,
		       struct str outcome, instant now, struct error *why)
{
	const struct ending ending = {number, state, outcome, now};

	return sqlite_transact(store, end_body, &ending, why);
}

/* Views into `texts`, which the statement does not outlive. */
static bool read_row(sqlite3_stmt *row, struct buf *texts, struct response *out)
{
	struct str *const to[] = {&out->finding, &out->step, &out->memory, &out->outcome};
	static const int columns[] = {0, 1, 3, 4};
	size_t starts[4];

	/* a state that a later davy wrote is not undone for this one */
	if (!response_state_from_name(sqlite_column(row, 2), &out->state))
		return false;
	for (size_t i = 0; i < 4; i++) {
		starts[i] = texts->len;
		buf_add(texts, sqlite_column(row, columns[i]));
		to[i]->len = texts->len - starts[i];
	}
	for (size_t i = 0; i < 4; i++)
		to[i]->at = texts->at + starts[i];
	out->began.ns = sqlite3_column_int64(row, 5);
	out->changed.ns = sqlite3_column_int64(row, 6);
	out->until.ns = sqlite3_column_int64(row, 7);
	out->by_policy = sqlite3_column_int(row, 8) != 0;
	return !texts->failed;
}

/*
 * Read, then visited: a visitor takes its time and writes to the journal, and what somebody else
 * wrote meanwhile would keep it from that while we still read.
 */
static int visit_row(struct store *store, uint64_t number, store_response_visit *visit,
		     void *context, bool *goes_on, struct error *why)
{
	CLEANUP(buf_fini) struct buf texts = {0};
	sqlite3_stmt *row = NULL;
	struct response r = {.number = number};

	int result = sqlite_prepare(store,
				    "SELECT finding, step, state, memory, outcome, began, changed, "
				    "until, by_policy FROM response WHERE number = ?1",
				    &row, why);
	if (result != 0)
		return result;
	sqlite3_bind_int64(row, 1, (int64_t)number);
	int code = sqlite3_step(row);
	bool is_one = code == SQLITE_ROW && read_row(row, &texts, &r);
	result = code == SQLITE_ROW || code == SQLITE_DONE ? 0 : sqlite_explain(store, code, why);
	sqlite3_finalize(row);
	if (is_one)
		*goes_on = visit(context, &r);
	return result != 0 || !texts.failed ? result : error_set(why, -ENOMEM, "no memory");
}

/* In two steps, as in sqlite_read.c: a visitor may write to the journal. */
int store_each_response(struct store *store, struct str finding, bool open_only,
			store_response_visit *visit, void *context, struct error *why)
{
	CLEANUP(buf_fini) struct buf numbers = {.limit = VISITED_MAX * sizeof(int64_t)};
	sqlite3_stmt *select = NULL;
	bool goes_on = true;
	int64_t number;
	int code;

	int result = store->db ? 0 : sqlite_connect(store, why);
	if (result == 0)
		result =
			sqlite_prepare(store,
				       "SELECT number FROM response WHERE (?1 = '' OR finding = "
				       "?1) AND (?2 = 0 OR state <> 'undone') ORDER BY number DESC",
				       &select, why);
	if (result != 0)
		return result;
	sqlite_bind_text(select, 1, finding);
	sqlite3_bind_int(select, 2, open_only);
	while ((code = sqlite3_step(select)) == SQLITE_ROW && !numbers.failed) {
		number = sqlite3_column_int64(select, 0);
		buf_add_bytes(&numbers, &number, sizeof(number));
	}
	result = code == SQLITE_ROW || code == SQLITE_DONE ? 0 : sqlite_explain(store, code, why);
	sqlite3_finalize(select);
	for (size_t at = 0; result == 0 && goes_on && at < numbers.len; at += sizeof(number)) {
		memcpy(&number, numbers.at + at, sizeof(number));
		result = visit_row(store, (uint64_t)number, visit, context, &goes_on, why);
	}
	return result;
}
