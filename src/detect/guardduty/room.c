#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/table.h"
#include "detect/guardduty/alert.h"

enum { CAPACITY_DEFAULT = 4096, SCRATCH_BYTES = 128 << 10, MARK_SEED = 11 };

struct room {
	struct table *alerts;
	struct arena scratch;
	uint64_t seed;
	struct alert **sorted; /* while telling */
	size_t count;
};

static void destroy(void *state)
{
	struct room *room = state;

	if (!room)
		return;
	table_free(room->alerts);
	arena_fini(&room->scratch);
	free(room->sorted);
	free(room);
}

static int create(const struct record_settings *settings, void **out)
{
	const uint32_t capacity = settings->capacity ? settings->capacity : CAPACITY_DEFAULT;
	const struct table_settings table = {.capacity = capacity,
					     .entry_size = sizeof(struct alert),
					     .key_size = sizeof(((struct alert *)0)->key),
					     .seed = settings->seed,
					     .class_share = {1, 0.75, 0.5}};
	struct room *room = calloc(1, sizeof(*room));

	if (!room)
		return -ENOMEM;
	room->seed = settings->seed;
	room->sorted = calloc(capacity, sizeof(struct alert *));
	if (!room->sorted || table_new(&table, &room->alerts) < 0 ||
	    arena_init(&room->scratch, SCRATCH_BYTES) < 0) {
		destroy(room);
		return -ENOMEM;
	}
	*out = room;
	return 0;
}

/* The same finding, however often it was updated: its id, which is one only in its account. */
static struct alert *find(struct room *room, const struct record *record, struct str id)
{
	const struct str account = record->act.account;
	const uint64_t key[2] = {
		hash_bytes(id.at, id.len, hash_bytes(account.at, account.len, room->seed)),
		hash_bytes(id.at, id.len, hash_bytes(account.at, account.len, ~room->seed))};
	const uint64_t hash = table_hash(room->alerts, key);
	struct alert *alert = table_find(room->alerts, key, hash);

	if (!alert)
		return table_insert(room->alerts, key, hash, record->time);
	table_touch(room->alerts, alert, record->time);
	return alert;
}

static void observe(void *state, const struct record *seen)
{
	struct room *room = state;
	struct guardduty_alert said;
	struct str id, version;

	if (!json_exists(seen->whole))
		return;
	arena_reset(&room->scratch);
	guardduty_alert_read(seen->whole, &room->scratch, &said);
	(void)str_cut(seen->id, '/', &id, &version);
	struct alert *alert = find(room, seen, id);
	alert_take(alert, seen, &said, hash_bytes(seen->text.at, seen->text.len, MARK_SEED));
	const enum verdict verdict = alert->meaning->verdict;
	table_set_class(room->alerts, alert,
			alert->is_sample || verdict == VERDICT_SIGNAL ? 0
			: verdict == VERDICT_EXPOSURE		      ? 1
								      : 2);
}

static void collect(void *context, void *entry)
{
	struct room *room = context;

	room->sorted[room->count++] = entry;
}

static int by_time(const void *left, const void *right)
{
	const struct alert *a = *(struct alert *const *)left, *b = *(struct alert *const *)right;

	if (a->first.ns != b->first.ns)
		return a->first.ns < b->first.ns ? -1 : 1;
	const int order = str_compare(str_from(a->id), str_from(b->id));
	return order ? order : str_compare(str_from(a->account), str_from(b->account));
}

static void report(void *state, instant now, struct arena *scratch, struct record_teller *teller)
{
	struct room *room = state;

	room->count = 0;
	table_each(room->alerts, collect, room);
	qsort(room->sorted, room->count, sizeof(*room->sorted), by_time);
	for (size_t i = 0; i < room->count; i++)
		alert_tell(room->sorted[i], scratch, teller);
}

const struct record_detector guardduty_detector = {
	.name = "guardduty",
	.summary = "What Amazon GuardDuty found, taken over",
	.wants = RECORD_WANTS(RECORD_GUARDDUTY),
	.create = create,
	.destroy = destroy,
	.observe = observe,
	.report = report,
};
