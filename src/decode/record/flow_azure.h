/*
 * Flow logs of Azure: of network security groups, versions 1 and 2, and of virtual networks,
 * version 4. One record holds many flows, each a text of values parted by commas.
 *
 * Azure tells when a flow was seen, not since when: start and end of a flow here are both that
 * moment. Counts are of what passed since the flow's last tuple (every five minutes while it goes
 * on), and version 1 has none.
 *
 * source: Microsoft, "Flow logging for network security groups" and "Virtual network flow logs"
 */
#ifndef DAVY_DECODE_RECORD_FLOW_AZURE_H
#define DAVY_DECODE_RECORD_FLOW_AZURE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/json.h"
#include "model/record.h"

/* A walk through one record; a plain value. */
struct azure_flows {
	struct json_value rules, rule; /* "flows", and the one at hand */
	struct json_value groups, group;
	struct json_value tuples, tuple;
	struct str account, network, interface; /* of the record */
	bool is_virtual_network;		/* version 4 */
};

enum azure_read { AZURE_FLOW, AZURE_UNREADABLE, AZURE_END };

/*
 * False: the object is no flow log.
 *
 * scratch: for texts with escapes; must live as long as the walk
 */
must_check bool azure_flows_begin(struct json_value object, struct arena *scratch,
				  struct azure_flows *out);

/*
 * Fills kind, time and flow of `out`; the rest of it is not touched.
 *
 * returns: AZURE_UNREADABLE: a tuple that is none; the next call goes on behind it
 */
enum azure_read azure_flows_next(struct azure_flows *flows, struct record *out);

#endif
