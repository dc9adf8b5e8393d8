/* From one record to what is remembered of it. */
#ifndef DAVY_DETECT_CLUSTER_READING_H
#define DAVY_DETECT_CLUSTER_READING_H

#include "detect/cluster/memory.h"
#include "model/record.h"

/* One act under way through the files of this room. */
struct reading {
	struct memory *memory;
	const struct record *record;
	const struct record_act *act;
	struct request request;
	struct hash_pair key; /* of the actor */
	enum standing standing;
};

/* All of it: reading_record.c */
void reading_take(struct memory *memory, const struct record *record);

/* The actor, remembered from now on. */
struct actor *reading_actor(struct reading *r);
/*
 * A deed of the actor, counted, quoted and timed.
 *
 * thing: what it was done to, counted apart and named; may be empty
 */
struct deed *reading_note(struct reading *r, enum deed_kind kind, struct str thing, unsigned class);
struct deed *reading_note_part(struct reading *r, enum deed_kind kind, uint32_t part,
			       struct str thing, unsigned class);

/* Of the actor: cluster, identity, whom it acts as, and where it acts from. */
struct hash_pair reading_key(const struct record_act *act, enum standing standing);

bool reading_writes(const struct record_act *act); /* create, update, patch, apply */
/* "namespace/name", in memory that is the caller's */
struct str reading_thing(const struct record_act *act, char *at, size_t cap);
void reading_quote(const struct reading *r, struct quote *out);

/* Workloads, and config maps with settings of miners: reading_workload.c */
void reading_take_workload(struct reading *r);
/* Where pods run: reading_pod.c */
void reading_take_pod(struct reading *r);
struct hash_pair reading_pod_key(struct str cluster, struct str namespace, struct str name);
/* What somebody without a name is allowed: reading_open.c */
void reading_take_open(struct reading *r);
/* Of anybody, or a console: what is open in every cluster, and a console's own work. */
bool reading_is_by_design(const struct reading *r);
/* exec, attach, port-forward: reading_exec.c */
void reading_take_exec(struct reading *r);
/* Secrets, tokens, and keys in answers: reading_secrets.c */
void reading_take_secrets(struct reading *r);

#endif
