/*
 * A mining session of the network whose process is authorised is authorised, too. Which process it
 * is comes from the host worker a moment after the sensor's finding, so such findings wait for it:
 * only where something is authorised, and no longer than a few seconds.
 *
 * Lives in the core of `davy watch`. Pure; bounded: what does not fit does not wait.
 */
#ifndef DAVY_PROGRAMS_WATCH_AUTHORISED_H
#define DAVY_PROGRAMS_WATCH_AUTHORISED_H

#include "base/arena.h"
#include "base/attributes.h"
#include "model/finding.h"

struct waiting;

must_check int waiting_new(struct waiting **out); /* 0 or -ENOMEM */
void waiting_free(struct waiting *waiting);	  /* NULL is allowed */

/* A process's finding: its sessions are remembered when it is authorised, forgotten when not. */
void waiting_learn(struct waiting *waiting, const struct finding *finding);
/*
 * A session of an authorised process is told as authorised; texts in `arena`.
 *
 * returns: true when it was
 */
bool waiting_apply(const struct waiting *waiting, instant now, struct arena *arena,
		   struct finding *finding);
/*
 * Should this finding wait? Then a copy of `json` is kept.
 *
 * returns: true when it waits: nothing else is to be done with it now
 */
must_check bool waiting_hold(struct waiting *waiting, const struct finding *finding,
			     struct str json, instant now);
/*
 * The next line whose time is over, or whose process is known by now.
 *
 * all:     whatever its time
 * returns: false when there is none; the text is valid until the next call
 */
must_check bool waiting_next(struct waiting *waiting, instant now, bool all, struct str *out);

#endif
