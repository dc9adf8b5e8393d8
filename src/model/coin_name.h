/*
 * A coin as people write it. Facts name coins in lower case, with or between those an address may
 * belong to: "bitcoin, bitcoin-cash or litecoin".
 */
#ifndef DAVY_MODEL_COIN_NAME_H
#define DAVY_MODEL_COIN_NAME_H

#include "base/buf.h"

/*
 * "Bitcoin, Bitcoin Cash or Litecoin", "Zcash (or a fork of it)", "Unknown coin" for an address
 * whose prefix no coin of ours has. Safe for foreign text: it passes buf_add_printable.
 */
void buf_add_coin_name(struct buf *out, struct str coin);

/*
 * How a title begins: "Monero mining", "Mining of an unknown coin", "Mining".
 *
 * activity: "mining" or "miner"
 */
void buf_add_coin_activity(struct buf *out, struct str coin, const char *activity);

#endif
