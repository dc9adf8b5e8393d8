/*
 * Looks that are under way: each waits for the opener to open what there is of a process. And the
 * last suspects, which are looked at again when there is more to say of them.
 */
#ifndef DAVY_PROGRAMS_HOST_LOOKS_H
#define DAVY_PROGRAMS_HOST_LOOKS_H

#include <stdbool.h>
#include <stddef.h>

#include "detect/workloads.h"
#include "sandbox/messages.h"

enum {
	HOST_LOOKS_AT_ONCE = 8,
	HOST_SUSPECTS_KEPT = 4,	 /* of those at once: others are looked at, too */
	HOST_ANSWER_LATE_S = 10, /* the opener was busy, or restarted: ask again */
};

/* Zeroed but for `files` is ready. */
struct host_looks {
	uint32_t files; /* asked for of each: host_look_wants() */
	struct host_look_asked {
		struct workload_due due;
		instant asked;
		bool is_used;
	} asked[HOST_LOOKS_AT_ONCE];
	struct workload_due suspects[HOST_SUSPECTS_KEPT];
	size_t suspect_count, next_suspect;
};

/* Sends HOST_OPEN unless one of that pid is under way, or all places are taken. */
void host_looks_ask(struct host_looks *looks, struct channel *channel,
		    const struct workload_due *due, instant now);
/* Frees the places whose answer is late. */
void host_looks_forget_late(struct host_looks *looks, instant now);
/* Are so many places free? */
bool host_looks_has_places(const struct host_looks *looks, size_t wanted);
/* False: nobody asked for this pid, or its place was freed meanwhile. */
bool host_looks_answered(struct host_looks *looks, uint32_t pid, struct workload_due *due);

/* In place of what was kept of the same process, else of the oldest. */
void host_looks_keep_suspect(struct host_looks *looks, const struct workload_due *due);
void host_looks_ask_suspects(struct host_looks *looks, struct channel *channel, instant now);

#endif
