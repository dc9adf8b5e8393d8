/* Hands observations to the detectors that want them, keeps their states, and reports findings. */
#ifndef DAVY_DETECT_ENGINE_H
#define DAVY_DETECT_ENGINE_H

#include "base/table.h"
#include "detect/detector.h"

struct engine;

struct engine_settings {
	uint32_t capacity; /* states, of all detectors */
	uint64_t seed;
	bool is_live; /* report changes at once, and details every minute; else at engine_flush */
	struct finding_sink *sink;
	const struct pool_list *pools; /* NULL: no lists; lives as long as the engine */
};

must_check int engine_new(const struct engine_settings *settings, struct engine **out);
void engine_free(struct engine *engine);

void engine_observe(struct engine *engine, const struct observation *seen);
/* Live: reports details that have waited a minute, and forgets what has been idle for a day. */
void engine_tick(struct engine *engine, instant now);
/* Reports everything not reported yet. */
void engine_flush(struct engine *engine);

struct table_counters engine_counters(const struct engine *engine);

/* All detectors, for help texts and documents; ends with NULL. */
extern const struct detector *const detectors[];

#endif
