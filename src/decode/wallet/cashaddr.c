/*
 * Bitcoin Cash's address code and the coins that took it over: prefix ':' payload, the payload in
 * 5-bit characters, its last eight a 40-bit checksum over prefix and payload. Because the checksum
 * covers the prefix, a payload sent without its prefix can still be told.
 *
 * - Bitcoin Cash, eCash: version byte = type (4 bits) and size (3 bits), then a hash of that size.
 * - Kaspa and its forks: version 0 a Schnorr key (32 bytes), 1 an ECDSA key (33), 8 a script's hash
 *   (32); the size is not in the version.
 *
 * source: bitcoincashorg spec/cashaddr.md; kaspanet/kaspad util/address.go and util/bech32; the
 *         kaspa-stratum-bridge puts "kaspa:" before logins that lack it
 */
#include <string.h>

#include "decode/wallet/base32.h"
#include "decode/wallet/kinds.h"

enum { CHECKSUM_VALUES = 8, VALUES_MAX = 120, PREFIX_MAX = 20, CASH_DIGITS = 42 };

struct cash_prefix {
	struct str prefix;
	enum wallet_kind kind;
	const char *coin, *network;
};

static const struct cash_prefix cash_prefixes[] = {
	{{"bitcoincash", 11}, WALLET_CASHADDR, "bitcoin-cash", "mainnet"},
	{{"bchtest", 7}, WALLET_CASHADDR, "bitcoin-cash", "testnet"},
	{{"bchreg", 6}, WALLET_CASHADDR, "bitcoin-cash", "regtest"},
	{{"ecash", 5}, WALLET_CASHADDR, "ecash", "mainnet"},
	{{"ectest", 6}, WALLET_CASHADDR, "ecash", "testnet"},
	{{"kaspa", 5}, WALLET_KASPA, "kaspa", "mainnet"},
	{{"kaspatest", 9}, WALLET_KASPA, "kaspa", "testnet"},
	{{"kaspadev", 8}, WALLET_KASPA, "kaspa", "regtest"},
	{{"karlsen", 7}, WALLET_KASPA, "karlsen", "mainnet"},
	{{"pyrin", 5}, WALLET_KASPA, "pyrin", "mainnet"},
	{{"spectre", 7}, WALLET_KASPA, "spectre", "mainnet"},
};

static const char *cash_form(const uint8_t *bytes, ptrdiff_t len)
{
	static const uint8_t size_of[8] = {20, 24, 28, 32, 40, 48, 56, 64};
	static const char *const forms[4] = {"p2pkh", "p2sh", "token p2pkh", "token p2sh"};

	if (len < 1 || bytes[0] & 0x80 || bytes[0] >> 3 > 3 || len != 1 + size_of[bytes[0] & 7])
		return NULL;
	return forms[bytes[0] >> 3];
}

static const char *kaspa_form(const uint8_t *bytes, ptrdiff_t len)
{
	if (len == 33)
		return bytes[0] == 0 ? "schnorr key" : bytes[0] == 8 ? "p2sh" : NULL;
	return len == 34 && bytes[0] == 1 ? "ecdsa key" : NULL;
}

/* One payload under one prefix; coin and network are left to the caller. */
static enum wallet_match payload_match(enum wallet_kind kind, struct str prefix, struct str payload,
				       struct wallet *out)
{
	uint8_t values[VALUES_MAX], bytes[VALUES_MAX];
	const size_t count = base32_values(payload, bech32_alphabet, values, sizeof(values));
	ptrdiff_t len;

	if (count < CHECKSUM_VALUES + 1)
		return WALLET_NO_MATCH;
	len = base32_to_bytes(values, count - CHECKSUM_VALUES, bytes, sizeof(bytes));
	out->form = kind == WALLET_KASPA ? kaspa_form(bytes, len) : cash_form(bytes, len);
	if (len < 0 || !out->form)
		return WALLET_NO_MATCH;
	out->kind = kind;
	out->has_checksum = true;
	out->checksum_ok = base32_checksum_40(prefix, values, count);
	return out->checksum_ok ? WALLET_MATCH : WALLET_LOOKS_LIKE;
}

static enum wallet_match known_match(const struct cash_prefix *known, struct str payload,
				     struct wallet *out)
{
	out->coin = known->coin;
	out->network = known->network;
	return payload_match(known->kind, known->prefix, payload, out);
}

/* A payload alone: the prefix under which its checksum is right, if there is one. */
static enum wallet_match bare_match(struct str token, struct wallet *out)
{
	if (token.len != CASH_DIGITS && token.len != 61 && token.len != 63)
		return WALLET_NO_MATCH;
	for (size_t i = 0; i < sizeof(cash_prefixes) / sizeof(*cash_prefixes); i++) {
		struct wallet found = {.address = token};
		if (known_match(&cash_prefixes[i], token, &found) == WALLET_MATCH) {
			*out = found;
			return WALLET_MATCH;
		}
	}
	return WALLET_NO_MATCH;
}

enum wallet_match cashaddr_match(struct str text, struct wallet *out)
{
	const struct str prefix = wallet_token(text);
	struct str payload;

	if (prefix.len == text.len || text.at[prefix.len] != ':' || prefix.len > PREFIX_MAX)
		return bare_match(prefix, out);
	payload = wallet_token(str_skip(text, prefix.len + 1));
	out->address = str_sub(text, 0, prefix.len + 1 + payload.len);
	for (size_t i = 0; i < sizeof(cash_prefixes) / sizeof(*cash_prefixes); i++)
		if (str_equal_nocase(prefix, cash_prefixes[i].prefix))
			return known_match(&cash_prefixes[i], payload, out);
	/* A fork of Kaspa we do not know: its checksum under its own prefix says it is one. */
	out->coin = "kaspa-like coin";
	return payload_match(WALLET_KASPA, prefix, payload, out) == WALLET_MATCH ? WALLET_MATCH
										 : WALLET_NO_MATCH;
}
