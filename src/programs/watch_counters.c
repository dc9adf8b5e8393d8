#include "programs/watch_counters.h"

enum { BATCH = 64 }; /* counters or sources in one transaction */

/* A few at a time; what is left of the lines stays in `lines`. */
static int keep_some_counters(struct store *store, struct str *lines, instant now,
			      struct error *why)
{
	struct store_counter counters[BATCH];
	struct str line, number;
	size_t count = 0;

	while (lines->len > 0 && count < BATCH) {
		struct store_counter *c = &counters[count];
		str_cut(*lines, '\n', &line, lines);
		if (str_cut(line, '\t', &c->source, &line) &&
		    str_cut(line, '\t', &c->name, &number) && str_to_u64(number, &c->value)) {
			c->time = now;
			count++;
		}
	}
	return store_put_counters(store, counters, count, why);
}

static int keep_some_sources(struct store *store, struct str *lines, instant now, struct error *why)
{
	struct store_source sources[BATCH];
	struct str line, on;
	size_t count = 0;

	while (lines->len > 0 && count < BATCH) {
		struct store_source *s = &sources[count];
		str_cut(*lines, '\n', &line, lines);
		if (str_cut(line, '\t', &s->name, &line)) {
			str_cut(line, '\t', &on, &s->why);
			s->is_on = str_equal(on, STR("1"));
			s->is_gone = str_equal(on, STR("gone"));
			s->time = now;
			count++;
		}
	}
	return store_put_sources(store, sources, count, why);
}

typedef int keep_some(struct store *store, struct str *lines, instant now, struct error *why);

/* All of them, also after a batch that could not be kept. */
static int keep_all(keep_some *keep, struct store *store, struct str lines, instant now,
		    struct error *why)
{
	int failed = 0;

	while (lines.len > 0) {
		int result = keep(store, &lines, now, why);
		failed = result < 0 ? result : failed;
	}
	return failed;
}

int watch_keep_counters(struct store *store, struct str lines, instant now, struct error *why)
{
	return keep_all(keep_some_counters, store, lines, now, why);
}

int watch_keep_sources(struct store *store, struct str lines, instant now, struct error *why)
{
	return keep_all(keep_some_sources, store, lines, now, why);
}
