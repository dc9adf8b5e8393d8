/*
 * An incident: findings about related subjects, merged, with a verdict and a life cycle.
 *
 * Like a finding it has message lifetime: views only. Lists hold the first so many; where more may
 * exist, the total is kept beside them.
 */
#ifndef DAVY_MODEL_INCIDENT_H
#define DAVY_MODEL_INCIDENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/instant.h"
#include "base/str.h"
#include "model/finding.h"

enum {
	INCIDENT_FINDINGS_MAX = 64,
	INCIDENT_VICTIMS_MAX = 64,
	INCIDENT_WALLETS_MAX = 8,
	INCIDENT_POOLS_MAX = 16,
	INCIDENT_STORY_MAX = 64,
	INCIDENT_IMPACT_MAX = 16,
	INCIDENT_ACTIONS_MAX = 8
};

struct story_entry {
	instant time;
	struct str text;
	struct str technique; /* MITRE ATT&CK; may be empty */
	struct str finding;   /* id; empty: told by no single finding */
};

struct incident {
	struct str id;
	uint32_t revision;
	struct str state; /* open, closed ... */
	enum verdict verdict;
	enum severity severity;
	double confidence;
	struct str title;
	instant first_seen, last_seen;
	struct str findings[INCIDENT_FINDINGS_MAX]; /* ids */
	size_t finding_count;
	uint64_t finding_total;
	struct str victims[INCIDENT_VICTIMS_MAX];
	size_t victim_count;
	uint64_t victim_total;
	struct str wallets[INCIDENT_WALLETS_MAX];
	size_t wallet_count;
	struct str pools[INCIDENT_POOLS_MAX];
	size_t pool_count;
	struct story_entry story[INCIDENT_STORY_MAX];
	size_t story_count;
	struct str touched[INCIDENT_IMPACT_MAX];
	size_t touched_count;
	struct str not_touched[INCIDENT_IMPACT_MAX];
	size_t not_touched_count;
	struct str cannot_tell[INCIDENT_IMPACT_MAX];
	size_t cannot_tell_count;
	struct facts cost;
	struct action actions[INCIDENT_ACTIONS_MAX];
	size_t action_count;
};

#endif
