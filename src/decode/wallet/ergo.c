/*
 * Ergo: base58 over prefix | content | checksum (4), the checksum being the front of BLAKE2b-256.
 * The prefix is network (0x00 mainnet, 0x10 testnet) plus type: 1 a public key (33 bytes),
 * 2 a script's hash (24 bytes), 3 a script.
 *
 * source: docs.ergoplatform.com "Address encoding"; ErgoAddressEncoder in sigmastate-interpreter
 */
#include <sodium.h>
#include <string.h>

#include "decode/wallet/base58.h"
#include "decode/wallet/kinds.h"

enum {
	CHECKSUM_BYTES = 4,
	KEY_BYTES = 33,
	SCRIPT_HASH_BYTES = 24,
	ADDRESS_BYTES_MAX = 100, /* longer scripts are not what one mines to */
	DIGITS_MIN = 38,
	DIGITS_MAX = 136
};

static const char *form_of(uint8_t type, size_t content)
{
	if (type == 1)
		return content == KEY_BYTES ? "p2pk" : NULL;
	if (type == 2)
		return content == SCRIPT_HASH_BYTES ? "p2sh" : NULL;
	return type == 3 && content > 0 ? "p2s" : NULL;
}

enum wallet_match ergo_match(struct str token, struct wallet *out)
{
	uint8_t bytes[ADDRESS_BYTES_MAX], hash[32];
	ptrdiff_t len;

	if (token.len < DIGITS_MIN || token.len > DIGITS_MAX)
		return WALLET_NO_MATCH;
	len = base58_decode(token, bytes, sizeof(bytes));
	if (len < 1 + SCRIPT_HASH_BYTES + CHECKSUM_BYTES || (bytes[0] & 0xe0) != 0)
		return WALLET_NO_MATCH;
	out->form = form_of(bytes[0] & 0x0f, (size_t)len - 1 - CHECKSUM_BYTES);
	if (!out->form)
		return WALLET_NO_MATCH;
	out->kind = WALLET_ERGO;
	out->coin = "ergo";
	out->network = bytes[0] & 0x10 ? "testnet" : "mainnet";
	out->address = token;
	out->has_checksum = true;
	if (crypto_generichash_blake2b(hash, sizeof(hash), bytes, (size_t)len - CHECKSUM_BYTES,
				       NULL, 0) != 0)
		return WALLET_NO_MATCH;
	out->checksum_ok = memcmp(hash, bytes + len - CHECKSUM_BYTES, CHECKSUM_BYTES) == 0;
	if (out->checksum_ok)
		return WALLET_MATCH;
	/* A script may begin with any bytes: only the two of fixed length are worth a word. */
	return (bytes[0] & 0x0f) != 3 ? WALLET_LOOKS_LIKE : WALLET_NO_MATCH;
}
