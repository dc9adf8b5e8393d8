/*
 * Miners that the operator wants: by the hash of the program, by systemd unit, by container or by
 * the container's image, until a day, for a reason. What is authorised is not hidden: it is told as
 * a signal, with who authorised it until when and why, and as mining again when the day is over.
 *
 * An entry is one line:
 *
 *     sha256:9f86d081...00a08 until 2027-01-31 because load tests of the cluster, ticket 4711
 *     unit:xmrig.service until 2027-01-31 because ...
 *     container:4f1c0d9be2aa until 2027-01-31 because ...
 *     image:sha256:1954ab53...5da211 until 2027-01-31 because ...
 *
 * A unit or container is told by the path of the control group, which a user chooses below its own
 * user.slice: there it counts for nothing. A container counts only directly where engines put
 * theirs: any other group may be a user's. Of a container its id is known (12 digits or more); its
 * image where the engine keeps that in files (struct container_image). An image authorises all that
 * runs in its containers, also what was brought there later. A hash authorises every process of
 * that program: of an interpreter, whatever it runs.
 */
#ifndef DAVY_DETECT_AUTHORISED_H
#define DAVY_DETECT_AUTHORISED_H

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "model/finding.h"
#include "model/process.h"

enum {
	AUTHORISED_MAX = 64,
	AUTHORISED_NAME_MAX = 128,
	AUTHORISED_REASON_MAX = 160,
};

enum authorised_by {
	AUTHORISED_BY_SHA256,
	AUTHORISED_BY_UNIT,
	AUTHORISED_BY_CONTAINER,
	AUTHORISED_BY_IMAGE
};

struct authorisation {
	uint32_t by;			/* enum authorised_by */
	uint8_t sha256[32];		/* of the program, or the image's digest */
	char name[AUTHORISED_NAME_MAX]; /* of the unit; digits of the container's id; "sha256:..."
					 */
	char until[12];			/* "2027-01-31", a day of UTC that counts whole */
	instant ends;			/* the first moment after it */
	char reason[AUTHORISED_REASON_MAX];
};

/* Plain bytes: goes to a worker as it is. */
struct authorised {
	struct authorisation at[AUTHORISED_MAX];
	uint32_t count;
};

/* One entry more. False with what is wrong with it and how it is written. */
must_check bool authorised_add(struct authorised *list, struct str text, struct error *why);
bool authorised_wants_hash(const struct authorised *list);
/* The entry that this process falls under, one that still holds before one that does not; NULL. */
const struct authorisation *authorised_find(const struct authorised *list,
					    const struct process *process, instant now);
/* Directly where engines put containers: not the word of a user, who may name a group like one. */
bool authorised_is_container(const struct cgroup_place *place);
/* It is such a container, and some image is authorised: who does not know its image does not know
 * yet. */
bool authorised_may_be_of_image(const struct authorised *list, const struct cgroup_place *place);
bool authorised_holds(const struct authorisation *one, instant now);

/*
 * Tell the finding as authorised: a signal without steps to take; facts "state" and "authorised*"
 * say what it would be and until when. Texts in `scratch`.
 */
void authorised_tell(const struct authorisation *one, struct arena *scratch, struct finding *out);
/* The day is over: the finding stays what it is, and says so. */
void authorised_tell_expired(const struct authorisation *one, struct arena *scratch,
			     struct finding *out);
bool authorised_is_told(const struct finding *finding); /* it was told as authorised */
/* The entry by which it was. */
must_check bool authorised_read_told(const struct finding *finding, struct authorisation *out);
void buf_add_authorisation(struct buf *out, const struct authorisation *one); /* "unit:x" */

#endif
