/* What credentials.c keeps and credentials_judge.c judges: for these two files alone. */
#ifndef DAVY_DETECT_CREDENTIALS_STATE_H
#define DAVY_DETECT_CREDENTIALS_STATE_H

#include "base/table.h"
#include "detect/credentials.h"

enum { SWEEPS_MAX = 32, PROBED_SERVICES = 3, WAYS_OUT_MEMBERS = 2 };

struct first_act {
	uint64_t key[2];
	struct kept_evidence evidence;
};

struct own_address {
	uint64_t key[2];
};

/* A public network that is home to machines of an account: its way out. Made anew for a report. */
struct way_out {
	uint64_t key[2];
	uint64_t members[WAYS_OUT_MEMBERS]; /* hashes of different machines */
	uint32_t count;
};

/* The worst twenty minutes of one credential. Made anew for a report, too. */
struct tried {
	uint64_t key[2]; /* of the credential */
	const struct probing *worst;
	int services;
	uint32_t denied;
};

struct credentials {
	struct identities *identities; /* by key id */
	struct table *first_acts, *own_addresses, *exposed, *probings, *ways_out, *tried;
	instant sweeps[SWEEPS_MAX]; /* of secrets, by nobody in particular; the earliest */
	size_t sweep_count;
};

bool credentials_is_own(struct credentials *credentials, struct str instance,
			const struct address *address);

#endif
