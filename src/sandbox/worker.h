/*
 * A worker: this program once more (fork and exec of /proc/self/exe), with an empty environment and
 * one descriptor beside the standard ones, its channel to the supervisor. What it needs comes with
 * the first message: settings, and descriptors that the supervisor has opened for it.
 *
 * Exec, not only fork: a worker has none of the supervisor's memory and its own address layout.
 * main() asks worker_role() first of all; what the role does is the program's.
 */
#ifndef DAVY_SANDBOX_WORKER_H
#define DAVY_SANDBOX_WORKER_H

#include <stddef.h>
#include <sys/types.h>

#include "base/attributes.h"
#include "base/error.h"
#include "sandbox/messages.h"

enum {
	WORKER_CHANNEL = 3, /* the descriptor's number in the worker */
	WORKER_EXEC_FAILED = 127,
};

struct worker_process {
	pid_t pid;
	int pidfd; /* readable when it is dead; -1 before Linux 5.3 */
	int channel;
};

/*
 * Start `davy --worker ROLE`. The caller reaps `pid`.
 *
 * writes_output: it has our standard output; else what it writes there goes to standard error
 * returns:       0, or a negative errno and a sentence
 */
must_check int worker_spawn(const char *role, bool writes_output, struct worker_process *out,
			    struct error *why);

/* In main(): the role when this process was started as a worker, else NULL. */
const char *worker_role(int argc, char **argv);

/*
 * In the worker, after it made its event loop and before worker_receive_start: the highest
 * descriptor that is open, for confine_settings.last_writable.
 */
int worker_last_descriptor(void);

/* -- the first message -- */

struct worker_start {
	uint32_t restarts;   /* > 0: one before this died; skip what it was reading */
	struct str settings; /* the program's; a view, until the channel's next receive */
	int descriptors[MESSAGE_DESCRIPTORS_MAX];
	size_t descriptor_count;
};

must_check int worker_send_start(struct channel *channel, const struct worker_start *start);
/* In the worker: sets up `channel` on WORKER_CHANNEL and waits up to 10 s for the message. */
must_check int worker_receive_start(struct channel *channel, struct worker_start *out,
				    struct error *why);

#endif
