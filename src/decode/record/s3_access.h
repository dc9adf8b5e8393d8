/*
 * Server access logs of Amazon S3: a line a request, fields parted by spaces, some of them in
 * brackets or quotes; newer fields stand at the end and may be missing.
 *
 * Left out on purpose: the request's URI, in which signatures stand.
 *
 * source: Amazon S3 User Guide, "Amazon S3 server access log format"
 */
#ifndef DAVY_DECODE_RECORD_S3_ACCESS_H
#define DAVY_DECODE_RECORD_S3_ACCESS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/str.h"
#include "model/record.h"

/*
 * False: the line is none. Else fills kind, time, id and act of `out`; the rest is not touched.
 *
 * scratch: for the name of a role, of which the line has the session's
 */
must_check bool s3_access_read(struct str line, struct arena *scratch, struct record *out);

#endif
