/*
 * Rules of the user's own in the host's worker: compiled there, after it gave up its rights, and
 * held against the regions of a process's memory that are looked into anyway.
 */
#ifndef DAVY_PROGRAMS_HOST_RULES_H
#define DAVY_PROGRAMS_HOST_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "model/workload.h"
#include "source/host/processes.h"

struct host_rules;

/* Loads libyara: before rights are given up. 0, or a negative errno and a sentence */
must_check int host_rules_new(struct host_rules **out, struct error *why);
/* Then compiles. descriptor: of rule_files_share, is closed */
must_check int host_rules_take(struct host_rules *rules, int descriptor, struct error *why);
void host_rules_free(struct host_rules *rules);

/* All of these take NULL, or what has no rules, and do nothing. */

/*
 * Libyara may not look at its clock for long, and may have faults: somebody is to know that it is
 * at work, and at whose memory.
 */
struct rules_watcher {
	bool (*begins)(void *context, uint32_t pid); /* false: it is to be passed over */
	void (*ends)(void *context, uint32_t pid);
	void *context;
};
void host_rules_watch(struct host_rules *rules, const struct rules_watcher *watcher);

/* The next process: its regions are named one by one, and read when it is scanned. */
void host_rules_begin(struct host_rules *rules);
void host_rules_add(struct host_rules *rules, uint64_t start, uint64_t end);
/*
 * Which rules hold. A process at which they had to be stopped costs that once in a while only, and
 * all processes together no more than programs/rules_budget.h allows.
 *
 * memory: of workload->process, for pread. Fills rule_hits and rule_hit_count of `workload`, from
 * `arena`.
 */
void host_rules_scan(struct host_rules *rules, const struct processes *processes, int memory,
		     struct arena *arena, struct workload *workload);
/*
 * In how many looks no rule was decided: it took too long or was too much, here, just before, or
 * for others; or its process is to be passed over.
 */
uint64_t host_rules_stopped(const struct host_rules *rules);

#endif
