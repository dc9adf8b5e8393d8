/*
 * What the lists say of a session's pool: one more reason for a claim that stands without it.
 *
 * The pool is where a SOCKS or CONNECT request wanted to go, else the server: one of the names it
 * was called by as they passed, or its address. Nothing is asked.
 */
#ifndef DAVY_DETECT_MINING_SESSION_LISTED_H
#define DAVY_DETECT_MINING_SESSION_LISTED_H

#include "detect/mining_session/session.h"

/* miner: the side that mines, 0 or 1. False: on no list. */
bool session_listed(const struct session *session, int miner, const struct pool_list *pools,
		    struct pool_match *out);
/* The server's address is one that many services share. */
bool session_has_shared_address(const struct session *session, int miner,
				const struct pool_list *pools);

#endif
