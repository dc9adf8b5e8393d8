/* "Did you mean ...?": the distance between what was written and what is known. */
#ifndef DAVY_BASE_NEAREST_H
#define DAVY_BASE_NEAREST_H

#include <stdbool.h>

#include "base/str.h"

/* Letters to insert, drop, change, or swap with their neighbour; texts over 63 bytes are cut. */
unsigned edit_distance(struct str a, struct str b);

/* A search: offer every known name, then take the best if it is near enough to be meant. */
struct nearest {
	struct str word, best;
	unsigned distance;
};
struct nearest nearest_to(struct str word);
void nearest_offer(struct nearest *nearest, struct str name);
bool nearest_is_close(const struct nearest *nearest);

#endif
