/*
 * What the supervisor of `davy watch` passes between its workers, looking into none of it: a worker
 * that was taken over may send anything. Private to watch_*.c.
 */
#ifndef DAVY_PROGRAMS_WATCH_RELAY_H
#define DAVY_PROGRAMS_WATCH_RELAY_H

#include "programs/watch_state.h"

/* For davy health: is it on, and if not, why. Told with the next relay_sources. */
void relay_source(struct watch *w, const char *name, bool is_on, const char *why);
/* It is no source any more, and nothing is missing. */
void relay_source_gone(struct watch *w, const char *name);
void relay_sources(struct watch *w);

/* A message of the worker `index`, passed on or carried out. */
void relay_message(struct watch *w, size_t index, const struct message *message);
/* Findings that waited while the core was started again, or was busy. */
void relay_pending(struct watch *w);
/* A worker's channel has something; data: its struct watcher. */
void relay_on_channel(uv_poll_t *poll, int status, int events);

#endif
