/*
 * What one message of a mining session says, whatever dialect it is spelled in.
 *
 * A decoder fills this from the parsed meaning of a message; views point into the message.
 * `dialects` is the set of dialects the message fits: "mining.subscribe" alone fits eight of them,
 * a notify with nine parameters of the right kinds fits one.
 */
#ifndef DAVY_MODEL_MINING_MESSAGE_H
#define DAVY_MODEL_MINING_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum dialect {
	DIALECT_BITCOIN,
	DIALECT_CRYPTONOTE,
	DIALECT_ETH_PROXY,
	DIALECT_ETHEREUM_STRATUM_1,
	DIALECT_ETHEREUM_STRATUM_2,
	DIALECT_ZCASH,
	DIALECT_KASPA,
	DIALECT_ERGO,
	DIALECT_KAWPOW,
	DIALECT_CONFLUX,
	DIALECT_GRIN,
	DIALECT_DUINO,
	DIALECT_STRATUM_V2,
	DIALECT_GETWORK,
	DIALECT_GETBLOCKTEMPLATE,
	DIALECT_COINHIVE,
	DIALECT_COUNT
};

#define DIALECT_BIT(dialect) (1u << (dialect))
#define DIALECTS_ALL	     (DIALECT_BIT(DIALECT_COUNT) - 1)

const char *dialect_name(enum dialect dialect); /* "bitcoin-stratum-v1": as in JSON */

/* What is done. Comments give who does it; ACT_ANSWER is either side's. */
enum mining_act {
	ACT_NONE,
	ACT_HELLO,	/* miner: subscribe, configure, hello */
	ACT_LOGIN,	/* miner: authorize, login, auth */
	ACT_ASK_WORK,	/* miner: eth_getWork, getwork, getblocktemplate, getjobtemplate, JOB */
	ACT_SHARE,	/* miner: a share, or a solved block */
	ACT_HASHRATE,	/* miner */
	ACT_KEEPALIVE,	/* miner */
	ACT_JOB,	/* pool: work handed out; may also answer a login or a request */
	ACT_DIFFICULTY, /* pool: target or difficulty alone */
	ACT_ORDER,	/* pool: reconnect, set_extranonce, show_message ... */
	ACT_ANSWER,	/* an accepting or refusing reply, see `answers` and `refused` */
	ACT_COUNT
};

struct mining_message {
	enum mining_act act;
	enum mining_act answers; /* of a reply: the act it replies to; ACT_NONE: not known */
	uint32_t dialects;	 /* DIALECT_BIT mask; 0: fits any */
	bool from_pool;		 /* only a pool says this */
	bool is_specific;	 /* its fields, not one generic word, make it mining */
	bool refused;		 /* of a reply: an error or false */
	bool duplicate_keys;	 /* a key that decides was there twice */

	struct str login;     /* as sent: wallet, user, user.worker, site key */
	struct str worker;    /* when sent apart from the login */
	struct str agent;     /* miner software */
	struct str algorithm; /* "rx/0", when said */
	struct str pool_host; /* the pool's name as the miner calls it */
	struct str job_id;
	struct str seed_hash;
	struct str error;      /* why it was refused */
	uint64_t share_print;  /* of a share: hash over what makes it unique; 0: none */
	uint32_t count;	       /* of an answer to several shares at once; 0: one */
	uint64_t height;       /* of a job; 0: not said */
	struct str target;     /* of a job or difficulty message, as sent: hex */
	double difficulty;     /* as sent, in the dialect's own unit; 0: not said */
	double hashrate_per_s; /* as the miner claims; 0: not said */
};

#endif
