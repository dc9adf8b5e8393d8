/*
 * Who acts: identities or credentials with what links them to others (names, key ids, addresses),
 * bounded. Each room has its own, keyed by what it judges: a name, a key, a machine's session.
 *
 * Everything kept is the same for any order of the same records, and for records that come twice:
 * of texts the least is kept, of times the first and the last, of sets (networks, keys) those few
 * members whose hashes are least, and acts are not counted but marked in a small bitmap by their
 * ids, from which their number is estimated. Exact up to a dozen, within a tenth up to a hundred.
 *
 * Ten million junk identities: what is watched (identities_watch) is in a higher class of
 * base/table and does not go before what is not.
 */
#ifndef DAVY_DETECT_IDENTITIES_H
#define DAVY_DETECT_IDENTITIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/instant.h"
#include "base/str.h"
#include "base/table.h"
#include "detect/record_detector.h"
#include "model/endpoint.h"
#include "model/record.h"

enum {
	IDENTITY_NETWORKS = 8,
	IDENTITY_KEYS = 4,
	IDENTITY_NAME_MAX = 256,
	IDENTITY_TEXT_MAX = 96,
	IDENTITY_MARK_WORDS = 4,
};

/* Of what kind a user agent is: a bit each. */
enum identity_agent {
	AGENT_COMMAND_LINE = 1 << 0, /* aws-cli, gcloud, az, kubectl */
	AGENT_SCRIPT = 1 << 1,	     /* an SDK: Boto3, aws-sdk-go ... */
	AGENT_TOOL = 1 << 2,	     /* Terraform, Ansible, Pulumi ... */
	AGENT_BROWSER = 1 << 3,	     /* a console */
	AGENT_SERVICE = 1 << 4,	     /* the provider itself */
	AGENT_OTHER = 1 << 5,
	AGENT_ATTACK = 1 << 6, /* says that it is a system or tool for attacks: Kali, Pacu ... */
};
unsigned identity_agent_of(struct str user_agent);

/* How many different records, whichever way and however often they came. */
struct identity_marks {
	uint64_t words[IDENTITY_MARK_WORDS];
};
void identity_mark(struct identity_marks *marks, const struct record *record);
uint32_t identity_marked(const struct identity_marks *marks); /* an estimate */

/* IPv4: /24; IPv6: /48, which is what one customer has. */
struct identity_network {
	uint64_t order; /* hash of the network; 0: free */
	struct address network;
	struct address address; /* the least one seen in it */
	instant first, last;
	unsigned agents; /* enum identity_agent */
	struct identity_marks acts;
	struct identity_marks spans; /* of ten minutes with an act in them */
};

struct identity_key_id {
	uint64_t order; /* 0: free */
	char text[IDENTITY_TEXT_MAX];
	instant first, last;
};

struct identity {
	uint64_t key[2];
	enum record_provider provider;
	enum identity_kind kind;
	char by[IDENTITY_NAME_MAX]; /* what it is kept by; cut off when it is longer */
	char name[IDENTITY_NAME_MAX];
	char account[IDENTITY_TEXT_MAX], instance[IDENTITY_TEXT_MAX], issuer[IDENTITY_TEXT_MAX];
	instant first, last;
	bool has_mfa, lacks_mfa; /* some acts have it, some do not */
	unsigned agents;
	bool has_more_networks, has_more_keys; /* than fit */
	struct identity_marks acts;
	struct identity_network networks[IDENTITY_NETWORKS];
	struct identity_key_id keys[IDENTITY_KEYS];
};

struct identities;

/* apart_size: of the room's own state for one identity (identities_apart); 0: none */
must_check int identities_new(const struct record_settings *settings, uint32_t apart_size,
			      struct identities **out); /* 0 or -ENOMEM */
void identities_free(struct identities *identities);	/* NULL is allowed */

/*
 * The identity kept by `by`, new or known, with what this act says of it added.
 *
 * by:      the identity's name, a key's id, a session: what makes it one; not empty
 * returns: never NULL; the pointer holds until the next call
 */
struct identity *identities_take(struct identities *identities, struct str by,
				 const struct record *record);
/* NULL: not known. */
struct identity *identities_find(struct identities *identities, enum record_provider provider,
				 struct str by);
struct identity *identities_find_key(struct identities *identities, const uint64_t key[2]);
void *identities_apart(struct identities *identities, struct identity *identity);
/* class: 1 has something to it, 2 is watched. Never lowers it. */
void identities_watch(struct identities *identities, struct identity *identity, unsigned class);
/* All in one order, whatever order they came in; the array is the table's, until the next call. */
struct identity **identities_sorted(struct identities *identities, size_t *count);
struct table_counters identities_counters(const struct identities *identities);

/*
 * Where it is at home: the network that it acts from in the most spans of ten minutes (a thief is
 * busy, but seldom for long), of equals the first; private ones included. NULL: none was seen.
 */
const struct identity_network *identity_main_network(const struct identity *identity);
struct address identity_network_of(const struct address *address);
uint64_t identity_network_order(const struct address *address); /* of the network around it */

/* -- what is shared by those who keep tables, texts and times for any order -- */

/*
 * A table whose entries have the classes of identities_watch: what has something to it, or is
 * watched, does not go before what is not, and leaves room for what is new.
 */
must_check int watched_table_new(uint64_t seed, uint32_t capacity, size_t entry_size,
				 size_t key_size, struct table **out); /* 0 or -ENOMEM */

/*
 * How many different things were marked, each by a bit of its hash: linear counting.
 *
 * source: K. Whang and others, A Linear-Time Probabilistic Counting Algorithm (1990)
 */
uint32_t count_marked(const uint64_t *words, size_t count);
/* Keeps the least of the texts that are not empty. */
void keep_least_text(char *kept, size_t cap, struct str text);
void keep_times(instant *first, instant *last, instant time);
/* A stable hash of a record: its id, else what it says. */
uint64_t record_mark(const struct record *record);

#endif
