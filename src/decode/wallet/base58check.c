/*
 * Bitcoin's first address form and its heirs: base58 over version | hash (20) | checksum (4), the
 * checksum being the front of SHA-256 twice. The version has one byte, in Zcash and its forks two.
 *
 * Coins share versions; then the answer names all we know to use it. Groestlcoin's form is left
 * out: it has Bitcoin's shape with a Groestl-512 checksum.
 *
 * source: en.bitcoin.it "Base58Check encoding"; versions from each coin's chainparams.cpp
 *         (base58Prefixes[PUBKEY_ADDRESS], [SCRIPT_ADDRESS]), SLIP-0044 names; Zcash protocol
 *         specification 5.6.1.1 (transparent addresses)
 */
#include <sodium.h>
#include <string.h>

#include "decode/wallet/base58.h"
#include "decode/wallet/kinds.h"

enum { HASH_BYTES = 20, CHECKSUM_BYTES = 4, DIGITS_MIN = 25, DIGITS_MAX = 36 };

struct version {
	uint16_t version;
	uint8_t bytes;
	const char *coin, *network, *form;
};

static const char p2pkh[] = "p2pkh", p2sh[] = "p2sh", mainnet[] = "mainnet", testnet[] = "testnet";

static const struct version versions[] = {
	{0x00, 1, "bitcoin or bitcoin-cash", mainnet, p2pkh},
	{0x05, 1, "bitcoin, bitcoin-cash, litecoin or vertcoin", mainnet, p2sh},
	{0x6f, 1, "bitcoin, bitcoin-cash or litecoin", testnet, p2pkh},
	{0xc4, 1, "bitcoin, bitcoin-cash or litecoin", testnet, p2sh},
	{0x30, 1, "litecoin", mainnet, p2pkh},
	{0x32, 1, "litecoin", mainnet, p2sh},
	{0x3a, 1, "litecoin", testnet, p2sh},
	{0x1e, 1, "dogecoin or digibyte", mainnet, p2pkh},
	{0x16, 1, "dogecoin", mainnet, p2sh},
	{0x3f, 1, "digibyte", mainnet, p2sh},
	{0x4c, 1, "dash", mainnet, p2pkh},
	{0x10, 1, "dash", mainnet, p2sh},
	{0x8c, 1, "dash", testnet, p2pkh},
	{0x13, 1, "dash", testnet, p2sh},
	{0x3c, 1, "ravencoin", mainnet, p2pkh},
	{0x7a, 1, "ravencoin", mainnet, p2sh},
	{0x47, 1, "vertcoin", mainnet, p2pkh},
	{0x52, 1, "firo", mainnet, p2pkh},
	{0x07, 1, "firo", mainnet, p2sh},
	{0x34, 1, "namecoin", mainnet, p2pkh},
	{0x0d, 1, "namecoin", mainnet, p2sh},
	{0x37, 1, "peercoin", mainnet, p2pkh},
	{0x75, 1, "peercoin", mainnet, p2sh},
	{0x41, 1, "tron", mainnet, "account"},
	{0x1cb8, 2, "zcash or a fork of it", mainnet, p2pkh},
	{0x1cbd, 2, "zcash or a fork of it", mainnet, p2sh},
	{0x1d25, 2, "zcash or a fork of it", testnet, p2pkh},
	{0x1cba, 2, "zcash or a fork of it", testnet, p2sh},
	{0x2089, 2, "horizen", mainnet, p2pkh},
	{0x2096, 2, "horizen", mainnet, p2sh},
	{0x2098, 2, "horizen", testnet, p2pkh},
};

static const struct version *version_find(uint16_t version, size_t bytes)
{
	for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++)
		if (versions[i].version == version && versions[i].bytes == bytes)
			return &versions[i];
	return NULL;
}

static bool checksum_is_right(const uint8_t *bytes, size_t len)
{
	uint8_t hash[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(hash, bytes, len - CHECKSUM_BYTES);
	crypto_hash_sha256(hash, hash, sizeof(hash));
	return memcmp(hash, bytes + len - CHECKSUM_BYTES, CHECKSUM_BYTES) == 0;
}

enum wallet_match base58check_match(struct str token, struct wallet *out)
{
	uint8_t bytes[2 + HASH_BYTES + CHECKSUM_BYTES];
	const struct version *known;
	size_t version_bytes;
	ptrdiff_t len;

	if (token.len < DIGITS_MIN || token.len > DIGITS_MAX)
		return WALLET_NO_MATCH;
	len = base58_decode(token, bytes, sizeof(bytes));
	if (len < 1 + HASH_BYTES + CHECKSUM_BYTES)
		return WALLET_NO_MATCH;
	version_bytes = (size_t)len - HASH_BYTES - CHECKSUM_BYTES;
	out->prefix = version_bytes == 2 ? (uint64_t)bytes[0] << 8 | bytes[1] : bytes[0];
	known = version_find((uint16_t)out->prefix, version_bytes);
	out->kind = WALLET_BASE58CHECK;
	out->address = token;
	out->has_checksum = true;
	out->coin = known ? known->coin : "base58check coin";
	out->network = known ? known->network : NULL;
	out->form = known ? known->form : NULL;
	out->checksum_ok = checksum_is_right(bytes, (size_t)len);
	if (out->checksum_ok)
		return WALLET_MATCH;
	return known ? WALLET_LOOKS_LIKE : WALLET_NO_MATCH;
}
