/* A group that moves together, in words. */
#ifndef DAVY_DETECT_CO_MOVEMENT_FINDING_H
#define DAVY_DETECT_CO_MOVEMENT_FINDING_H

#include "base/arena.h"
#include "detect/co_movement/pairs.h"
#include "detect/record_detector.h"

enum { GROUP_HOSTS_LEAST = 3 };

struct moving_group {
	const struct movement *movements; /* all there are */
	const uint32_t *members;	  /* numbers of those in the group, ascending */
	size_t count, hosts, servers;
	double heard, said; /* mean correlation of its pairs */
	double message;	    /* the median member's */
	uint32_t steps;	    /* of the pair that has the fewest in common */
};

/* Workers that find their shares alone, and not replicas that answer what they all hear. */
bool group_is_suspect(const struct moving_group *group);
void group_tell(const struct moving_group *group, struct arena *scratch,
		struct record_teller *teller);

#endif
