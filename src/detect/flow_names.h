/*
 * What the resolver's log says of addresses: which names led to them, and whether the log covers a
 * network at all, so that "nobody ever asked for a name of this address" can be said honestly.
 *
 * A lookup counts for its network and, for flow logs that do not name theirs, for its account.
 */
#ifndef DAVY_DETECT_FLOW_NAMES_H
#define DAVY_DETECT_FLOW_NAMES_H

#include <stdint.h>

#include "base/attributes.h"
#include "base/str.h"
#include "detect/flow_origins.h"
#include "model/endpoint.h"
#include "model/record.h"

enum flow_resolved {
	RESOLVED_UNKNOWN, /* no resolver's log covers the time, or too much to remember was there */
	RESOLVED_NEVER,
	RESOLVED_YES,
};

enum { FLOW_NAMES_TOLD = 2, FLOW_NAME_MAX = 100 };

struct flow_resolution {
	enum flow_resolved resolved;
	struct str names[FLOW_NAMES_TOLD]; /* views, good until the next lookup is added */
	unsigned name_count;
};

struct flow_names;

must_check int flow_names_new(uint64_t seed, struct flow_names **out); /* 0, -ENOMEM */
void flow_names_free(struct flow_names *names);

void flow_names_add(struct flow_names *names, const struct record *lookup);

/*
 * Was the address an answer in the network of `origin`?
 *
 * opened_s: when the connection was opened, since 1970; 0: not seen, so that its lookup may be
 *           older than all logs, and RESOLVED_NEVER is never said
 */
struct flow_resolution flow_names_find(const struct flow_names *names,
				       const struct flow_origin *origin,
				       const struct address *address, uint32_t opened_s);

#endif
