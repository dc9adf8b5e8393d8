/* What is kept of workloads and their processes. Private to workloads*.c. */
#ifndef DAVY_DETECT_WORKLOADS_STATE_H
#define DAVY_DETECT_WORKLOADS_STATE_H

#include "detect/workloads.h"

enum {
	PAGES_KEPT = 48, /* of one process: RandomX has 3 to 20, a compiler hundreds */
	THREADS_KEPT = WORKLOAD_THREADS_MAX, /* more are counted as one */
	FAST_STEPS = 10,
};

struct page_count {
	uint64_t page;
	uint64_t sampled; /* in it, last */
	float samples;	  /* fade by `decay` a step, so that what runs now leads */
};

struct thread_count {
	uint32_t thread;
	float samples;
};

struct process_id {
	uint64_t pid, start_ns;
};

struct process_entry {
	struct process_id id;
	struct process_key key;
	struct workload_key workload;
	instant first_seen;
	uint32_t samples;
	uint32_t looks;	 /* that came to nothing */
	bool had_a_look; /* whatever came of it */
	float recent;	 /* fading */
	struct page_count pages[PAGES_KEPT];
	struct thread_count threads[THREADS_KEPT];
	uint32_t step_samples;
	uint8_t step_count, step_at; /* of the history; next to be written */
	uint8_t history[WORKLOAD_OWN_STEPS];
};

struct workload_entry {
	struct workload_key key;
	instant first_seen, last_seen, next_look;
	uint32_t processes_seen, processes, hot_threads;
	uint32_t patience_s, sign_looks;
	bool is_spread;
	uint32_t short_lived;	   /* processes that ended so */
	float short_samples;	   /* theirs, fading */
	struct process_key leader; /* the busiest that was looked at least often */
	float leader_score;
	uint64_t samples, user_samples;
	uint32_t step_samples;
	uint32_t step_count; /* of the history, up to WORKLOAD_SHARES_MAX */
	uint32_t step_at;    /* next to be written */
	uint16_t history[WORKLOAD_SHARES_MAX];
};

struct workloads {
	struct workloads_settings settings;
	struct table *workloads, *processes;
	instant now; /* of the step under way */
};

/* NULL: not known, or not any more. */
struct process_entry *workloads_process(const struct workloads *workloads,
					const struct process_key *key);
struct workload_entry *workloads_entry(const struct workloads *workloads,
				       const struct workload_key *key);

/* Of the last `steps` that were closed. */
double workloads_recent(const struct workload_entry *workload, uint32_t steps);

#endif
