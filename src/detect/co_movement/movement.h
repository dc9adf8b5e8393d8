/*
 * How much a connection hears and says in each step of a clock that all share, without what slow
 * drift and fixed minutes explain: what is left moves together only if it has one cause.
 */
#ifndef DAVY_DETECT_CO_MOVEMENT_MOVEMENT_H
#define DAVY_DETECT_CO_MOVEMENT_MOVEMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "detect/flow_sessions.h"

enum {
	MOVEMENT_STEPS_MAX = 320, /* the latest: what a series of rows can hold, and gaps */
	MOVEMENT_STEPS_LEAST = 60,
	MOVEMENT_ECHOES = 2, /* a row that lies across two steps is heard in both */
};

struct movement {
	const struct flow_session *session;
	uint32_t step_s, first_step; /* steps of step_s since 1970 */
	uint32_t steps;
	double echo[MOVEMENT_ECHOES]; /* correlation of what is heard with itself a step later ...
				       */
	uint32_t explained;	      /* degrees of freedom that drift and clock took away */
	double message; /* bytes of what it says at a time, as far as that comes by chance */
	/* mean 0, variance 1; of payload, by its square root */
	float heard[MOVEMENT_STEPS_MAX], said[MOVEMENT_STEPS_MAX];
};

/* False: not thin, not two-way, or too short for a pair of them to prove anything. */
bool movement_measure(const struct flow_session *session, struct movement *out);

#endif
