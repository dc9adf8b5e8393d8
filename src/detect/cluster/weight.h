/*
 * How much a workload weighs, by families that see different things: where it was put and what it
 * may do there, what it says it runs, and who put it there. One family alone is every day's work in
 * some cluster; two of them together are told as suspect. The numbers are ours; README.md says
 * which innocent workloads they were held against.
 */
#ifndef DAVY_DETECT_CLUSTER_WEIGHT_H
#define DAVY_DETECT_CLUSTER_WEIGHT_H

#include "detect/cluster/memory.h"

struct weight {
	unsigned where, what;
	bool mines; /* it says so itself */
};

/* Of what one record says, whatever else is known: form and signs of pod_shape. */
struct weight weight_of(const char *kind, struct str namespace, uint32_t form, uint32_t signs);
bool weight_is_kept(const struct weight *weight);

enum sweep { SWEEP_NONE, SWEEP_SIGNAL, SWEEP_ACCESS };

/* What is held against a hand, apart from the workload. */
struct hand {
	const struct actor *actor; /* never NULL */
	enum sweep sweep;
	uint64_t sweep_most; /* secrets in ten minutes, or twenty at the most */
	bool has_probed, has_taken_rights;
	bool is_stranger; /* put nothing into the cluster on another day of these records */
	bool is_controller;
	unsigned weight;
};

struct hand weight_hand(struct memory *m, const struct actor *actor);

enum judgement { JUDGED_NOTHING, JUDGED_SIGNAL, JUDGED_SUSPECT, JUDGED_MINER };

struct judged {
	enum judgement judgement;
	struct weight weight; /* `what` with the two below */
	bool is_new_image, is_low;
	unsigned all;
};

struct judged weight_judge(struct memory *m, const struct workload_seen *workload,
			   const struct hand *hand);

#endif
