/* Whom a response is for: the processes a finding names, as they are now, past the guards. */
#ifndef DAVY_PROGRAMS_RESPOND_TARGET_H
#define DAVY_PROGRAMS_RESPOND_TARGET_H

#include "base/arena.h"
#include "model/finding.h"
#include "respond/respond.h"
#include "source/host/processes.h"

struct respond_targets {
	struct opener opener;
	struct processes *processes;
	struct arena arena;
	uint64_t device, inode; /* of our own program */
	const struct process *at[RESPONSE_TARGETS_MAX];
	size_t count;
	bool is_full; /* there are more than fit */
	struct {
		uint32_t pid;
		const char *why;
	} refused[RESPONSE_TARGETS_MAX];
	size_t refused_count;
};

must_check int respond_targets_open(struct respond_targets *targets, struct error *why);
void respond_targets_close(struct respond_targets *targets);

/*
 * Find them anew; those of the last call are gone.
 *
 * returns: 0, even when all were refused; -ESRCH: it has ended, or its pid is another's; -EINVAL:
 *          the finding is about no process of this machine
 */
must_check int respond_targets_find(struct respond_targets *targets, const struct finding *finding,
				    struct error *why);

#endif
