/*
 * Responses: what can be done about a finding on this machine, least destructive first.
 *
 * Each step is a room with one door, a const struct response_step. `plan` looks and changes
 * nothing; it writes down as JSON (the memory) exactly what will be done and what undoing it needs,
 * and the same for people, line by line. The journal keeps the memory before `apply` runs; `apply`
 * and `undo` work from that memory alone. So a program that is killed in between leaves a record
 * from which all that happened can be undone, and `undo` takes every half-done state.
 *
 * Whom a step may touch is decided before, by guard.h. A process is never acted on by its bare pid:
 * start time and pidfd are checked (task.h).
 */
#ifndef DAVY_RESPOND_RESPOND_H
#define DAVY_RESPOND_RESPOND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/instant.h"
#include "base/json.h"
#include "model/finding.h"
#include "model/process.h"

enum {
	RESPONSE_TARGETS_MAX = 64,
	RESPONSE_MEMORY_MAX = 64 * 1024, /* bytes of JSON */
	RESPONSE_NODES_MAX = 8192,	 /* values in it */
};

/* Where and how much; the same for all steps. */
struct response_place {
	int proc;		     /* folder of a procfs that nothing is mounted over */
	const char *evidence_folder; /* a folder for each goes into it */
	uint64_t evidence_bytes;     /* of one at the most */
	bool by_policy;		     /* nobody asked for it: how much is kept is limited */
	uint64_t evidence_total;     /* of all that the policy keeps */
	duration evidence_keep;	     /* told in it */
	duration block_for;
	uint32_t throttle_percent; /* of one core */
};

struct response_case {
	const struct response_place *place;
	const struct finding *finding;
	struct str finding_json;
	const struct process *const *targets; /* as they are now, past the guards */
	size_t target_count;
	instant now;
	bool by_policy; /* nobody looked at the plan: what others need as well is spared */
};

struct response_plan {
	struct buf memory; /* one JSON object */
	struct buf lines;  /* what will be done, a line each: commands, or files written */
};

struct response_step {
	const char *name, *summary;
	bool changes; /* else it only looks, and there is nothing to undo */
	/* 0; or with a sentence: -ENOENT: nothing to do it to, -EPERM: it must not be done ... */
	int (*plan)(const struct response_case *response_case, struct response_plan *plan,
		    struct error *why);
	/* 0 and in `outcome` what happened, in words; else a sentence, and part of it may have */
	int (*apply)(const struct response_case *response_case, struct json_value memory,
		     struct buf *outcome, struct error *why);
	/* 0 and what was restored and what cannot be; else a sentence: try again */
	int (*undo)(const struct response_place *place, struct json_value memory,
		    struct buf *outcome, struct error *why);
	/* Does the kernel still hold to it? Says how in `out`; nothing: it does not. */
	void (*look)(const struct response_place *place, struct json_value memory, struct buf *out);
};

extern const struct response_step freeze_step, throttle_step, block_step, kill_step, evidence_step;
extern const struct response_step *const response_steps[]; /* ends with NULL */
const struct response_step *response_step_find(struct str name);
/* The same of a step that leaves something to be undone; NULL: evidence, or a note in the journal.
 */
const struct response_step *response_step_changing(struct str name);

#endif
