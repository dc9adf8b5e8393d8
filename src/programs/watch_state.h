/*
 * What the supervisor of `davy watch` holds, and what its files do for each other. Private to
 * watch_*.c of the supervisor:
 *
 *     watch_supervisor.c   from the first right to the last: set-up, the loop, tear-down
 *     watch_workers.c      core and sensors: started, lost, finished
 *     watch_host.c         this machine's processes: the worker and what it asks for
 *     watch_spared.c       whose memory its worker reads no more
 *     watch_respond.c      who carries out the policy
 *     watch_interfaces.c   which interfaces, and the rings on them
 *     watch_events.c       timers and signals
 *     watch_reload.c       settings read again, as all runs on
 *     watch_relay.c        messages between workers
 */
#ifndef DAVY_PROGRAMS_WATCH_STATE_H
#define DAVY_PROGRAMS_WATCH_STATE_H

#include <uv.h>

#include "programs/host.h"
#include "programs/responder.h"
#include "programs/rule_files.h"
#include "programs/watch.h"
#include "programs/watch_supervisor.h"
#include "sandbox/supervise.h"
#include "source/live/taps.h"

enum {
	CORE = 0, /* the first worker; sensors follow, then the host's */
	WORKER_GRACE_MS = 3000,
	HOST_SILENCE_S = 20, /* it says something each three seconds */
	/*
	 * Each costs all others up to HOST_SILENCE_S and a pause, and who arranged for one has any
	 * number of processes: counted for good, and not only while these live.
	 */
	RULES_FALLS_MAX = 8,
	RESPONDER_SILENCE_S = 300, /* each fifteen, but a step may take long */
	NAMES_MAX = 256,
	RINGS_PERCENT = 25, /* of the memory ceiling; the rest is the sensors' */
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
	struct settings **owned; /* the caller's; replaced when they are read again */
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
	struct host_side host;
	struct host_start host_start;
	struct rule_files host_rules;
	int host_descriptors[2];      /* the procfs; rules */
	size_t host_index;	      /* 0: this machine's processes are not watched */
	struct host_reads host_reads; /* the worker's last word */
	struct spared {
		uint32_t pid;
		int pidfd; /* tells when it has ended, and its pid may be another's */
	} host_spared[HOST_SPARED_MAX], rules_spared[RULES_FALLS_MAX];
	size_t host_spared_count, rules_spared_count;
	uint32_t rules_falls; /* how often the worker did not come back from rules */
	struct responder_start responder;
	size_t responder_index;		  /* 0: was not needed so far */
	struct policy_waiting to_respond; /* while the responder starts, or is busy */
	struct interfaces interfaces;
	struct taps taps;
	struct cutoff_filter *filter;
	struct fanout_program *fanout;
	const char *include[NAMES_MAX], *exclude[NAMES_MAX];
	char name_texts[2 * NAMES_MAX][IF_NAMESIZE];
	size_t name_count;
	struct buf sources, pending;
	struct buf lists_told; /* a source's name a line */
	uint64_t findings_lost, restarts;
	enum watch_end end;
	bool leaves;
};

/* -- watch_workers.c -- */

/* How many sensors the settings ask for. */
size_t workers_wanted(const struct settings *settings);
must_check int workers_start_core(struct watch *w, struct error *why);
must_check int workers_start_sensors(struct watch *w, struct error *why);
/* For the supervisor: a worker has its start message; a worker is dead. */
void workers_on_start(void *context, size_t index);
void workers_on_death(void *context, size_t index, const char *why);
void workers_on_hang(void *context, size_t index);
/* Settings or lists have changed: tell those that run, and those that are started later. */
void workers_retell(struct watch *w);
/* Ask a worker to finish, pass on what it still says, and wait for its word. */
void workers_finish(struct watch *w, size_t index);

/* -- watch_host.c -- */

/* Reads the rules of the user's own, before the start; a negative errno and a sentence. */
must_check int watch_host_rules(struct watch *w, struct error *why);
/* The same of other settings: 1 when they differ from those in use, 0; a negative errno. */
must_check int watch_host_rules_changed(const struct watch *w, const struct settings *next,
					struct error *why);
/* Starts the worker, if the settings want it; what cannot be watched is told as a source. */
void watch_host_start(struct watch *w);
bool watch_host_is(const struct watch *w, size_t index);
void watch_host_greet(struct watch *w); /* the worker has begun */
void watch_host_take(struct watch *w, const struct message *message);
/* A copy of what a sensor found, unread; in a flood it is left out. */
void watch_host_hear(struct watch *w, struct str finding);
void watch_host_tick(struct watch *w); /* now and then: processors come and go */

/* -- watch_spared.c -- */

/* To a worker that has begun. */
void watch_spared_tell(struct watch *w);
/* What the worker said of whom it reads. */
void watch_spared_take(struct watch *w, struct str body);
/* The worker hangs: whose memory it reads is spared by its successors. */
void watch_spared_hangs(struct watch *w);
/* It is dead, its channel not yet closed: who was read by libyara is spared by the rules. */
void watch_spared_died(struct watch *w, const char *how);
/* Spared ones that have ended are forgotten. At the end: all are. */
void watch_spared_forget(struct watch *w, bool all);

/* -- watch_respond.c -- */

/* The policy as the settings and the command line have it. */
void watch_respond_read(struct watch *w);
void watch_respond_start(struct watch *w); /* when the policy is to protect */
/* What the core decided; starts the responder when it is the first. Never waits for it. */
void watch_respond_take(struct watch *w, const struct message *message);
void watch_respond_pass(struct watch *w); /* what waited */
void watch_respond_retell(struct watch *w);

/* -- watch_interfaces.c -- */

/* Open rings on all that are wanted and up, and follow what comes and goes. */
must_check int watch_interfaces(struct watch *w, struct error *why);
/* The settings' names have changed: close and open what they ask for, and leave the rest. */
void watch_interfaces_again(struct watch *w);
/* The list of interfaces has news; data: the struct watch. */
void watch_interfaces_changed(uv_poll_t *poll, int status, int events);

/* -- watch_events.c -- */

void events_start(struct watch *w);
void events_retime(struct watch *w); /* watch.health_every has changed */

/* -- watch_reload.c -- */

/*
 * Take the settings *next over as all runs on; *next is NULL then, and the ones before are freed.
 *
 * returns: false when they need all to be started anew: nothing was changed
 */
must_check bool watch_reload(struct watch *w, struct settings **next);

/* -- watch_supervisor.c -- */

/* The lists that `settings` ask for, each told as a source: a descriptor, or a negative errno. */
must_check int watch_share_lists(struct watch *w, const struct settings *settings,
				 struct error *why);

#endif
