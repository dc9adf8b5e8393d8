/*
 * A finding as the correlator keeps it: fixed size, its own copies, only what joins findings and
 * what the story needs. Of a mining flow this is one leg of the way from a miner to a pool.
 */
#ifndef DAVY_CORRELATE_LEG_H
#define DAVY_CORRELATE_LEG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "model/endpoint.h"
#include "model/finding.h"

enum {
	LEG_NAMES_MAX = 3,   /* of a pool */
	LEG_PRINTS_MAX = 24, /* shares remembered, so that the windows of two sensors overlap */
	LEG_TITLE_MAX = 160,
	LEG_PROCESS_MAX = 240,
	LEG_CONNECTIONS_MAX = 4, /* whose process it is, or its own */
	LEG_INCIDENT_KEYS = 4	 /* wallet, pool's address, pool's name, the finding itself */
};

struct short_text {
	uint8_t len;
	char at[79];
};

struct wallet_text { /* the longest Zcash addresses are cut; they still join by their whole text */
	uint8_t len;
	char at[247];
};

struct leg {
	char id[FINDING_ID_LEN]; /* the key in the table */
	uint32_t revision;
	uint8_t verdict, severity; /* enum verdict, enum severity */
	bool is_flow;		   /* client and server are set */
	bool has_shared_address;   /* the server is an address of a CDN: says nothing about whose */
	bool is_forwarded; /* SOCKS or CONNECT: the server forwards, the pool is behind it */
	bool is_proxy;	   /* the client names itself a mining proxy */
	bool serves;	   /* a process at the pool's end */
	double confidence, hashrate_per_s;
	uint64_t shares;
	instant first_seen, last_seen;
	struct endpoint client, server;
	uint64_t incident_keys[LEG_INCIDENT_KEYS]; /* stable hashes, strongest first; 0: none */
	uint64_t wallet_key;			   /* seeded hash of the whole text; 0: none */
	uint64_t name_keys[LEG_NAMES_MAX];
	/* seeded hashes of "client server": of a flow its own, of a process those it has */
	uint64_t connection_keys[LEG_CONNECTIONS_MAX];
	uint64_t prints[LEG_PRINTS_MAX]; /* the newest at print_next - 1 */
	uint8_t name_count, print_count, print_next, connection_count;
	uint8_t title_len;
	struct wallet_text wallet;
	struct short_text pool, worker, coin;
	struct short_text host; /* whom it is about when it is no flow */
	char title[LEG_TITLE_MAX];
	/* "xmrig (pid 7, /tmp/x, user 33, x.service, started by cron (pid 4))"; hostile */
	char process[LEG_PROCESS_MAX];
	uint8_t process_len;
};

/* Fill a leg whose key is set, for the first time or again: prints add up, the rest is replaced. */
void leg_update(struct leg *leg, const struct finding *finding, uint64_t seed);

struct str short_text_view(const struct short_text *text);
struct str leg_id(const struct leg *leg);
bool leg_prints_meet(const struct leg *a, const struct leg *b); /* a share seen on both */

#endif
