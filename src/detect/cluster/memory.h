/*
 * What the room remembers: who acted (actors), what of interest they did (deeds), what they put
 * into the cluster (workloads), since when an image is known, and how many secrets were read when.
 *
 * Everything kept is a function of the set of records, not of their order: sums of distinct
 * requests, the earliest few, the first and the last time, bits that are only ever set. So records
 * that come late, twice or shuffled give the same findings as long as the tables are not full;
 * when they are, what weighs least goes first (the classes of base/table).
 */
#ifndef DAVY_DETECT_CLUSTER_MEMORY_H
#define DAVY_DETECT_CLUSTER_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/table.h"
#include "detect/cluster/distinct.h"
#include "detect/cluster/key_set.h"
#include "detect/cluster/pod_shape.h"
#include "detect/record_detector.h"
#include "model/finding.h"

enum {
	ACTORS_DEFAULT = 16384,
	CLUSTER_MAX = 160,
	IDENTITY_MAX = 344, /* system:serviceaccount:NAMESPACE:NAME of 63 and 253 letters */
	SOURCE_MAX = 64,
	KEY_MAX = 160,
	AGENT_MAX = 120,
	BINDING_MAX = 320,
	NAME_SHOWN = 128,
	NAMES_KEPT = 16,
	POD_ADDRESSES_MAX = 2, /* one of each version */
	ADDRESS_MAX = 48,
	QUOTES_KEPT = 8,
};

/* One request to the server: two records of its stages are one. By it things are put in order. */
struct request {
	instant time;
	uint64_t id;
};

bool request_before(struct request a, struct request b);

/* Hashes with seeds that never change: what is remembered of must not depend on the run. */
struct hash_pair {
	uint64_t at[2];
};

enum standing {
	STANDING_PERSON,    /* a user, or whatever is none of the others */
	STANDING_ACCOUNT,   /* a service account: a pod's, or a pipeline's */
	STANDING_COMPONENT, /* of the cluster or the cloud itself: kubelets, controllers */
	STANDING_CONSOLE,   /* a console's own account: it acts for whoever opens the console */
	STANDING_ANONYMOUS,
};

struct actor {
	struct hash_pair key;	 /* cluster, identity, impersonated, source */
	struct request earliest; /* that the texts from key_id on are of */
	uint8_t standing;
	bool is_known; /* the texts of its key are there */
	bool holds_lease;
	bool is_outside;      /* its address is not a private one */
	uint64_t watched;     /* one bit of 64 a kind of resource */
	uint64_t days;	      /* one bit of 64 a day with a workload */
	uint64_t secret_days; /* and with secrets read */
	char cluster[CLUSTER_MAX], identity[IDENTITY_MAX], source[SOURCE_MAX];
	char impersonated[IDENTITY_MAX];
	char key_id[KEY_MAX], agent[AGENT_MAX];
	char session[NAME_SHOWN], node[NAME_SHOWN]; /* of the pod a token was made for */
	char binding[BINDING_MAX];		    /* why it was allowed, in the server's words */
};

enum deed_kind {
	DEED_OPEN,     /* anonymous or console; part: enum power */
	DEED_SECRETS,  /* read one by one */
	DEED_LISTS,    /* of secrets, of a namespace or all */
	DEED_TOKENS,   /* made for service accounts */
	DEED_CONFIGS,  /* config maps read */
	DEED_KEYS,     /* answers with access keys in them */
	DEED_PODS,     /* read, or reached into: NAMESPACE/NAME, NAMESPACE/, or / for all */
	DEED_DENIED,   /* kinds of resources that were refused */
	DEED_REVIEWS,  /* "may I ...?" */
	DEED_RIGHTS,   /* roles and bindings that give all rights made */
	DEED_STARTS,   /* workloads, of whatever look */
	DEED_METADATA, /* exec that asks the metadata service */
	DEED_EXEC,     /* exec that fetches, decodes, mines or reads credentials */
	DEED_EVENTS,   /* deleted */
	DEED_WATCHERS, /* webhooks and audit sinks changed */
	DEED_CERTIFICATES,
	DEED_NODE_PROXY,
	DEED_EPHEMERAL,
	DEED_CONSOLE, /* a service that shows a console to the outside */
	DEED_SCRIPTS, /* config maps that hold a miner's settings */
	DEED_SOURCES, /* where somebody without a name came from */
	DEED_COUNT
};

/* Flags of DEED_LISTS. */
enum { LISTED_ALL = 1, LISTED_BY_HAND = 2 };

/* What somebody without a name was seen to be allowed. In the order in which it is grave. */
enum power {
	POWER_RIGHTS,
	POWER_SECRETS,
	POWER_WORKLOADS,
	POWER_EXEC,
	POWER_DELETE,
	POWER_WRITE,
	POWER_READ,
	POWER_GRANTED, /* a binding for them was seen being made */
	POWER_COUNT
};

struct named {
	struct request request; /* the earliest with it */
	uint64_t hash;
	char text[NAME_SHOWN];
};

struct quote {
	struct request request;
	uint64_t offset;
	char source[SOURCE_MAX];
	char text[EVIDENCE_QUOTE_MAX - 16];
};

struct deed_key {
	struct hash_pair actor;
	uint32_t kind, part;
};

struct deed {
	struct deed_key key;
	struct distinct requests, things;
	instant first, last;
	uint32_t flags; /* of the kind */
	uint32_t name_count, quote_count;
	struct named names[NAMES_KEPT];
	struct quote quotes[QUOTES_KEPT];
	struct key_set keys;
};

struct workload_key {
	struct hash_pair actor;
	struct hash_pair thing; /* kind, namespace, name */
	uint32_t form, signs;	/* a workload that is changed is another one */
};

struct workload_seen {
	struct workload_key key;
	struct request earliest; /* that the texts are of */
	instant last;
	bool is_system; /* in a namespace of the cluster's own */
	struct hash_pair image_key, use_key;
	uint64_t replicas;
	char kind[POD_KIND_MAX], namespace[72], name[POD_NAME_MAX];
	char image[POD_IMAGE_MAX], service_account[POD_NAME_MAX], node[POD_NAME_MAX];
	char owner_kind[POD_KIND_MAX], owner[POD_NAME_MAX]; /* what a controller made it for */
	char secrets[POD_SECRETS_MAX][POD_NAME_MAX];
	uint32_t secret_count;
	char pool[POOL_TEXT_MAX], wallet[WALLET_TEXT_MAX];
	const char *coin;
	struct key_set keys;
	struct quote quote;
};

struct image_seen {
	struct hash_pair key; /* cluster and image; or with the namespace */
	instant first;
	bool by_somebody; /* not only by controllers */
};

/* Where a pod runs, as its kubelet and the scheduler say. */
struct pod_seen {
	struct hash_pair key;	 /* cluster, namespace, name */
	struct request earliest; /* that the addresses are of */
	char addresses[POD_ADDRESSES_MAX][ADDRESS_MAX];
	uint32_t address_count;
	char node[NAME_SHOWN];
	char namespace[NAME_SHOWN], name[NAME_SHOWN];
	struct key_set keys; /* that lie in what it was made from */
};

struct window_key {
	struct hash_pair actor;
	int64_t window;
};

/* Secrets of one actor in one span of WINDOW_S; two that follow each other are joined. */
struct window {
	struct window_key key;
	struct distinct secrets;
};
enum { WINDOW_S = 600 };

struct memory {
	struct table *actors, *deeds, *workloads, *images, *pods, *windows;
	uint64_t seed;
	/* of report: pointers in a stable order */
	struct deed **deed_list;
	struct workload_seen **workload_list;
	struct window **window_list;
	struct pod_seen **key_pods; /* pods with keys */
	size_t deed_count, workload_count, window_count, key_pod_count;
};

must_check int memory_init(struct memory *memory, const struct record_settings *settings);
void memory_fini(struct memory *memory);

struct hash_pair hash_pair_of(const struct str *parts, size_t count);
uint64_t hash_text(struct str text);

/* Found or made; never NULL. */
struct actor *memory_actor(struct memory *m, const struct hash_pair *key, instant now);
struct actor *memory_find_actor(struct memory *m, const struct hash_pair *key); /* or NULL */
struct deed *memory_deed(struct memory *m, const struct hash_pair *actor, enum deed_kind kind,
			 uint32_t part, instant now);
struct deed *memory_find_deed(struct memory *m, const struct hash_pair *actor, enum deed_kind kind,
			      uint32_t part); /* or NULL */
struct workload_seen *memory_workload(struct memory *m, const struct workload_key *key,
				      instant now);
struct image_seen *memory_image(struct memory *m, const struct hash_pair *key, instant now);
struct image_seen *memory_find_image(struct memory *m, const struct hash_pair *key);
struct pod_seen *memory_pod(struct memory *m, const struct hash_pair *key, instant now);
struct pod_seen *memory_find_pod(struct memory *m, const struct hash_pair *key);
void memory_weigh_pod(struct memory *m, struct pod_seen *pod, unsigned class);
struct window *memory_window(struct memory *m, const struct window_key *key, instant now);

/* What weighs more stays longer; a class only rises. */
void memory_weigh_deed(struct memory *m, struct deed *deed, unsigned class);
void memory_weigh_window(struct memory *m, struct window *window, unsigned class);
void memory_weigh_workload(struct memory *m, struct workload_seen *workload, unsigned class);

void deed_add_name(struct deed *deed, struct request request, struct str text);
void deed_add_quote(struct deed *deed, const struct quote *quote);

/* Fill the lists, in an order that is the same for the same content. */
void memory_list(struct memory *m);
/* The windows of an actor, in order of time: the first's place in window_list, and how many. */
size_t memory_windows_of(const struct memory *m, const struct hash_pair *actor, size_t *count);

#endif
