/*
 * Credentials (access keys, sessions of machines and pods) and what says that one was stolen:
 *
 * - an instance's or pod's key that is used from a network which is not where it is used otherwise,
 *   nor a way out that other machines of the account have;
 * - a long-lived key used from two far-apart networks at once by different kinds of programs;
 * - a key id that lay in what somebody without a password read from a cluster;
 * - a key that is tried out: who am I, and then refusal after refusal from different services.
 *
 * Judged only when a report is made, from sets and times that are the same for any order. Shared by
 * the rooms stolen_credential (which tells it) and hybrid (which asks whose hand it was).
 */
#ifndef DAVY_DETECT_CREDENTIALS_H
#define DAVY_DETECT_CREDENTIALS_H

#include "detect/identities.h"
#include "model/finding.h"

enum { CREDENTIAL_OUTSIDE_MAX = 8, KEY_ID_MAX = 48, EVIDENCE_TEXT_MAX = 240 };

struct kept_evidence {
	uint64_t mark; /* of two at the same time the lesser is kept */
	bool is_set;
	instant time;
	uint64_t offset;
	char source[IDENTITY_TEXT_MAX], quote[EVIDENCE_TEXT_MAX];
};
/* Keeps the earliest. */
void keep_earliest(struct kept_evidence *kept, const struct record *record);
void kept_evidence_add(struct finding *finding, const struct kept_evidence *kept);

/* Where a key id was read: a secret, a pod's environment, the output of a command. */
struct exposed_key {
	uint64_t key[2];
	char id[KEY_ID_MAX];
	unsigned rank; /* 0: by nobody in particular, also by a console's own account; 1: by a
			  person; 2: by a service account */
	instant time;
	char reader[IDENTITY_NAME_MAX], place[IDENTITY_NAME_MAX], cluster[IDENTITY_TEXT_MAX];
	struct address address;
	bool has_address;
	struct kept_evidence evidence;
};

/* Denials within ten minutes by one key. */
struct probing {
	uint64_t key[2];
	uint64_t credential[2];
	int64_t slot;	   /* of ten minutes since 1970 */
	uint64_t services; /* a bit each, by hash */
	bool asks_who;	   /* GetCallerIdentity and its like */
	struct identity_marks denied;
	instant first, last;
	struct kept_evidence evidence;
};

struct stolen {
	bool from_outside, far_apart, from_cluster, is_tried;
	double confidence;		     /* 0: nothing says so */
	const struct identity_network *home; /* where it is used otherwise; NULL: not known */
	const struct identity_network *outside[CREDENTIAL_OUTSIDE_MAX];
	size_t outside_count;
	bool agents_differ, at_once, knows_own; /* of `outside` */
	bool attack_agent, after_sweep;
	const struct exposed_key *exposed;
	const struct probing *probing;
	uint32_t denied, denied_services;
};

struct credentials;

must_check int credentials_new(const struct record_settings *settings, struct credentials **out);
void credentials_free(struct credentials *credentials); /* NULL is allowed */
void credentials_take(struct credentials *credentials, const struct record *record);
/* Whether the key of who acts is one that is judged, and so stands for that hand. */
bool credentials_judges(const struct record_act *act);

/* To be called before judging: what is learned from all of them together. */
struct identity **credentials_sorted(struct credentials *credentials, size_t *count);
struct stolen credentials_judge(struct credentials *credentials, struct identity *credential);
/* The entry of a key id; NULL: not known. */
struct identity *credentials_find(struct credentials *credentials, enum record_provider provider,
				  struct str key_id);
/* The first act of this credential from this network; NULL: no longer known. */
const struct kept_evidence *credentials_evidence(struct credentials *credentials,
						 const struct identity *credential,
						 const struct identity_network *network);

#endif
