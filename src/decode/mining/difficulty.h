/*
 * What one share is worth: the hashes a miner must try, on average, to find it. Pools write this as
 * a difficulty or a target, and every dialect has its own unit; here all become expected hashes.
 *
 * A share is found when the hash, read as a number below 2^256, is at most the target; so one share
 * stands for 2^256 / (target + 1) hashes. Equihash counts solutions in place of hashes.
 */
#ifndef DAVY_DECODE_MINING_DIFFICULTY_H
#define DAVY_DECODE_MINING_DIFFICULTY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/str.h"

/* How a pool writes a target. */
enum target_form {
	/*
	 * CryptoNote job.target: 8 or 16 hex digits, a little-endian number of 4 or 8 bytes that
	 * the front of the hash must stay below; hashes = 2^32 / target or 2^64 / target.
	 * source: xmrig src/base/net/stratum/Job.cpp, setTarget and toDiff
	 */
	TARGET_CRYPTONOTE,
	/*
	 * 256 bits in big-endian hex, up to 64 digits, "0x" allowed: Zcash mining.set_target
	 * (ZIP 301), Ravencoin mining.set_target, the third text of an Ethereum eth_getWork
	 * (JSON-RPC: "the boundary condition, 2^256 / difficulty"), Conflux mining.notify.
	 */
	TARGET_256_HEX,
	/*
	 * 256 bits as a decimal number: b in Ergo's mining.notify. A mining.set_difficulty of the
	 * same session multiplies it (divides the hashes) where the pool sends one other than 1.
	 * source: mhssamadani/ErgoStratumServer; ergoplatform docs, "multiplyDifficulty"
	 */
	TARGET_256_DECIMAL,
	/*
	 * nBits of a block header, 8 hex digits as in Bitcoin's mining.notify: the network's
	 * difficulty, not the share's. source: Bitcoin developer reference, "Target nBits"
	 */
	TARGET_NBITS
};

/*
 * Expected hashes (solutions for Equihash) of one share at a target.
 *
 * returns: false when the text is not of the form or the target is zero; *hashes is at least 1
 */
must_check bool hashes_from_target(enum target_form form, struct str target, double *hashes);

/* Whose difficulty it is. */
enum difficulty_unit {
	DIFFICULTY_HASHES,  /* Ethereum, CryptoNote, Conflux: difficulty d is d hashes */
	DIFFICULTY_BITCOIN, /* SHA-256 pools: target 0xffff << 208 at 1, so 2^48 / 65535 hashes */
	/*
	 * Scrypt, and X11 and others on pools of that kind: the target at 1 is 2^16 times easier,
	 * 2^32 / 65535 hashes. Ambiguous: some scrypt pools send Bitcoin's scale, and then this
	 * is 65536 times too low; only a share's own hash could decide.
	 * source: cpuminer util.c diff_to_target and its callers ("sctx->job.diff / 65536.0")
	 */
	DIFFICULTY_SCRYPT,
	DIFFICULTY_NICEHASH, /* EthereumStratum/1.0.0: at 1 the target is 2^224: 2^32 hashes.
				source: NiceHash EthereumStratum_NiceHash_v1.0.0.txt */
	DIFFICULTY_KASPA     /* kaspa-stratum-bridge: maxTarget 2^224 - 1, so 2^32 hashes */
};

/* Expected hashes of one share at a difficulty; 0 when it is not a positive number. */
double hashes_from_difficulty(enum difficulty_unit unit, double difficulty);

/* The other way, to show a target in the pool's own unit; 0 as above. */
double difficulty_from_hashes(enum difficulty_unit unit, double hashes);

/*
 * The difficulty of a share in a unit, from its target: hashes_from_target, then
 * difficulty_from_hashes.
 */
must_check bool difficulty_from_target(enum target_form form, enum difficulty_unit unit,
				       struct str target, double *difficulty);

#endif
