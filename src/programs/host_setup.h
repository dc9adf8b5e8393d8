/*
 * How a suspect stays: the set-up files of this machine are gone through for what leads to its
 * executable, its scripts and its parents. Only once there is a suspect, and once a minute at the
 * most: on a quiet machine no file is opened.
 *
 * Lives in the host worker: the side with rights opens (source/host/setup_files), this reads.
 */
#ifndef DAVY_PROGRAMS_HOST_SETUP_H
#define DAVY_PROGRAMS_HOST_SETUP_H

#include "base/arena.h"
#include "base/attributes.h"
#include "base/instant.h"
#include "model/workload.h"
#include "sandbox/messages.h"

struct host_setup;

must_check int host_setup_new(struct host_setup **out);
void host_setup_free(struct host_setup *setup); /* NULL is allowed */

/* This process is a suspect: go through the files for it. Remembers a few, the latest. */
void host_setup_want(struct host_setup *setup, const struct process *process, instant now);
/* What was found for this executable, copied into `arena`. */
size_t host_setup_traces(const struct host_setup *setup, const struct process *process,
			 struct arena *arena, const struct setup_trace **out);

/* Begins a walk that is due. `type`: of the request, on the program's channel. */
void host_setup_step(struct host_setup *setup, struct channel *channel, uint32_t type, instant now);
/*
 * An answer came, and the next request goes out.
 *
 * returns: true when a walk is over: suspects are worth another look
 */
bool host_setup_take(struct host_setup *setup, struct channel *channel, uint32_t type,
		     struct message *message);

#endif
