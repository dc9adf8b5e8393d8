/*
 * A sign: one room's reason to believe, or not to believe, that a workload mines. A sign accuses
 * nobody alone; detect/host_verdict joins the signs of several families into a finding.
 */
#ifndef DAVY_MODEL_SIGN_H
#define DAVY_MODEL_SIGN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* Families see different things, so that one program's accident does not give two of them. */
enum sign_family {
	FAMILY_CODE,	/* the instructions that run */
	FAMILY_RHYTHM,	/* how the processor is used over time */
	FAMILY_MEMORY,	/* the layout of memory, and constants in it */
	FAMILY_NETWORK, /* a mining session on the wire, or a flow of that shape */
	FAMILY_SETUP,	/* disguise, tuning for mining, how it stays */
	FAMILY_COUNT
};
const char *sign_family_name(enum sign_family family); /* "code" */

enum sign_weight {
	SIGN_SUPPORTS, /* fits mining and many other things: makes a case stronger, never makes one
			*/
	SIGN_LOOKS_ALIKE, /* code or data that mining and known legitimate software share: `suspect`
			     at most, and named as such */
	SIGN_STRONG,	  /* counts as a family; innocent software was measured not to give it with
			     another family */
	SIGN_SPECIFIC, /* strong, and only this algorithm's code or data has it: `mining` needs one
			*/
};

struct sign {
	enum sign_family family;
	enum sign_weight weight;
	bool is_at_rest;       /* code that is there, and was not seen running */
	double strength;       /* 0..1: how sure the room is of what it says it saw */
	const char *detector;  /* the room: "code_shape" */
	const char *algorithm; /* "rx/0", "cn/r", "sha256d"; NULL: does not tell */
	struct str reason;     /* one sentence without a full stop, in words of an operator */
	struct str quote; /* evidence: disassembly, the mapping, the hostile text; may be empty */
};

enum { SIGNS_MAX = 24 };

struct signs {
	struct sign at[SIGNS_MAX];
	size_t count;
};

/* Stops silently at the maximum. */
void signs_add(struct signs *signs, struct sign sign);

#endif
