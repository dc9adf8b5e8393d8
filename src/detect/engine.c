#include "detect/engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	FLOW_KEY = 40,
	STATE_MAX = 6144,
	SCRATCH = 64 * 1024,
	REPORT_EVERY_S = 60,
	SUSPECT_AFTER_S = 10, /* a login that the pool answers a moment later is no suspicion */
	IDLE_S = 86400,
};

struct key {
	uint8_t flow[FLOW_KEY];
	uint64_t detector;
};

struct entry {
	struct key key;
	uint32_t revision;
	bool has_news;
	int64_t news_ns;     /* since when there is something to report */
	int64_t reported_ns; /* 0: never */
	_Alignas(max_align_t) uint8_t state[];
};

struct engine {
	struct engine_settings settings;
	struct table *table;
	struct arena scratch;
	instant now;
};

enum report_what { REPORT_ALL, REPORT_GRAVE };

/* REPORT_GRAVE: only what convinces; anything less waits for its time. */
static void report(struct engine *engine, struct entry *entry, enum report_what what)
{
	const struct detector *detector = detectors[entry->key.detector];
	struct finding finding = {0};
	char id[FINDING_ID_LEN + 1];

	arena_reset(&engine->scratch);
	struct detector_context context = {&engine->scratch, engine->settings.pools};
	bool accuses = detector->report(entry->state, &context, &finding);
	if (accuses && what == REPORT_GRAVE && finding.verdict < VERDICT_MINER)
		return;
	entry->has_news = false;
	if (!accuses)
		return;
	entry->reported_ns = engine->now.ns;
	finding.detector = str_from(detector->name);
	if (finding.technique_count == 0)
		finding_add_technique(&finding, str_from(detector->technique));
	finding_identify(&finding, id);
	finding.id = str_of(id, FINDING_ID_LEN);
	finding.revision = ++entry->revision;
	engine->settings.sink->take(engine->settings.sink, &finding);
}

static void report_if_news(void *context, void *at)
{
	struct entry *entry = at;

	if (entry->has_news)
		report(context, entry, REPORT_ALL);
}

static size_t largest_state(void)
{
	size_t largest = 0;

	for (size_t i = 0; detectors[i]; i++)
		if (detectors[i]->state_size > largest)
			largest = detectors[i]->state_size;
	return largest;
}

int engine_new(const struct engine_settings *settings, struct engine **out)
{
	struct engine *engine = calloc(1, sizeof(*engine));

	if (!engine)
		return -ENOMEM;
	engine->settings = *settings;
	struct table_settings table = {
		.capacity = settings->capacity,
		.entry_size = (uint32_t)(sizeof(struct entry) + largest_state()),
		.key_size = sizeof(struct key),
		.seed = settings->seed,
		.idle = settings->is_live ? DURATION_S(IDLE_S) : (duration){0},
		.class_share = {0, 0, 0.75},
		.on_drop = report_if_news,
		.context = engine};
	int r = table_new(&table, &engine->table);
	if (r == 0)
		r = arena_init(&engine->scratch, SCRATCH);
	if (r < 0) {
		table_free(engine->table);
		free(engine);
		return r;
	}
	*out = engine;
	return 0;
}

void engine_free(struct engine *engine)
{
	if (!engine)
		return;
	table_free(engine->table);
	arena_fini(&engine->scratch);
	free(engine);
}

static struct entry *entry_for(struct engine *engine, const struct observation *seen,
			       size_t detector)
{
	struct key key = {.detector = detector};

	memcpy(key.flow, seen->flow->key, FLOW_KEY);
	uint64_t hash = table_hash(engine->table, &key);
	struct entry *entry = table_find(engine->table, &key, hash);
	return entry ? entry : table_insert(engine->table, &key, hash, seen->at);
}

static void observe_one(struct engine *engine, const struct observation *seen, size_t index)
{
	struct entry *entry = entry_for(engine, seen, index);
	enum detector_news news = detectors[index]->observe(entry->state, seen);

	table_touch(engine->table, entry, seen->at);
	if (news == NEWS_NONE)
		return;
	if (!entry->has_news)
		entry->news_ns = seen->at.ns;
	entry->has_news = true;
	if (seen->flow->acknowledged[0] && seen->flow->acknowledged[1])
		table_set_class(engine->table, entry, 2); /* a flood of forged ones stays below */
	if (engine->settings.is_live && news == NEWS_URGENT)
		report(engine, entry, REPORT_GRAVE);
}

void engine_observe(struct engine *engine, const struct observation *seen)
{
	engine->now = seen->at;
	for (size_t i = 0; detectors[i]; i++)
		if (detectors[i]->wants & seen->kind)
			observe_one(engine, seen, i);
}

/* What was never told waits a few seconds, what has changed since it was told a minute. */
static void report_if_due(void *context, void *at)
{
	struct engine *engine = context;
	struct entry *entry = at;
	int64_t since = entry->reported_ns ? entry->reported_ns : entry->news_ns;
	int64_t wait = DURATION_S(entry->reported_ns ? REPORT_EVERY_S : SUSPECT_AFTER_S).ns;

	if (entry->has_news && instant_since(engine->now, (instant){since}).ns >= wait)
		report(engine, entry, REPORT_ALL);
}

void engine_tick(struct engine *engine, instant now)
{
	if (now.ns > engine->now.ns)
		engine->now = now;
	if (engine->settings.is_live)
		table_each(engine->table, report_if_due, engine);
	table_expire(engine->table, engine->now, 16);
}

void engine_flush(struct engine *engine)
{
	table_each(engine->table, report_if_news, engine);
}

struct table_counters engine_counters(const struct engine *engine)
{
	return table_counters(engine->table);
}
