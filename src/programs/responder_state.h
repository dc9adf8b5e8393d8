/* What the responder's files share. Private to responder*.c. */
#ifndef DAVY_PROGRAMS_RESPONDER_STATE_H
#define DAVY_PROGRAMS_RESPONDER_STATE_H

#include "programs/responder.h"
#include "sandbox/messages.h"

enum {
	AGAIN_MAX = 32,		/* findings whose program is waited for */
	AGAIN_PROGRAMS_MAX = 4, /* of one */
	FROZEN_MAX = 128,	/* processes of one that stand still; then it is left to a person */
	LEFT_MAX = 64,		/* processes of one that the guards keep */
	DRY_MAX = 64,		/* findings of which a dry run has told */
	SENTENCE_MAX = 512,
};

/* What the journal has about a finding. */
struct past {
	bool was_taken_back; /* by hand: the policy has no more say in it */
	bool has_evidence, is_frozen;
	struct process_key frozen[FROZEN_MAX]; /* alive, and standing still */
	size_t frozen_count;
	char last_note[SENTENCE_MAX]; /* of what was not done, and why */
};

/* A program that was frozen by the policy, and may be started again. */
struct again {
	char finding[FINDING_ID_LEN + 1];
	struct respond_program programs[AGAIN_PROGRAMS_MAX];
	size_t program_count;
	struct process_key frozen[FROZEN_MAX + LEFT_MAX]; /* and those that the guards keep */
	size_t frozen_count;
	struct process_key left[LEFT_MAX];
	size_t left_count;
	uint64_t since_ns; /* since boot: who ran the same program before was not found guilty */
	bool is_open, is_due;
	uint32_t times;
	struct policy_pace pace;
	instant noted; /* that the limit is reached */
};

struct responder {
	struct channel channel;
	struct responder_start start;
	struct responding responding;
	bool is_open;
	struct str groups[POLICY_GROUPS_MAX];
	struct json doc;
	struct buf line;	/* a finding's */
	struct finding finding; /* of `line`; views into responding.view.arena */
	instant thaw_at;	/* 0: nothing thaws by itself */
	instant swept_at, read_at;
	instant began, expired_at; /* of the time since boot; expired_at 0: not yet */
	int64_t clock_lead;	   /* ns of the clock before that time, at the start */
	struct again again[AGAIN_MAX];
	size_t again_count;
	char dry_told[DRY_MAX][FINDING_ID_LEN + 1];
	size_t dry_next;
	bool leaves;
};

/* -- responder_journal.c -- */

/* The finding into `line` and `finding`. False, and said in the log, when there is none. */
must_check bool responder_load(struct responder *p, struct str id);
void responder_read_past(struct responder *p, struct str id, struct past *out);
/* A line in the journal of what was not done, for davy show; not twice the same. */
void responder_note(struct responder *p, const struct past *past, const char *what,
		    struct str sentence);

/* -- responder.c -- */

/* One step upon the loaded finding. 0, or what respond_to_finding says; told either way. */
int responder_take(struct responder *p, const struct response_step *step, struct error *why);
void responder_narrow(struct responder *p, const struct process_key *known, size_t count);

/* -- responder_again.c -- */

/* What stands frozen by the policy, anew from the journal. */
void again_read(struct responder *p);
/*
 * Is this process one that is waited for on account of another finding, so that the next sweep
 * freezes it? Loads those findings.
 */
bool again_has(struct responder *p, struct process_key key, struct str finding);
/* Look who was started again, and freeze it. Costs a walk through /proc. */
void again_sweep(struct responder *p, instant now);

#endif
