/*
 * Wallet addresses that no checksum can tell from real ones, with nobody's key behind them:
 * the drill's miner logs in with one, so that a detector has to recognise the address itself.
 */
#ifndef DAVY_LAB_ADDRESS_H
#define DAVY_LAB_ADDRESS_H

#include <stdint.h>

#include "base/buf.h"
#include "lab/random.h"

enum lab_coin {
	LAB_COIN_NONE, /* an account name: pools with registration, Duino-Coin */
	LAB_COIN_BITCOIN,
	LAB_COIN_LITECOIN,
	LAB_COIN_MONERO,
	LAB_COIN_ETHEREUM,
	LAB_COIN_ZCASH,
	LAB_COIN_KASPA,
	LAB_COIN_ERGO,
	LAB_COIN_RAVENCOIN,
	LAB_COIN_CONFLUX,
	LAB_COIN_GRIN,
	LAB_COINS
};

const char *lab_coin_name(enum lab_coin coin); /* "bitcoin", "monero" ...; "" for none */

/* A random address of the coin, in any of the forms its miners use. */
void lab_address(enum lab_coin coin, struct lab_random *random, struct buf *out);

/* The encoders, each after the text that defines it; for tests and for lab_address. */

/* Base58 with the first 4 bytes of the double SHA-256 behind (Bitcoin wiki, Base58Check). */
void lab_base58check(struct str payload, struct buf *out);
/* EIP-55: the case of each letter is a bit of the Keccak-256 of the lower-case digits. */
void lab_eip55(const uint8_t account[20], struct buf *out);
/* BIP 173 (version 0) and BIP 350 (1 and up). */
void lab_segwit(const char *prefix, uint8_t version, struct str program, struct buf *out);
/* Monero's Base58 in blocks of 8 bytes, with the first 4 bytes of the Keccak-256 behind. */
void lab_monero_address(const uint8_t network, const uint8_t spend[32], const uint8_t view[32],
			struct buf *out);

#endif
