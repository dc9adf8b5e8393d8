/*
 * Findings in, incidents out: flows of one wallet or pool across hosts become one incident that
 * names every victim, and what only carries a miner's shares is not taken for the miner.
 *
 * An incident is opened by findings of verdict mining or miner. A suspect joins one by exactly
 * the same wallet, pool or connection and never raises it; exposure, access and signal findings are
 * not looked at here. The rules of joining are in groups.h.
 *
 * No I/O and no clock; memory is taken once and bounded, and a flood of weaker findings cannot push
 * out those of mining (base/table.h).
 */
#ifndef DAVY_CORRELATE_CORRELATOR_H
#define DAVY_CORRELATE_CORRELATOR_H

#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/table.h"
#include "model/endpoint.h"
#include "model/finding.h"
#include "model/incident.h"

enum { CORRELATOR_FORWARDERS_MAX = 64 };

struct correlator_settings {
	uint32_t capacity;     /* findings kept; 0: 8192, about 1.6 kB each once used */
	duration forget_after; /* a finding not renewed for so long is dropped; 0: 7 days */
	duration close_after;  /* an incident silent for so long is closed; 0: 1 day */
	uint64_t seed;	       /* hash_random_seed() */
	/* Hosts known to forward for others: NAT gateways, web proxies. Never victims. */
	struct address forwarders[CORRELATOR_FORWARDERS_MAX];
	size_t forwarder_count;
};

struct correlator;

/* 0 or -ENOMEM. */
must_check int correlator_new(const struct correlator_settings *settings, struct correlator **out);
void correlator_free(struct correlator *correlator); /* NULL is allowed */

/*
 * Take a finding in, or a newer revision of one; the correlator keeps its own copy of what it
 * needs. The same finding seen again (on a veth, a bridge and a NIC) has the same id and is one.
 * Time passes by the findings' last_seen.
 */
void correlator_take(struct correlator *correlator, const struct finding *finding);

/*
 * Tell every incident, oldest first, with message lifetime. A revision is one higher than at the
 * last call when anything of the incident changed, so a caller may pass over what it knows. An
 * incident that became part of another, or whose findings are all forgotten, is told once more as
 * closed. Its id is a hash of the wallet, else of the pool, of its oldest finding, and stays.
 *
 * cost: n log n in the findings kept; meant for once in a few seconds
 */
void correlator_each(struct correlator *correlator, instant now,
		     void (*visit)(void *context, const struct incident *incident), void *context);

struct correlator_counters {
	struct table_counters findings, incidents;
	uint64_t passed_over; /* findings of verdicts not looked at here */
	uint64_t outdated;    /* older revisions that came late */
};
struct correlator_counters correlator_counters(const struct correlator *correlator);

#endif
