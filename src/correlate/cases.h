/*
 * Findings about clouds and clusters in, incidents out: what shares an identity, a key, an
 * instance, a pod or an address of somebody acting is one story, told in order of time.
 *
 * An incident is opened by what accuses (mining, miner, suspect, access). These join one another by
 * any of their ties. Exposures and signals join an incident that is there by a tie of their own,
 * and never two incidents with each other: a rule that fires on many identities is no bond between
 * them. A tie is what a finding's subject, actor and facts say under the names in cases.c; a server
 * is none, since a CDN serves many.
 *
 * No I/O and no clock; bounded as correlator.h is: what accuses goes last.
 */
#ifndef DAVY_CORRELATE_CASES_H
#define DAVY_CORRELATE_CASES_H

#include <stdint.h>

#include "base/attributes.h"
#include "base/table.h"
#include "model/finding.h"
#include "model/incident.h"

struct cases_settings {
	uint32_t capacity; /* findings kept; 0: 4096 */
	duration apart;	   /* findings further apart in time do not join; 0: 7 days */
	uint64_t seed;	   /* hash_random_seed() */
};

struct cases;

must_check int cases_new(const struct cases_settings *settings,
			 struct cases **out); /* or -ENOMEM */
void cases_free(struct cases *cases);	      /* NULL is allowed */

/* A finding, or a newer revision of one; its JSON form is kept. */
void cases_take(struct cases *cases, const struct finding *finding);

/*
 * Tell every incident, oldest first, with message lifetime. Its id is made of that of its oldest
 * accusing finding.
 *
 * cost: n log n in the ties of the findings kept
 */
void cases_each(struct cases *cases, void (*visit)(void *context, const struct incident *incident),
		void *context);

struct table_counters cases_counters(const struct cases *cases);

#endif
