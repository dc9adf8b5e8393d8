/*
 * The door of this folder's kinds: each looks at the front of a text and answers whether an address
 * of its kind stands there. Internal to decode/wallet.
 */
#ifndef DAVY_DECODE_WALLET_KINDS_H
#define DAVY_DECODE_WALLET_KINDS_H

#include "decode/wallet/wallet.h"

enum wallet_match {
	WALLET_NO_MATCH,
	WALLET_LOOKS_LIKE, /* form, length and prefix are right, the checksum is not */
	WALLET_MATCH
};

/* These are given one run of letters and digits. */
enum wallet_match cryptonote_match(struct str token, struct wallet *out);
enum wallet_match base58check_match(struct str token, struct wallet *out);
enum wallet_match decred_match(struct str token, struct wallet *out);
enum wallet_match ergo_match(struct str token, struct wallet *out);
enum wallet_match bech32_match(struct str token, struct wallet *out);
enum wallet_match ethereum_match(struct str token, struct wallet *out);
/* These are given all that is left of the login, for their addresses have ':' (and '.') inside. */
enum wallet_match cashaddr_match(struct str text, struct wallet *out);
enum wallet_match conflux_match(struct str text, struct wallet *out);

/* Zcash's part of bech32_match: shielded addresses, whose content is more than a program. */
struct bech32;
enum wallet_match zcash_match(const struct bech32 *code, struct wallet *out);

struct str wallet_token(struct str text); /* the letters and digits in front */

#endif
