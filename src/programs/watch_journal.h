/* What was done before this start, and is not undone: said in the log. */
#ifndef DAVY_PROGRAMS_WATCH_JOURNAL_H
#define DAVY_PROGRAMS_WATCH_JOURNAL_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/error.h"
#include "store/store.h"

/*
 * A freeze outlives davy, however that ended: nobody is to wonder why a program stands still.
 *
 * is_by_policy: some of it was taken by the policy, and is the responder's to look at
 * returns:      0, or what the store said
 */
must_check int watch_tell_before(struct store *store, bool *is_by_policy, struct error *why);

#endif
