/*
 * What the supervisor of `davy watch` passes between its workers, looking into none of it: a worker
 * that was taken over may send anything. Private to watch_*.c.
 */
#ifndef DAVY_PROGRAMS_WATCH_RELAY_H
#define DAVY_PROGRAMS_WATCH_RELAY_H

#include <uv.h>

#include "programs/watch.h"
#include "programs/watch_supervisor.h"
#include "sandbox/supervise.h"
#include "source/live/taps.h"

enum {
	CORE = 0, /* the first worker; sensors follow */
	NAMES_MAX = 256,
};

struct watcher { /* a worker's descriptors in the event loop */
	struct watch *watch;
	size_t index;
	uv_poll_t channel, death;
	bool is_watched;
};

struct watch {
	const struct watch_plan *plan;
	const struct settings *settings;
	uv_loop_t loop;
	uv_timer_t timer, health;
	uv_signal_t terminated, interrupted, hung_up;
	uv_poll_t changes;
	struct supervisor supervisor;
	struct watcher watchers[SUPERVISED_MAX];
	struct core_start core;
	struct sensor_start sensors[TAP_WORKERS_MAX];
	int sensor_descriptors[2], lists;
	size_t sensor_count;
	struct interfaces interfaces;
	struct taps taps;
	struct cutoff_filter *filter;
	struct fanout_program *fanout;
	const char *include[NAMES_MAX], *exclude[NAMES_MAX];
	char name_texts[2 * NAMES_MAX][IF_NAMESIZE];
	size_t name_count;
	struct buf sources, pending;
	uint64_t findings_lost, restarts;
	enum watch_end end;
	bool leaves;
};

/* For davy health: is it on, and if not, why. Told with the next relay_sources. */
void relay_source(struct watch *w, const char *name, bool is_on, const char *why);
void relay_sources(struct watch *w);

/* A message of the worker `index`, passed on or carried out. */
void relay_message(struct watch *w, size_t index, const struct message *message);
/* Findings that waited while the core was started again, or was busy. */
void relay_pending(struct watch *w);
/* A worker's channel has something; data: its struct watcher. */
void relay_on_channel(uv_poll_t *poll, int status, int events);

#endif
