/*
 * Finding a wallet in what a miner sends as its login: the address, the worker name and the
 * difficulty that are glued to it, whose coin it is, and whether the checksum it carries is right.
 *
 * A right checksum is why a login is believed: 30 to 40 bits that a chance text does not satisfy.
 * So an address that only looks like one is never called a wallet. Each kind has a file of its own
 * that names its algorithm and the specification.
 */
#ifndef DAVY_DECODE_WALLET_WALLET_H
#define DAVY_DECODE_WALLET_WALLET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/str.h"

enum wallet_kind {
	WALLET_NONE,
	WALLET_CRYPTONOTE,  /* Monero and its relatives */
	WALLET_BASE58CHECK, /* Bitcoin's first form, and the coins that took it over */
	WALLET_BECH32,	    /* segwit, and coins with bech32 of their own */
	WALLET_CASHADDR,    /* Bitcoin Cash, eCash */
	WALLET_KASPA,	    /* Kaspa and its relatives */
	WALLET_ETHEREUM,    /* EIP-55; the old form of Conflux looks the same */
	WALLET_CONFLUX,	    /* CIP-37 */
	WALLET_SAPLING,	    /* Zcash, shielded */
	WALLET_UNIFIED,	    /* Zcash, ZIP 316 */
	WALLET_DECRED,
	WALLET_ERGO,
	WALLET_GRIN, /* slatepack address */
	WALLET_KIND_COUNT
};

const char *wallet_kind_name(enum wallet_kind kind); /* "cryptonote" */

struct wallet {
	enum wallet_kind kind;
	const char *coin; /* "monero"; several as "dogecoin or digibyte"; "cryptonote coin" when the
			     prefix is not known */
	const char *network; /* "mainnet", "testnet", "stagenet", "regtest"; NULL: not known */
	const char *form;    /* "standard", "subaddress", "integrated", "p2pkh", ...; NULL */
	bool has_checksum;   /* false: this form carries none (an Ethereum address in one case) */
	bool checksum_ok;    /* it carries one, and it is right */
	uint64_t prefix;     /* CryptoNote prefix or base58check version */
	struct str address;  /* views into the login; "kaspa:" and the like included */
	struct str scheme;   /* "solo" in "solo:ADDRESS", "DOGE" in "DOGE:ADDRESS" */
	struct str worker;
	struct str payment_id; /* CryptoNote: 16 or 64 hex digits after the address */
	struct str difficulty; /* "120000" in "ADDRESS+120000" */
};

enum { WALLET_LOGIN_MAX = 512 };

/*
 * Find an address in a login: alone, or as "ADDRESS.worker", "ADDRESS/worker",
 * "ADDRESS+difficulty", "ADDRESS.paymentid.worker", "coin:ADDRESS.worker", "solo:ADDRESS",
 * "kaspa:address.worker".
 *
 * login:   as sent; longer than WALLET_LOGIN_MAX is no address
 * out:     always set, its views are into login
 * returns: true for a wallet: the checksum is right, or the form is one without a checksum
 *          (has_checksum says). false otherwise; then out->kind is WALLET_NONE when the login is
 * just a login, or the kind it looks like when only the checksum is wrong. fails:   never
 */
bool wallet_recognise(struct str login, struct wallet *out);

/*
 * One clause for people, to follow "login with": "a Monero address (subaddress), checksum right",
 * "what looks like a Monero address, but the checksum is wrong". Nothing for WALLET_NONE.
 */
void buf_add_wallet(struct buf *out, const struct wallet *wallet);

#endif
