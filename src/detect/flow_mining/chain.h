/*
 * Connections of one host to one server that follow each other: a miner that is cut off connects
 * again within seconds, and one that wants to be overlooked does so by itself.
 */
#ifndef DAVY_DETECT_FLOW_MINING_CHAIN_H
#define DAVY_DETECT_FLOW_MINING_CHAIN_H

#include <stddef.h>
#include <stdint.h>

#include "detect/flow_sessions.h"

enum {
	CHAIN_ROWS_MAX = 2 * FLOW_ROWS_MAX,
	/* A pool finds a new miner's pace within minutes, and TLS begins with certificates. */
	SETTLING_S = 300,
	/* In the flags of a chain's rows: within that time of its connection's begin. */
	ROW_SETTLING = 1 << 15,
};

struct chain {
	const struct flow_session *first; /* `connections` of them, one behind the other */
	size_t connections;
	uint32_t first_s, last_s;
	bool is_sampled;
	enum flow_opener opener; /* outside, if any of them was opened there */
};

/* Rows of one direction, oldest first; the latest where there are more. */
struct chain_rows {
	size_t count;
	struct flow_row at[CHAIN_ROWS_MAX];
};

/* The chain that begins with sessions[0], of `count` as flow_sessions_collect gives them. */
struct chain chain_at(const struct flow_session *sessions, size_t count);
void chain_rows(const struct chain *chain, bool is_up, struct chain_rows *out);

#endif
