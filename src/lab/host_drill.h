/*
 * The fire drill of a host: a process that behaves as a miner does, with code of lab/host_loops,
 * for a bounded time. It computes nothing of use, speaks with nobody and stays on no disk. It ends
 * by itself, with its starter, and by a timer of the kernel. x86-64 only.
 */
#ifndef DAVY_LAB_HOST_DRILL_H
#define DAVY_LAB_HOST_DRILL_H

#include <sys/types.h>

#include "base/error.h"
#include "base/instant.h"
#include "lab/host_loops.h"

enum {
	HOST_DRILL_THREADS_MAX = 64,
	HOST_DRILL_SECONDS_MAX = 3600,
	HOST_DRILL_NAME_MAX = 16, /* as the kernel keeps it, with the NUL */
};

/* Where the program seems to come from: a copy of itself. */
enum host_drill_image { HOST_DRILL_HERE, HOST_DRILL_DELETED, HOST_DRILL_MEMFD };

struct host_drill {
	struct lab_loop loop;
	uint32_t threads, duty_percent, seconds;
	uint32_t dataset_mib; /* reserved and read here and there, never filled; 0: 4 */
	enum host_drill_image image;
	char name[HOST_DRILL_NAME_MAX]; /* it calls itself so; empty: as it is */
	char preload[256];		/* a shared object for LD_PRELOAD; empty: none */
	bool toggles;	 /* code is writable or executable, never both; made anew each second */
	bool is_nice;	 /* niceness 19 */
	bool is_spread;	 /* over processes that live a quarter of a second */
	bool is_mounted; /* something is mounted over its /proc/PID; needs root */
};

/* A minute of one thread of RandomX's shape, at full speed. */
struct host_drill host_drill_default(void);

/*
 * Reads "randomx,threads=2,duty=5,toggle": the words are in man/davy-drill.1.scd, a later one
 * wins. Ok to call again on what was read before.
 *
 * returns: 0, or -EINVAL with a sentence that names the word.
 */
must_check int host_drill_parse(struct str list, struct host_drill *out, struct error *why);

/*
 * Replaces this process by a copy of its program that comes from where `drill` says.
 *
 * argv: of the new process, to be read back without an image and a preload.
 * returns: only when that failed, a negative errno.
 */
must_check int host_drill_become(const struct host_drill *drill, char *const *argv,
				 struct error *why);

struct host_drill_watcher {
	void (*on_start)(void *context, pid_t pid);
	void *context;
	/* Memory of this process's arguments, to be overwritten with drill->name; {0}: leave. */
	char *arguments;
	size_t arguments_len;
};

/*
 * Runs it in a child and waits for its end; the image is not its concern.
 *
 * returns: 0 when it ran its time, else a negative errno with a sentence.
 */
must_check int host_drill_run(const struct host_drill *drill,
			      const struct host_drill_watcher *watcher, struct error *why);

#endif
