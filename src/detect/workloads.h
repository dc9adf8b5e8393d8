/*
 * Who uses the processor: samples in, workloads out that are worth a closer look.
 *
 * Counted by process, and by control group and executable together, so that a load spread over many
 * short processes adds up. A workload is due for a look once it has had enough samples to judge,
 * however slowly they came: what counts is that it goes on, not how much it takes.
 *
 * No I/O, no clock; tables are bounded, and a storm of short processes cannot push out what is hot.
 */
#ifndef DAVY_DETECT_WORKLOADS_H
#define DAVY_DETECT_WORKLOADS_H

#include "base/arena.h"
#include "base/table.h"
#include "model/workload.h"

enum { WORKLOAD_STEP_S = 1 };

struct workloads;

struct workloads_settings {
	uint32_t workloads, processes; /* capacities; 0: 1024 and 8192 */
	double sample_hz;	       /* of the sampler, on each processor */
	uint64_t seed;		       /* hash_random_seed() */
};

must_check int workloads_new(const struct workloads_settings *settings, struct workloads **out);
void workloads_free(struct workloads *workloads); /* NULL is allowed */

void workloads_sample(struct workloads *workloads, const struct processor_sample *sample);
/* A process has ended; a workload whose processes are all gone is forgotten after a while. */
void workloads_ended(struct workloads *workloads, const struct process_key *process);
/* Once in WORKLOAD_STEP_S: closes a step of the history. */
void workloads_step(struct workloads *workloads, instant now);

/* Names a workload. No padding: it is hashed. */
struct workload_key {
	uint64_t cgroup_id, device, inode;
	/* Without an executable, or with one that cannot be told, each process is by itself. */
	uint64_t pid, start_ns;
};

/* What is to be looked at, and the process that stands for it. */
struct workload_due {
	struct workload_key workload;
	struct process_key process;
	double share; /* of one core, over the last minute or what there was of it */
	/* Looked at for what else is known of it, with or without samples. */
	bool is_named;
};

/*
 * The workloads that are due for a look: those that waited longest, the busier the sooner, so that
 * nothing that goes on is kept from its turn by others that are busier or more suspicious.
 *
 * returns: how many, at most `cap`
 */
size_t workloads_due(struct workloads *workloads, instant now, struct workload_due *out,
		     size_t cap);

/*
 * A look at this process, named by something else than its samples. Without samples of its own, or
 * where another stands for its workload, the workload's key is zero: workloads_view finds none.
 */
struct workload_due workloads_name(const struct workloads *workloads,
				   const struct process_key *process);

/*
 * Fill in what is known here: history, pages, counts. `process`, windows, mappings, constants and
 * traces are the caller's to add. Arrays are taken from `scratch`.
 *
 * returns: false when the workload is gone, or `scratch` is full
 */
must_check bool workloads_view(const struct workloads *workloads,
			       const struct workload_key *workload, struct arena *scratch,
			       struct workload *out);

/* Work of this workload is told of the executable, not of one process; never taken back. */
bool workloads_is_spread(struct workloads *workloads, const struct workload_key *workload);

enum look_result {
	LOOK_NOTHING, /* no sign worth mentioning: the next look may wait, longer each time */
	LOOK_SIGNS,   /* some: look again soon, for time is evidence, too */
	LOOK_TOLD,    /* a finding was made: look again once a minute */
	LOOK_GONE,    /* it ended before it could be looked at: the next of its kind, soon */
};
void workloads_looked(struct workloads *workloads, const struct workload_due *due, instant now,
		      enum look_result result);

struct workloads_counters {
	struct table_counters workloads, processes;
};
struct workloads_counters workloads_counters(const struct workloads *workloads);

#endif
