/*
 * The layout of the file and its history: one step of SQL from each version to the next. A step is
 * never changed once released; a new one is added. PRAGMA user_version holds the version, PRAGMA
 * application_id says that the file is ours.
 */
#include "store/sqlite.h"

#include <errno.h>
#include <stdio.h>

#define APPLICATION_ID "1684109945" /* "davy" */

static const char *const steps[] = {
	/* 1 */
	"PRAGMA application_id = " APPLICATION_ID ";"
	"CREATE TABLE finding (id TEXT PRIMARY KEY, revision INTEGER NOT NULL, verdict TEXT NOT "
	"NULL,"
	" severity TEXT NOT NULL, first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL,"
	" json TEXT NOT NULL) STRICT;"
	"CREATE TABLE incident (id TEXT PRIMARY KEY, revision INTEGER NOT NULL,"
	" verdict TEXT NOT NULL, severity TEXT NOT NULL, first_seen INTEGER NOT NULL,"
	" last_seen INTEGER NOT NULL, json TEXT NOT NULL) STRICT;"
	"CREATE INDEX finding_last_seen ON finding (last_seen);"
	"CREATE INDEX incident_last_seen ON incident (last_seen);"
	"CREATE TABLE counter (source TEXT NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL,"
	" time INTEGER NOT NULL, PRIMARY KEY (source, name)) STRICT, WITHOUT ROWID;",
	/* 2: which findings an incident ever had (its line lists the first ones only); sources that
	   are off and why; pruning by verdict; lists without a sort */
	"CREATE TABLE incident_finding (incident TEXT NOT NULL, finding TEXT NOT NULL,"
	" PRIMARY KEY (incident, finding)) STRICT, WITHOUT ROWID;"
	"INSERT OR IGNORE INTO incident_finding SELECT incident.id, value"
	" FROM incident, json_each(iif(json_valid(incident.json), incident.json, '{}'), "
	"'$.findings');"
	"CREATE TRIGGER incident_gone AFTER DELETE ON incident BEGIN"
	" DELETE FROM incident_finding WHERE incident = old.id; END;"
	"CREATE INDEX incident_finding_finding ON incident_finding (finding);"
	"CREATE TRIGGER finding_gone AFTER DELETE ON finding BEGIN"
	" DELETE FROM incident_finding WHERE finding = old.id; END;"
	"CREATE TABLE source (name TEXT PRIMARY KEY, is_on INTEGER NOT NULL, why TEXT NOT NULL,"
	" time INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"DROP INDEX finding_last_seen; CREATE INDEX finding_order ON finding (last_seen DESC, id);"
	"DROP INDEX incident_last_seen; CREATE INDEX incident_order ON incident (last_seen DESC, "
	"id);"
	"CREATE INDEX finding_verdict ON finding (verdict, last_seen);"
	"CREATE INDEX incident_verdict ON incident (verdict, last_seen);",
	/* 3: when the writer started and stopped */
	"CREATE TABLE life (event TEXT PRIMARY KEY, time INTEGER NOT NULL) STRICT, WITHOUT ROWID;",
	/* 4: the journal of responses; AUTOINCREMENT: a number is never used again */
	"CREATE TABLE response (number INTEGER PRIMARY KEY AUTOINCREMENT, finding TEXT NOT NULL,"
	" step TEXT NOT NULL, state TEXT NOT NULL, memory TEXT NOT NULL, outcome TEXT NOT NULL,"
	" began INTEGER NOT NULL, changed INTEGER NOT NULL) STRICT;"
	"CREATE INDEX response_finding ON response (finding);",
	/* 5: who took it, and when it is taken back by itself */
	("ALTER TABLE response ADD COLUMN by_policy INTEGER NOT NULL DEFAULT 0;"
	 "ALTER TABLE response ADD COLUMN until INTEGER NOT NULL DEFAULT 0;"),
};

enum { LAYOUT_VERSION = sizeof(steps) / sizeof(*steps) };

static int read_versions(struct store *store, int64_t *version, bool *is_empty, struct error *why)
{
	int64_t application, tables;

	int result = sqlite_number(store, "PRAGMA user_version", version, why);
	if (result == 0)
		result = sqlite_number(store, "PRAGMA application_id", &application, why);
	if (result == 0)
		result = sqlite_number(store, "SELECT count(*) FROM sqlite_schema", &tables, why);
	if (result != 0)
		return result;
	*is_empty = tables == 0 && *version == 0 && application == 0;
	if (!*is_empty && application != 1684109945)
		return error_set(why, -EUCLEAN,
				 "%s belongs to another program: name another file with store.path",
				 store->path);
	if (*version > LAYOUT_VERSION)
		return error_set(why, -EPROTO,
				 "%s was written by a newer davy (layout %lld, this one knows %d): "
				 "use that one, or another file with store.path",
				 store->path, (long long)*version, LAYOUT_VERSION);
	return 0;
}

int sqlite_check_layout(struct store *store, struct error *why)
{
	int64_t version;
	bool is_empty;

	int result = read_versions(store, &version, &is_empty, why);
	if (result != 0)
		return result;
	if (is_empty)
		return error_set(why, -ENOENT, "The store at %s is still empty", store->path);
	if (version < LAYOUT_VERSION)
		return error_set(
			why, -EPROTO,
			"%s was written by an older davy (layout %lld, this one reads %d): "
			"start davy watch once, which brings it up to date",
			store->path, (long long)version, LAYOUT_VERSION);
	return 0;
}

/*
 * All steps in one transaction: a program killed half-way leaves the old layout or none. The
 * version is read inside it, for two programs may start at once.
 */
static int take_steps(struct store *store, struct error *why)
{
	char set_version[64];
	int64_t version;
	bool is_empty;

	int result = read_versions(store, &version, &is_empty, why);
	while (result == 0 && version < LAYOUT_VERSION)
		result = sqlite_run(store, steps[version++], why);
	snprintf(set_version, sizeof(set_version), "PRAGMA user_version = %d", LAYOUT_VERSION);
	return result != 0 ? result : sqlite_run(store, set_version, why);
}

int sqlite_migrate(struct store *store, struct error *why)
{
	int64_t version;
	bool is_empty;

	int result = read_versions(store, &version, &is_empty, why);
	/* before the first table, or it has no effect */
	if (result == 0 && is_empty)
		result = sqlite_run(store, "PRAGMA auto_vacuum = INCREMENTAL", why);
	if (result == 0)
		result = sqlite_run(store, "PRAGMA journal_mode = WAL", why);
	if (result != 0 || version == LAYOUT_VERSION)
		return result;
	result = sqlite_run(store, "BEGIN IMMEDIATE", why);
	if (result == 0)
		result = take_steps(store, why);
	if (result == 0)
		result = sqlite_run(store, "COMMIT", why);
	if (result != 0)
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	return result;
}
