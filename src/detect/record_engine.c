#include "detect/record_engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "lists/computing_prices.h"
#include "model/finding_json.h"
#include "model/secret.h"

enum { TOLD_MAX = 65536, SCRATCH = 256 * 1024 };

/* Of an id, when it was and what was done: who can write a record with another's id does not hide
 * that one. Two hashes by seeds that nobody outside knows: two records are not taken for one. */
struct known {
	uint64_t hashes[2];
};

struct told {
	uint64_t id;
	uint64_t content; /* hash of the finding as it was told */
	uint32_t revision;
};

struct record_engine {
	struct record_teller teller;
	struct record_engine_settings settings;
	struct table *known, *told;
	void **states;		     /* of record_detectors */
	struct flow_sessions *flows; /* theirs, as are the prices */
	struct computing_prices *prices;
	struct arena scratch;
	struct buf line;
	const char *speaks; /* the detector that reports */
	struct record_engine_counters counters;
};

static size_t detector_count(void)
{
	size_t count = 0;

	while (record_detectors[count])
		count++;
	return count;
}

/* -- what is told -- */

static uint64_t content_of(struct record_engine *engine, const struct finding *finding)
{
	buf_clear(&engine->line);
	finding_to_json(finding, &engine->line);
	struct str line = buf_view(&engine->line);
	return hash_bytes(line.at, line.len, engine->settings.seed);
}

static struct told *told_of(struct record_engine *engine, const char *id, instant now)
{
	const uint64_t key = strtoull(id, NULL, 16);
	uint64_t hash = table_hash(engine->told, &key);
	struct told *told = table_find(engine->told, &key, hash);

	return told ? told : table_insert(engine->told, &key, hash, now);
}

static void tell(struct record_teller *teller, struct finding *finding)
{
	struct record_engine *engine = (struct record_engine *)teller;
	char id[FINDING_ID_LEN + 1];

	finding->detector = str_from(engine->speaks);
	finding_hide_secrets(finding, engine->settings.seed, &engine->scratch);
	finding_identify(finding, id);
	finding->id = str_of(id, FINDING_ID_LEN);
	finding->revision = 0;
	uint64_t content = content_of(engine, finding);
	struct told *told = told_of(engine, id, finding->last_seen);
	if (told && told->revision > 0 && told->content == content)
		return;
	if (told) {
		told->content = content;
		told->revision++;
		table_touch(engine->told, told, finding->last_seen);
		table_set_class(engine->told, told, finding->verdict > VERDICT_SIGNAL ? 1 : 0);
	}
	finding->revision = told ? told->revision : 1;
	engine->settings.sink->take(engine->settings.sink, finding);
}

/* -- its life -- */

static int create_states(struct record_engine *engine)
{
	engine->states = calloc(detector_count() + 1, sizeof(*engine->states));
	if (!engine->states ||
	    (!engine->settings.prices && computing_prices_built_in(&engine->prices) < 0))
		return -ENOMEM;
	const struct record_settings settings = {
		.seed = engine->settings.seed,
		.prices = engine->settings.prices ? engine->settings.prices : engine->prices,
		.flows = &engine->flows};
	for (size_t i = 0; record_detectors[i]; i++)
		if (record_detectors[i]->create(&settings, &engine->states[i]) < 0)
			return -ENOMEM;
	return 0;
}

int record_engine_new(const struct record_engine_settings *settings, struct record_engine **out)
{
	const struct table_settings known = {.capacity = settings->known ? settings->known
									 : RECORDS_KNOWN_DEFAULT,
					     .entry_size = sizeof(struct known),
					     .key_size = sizeof(struct known),
					     .seed = settings->seed};
	const struct table_settings told = {.capacity = TOLD_MAX,
					    .entry_size = sizeof(struct told),
					    .key_size = sizeof(uint64_t),
					    .seed = settings->seed};
	struct record_engine *engine = calloc(1, sizeof(*engine));

	if (!engine)
		return -ENOMEM;
	engine->settings = *settings;
	engine->teller.tell = tell;
	if (table_new(&known, &engine->known) < 0 || table_new(&told, &engine->told) < 0 ||
	    arena_init(&engine->scratch, SCRATCH) < 0 || create_states(engine) < 0) {
		record_engine_free(engine);
		return -ENOMEM;
	}
	*out = engine;
	return 0;
}

void record_engine_free(struct record_engine *engine)
{
	if (!engine)
		return;
	for (size_t i = 0; engine->states && record_detectors[i]; i++)
		record_detectors[i]->destroy(engine->states[i]);
	free(engine->states);
	computing_prices_free(engine->prices);
	table_free(engine->known);
	table_free(engine->told);
	arena_fini(&engine->scratch);
	buf_fini(&engine->line);
	free(engine);
}

/* -- records -- */

static uint64_t hash_of(const struct record *record, uint64_t seed)
{
	const struct str id = record->id, action = record->act.action;
	uint64_t hash = hash_bytes(id.at, id.len, seed + record->kind);

	return hash_bytes(action.at, action.len, hash ^ (uint64_t)record->time.ns);
}

static bool is_repeated(struct record_engine *engine, const struct record *record)
{
	struct known key;

	if (record->id.len == 0 || record->kind == RECORD_FLOW || record->kind == RECORD_LOOKUP)
		return false;
	key.hashes[0] = hash_of(record, engine->settings.seed);
	key.hashes[1] = hash_of(record, ~engine->settings.seed);
	uint64_t hash = table_hash(engine->known, &key);
	if (table_find(engine->known, &key, hash))
		return true;
	(void)table_insert(engine->known, &key, hash, record->time);
	return false;
}

static void count(struct record_engine_counters *counters, const struct record *record)
{
	counters->records[record->kind]++;
	if (record->time.ns == 0)
		return;
	if (counters->first.ns == 0 || record->time.ns < counters->first.ns)
		counters->first = record->time;
	if (record->time.ns > counters->last.ns)
		counters->last = record->time;
}

bool record_engine_take(struct record_engine *engine, const struct record *record)
{
	if (is_repeated(engine, record)) {
		engine->counters.repeated++;
		return false;
	}
	count(&engine->counters, record);
	for (size_t i = 0; record_detectors[i]; i++)
		if (record_detectors[i]->wants & RECORD_WANTS(record->kind))
			record_detectors[i]->observe(engine->states[i], record);
	return true;
}

void record_engine_report_by(struct record_engine *engine, instant now, const char *detector,
			     void (*report)(void *state, instant now, struct arena *scratch,
					    struct record_teller *teller),
			     void *state)
{
	if (now.ns == 0)
		now = engine->counters.last;
	engine->speaks = detector;
	arena_reset(&engine->scratch);
	report(state, now, &engine->scratch, &engine->teller);
}

void record_engine_report(struct record_engine *engine, instant now)
{
	for (size_t i = 0; record_detectors[i]; i++)
		record_engine_report_by(engine, now, record_detectors[i]->name,
					record_detectors[i]->report, engine->states[i]);
}

struct record_engine_counters record_engine_counters(const struct record_engine *engine)
{
	return engine->counters;
}
