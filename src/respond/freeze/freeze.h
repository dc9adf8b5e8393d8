/* What the journal says is frozen, asked of the kernel. */
#ifndef DAVY_RESPOND_FREEZE_FREEZE_H
#define DAVY_RESPOND_FREEZE_FREEZE_H

#include "respond/respond.h"

/*
 * Those of a freeze's memory that live, are where it put them and stand still: whoever thawed
 * himself, or was moved elsewhere, is none.
 *
 * returns: how many are in out[cap]
 */
size_t freeze_standing(const struct response_place *place, struct json_value memory,
		       struct process_key *out, size_t cap);

#endif
