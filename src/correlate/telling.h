/*
 * A group of legs told as an incident: who mines, for whom, through what, and what that does not
 * tell.
 */
#ifndef DAVY_CORRELATE_TELLING_H
#define DAVY_CORRELATE_TELLING_H

#include "base/attributes.h"
#include "base/buf.h"
#include "correlate/groups.h"
#include "correlate/leg.h"
#include "model/incident.h"

enum { TELLING_RELAYS_MAX = 32, TELLING_TEXT_MAX = 128 * 1024 };

struct telling {
	struct buf text; /* reserved once, so that views into it stay */
	uint64_t *seen;	 /* a set of hashes of hosts, to tell each once; 0: free */
	size_t seen_cap; /* a power of two, more than twice the legs there can be */
	struct groups *groups;
	const struct leg *const *legs;
	const uint32_t *members; /* of the group, oldest first */
	uint32_t member_count;
	struct incident *out;
	struct address relays[TELLING_RELAYS_MAX]; /* forward, proxy or translate */
	size_t relay_count;
};

must_check int telling_init(struct telling *telling, uint32_t capacity); /* 0 or -ENOMEM */
void telling_fini(struct telling *telling);

/*
 * Fill all of `out` but revision and state.
 *
 * The views last until the next call. Texts from the wire are made printable where they are built
 * into sentences; wallets and pools in the lists are as they were.
 */
void telling_tell(struct telling *telling, uint64_t id, struct incident *out);

/* For story.c: pieces of text. A view of what was written since `from` lasts as long as all of it.
 */
struct str telling_said(const struct telling *telling, size_t from);
void telling_add_name(struct telling *telling, struct str hostile); /* made printable */
void telling_add_host(struct telling *telling, const struct leg *leg);
void telling_add_pool(struct telling *telling, const struct leg *leg);
void telling_add_cannot_tell(struct telling *telling, size_t from);
const struct leg *telling_leg(const struct telling *telling, uint32_t member);
enum leg_role telling_role(const struct telling *telling, uint32_t member);
/* True the first time a host is asked about since telling_forget_hosts. */
bool telling_is_new_host(struct telling *telling, const struct leg *leg);
void telling_forget_hosts(struct telling *telling);

#endif
