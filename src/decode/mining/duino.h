/*
 * Duino-Coin: comma-separated text, with or without line ends.
 * Source: the project's public miners and pool (revoxhere/duino-coin, Bilaboz/duino-coin-pools).
 *
 *   pool   3.0                                  its version, on connecting
 *   miner  JOB,user,MEDIUM[,mining key]
 *   pool   <40 hex>,<40 hex>,<difficulty>       last hash, expected SHA-1, difficulty
 *   miner  <nonce>,<hash rate>[,miner,rig ...]
 *   pool   GOOD | BAD[,why] | BLOCK
 */
#ifndef DAVY_DECODE_MINING_DUINO_H
#define DAVY_DECODE_MINING_DUINO_H

#include "decode/mining/dialogue.h"

/* Do the first bytes of a stream begin a miner's request or a pool's job? */
bool duino_starts(struct str first);

/* One message without its line end. Only JOB and the pool's job are read outside a session. */
bool duino_read(struct dialogue *dialogue, int side, struct str line, struct mining_message *out);

#endif
