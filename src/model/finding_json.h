/*
 * The JSON form of a finding: one line, the same on stdout, between processes and in the store.
 * Described key by key in docs/schema.md, which a test holds against this code.
 */
#ifndef DAVY_MODEL_FINDING_JSON_H
#define DAVY_MODEL_FINDING_JSON_H

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "model/finding.h"

/*
 * Append one finding, without a line end.
 *
 * Every key is always there; times are cut to milliseconds; bytes that are no UTF-8 become U+FFFD.
 */
void finding_to_json(const struct finding *finding, struct buf *out);

/*
 * Read one finding back.
 *
 * line:    without its line end; *out holds views into it and into the arena
 * arena:   LINE_ARENA_BYTES (model/line.h) is enough for any line
 * returns: 0; -EBADMSG: not a finding of this schema, `why` says what; -ENOMEM: arena used up
 * Unknown keys are passed over; a known key of a wrong type fails.
 */
must_check int finding_from_json(struct str line, struct arena *arena, struct finding *out,
				 struct error *why);

#endif
