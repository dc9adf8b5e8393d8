/* A folder of evidence that is being filled: inside this room. */
#ifndef DAVY_RESPOND_EVIDENCE_EVIDENCE_H
#define DAVY_RESPOND_EVIDENCE_EVIDENCE_H

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/instant.h"
#include "model/process.h"

enum { KEY_BYTES = 32 };

struct evidence_room {
	int proc;
	int folder;		/* mode 0700, ours */
	uint64_t left;		/* bytes it may still take */
	bool is_cut;		/* something did not fit */
	const char *limit;	/* what it did not fit into */
	const char *texts_only; /* why no program is copied; NULL: they are */
	unsigned missing;	/* files that could not be read */
	uint8_t key[KEY_BYTES]; /* of this folder's hashes; kept nowhere */
};

/* A file in each folder that the policy filled. */
#define EVIDENCE_BY_POLICY "by_policy"
/* A file that somebody puts into a folder that is to stay, however old it becomes. */
#define EVIDENCE_KEEP "keep"

enum { EVIDENCE_ENTRIES_MAX = 1 << 20 }; /* that are looked at */

/* All in bytes. */
struct evidence_space {
	uint64_t total; /* that the policy may keep in all */
	uint64_t used;	/* of it */
	uint64_t free;	/* on that file system */
};

/* used and free, where `folder` is one of those with evidence; 0 or -errno. */
must_check int evidence_measure(int folder, struct evidence_space *out);
/*
 * Make room->left less, and set texts_only, as the space bids: a tenth of what is free, and what is
 * left of the total; without a GiB free, or with the total used up, 1 MiB of texts.
 *
 * returns: 0; -ENOSPC when less than 128 MiB are free, and nothing is to be kept
 */
must_check int evidence_allow(const struct evidence_space *space, struct evidence_room *room);

/* Folders of evidence. */
struct evidence_expired {
	unsigned removed, failed;
};

/*
 * Remove the evidence below `folder` that was kept longer than `keep` ago, by the times in the
 * folders' names (0: never); not where a file EVIDENCE_KEEP lies. What is not ours by name, owner
 * and mode stays; so does everything when `folder` is somebody else's.
 */
struct evidence_expired evidence_expire(const char *folder, instant now, duration keep);

/* -- for this room's files -- */

/* A folder that is no link; NULL: it is none, or cannot be read. */
DIR *evidence_open_below(int folder, const char *name);
bool evidence_is_dots(const char *name);
/* Of our user, who alone may enter. */
bool evidence_is_ours(int folder);

/* A text of our own; 0 or -errno. What does not fit is cut, and said. */
must_check int evidence_put(struct evidence_room *room, int folder, const char *name,
			    struct str text);

/* All that is kept of one process, in `folder`. */
must_check int evidence_of_process(struct evidence_room *room, int folder,
				   const struct process *process);

#endif
