/*
 * The lines that workers and the supervisor send about themselves, into the store: "source\tname\t
 * number" of a counter, "name\t1|0|gone\twhy" of a source. A line that is none is left out.
 */
#ifndef DAVY_PROGRAMS_WATCH_COUNTERS_H
#define DAVY_PROGRAMS_WATCH_COUNTERS_H

#include "base/attributes.h"
#include "base/error.h"
#include "base/instant.h"
#include "base/str.h"
#include "store/store.h"

/* All that can be kept is; 0, or what the store said of the last that could not. */
must_check int watch_keep_counters(struct store *store, struct str lines, instant now,
				   struct error *why);
must_check int watch_keep_sources(struct store *store, struct str lines, instant now,
				  struct error *why);

#endif
