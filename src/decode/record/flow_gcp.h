/*
 * VPC flow logs of Google Cloud: a LogEntry whose jsonPayload is a connection and what one of its
 * two ends saw of it. Flows are sampled, and both ends may report the same one.
 *
 * source: Google Cloud, "About VPC Flow Logs records"
 */
#ifndef DAVY_DECODE_RECORD_FLOW_GCP_H
#define DAVY_DECODE_RECORD_FLOW_GCP_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/json.h"
#include "model/record.h"

/* False: it is none. Else fills kind, time, id and flow of `out`; the rest is not touched. */
must_check bool gcp_flow_read(struct json_value entry, struct arena *scratch, struct record *out);

#endif
