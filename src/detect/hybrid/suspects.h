/*
 * Which hands are suspected, and by what: each is bound to a root, the stolen credential, by its
 * own key, by a session that the stolen one was given, or by the address that the thief uses.
 */
#ifndef DAVY_DETECT_HYBRID_SUSPECTS_H
#define DAVY_DETECT_HYBRID_SUSPECTS_H

#include "detect/hybrid/hands.h"

enum { ROOTS_MAX = 64, SUSPECTS_MAX = 256, LINKED_MAX = 16 };

enum link { LINK_OWN, LINK_GIVEN, LINK_ADDRESS };

struct root {
	struct identity *credential;
	struct stolen stolen;
	uint64_t milli_units; /* vCPUs in thousandths, GPUs as eight, of all that are bound to it */
	instant created_first;
	const struct kept_evidence *created;
};

struct suspect {
	struct identity *hand;
	struct root *root;
	enum link link;
	double confidence;
};

struct suspects {
	struct root roots[ROOTS_MAX];
	size_t root_count;
	struct suspect at[SUSPECTS_MAX];
	size_t count;
};

void suspects_find(struct hands *hands, struct suspects *out);

/* An act from this network is the thief's, as far as can be told apart. */
bool suspect_acts_from(const struct suspect *suspect, uint64_t network,
		       const struct address *address);

#endif
