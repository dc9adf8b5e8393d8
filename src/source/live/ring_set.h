/*
 * A worker's rings: added and removed as notices come, read in turn so that a busy interface does
 * not keep a quiet one waiting.
 */
#ifndef DAVY_SOURCE_LIVE_RING_SET_H
#define DAVY_SOURCE_LIVE_RING_SET_H

#include "base/attributes.h"
#include "base/error.h"
#include "source/live/ring.h"
#include "source/live/taps.h"

struct ring_set {
	struct {
		struct ring ring;
		struct tap_notice notice;
	} at[TAPS_MAX];
	size_t count;
	size_t turn;	     /* whose frames are being read */
	uint32_t turn_left;  /* how many more before the next one's turn */
	uint64_t given_up;   /* blocks skipped because a worker before died in them */
	uint64_t of_removed; /* frames of rings that are gone */
};

/* Takes fd in every case. A ring on the same interface is replaced. 0, or an errno and a sentence.
 */
must_check int ring_set_add(struct ring_set *set, const struct tap_notice *notice, int fd,
			    struct error *why);
void ring_set_remove(struct ring_set *set, int interface); /* unmaps and closes; unknown: nothing */
void ring_set_fini(struct ring_set *set);

/*
 * The next frames of any ring, at most so many, and the name of its interface (all valid until the
 * next call on the set); 0 when all are empty: poll every ring's descriptor.
 */
size_t ring_set_take(struct ring_set *set, struct frame *frames, size_t most,
		     struct str *interface);

uint64_t ring_set_frames(const struct ring_set *set); /* handed out since the start */

#endif
