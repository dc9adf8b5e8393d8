/* A folder of evidence that is being filled: inside this room. */
#ifndef DAVY_RESPOND_EVIDENCE_EVIDENCE_H
#define DAVY_RESPOND_EVIDENCE_EVIDENCE_H

#include <stdint.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "model/process.h"

enum { KEY_BYTES = 32 };

struct evidence_room {
	int proc;
	int folder;		/* mode 0700, ours */
	uint64_t left;		/* bytes it may still take */
	bool is_cut;		/* something did not fit */
	unsigned missing;	/* files that could not be read */
	uint8_t key[KEY_BYTES]; /* of this folder's hashes; kept nowhere */
};

/* A text of our own; 0 or -errno. What does not fit is cut, and said. */
must_check int evidence_put(struct evidence_room *room, int folder, const char *name,
			    struct str text);

/* All that is kept of one process, in `folder`. */
must_check int evidence_of_process(struct evidence_room *room, int folder,
				   const struct process *process);

#endif
