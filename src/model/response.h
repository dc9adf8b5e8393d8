/*
 * A response: one step taken against the processes or the flow of a finding, as the journal keeps
 * it. It is written before the step is taken, with what undoing it needs, and closed afterwards.
 */
#ifndef DAVY_MODEL_RESPONSE_H
#define DAVY_MODEL_RESPONSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/instant.h"
#include "base/str.h"

enum response_state {
	RESPONSE_BEGUN, /* and then Davy ended: some of it may have happened */
	RESPONSE_DONE,
	RESPONSE_FAILED, /* not or only partly taken */
	RESPONSE_UNDONE,
	RESPONSE_STATE_COUNT
};
const char *response_state_name(enum response_state state); /* "begun" */
must_check bool response_state_from_name(struct str name, enum response_state *out);

struct response {
	uint64_t number; /* the journal's; later ones are higher */
	struct str finding, step;
	enum response_state state;
	struct str memory;  /* JSON, of the step's own kind: what it does and what undoing needs */
	struct str outcome; /* in words; empty while it is only begun */
	instant began, changed;
	instant until;	/* is taken back by itself then; 0: only by hand */
	bool by_policy; /* of `davy watch`, else by hand */
};

#endif
