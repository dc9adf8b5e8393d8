/*
 * A record as a line that may be shown: made from its decoded fields, never from its text, so that
 * no secret that lies in a request or an answer can get out this way.
 *
 * "RunInstances by arn:aws:iam::111122223333:user/ci (AKIA...) from 198.51.100.7 in eu-west-1:
 * done"
 */
#ifndef DAVY_MODEL_RECORD_EXCERPT_H
#define DAVY_MODEL_RECORD_EXCERPT_H

#include "base/buf.h"
#include "model/record.h"

/* Texts are made printable. */
void record_excerpt(const struct record *record, struct buf *out);

const char *record_outcome_name(enum record_outcome outcome); /* "denied"; "" for unknown */

#endif
