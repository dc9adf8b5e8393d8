/*
 * A room that judges workloads of this machine: what a workload did in, signs out. Pure: no I/O, no
 * clock, no state between calls, no allocation but from `scratch`.
 */
#ifndef DAVY_DETECT_HOST_ROOM_H
#define DAVY_DETECT_HOST_ROOM_H

#include "base/arena.h"
#include "model/sign.h"
#include "model/workload.h"

struct host_room {
	const char *name;    /* the folder */
	const char *summary; /* one line, for `davy health` and the documents */
	/* Adds its signs; texts are taken from `scratch` and live as long as that does. */
	void (*judge)(const struct workload *workload, struct arena *scratch, struct signs *out);
	/* Judges what was found in memory, which is read only where another room saw something. */
	bool is_asked_last;
};

/* All rooms, ends with NULL; made by detect/meson.build from the list of rooms. */
extern const struct host_room *const host_rooms[];

#endif
