/*
 * Opening, closing and explaining. The file may be damaged, on a full disk, owned by somebody else,
 * or handed over by an attacker (`--store FILE`): schemas are not trusted, and every failure ends
 * in one sentence that says what to do.
 */
#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUSY_MS = 2000 };

static int explain_rights(struct store *store, struct error *why)
{
	const char *verb = store->mode == STORE_READ ? "read" : "write to";

	return error_set(
		why, -EACCES,
		"no right to %s %s: run as root, as its owner, or (to read) as a member of "
		"its group",
		verb, store->path);
}

static int explain_io(struct store *store, struct error *why)
{
	int number = sqlite3_system_errno(store->db);

	if (number == ENOSPC || number == EDQUOT)
		return error_set(why, -ENOSPC,
				 "the disk of %s is full: free some space, or lower "
				 "store.retention_days or store.max_findings",
				 store->path);
	return error_set(why, -EIO, "cannot use %s: %s; look at the disk (dmesg) and its limits",
			 store->path, number ? strerror(number) : sqlite3_errmsg(store->db));
}

int sqlite_explain(struct store *store, int code, struct error *why)
{
	switch (code & 0xff) {
	case SQLITE_FULL:
		return error_set(why, -ENOSPC,
				 "the disk of %s is full: free some space, or lower "
				 "store.retention_days or store.max_findings",
				 store->path);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return error_set(
			why, -EUCLEAN,
			"%s is damaged or no store: stop davy watch, move it away and start "
			"again; `sqlite3 FILE .recover` may save what is in it",
			store->path);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return error_set(why, -EBUSY,
				 "%s is locked by another program: see who with `fuser %s`",
				 store->path, store->path);
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
	case SQLITE_CANTOPEN:
		return explain_rights(store, why);
	case SQLITE_IOERR:
		return explain_io(store, why);
	case SQLITE_NOMEM:
		return error_set(why, -ENOMEM, "no memory to use %s", store->path);
	default:
		return error_set(why, -EIO, "cannot use %s: %s", store->path,
				 sqlite3_errmsg(store->db));
	}
}

int sqlite_run(struct store *store, const char *sql, struct error *why)
{
	int code = sqlite3_exec(store->db, sql, NULL, NULL, NULL);

	return code == SQLITE_OK ? 0 : sqlite_explain(store, code, why);
}

int sqlite_prepare(struct store *store, const char *sql, sqlite3_stmt **out, struct error *why)
{
	int code = sqlite3_prepare_v2(store->db, sql, -1, out, NULL);

	return code == SQLITE_OK ? 0 : sqlite_explain(store, code, why);
}

int sqlite_step(struct store *store, sqlite3_stmt *statement, struct error *why)
{
	int code = sqlite3_step(statement);

	sqlite3_reset(statement);
	return code == SQLITE_DONE || code == SQLITE_ROW ? 0 : sqlite_explain(store, code, why);
}

/* The text must outlive the step; an empty one is '' and never NULL. */
void sqlite_bind_text(sqlite3_stmt *statement, int index, struct str text)
{
	sqlite3_bind_text64(statement, index, text.len ? text.at : "", text.len, SQLITE_STATIC,
			    SQLITE_UTF8);
}

struct str sqlite_column(sqlite3_stmt *statement, int column)
{
	const void *at = sqlite3_column_blob(statement, column);

	return str_of(at, at ? (size_t)sqlite3_column_bytes(statement, column) : 0);
}

int sqlite_number(struct store *store, const char *sql, int64_t *out, struct error *why)
{
	sqlite3_stmt *statement = NULL;

	int result = sqlite_prepare(store, sql, &statement, why);
	if (result != 0)
		return result;
	int code = sqlite3_step(statement);
	*out = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
	sqlite3_finalize(statement);
	return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : sqlite_explain(store, code, why);
}

static int configure(struct store *store, struct error *why)
{
	sqlite3_busy_timeout(store->db, BUSY_MS);
	sqlite3_extended_result_codes(store->db, 1);
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	/* FULL: a commit is on the disk when it returns; a WAL that once grew is cut back */
	return sqlite_run(
		store,
		"PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY;"
		"PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 16777216",
		why);
}

/* A path as a file: URI, so that ?, # and % in it mean themselves. */
static void add_uri(struct buf *out, const char *path, const char *query)
{
	buf_add(out, STR("file:"));
	for (const char *c = path; *c; c++) {
		if (*c == '?' || *c == '#' || *c == '%')
			buf_printf(out, "%%%02x", (unsigned)*c);
		else
			buf_add_byte(out, *c);
	}
	buf_add_text(out, query);
	buf_add_byte(out, '\0');
}

static int open_uri(struct store *store, const char *query, int flags, struct error *why)
{
	CLEANUP(buf_fini) struct buf uri = {0};

	add_uri(&uri, store->path, query);
	if (uri.failed)
		return error_set(why, -ENOMEM, "no memory to open %s", store->path);
	int code = sqlite3_open_v2(uri.at, &store->db, flags | SQLITE_OPEN_URI, NULL);
	return code == SQLITE_OK ? configure(store, why) : sqlite_explain(store, code, why);
}

void sqlite_disconnect(struct store *store)
{
	sqlite3_close(store->db);
	store->db = NULL;
}

static int open_writer(struct store *store, struct error *why)
{
	/* made here and not by SQLite for its rights; the -wal and -shm beside it get the same */
	int file = open(store->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);

	if (file < 0)
		return error_set(
			why, -errno,
			"cannot make or open %s: %s; make its folder, or name another file "
			"with store.path",
			store->path, strerror(errno));
	struct stat status = {0};
	int result = fstat(file, &status) == 0 ? 0 : -errno;
	close(file);
	store->device = status.st_dev;
	store->inode = status.st_ino;
	if (result == 0)
		result = open_uri(store, "", SQLITE_OPEN_READWRITE, why);
	return result != 0 ? result : sqlite_migrate(store, why);
}

/* -1: there is none */
static off_t size_of_wal(const struct store *store)
{
	CLEANUP(buf_fini) struct buf path = {0};
	struct stat status;

	buf_printf(&path, "%s-wal", store->path);
	buf_add_byte(&path, '\0');
	return !path.failed && stat(path.at, &status) == 0 ? status.st_size : -1;
}

/*
 * After a clean end of the writer there is no -wal and no -shm, and a reader without the right to
 * make them cannot open a WAL file in the ordinary way. With no log there is nothing but the file
 * itself, and it can be read as one that does not change.
 */
static int open_reader(struct store *store, struct error *why)
{
	struct stat status;

	if (stat(store->path, &status) != 0)
		return error_set(why, -errno,
				 errno == ENOENT ? "No store at %s" : "cannot look at %s",
				 store->path);
	if (access(store->path, R_OK) != 0)
		return explain_rights(store, why);
	if (status.st_size == 0 && size_of_wal(store) <= 0)
		return error_set(why, -ENOENT, "The store at %s is still empty", store->path);
	int result = open_uri(store, "", SQLITE_OPEN_READONLY, why);
	if (result == 0)
		result = sqlite_check_layout(store, why);
	if (result != -EACCES)
		return result;
	if (size_of_wal(store) > 0)
		return error_set(why, -EACCES,
				 "no right to read %s-wal or to use %s-shm: run as root, as the "
				 "owner or as a member of the group of %s",
				 store->path, store->path, store->path);
	sqlite_disconnect(store);
	result = open_uri(store, "?immutable=1", SQLITE_OPEN_READONLY, why);
	return result != 0 ? result : sqlite_check_layout(store, why);
}

int sqlite_connect(struct store *store, struct error *why)
{
	int result = store->mode == STORE_WRITE ? open_writer(store, why) : open_reader(store, why);

	if (result != 0)
		sqlite_disconnect(store);
	return result;
}

int store_open(const char *path, enum store_mode mode, struct store **out, struct error *why)
{
	struct store *store = calloc(1, sizeof(*store));

	*out = NULL;
	if (!store || !(store->path = strdup(path))) {
		free(store);
		return error_set(why, -ENOMEM, "no memory to open %s", path);
	}
	store->mode = mode;
	int result = sqlite_connect(store, why);
	if (result == 0)
		*out = store;
	else
		store_close(&store);
	return result;
}

void store_close(struct store **at)
{
	struct store *store = *at;

	if (!store)
		return;
	if (store->queue.count > 0 && store_flush(store, NULL) != 0)
		store->queue.lost += store->queue.count;
	sqlite_disconnect(store);
	queue_fini(&store->queue);
	free(store->path);
	free(store);
	*at = NULL;
}
