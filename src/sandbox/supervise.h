/*
 * Keeping workers alive: start each with its settings and descriptors, notice that one died and
 * why, or that it says nothing any more, start it again after a pause that doubles while it keeps
 * dying.
 *
 * Reads no clock and waits for nothing: supervise_tick is called with the time whenever a worker's
 * pidfd (or SIGCHLD, or a timer) says so.
 */
#ifndef DAVY_SANDBOX_SUPERVISE_H
#define DAVY_SANDBOX_SUPERVISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/instant.h"
#include "sandbox/messages.h"
#include "sandbox/worker.h"

enum { SUPERVISED_MAX = 64, DEATH_TEXT_MAX = 160, STUCK_MAX = 16 };

/* Borrowed: all of it must live as long as the supervisor. */
struct worker_plan {
	const char *role;
	bool writes_output; /* it has our standard output */
	struct str settings;
	const int *descriptors; /* sent again to each successor; at most MESSAGE_DESCRIPTORS_MAX */
	size_t descriptor_count;
	duration silence; /* who says nothing for so long hangs, and is ended; 0: may be silent */
};

struct supervised {
	struct worker_plan plan;
	struct worker_process process;
	struct channel channel; /* valid while is_running */
	bool is_running;
	uint32_t restarts; /* in all */
	uint32_t failures; /* in a row */
	instant started, restart_at;
	instant heard;			 /* or since when it hangs */
	bool is_hung;			 /* was killed for it */
	char last_death[DEATH_TEXT_MAX]; /* empty: never died */
};

struct supervisor {
	struct supervised at[SUPERVISED_MAX];
	size_t count;
	duration first_pause;	/* 0: 100 ms; doubles ... */
	duration longest_pause; /* ... up to this; 0: 30 s */
	duration stable_after;	/* a worker that lived so long has no failures any more; 0: 60 s */
	pid_t stuck[STUCK_MAX]; /* killed, and the kernel does not let them die */
	size_t stuck_count;
	uint32_t hangs; /* of all workers */
	instant ticked;
	/* After a worker has its start message: watch its channel and pidfd. May be NULL. */
	void (*on_start)(void *context, size_t index);
	/* Before its channel and pidfd are closed: stop watching them. May be NULL. */
	void (*on_death)(void *context, size_t index, const char *why);
	/* It hangs, and is about to be killed. May be NULL. */
	void (*on_hang)(void *context, size_t index);
	void *context;
};

/* Add a worker and start it. Its index in *index; 0, or a negative errno and a sentence. */
must_check int supervise_add(struct supervisor *supervisor, const struct worker_plan *plan,
			     instant now, size_t *index, struct error *why);

/* It said something: call it with each message of a worker that may not be silent. */
void supervise_heard(struct supervisor *supervisor, size_t index, instant now);

/*
 * Take in deaths, end who hangs and start what is due. Call it about ten times a second where a
 * plan has a silence: time in which it was not called does not count as such, for we slept then.
 *
 * A worker that waits in the kernel for a page of another process may be beyond a signal, for as
 * long as who was to bring that page pleases. After five seconds it is left there and its successor
 * started; of STUCK_MAX such ones no more, until one of them is gone.
 *
 * returns: how long until the next start is due; negative when none is
 */
duration supervise_tick(struct supervisor *supervisor, instant now);

/* A worker whose channel is broken, or that hangs: killed now, and noticed by the next tick. */
void supervise_kill(struct supervisor *supervisor, size_t index);

/* Close all channels, give workers grace_ms to leave, kill the rest, reap all. */
void supervise_stop(struct supervisor *supervisor, int grace_ms);

/* A wait status in words: "was killed by signal 11 (Segmentation fault)". */
void death_describe(int wait_status, char text[DEATH_TEXT_MAX]);

#endif
