/*
 * What the reading commands share: the store they look at, the clock, and output for people
 * (aligned, coloured on a terminal only, hostile text made harmless) or machines.
 */
#ifndef DAVY_PROGRAMS_VIEW_H
#define DAVY_PROGRAMS_VIEW_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/instant.h"
#include "base/str.h"
#include "programs/settings.h"
#include "report/layout.h"
#include "store/store.h"

struct view {
	bool is_json;
	struct report_style style;
	bool failed;			 /* standard output cannot be written */
	const char *config, *store_path; /* from the command line, or NULL */
	instant now;
	struct settings *settings;
	struct store *store;
	struct arena arena; /* for one line of JSON at a time */
	struct buf out;
};

/* Settings, clock, colours and the store. False: the reason was told on stderr. */
must_check bool view_open(struct view *view);
must_check bool view_open_without_store(struct view *view);
/* Writes what is left; `status`, or EXIT_TROUBLE when standard output failed. */
int view_close(struct view *view, int status);
/* Writes what has gathered; call it between items. */
void view_flush(struct view *view);
void view_trouble(const char *what); /* one line on stderr */
const char *view_store_path(const struct view *view);

/* What report/layout.h does, into `out`. */
void view_add(struct view *view, const char *literal);
void view_hostile(struct view *view, struct str text);
void view_painted(struct view *view, enum paint paint, struct str text);
void view_cell(struct view *view, enum paint paint, struct str text, size_t width);
void view_heading(struct view *view, const char *heading);
void view_time(struct view *view, instant at);

/* "2026-11-22T10:00:00Z", "2026-11-22", or how long ago: "7d", "2 h". */
must_check bool since_parse(struct str text, instant now, instant *out);

#endif
