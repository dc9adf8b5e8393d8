/*
 * What the dialects share: the actor, its timers, and how it says and reads a message. Private to
 * src/lab; users include lab/dialect.h.
 *
 * Templates for lab_say are JSON with ' in place of ", so that they can be read; no value of ours
 * holds a '. Texts from lab_hex, lab_text and so on live in a ring of scratch space until 32 more
 * were made.
 */
#ifndef DAVY_LAB_ACTOR_H
#define DAVY_LAB_ACTOR_H

#include "base/json.h"
#include "lab/dialect.h"
#include "lab/random.h"

enum {
	LAB_NAME_MAX = 160,
	LAB_FIELD_MAX = 160,
	LAB_SCRATCH_MAX = 4096,
	LAB_SCRATCHES = 32,
	LAB_JSON_NODES = 1024,
};

struct lab_actor {
	struct lab_settings settings; /* its views point into the fields below */
	const struct lab_dialect *dialect;
	const struct lab_variant *variant;
	enum lab_side side;
	struct lab_random random;
	char wallet[LAB_NAME_MAX], worker[LAB_NAME_MAX], agent[LAB_NAME_MAX], host[LAB_NAME_MAX];

	instant now, share_due, job_due, poll_due, give_up_due;
	duration poll_interval; /* set by a dialect that polls or keeps alive */
	struct lab_outcome outcome;
	bool has_failed, has_job, waits_for_answer;

	uint64_t id, subscribe_id, login_id, share_id; /* of the requests the miner sent */
	uint64_t height, job_count;
	uint32_t step; /* the dialect's own */
	/* the dialect's own names: job, session, extranonce ... */
	char job[LAB_FIELD_MAX], session[LAB_FIELD_MAX], extranonce[LAB_FIELD_MAX];
	char header[2 * LAB_FIELD_MAX], seed[LAB_FIELD_MAX], target[LAB_FIELD_MAX];

	bool is_packed;			   /* everything said is gzip'd from here on (EIP-1571) */
	struct lab_random key_in, key_out; /* what stands in for the keys of a cipher */
	struct buf in;
	struct buf out; /* messages, each after its length as 8 bytes */
	size_t last_out;
	bool is_joining; /* the next message goes into the same write as the last */
	char scratch[LAB_SCRATCHES][LAB_SCRATCH_MAX];
	unsigned scratch_next;
};

/* One side of a dialect; what is NULL does not happen. */
struct lab_role {
	void (*start)(struct lab_actor *a);			      /* connected */
	void (*hear)(struct lab_actor *a, struct json_value message); /* one JSON message */
	size_t (*hear_bytes)(struct lab_actor *a, struct str bytes);  /* else: consumed, or 0 */
	void (*share)(struct lab_actor *a);			      /* miner: submit one */
	void (*poll)(struct lab_actor *a); /* miner: each poll_interval */
	void (*job)(struct lab_actor *a);  /* pool: push a new job */
};

/* Saying */
void lab_say(struct lab_actor *a, const char *json_template, ...) printf_like(2, 3);
void lab_say_bytes(struct lab_actor *a, struct str message);
void lab_join_next(struct lab_actor *a); /* the next message shares its write with the last one */

/* Texts for templates */
const char *lab_text(struct lab_actor *a, const char *format, ...) printf_like(2, 3);
const char *lab_hex(struct lab_actor *a, size_t bytes);			    /* random */
const char *lab_zeros_hex(struct lab_actor *a, size_t zeros, size_t bytes); /* zeros, then random */
const char *lab_uuid(struct lab_actor *a);
const char *lab_user(struct lab_actor *a);			      /* "wallet.worker" */
const char *lab_value_text(struct lab_actor *a, struct json_value v); /* escapes undone */
const char *lab_value_raw(struct lab_actor *a, struct json_value v);  /* as JSON, for echoing ids */
const char *lab_bool(bool value);
uint32_t lab_unix_time(const struct lab_actor *a);
void lab_keep(char field[], size_t cap, const char *text);
#define LAB_KEEP(field, text) lab_keep(field, sizeof(field), text)

bool lab_method_is(struct json_value message, const char *method);
struct json_value lab_member(struct json_value object, const char *key);
uint64_t lab_id(struct json_value message); /* UINT64_MAX: none */
bool lab_is_error(struct json_value message);

/* What happened, for the timers and the outcome */
void lab_logged_in(struct lab_actor *a);  /* miner: may submit as soon as it has a job */
void lab_got_job(struct lab_actor *a);	  /* miner */
void lab_refused(struct lab_actor *a);	  /* miner: login refused */
void lab_sent_share(struct lab_actor *a); /* miner: nothing more until it is answered */
void lab_answered(struct lab_actor *a, bool is_accepted); /* miner: the share was answered */
bool lab_admits(struct lab_actor *a);			  /* pool: is the login accepted? */
void lab_begin_jobs(struct lab_actor *a);		  /* pool: send one now and go on */
bool lab_judge(struct lab_actor *a);			  /* pool: a share came; is it accepted? */

extern const struct lab_dialect lab_bitcoin, lab_cryptonote, lab_eth_proxy, lab_ethereum_1,
	lab_ethereum_2, lab_zcash, lab_kaspa, lab_ergo, lab_kawpow, lab_conflux, lab_grin,
	lab_duino_coin, lab_stratum_v2, lab_getwork, lab_getblocktemplate, lab_coinhive;

#endif
