/* The SQLite store's inside: for the sqlite_*.c files of this folder only. */
#ifndef DAVY_STORE_SQLITE_H
#define DAVY_STORE_SQLITE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "store/queue.h"
#include "store/store.h"

struct store {
	char *path;
	sqlite3 *db;  /* NULL in a writer: must be opened again before use */
	dev_t device; /* the file that was opened: it may be moved away under us */
	ino_t inode;
	enum store_mode mode;
	bool must_reopen;
	struct queue queue;
	uint64_t committed, failures;
};

/* Opens store->db by store->mode: 0 or as store_open. */
must_check int sqlite_connect(struct store *store, struct error *why);
void sqlite_disconnect(struct store *store);

/* Brings the layout up to date, in one transaction. */
must_check int sqlite_migrate(struct store *store, struct error *why);
/* Is the layout one that can be read? 0, -ENOENT (empty file), -EPROTO, -EUCLEAN ... */
must_check int sqlite_check_layout(struct store *store, struct error *why);

/* One sentence with a remedy for the last failure of the connection, and its errno. */
int sqlite_explain(struct store *store, int code, struct error *why);

must_check int sqlite_run(struct store *store, const char *sql, struct error *why);
must_check int sqlite_prepare(struct store *store, const char *sql, sqlite3_stmt **out,
			      struct error *why);
/* Steps a statement that gives no rows, and resets it. */
must_check int sqlite_step(struct store *store, sqlite3_stmt *statement, struct error *why);
void sqlite_bind_text(sqlite3_stmt *statement, int index, struct str text);
struct str sqlite_column(sqlite3_stmt *statement, int column);
/* A number in the first column of the first row. */
must_check int sqlite_number(struct store *store, const char *sql, int64_t *out, struct error *why);

/*
 * Everything that writes goes through here. After a failure other than a full disk or a lock the
 * connection is not trusted any more (the file may have been mended or replaced) and is opened anew
 * the next time.
 */
typedef int sqlite_body(struct store *store, const void *context, struct error *why);
must_check int sqlite_transact(struct store *store, sqlite_body *body, const void *context,
			       struct error *why);

#endif
