/*
 * From the signs of all rooms to one claim about a workload.
 *
 * `mining` needs two families that saw it independently, and one sign that only this algorithm
 * gives. One family alone, or code that legitimate software runs too, is `suspect` at most: a node
 * that verifies blocks runs the very code, and a password check hashes as a miner does.
 */
#ifndef DAVY_DETECT_HOST_VERDICT_H
#define DAVY_DETECT_HOST_VERDICT_H

#include <stdbool.h>

#include "base/arena.h"
#include "model/finding.h"
#include "model/sign.h"
#include "model/workload.h"

struct host_case {
	const struct workload *workload;
	const struct signs *signs;
	struct str host; /* this machine's name; may be empty */
	/* Work spread over many processes is told of the executable, not of one pid. Decided once
	 * for a workload, since a finding's subject stays what it is. */
	bool is_spread;
};

/*
 * Fills `out`, texts in `scratch`.
 *
 * returns: false when there is nothing to accuse anybody of
 */
bool host_verdict(const struct host_case *host_case, struct arena *scratch, struct finding *out);
/* The digests and the name of its container's image, for one that became known after the verdict;
 * nothing where it is not known. Texts in `scratch`. */
void host_verdict_tell_image(const struct container_image *image, struct arena *scratch,
			     struct finding *out);

#endif
