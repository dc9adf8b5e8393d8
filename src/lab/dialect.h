/*
 * A pool and a miner of our own that speak each mining dialect truly, job by job, and hash nothing:
 * nonces and results are random. Both are state machines without I/O: bytes are fed in, messages
 * taken out, and each says when it wants to be woken. So the same code runs over real sockets in
 * `davy drill`, in virtual time for the tests' captures, and as seeds for the fuzzers.
 *
 * Written from the specifications, not from our decoder: an error in one is to be seen by the
 * other.
 */
#ifndef DAVY_LAB_DIALECT_H
#define DAVY_LAB_DIALECT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/instant.h"
#include "base/str.h"
#include "lab/address.h"
#include "lab/spelling.h"

enum lab_side { LAB_MINER, LAB_POOL };

/* What the dialect's own specification puts below it; more carriers may go around it. */
enum lab_native_carrier { LAB_NATIVE_TCP, LAB_NATIVE_HTTP, LAB_NATIVE_WEBSOCKET };

/* A dialect as one kind of miner or pool speaks it. */
struct lab_variant {
	const char *name;
	enum lab_coin coin;
	const char *agents[4]; /* as those miners send them; NULL-terminated */
};

struct lab_role;

struct lab_dialect {
	const char *name; /* as in `facts.dialect` */
	const struct lab_variant *variants;
	unsigned variant_count;
	uint16_t port; /* where its pools usually listen */
	enum lab_native_carrier native;
	bool is_binary; /* no text at all; else JSON, or lines of text */
	bool is_json;
	bool can_poll;	       /* makes sense without the pool ever pushing: may run over HTTP */
	duration job_interval; /* how often its pools send a new job */
	const struct lab_role *roles[2]; /* by enum lab_side; private to src/lab */
	const void *flavour;
};

extern const struct lab_dialect *const lab_dialects[];
extern const size_t lab_dialect_count;

const struct lab_dialect *lab_dialect_find(struct str name); /* NULL: no such dialect */
/* The index of a variant by its name, for lab_settings; false: no such variant. */
must_check bool lab_variant_find(const struct lab_dialect *dialect, struct str name, unsigned *out);

struct lab_settings {
	uint64_t seed;
	const struct lab_dialect *dialect;
	unsigned variant;	 /* index into the dialect's variants */
	uint32_t shares;	 /* the miner is done when so many were answered */
	duration share_interval; /* the mean; 0 means 5 s */
	duration job_interval;	 /* 0: the dialect's own */
	uint32_t reject_every;	 /* every n-th share is refused; 0: none */
	bool refuses_login;
	bool never_answers;    /* the pool accepts the connection and is silent */
	bool is_request_reply; /* the carrier cannot push: see lab_carrier_is_request_reply */
	struct lab_spelling spelling;
	struct str wallet, worker, agent; /* empty: made up from the seed */
	struct str pool_host;		  /* for dialects that name the pool; empty: made up */
	uint16_t pool_port;		  /* 0: the dialect's */
};

enum lab_state {
	LAB_STATE_STARTING,
	LAB_STATE_WORKING, /* logged in */
	LAB_STATE_DONE,	   /* the asked number of shares is answered */
	LAB_STATE_REFUSED, /* the login was refused */
	LAB_STATE_GAVE_UP, /* no answer in time */
};

struct lab_outcome {
	enum lab_state state;
	uint32_t shares, accepted, rejected, jobs;
};

struct lab_actor;

/*
 * settings: copied, the texts too. Give both sides the same settings.
 * returns:  0, -ENOMEM, or -EINVAL for a dialect or variant that is not there.
 */
must_check int lab_actor_new(const struct lab_settings *settings, enum lab_side side,
			     struct lab_actor **out);
void lab_actor_free(struct lab_actor *actor); /* NULL is allowed */

void lab_actor_connected(struct lab_actor *actor, instant now);
/* Bytes from the other side, cut anywhere (Duino-Coin's miner: in whole messages only). */
void lab_actor_feed(struct lab_actor *actor, struct str bytes, instant now);
/* When lab_actor_wake is to be called; INT64_MAX ns: not before something is fed. */
instant lab_actor_due(const struct lab_actor *actor);
void lab_actor_wake(struct lab_actor *actor, instant now);
/* Appends the next whole message to send; false when there is none. */
bool lab_actor_take(struct lab_actor *actor, struct buf *message);

struct lab_outcome lab_actor_outcome(const struct lab_actor *actor);
bool lab_actor_is_finished(const struct lab_actor *actor); /* the miner wants to hang up */
bool lab_actor_has_failed(const struct lab_actor *actor);  /* out of memory, or a mistake here */
/*
 * What the miner shows as itself, for comparing with what a detector read; not every dialect says
 * each of them.
 */
struct str lab_actor_wallet(const struct lab_actor *actor);
struct str lab_actor_worker(const struct lab_actor *actor);
struct str lab_actor_agent(const struct lab_actor *actor);
struct str lab_actor_host(const struct lab_actor *actor); /* the pool's name */

#endif
