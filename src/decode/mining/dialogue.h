/*
 * The messages of one connection, read one by one into what they say about mining.
 *
 * Requests and replies belong together by id, and most replies ("result":true) mean something only
 * beside their request; the dialogue remembers the last few requests of each side. It also keeps
 * which dialects the messages so far fit, so that a share is read in its own dialect's terms.
 *
 * Each dialect family lives in a file of its own and is a row in dialects[] (dialogue.c):
 * a reader gets a message and says whether it knows it.
 */
#ifndef DAVY_DECODE_MINING_DIALOGUE_H
#define DAVY_DECODE_MINING_DIALOGUE_H

#include "decode/mining/rpc.h"
#include "model/mining_message.h"

enum { DIALOGUE_REQUESTS = 24 };

struct dialogue_request {
	uint32_t id_hash;
	uint32_t dialects;
	uint8_t act; /* enum mining_act */
	uint8_t side;
};

struct dialogue {
	uint32_t dialects; /* those that all specific messages so far fit; 0: none read yet */
	uint32_t next;
	struct dialogue_request requests[DIALOGUE_REQUESTS];
	uint8_t last[2]; /* enum mining_act, by side: what it said last */
};

/*
 * What a parsed JSON value, sent by `side` (0 or 1), says about mining.
 *
 * scratch: texts whose escapes had to be undone; the views in `out` live as long as it and the
 * JSON. returns: false when it says nothing about mining.
 */
bool dialogue_read(struct dialogue *dialogue, int side, struct json_value value,
		   struct arena *scratch, struct mining_message *out);

/* The same for a reader that is not JSON: keeps the dialects up to date. */
void dialogue_note(struct dialogue *dialogue, const struct mining_message *message);

/* What a dialect's reader is given. `request` is what a reply answers, or NULL. */
struct dialect_input {
	const struct rpc *rpc;
	const struct dialogue_request *request;
	uint32_t dialects;     /* of the dialogue so far */
	enum mining_act heard; /* what the other side said last: for replies without an id */
};

struct dialect_reader {
	bool (*read)(const struct dialect_input *in, struct mining_message *out);
};

bool stratum_read(const struct dialect_input *in, struct mining_message *out);	  /* mining.* */
bool cryptonote_read(const struct dialect_input *in, struct mining_message *out); /* and grin */
bool eth_proxy_read(const struct dialect_input *in, struct mining_message *out);
bool node_work_read(const struct dialect_input *in,
		    struct mining_message *out); /* getwork, getblocktemplate */
bool browser_read(const struct dialect_input *in,
		  struct mining_message *out); /* coinhive and its kin */

/* A fingerprint of what makes a share unique, the same on every leg it travels. */
uint64_t share_print(struct str job, struct str nonce, struct str rest);

#endif
