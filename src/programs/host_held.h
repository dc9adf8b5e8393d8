/*
 * Findings in containers whose image may be one that is authorised: each is held until the image is
 * known, for some seconds and no longer, and then told, whatever was learned and whether or not its
 * process still lives. Nothing but time and the answer ends that: there is no second look.
 *
 * Held is only what an entry of detect.authorised could change: in a container where engines put
 * theirs, which no user can name.
 */
#ifndef DAVY_PROGRAMS_HOST_HELD_H
#define DAVY_PROGRAMS_HOST_HELD_H

#include "base/attributes.h"
#include "base/instant.h"
#include "detect/authorised.h"
#include "programs/host_images.h"

enum {
	HOST_HELD_MAX = 64,
	HOST_HELD_S = 8, /* below what the core waits for the word of this worker */
};

struct host_held;

/* authorised, images: borrowed. 0 or -ENOMEM. */
must_check int host_held_new(const struct authorised *authorised, struct host_images *images,
			     struct host_held **out);
void host_held_free(struct host_held *held); /* NULL is allowed */

/*
 * A finding of this process. Its container's image is asked for where that is not known.
 *
 * returns: true when it is held, or took the place of one that is of the same process, which goes
 * on waiting as long as that; false: it is to be told now
 */
must_check bool host_held_take(struct host_held *held, const struct process *process,
			       const struct finding *finding, instant now);
/*
 * The next that is not to be waited for any longer; its texts live until the next call of either.
 *
 * all:     we leave: those too, whose answer is on its way
 * returns: false: none
 */
must_check bool host_held_next(struct host_held *held, bool all, instant now, struct finding *out);

#endif
