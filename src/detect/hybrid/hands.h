/*
 * Whose hand touched what: keys that can be stolen and else identities by name (a hand), with the
 * data they touched and the computing they created from each network, for a stolen key has two
 * users and only the network tells them apart; the sessions they were given; places with the times
 * at which acts on their data were recorded of anybody, so that "not touched" can be told from
 * "nobody wrote it down".
 */
#ifndef DAVY_DETECT_HYBRID_HANDS_H
#define DAVY_DETECT_HYBRID_HANDS_H

#include "detect/credentials.h"
#include "detect/hybrid/data_acts.h"
#include "lists/computing_prices.h"

enum { PLACE_MAX = 160, OBJECT_WORDS = 16 };

struct touch {
	uint64_t key[2];
	uint64_t hand[2], place_key;
	uint64_t network;	/* hash, as identity_network's order; 0: no address */
	struct address address; /* the least in it */
	enum data_kind kind;
	enum record_provider provider;
	char place_kind[24], place[PLACE_MAX], whom[IDENTITY_TEXT_MAX], region[32];
	bool is_public, is_denied;
	uint64_t objects[OBJECT_WORDS]; /* marks of different objects */
	uint64_t bytes;
	struct identity_marks acts;
	instant first, last;
	struct kept_evidence evidence;
};
uint32_t touch_objects(const struct touch *touch); /* an estimate; at most about 7,000 */

struct place {
	uint64_t key[2];
	enum record_provider provider;
	char kind[24], name[PLACE_MAX], account[IDENTITY_TEXT_MAX];
	instant recorded_first, recorded_last; /* acts on its data, of anybody; 0: none */
};

/* Computing that a hand created from one network. */
struct created {
	uint64_t key[2];
	uint64_t hand[2], network;
	struct address address;
	uint64_t milli_units; /* vCPUs in thousandths, a GPU as eight; of those that add */
	uint64_t level;	      /* the greatest of those that set a size */
	uint64_t machines;
	instant first, last;
	struct kept_evidence evidence;
};

/* A session's key that one identity was given, for a role. */
struct given {
	uint64_t key[2];
	char parent[IDENTITY_NAME_MAX], parent_key[KEY_ID_MAX];
	instant time;
};

struct hands;

must_check int hands_new(const struct record_settings *settings, struct hands **out);
void hands_free(struct hands *hands); /* NULL is allowed */
void hands_take(struct hands *hands, const struct record *record);

struct credentials *hands_credentials(struct hands *hands);
struct identities *hands_identities(struct hands *hands);
const struct given *hands_given(struct hands *hands, struct str key_id); /* NULL: not known */

/* All that one hand created; the visitor must not change anything. */
void hands_each_created(struct hands *hands, void (*visit)(void *context, void *created),
			void *context);

/* In one order; the arrays hold until the next call. */
struct touch **hands_touches(struct hands *hands, size_t *count); /* by hand, then place, kind */
struct place **hands_places(struct hands *hands, size_t *count);  /* by name */

#endif
