/* Is it mining's shape? The whole rule, without words. */
#ifndef DAVY_DETECT_FLOW_MINING_JUDGE_H
#define DAVY_DETECT_FLOW_MINING_JUDGE_H

#include <stdbool.h>

#include "detect/flow_mining/shape.h"
#include "detect/flow_names.h"

enum judgement { JUDGED_INNOCENT, JUDGED_SIGNAL, JUDGED_SUSPECT };

/* Within what Stratum can be at all. Outside of it nothing is weighed. */
bool judge_is_possible(const struct chain *chain, const struct shape *shape);
/* By the shape alone; what possible shapes weigh. */
enum judgement judge_shape(const struct chain *chain, const struct shape *shape, double *sum);

/* With what else is known. */
enum judgement judge_all(enum judgement by_shape, enum flow_resolved resolved, bool is_sampled);
/* hosts: how many have such a session with the same server */
double judge_confidence(enum judgement judgement, enum flow_resolved resolved, size_t hosts);

enum { HOSTS_ALIKE = 3 }; /* from so many on it counts */

#endif
