/* What kind of hand acted: told by the identity's form and by where it acts from. */
#ifndef DAVY_DETECT_CLUSTER_WHO_H
#define DAVY_DETECT_CLUSTER_WHO_H

#include "detect/cluster/memory.h"
#include "model/record.h"

enum standing who_stands(const struct record_act *act);

/* A controller by what it does, not by its name: it keeps watches, or a lease. */
bool who_controls(const struct actor *actor);
/* It did so on this many days of the records. */
unsigned who_days(uint64_t days);

/* kube-system and its like: where an operator looks last. */
bool who_owns_namespace(struct str namespace);

#endif
