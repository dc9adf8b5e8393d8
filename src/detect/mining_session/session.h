/*
 * What one connection has said about mining so far. Fixed size, zeroed at start, no pointers: it
 * lives in the engine's table.
 */
#ifndef DAVY_DETECT_MINING_SESSION_SESSION_H
#define DAVY_DETECT_MINING_SESSION_SESSION_H

#include "decode/mining/hashrate.h"
#include "detect/detector.h"

enum {
	LOGIN_MAX = 160,
	TEXT_MAX = 96,
	SOURCE_MAX = 128,
	QUOTE_MAX = 240,
	PRINTS_MAX = 8,
	NAMES_MAX = 6,
	QUOTES_MAX = 5,
};

struct text {
	uint16_t len;
	char at[TEXT_MAX];
};

struct long_text {
	uint16_t len;
	char at[LOGIN_MAX];
};

struct quote {
	enum mining_act act;
	instant at;
	uint64_t offset;
	bool has_offset;
	uint16_t source_len, quote_len;
	char source[SOURCE_MAX], quote[QUOTE_MAX];
};

/* Of a login, a hello or a request for work: how far it got. */
enum outcome { OUTCOME_NONE, OUTCOME_SENT, OUTCOME_REFUSED, OUTCOME_ACCEPTED };

struct session {
	/* the flow, as last seen */
	struct endpoint ends[2];
	int8_t initiator;
	instant first_seen, last_seen;
	uint64_t bytes[2];
	uint16_t tunnels;
	uint8_t doubts; /* enum flow_doubt */
	bool has_tunnel_end;
	struct address tunnel_end;
	bool acknowledged[2];
	uint8_t carrier_count, carriers[CARRIERS_MAX];
	struct text target, forwarded_for, names[NAMES_MAX];
	uint8_t name_count;

	/* what each side said */
	uint32_t acts[2][ACT_COUNT];
	uint32_t specific[2];
	uint32_t miner_words[2], pool_words[2]; /* messages only a miner, only a pool says */
	uint32_t dialect_score[DIALECT_COUNT];
	enum outcome hello, login, ask;
	bool login_is_specific, duplicate_keys;

	struct long_text login_name;
	struct text worker, agent, algorithm, error;
	uint32_t jobs, keepalives;
	uint32_t shares, accepted, rejected;
	instant first_act;
	double difficulty; /* now in force, in the dialect's unit; 0: see job_target */
	struct text job_target;
	struct share_sum work; /* of accepted shares */
	double claimed_hashrate_per_s;
	uint64_t height;
	uint64_t prints[PRINTS_MAX]; /* of the last shares, newest at prints_next - 1 */
	uint32_t prints_next;

	/* hidden stream with a Stratum V2 shape */
	bool has_noise, noise_setup;
	int8_t noise_client;
	uint32_t noise_up, noise_down;

	struct quote quotes[QUOTES_MAX];
	uint8_t quote_count;
};

enum detector_news session_observe(struct session *session, const struct observation *seen);

/* The side that mines: who submits work; -1 while nobody has said anything that tells. */
int session_miner(const struct session *session);
/* Both sides speak as miners do, or as pools do: somebody quotes, or an echo. */
bool session_is_quoted(const struct session *session);
enum dialect session_dialect(const struct session *session);

/* Expected hashes that a share of `difficulty` or `target` stands for in this dialect; 0: unknown.
 */
double coin_share_work(enum dialect dialect, struct str algorithm, double difficulty,
		       struct str target);
/* "monero", "ethereum-like" ...; empty when the dialect says nothing about the coin. */
struct str coin_of_dialect(enum dialect dialect, struct str algorithm);
struct str coin_algorithm(struct str coin); /* empty: not known */

#endif
