/*
 * JSON of an API's log -> struct record with an act: CloudTrail, GuardDuty, Azure's activity, Entra
 * and storage logs, Google's audit logs, and Kubernetes' audit events, each already unwrapped to
 * the object that its own documentation calls the record.
 */
#ifndef DAVY_DECODE_RECORD_ACTS_H
#define DAVY_DECODE_RECORD_ACTS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/json.h"
#include "model/record.h"

/* Of an object; RECORD_OTHER when it is none of them. By its members, never by a file's name. */
enum record_kind acts_kind_of(struct json_value root);

/*
 * Fill kind, time, id and act of `out`, which is zeroed but for source, offset, line and text.
 *
 * root:    of a member written twice the first counts
 * scratch: for texts with escapes and for lists; seldom 1 KiB, and 64 KiB is ample. When it is used
 *          up, further such texts are empty: who, what and when are read first
 * returns: false when the record does not say what was done: then `out` is RECORD_OTHER. Who and
 * when may be missing: some logs leave them out, and rules may still ask for the rest.
 */
must_check bool acts_decode(enum record_kind kind, struct json_value root, struct arena *scratch,
			    struct record *out);

#endif
