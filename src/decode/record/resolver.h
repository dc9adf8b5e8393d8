/*
 * Query logs of Amazon's Route 53 Resolver: who asked for which name, and what was answered.
 *
 * source: Amazon Route 53 Developer Guide, "Values that appear in VPC Resolver query logs"
 */
#ifndef DAVY_DECODE_RECORD_RESOLVER_H
#define DAVY_DECODE_RECORD_RESOLVER_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/json.h"
#include "model/record.h"

/* False: it is none. Else fills kind, time and lookup of `out`; the rest is not touched. */
must_check bool resolver_read(struct json_value object, struct arena *scratch, struct record *out);

#endif
