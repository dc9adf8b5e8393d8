/*
 * Ethereum and all that share its addresses: 0x and 40 hex digits. EIP-55 hides a checksum in the
 * case of the letters: a letter is upper case when the same digit of Keccak-256 over the lower-case
 * text is 8 or more. In one case only, there is no checksum to be right or wrong.
 *
 * A letter gives one bit, so of single wrong characters about one in 4000 goes unseen. EIP-1191
 * (RSK) mixes the chain's number in: such an address is reported as having a wrong checksum here.
 * Conflux's first form is the same text; there, accounts begin with 0x1.
 *
 * source: EIP-55; CIP-37 "conflux-hex-address"
 */
#include <string.h>

#include "decode/wallet/keccak.h"
#include "decode/wallet/kinds.h"

enum { DIGITS = 40 };

static bool has_both_cases(struct str digits)
{
	bool upper = false, small = false;

	for (size_t i = 0; i < digits.len; i++) {
		upper |= digits.at[i] >= 'A' && digits.at[i] <= 'F';
		small |= digits.at[i] >= 'a' && digits.at[i] <= 'f';
	}
	return upper && small;
}

static bool case_is_right(struct str digits)
{
	uint8_t hash[KECCAK_256_BYTES];
	char lower[DIGITS];

	for (size_t i = 0; i < DIGITS; i++)
		lower[i] = (char)(digits.at[i] | 0x20); /* leaves '0'..'9' as they are */
	keccak_256(lower, DIGITS, hash);
	for (size_t i = 0; i < DIGITS; i++) {
		const bool wants_upper = hash[i / 2] >> (i % 2 ? 0 : 4) & 8;
		if (lower[i] >= 'a' && wants_upper != (digits.at[i] != lower[i]))
			return false;
	}
	return true;
}

enum wallet_match ethereum_match(struct str token, struct wallet *out)
{
	const bool has_mark = str_starts_nocase(token, STR("0x"));
	const struct str digits = has_mark ? str_skip(token, 2) : token;

	if (digits.len != DIGITS || !str_is_hex(digits))
		return WALLET_NO_MATCH;
	out->has_checksum = has_both_cases(digits);
	out->checksum_ok = out->has_checksum && case_is_right(digits);
	if (!has_mark && !out->checksum_ok)
		return WALLET_NO_MATCH; /* 40 hex digits alone may be anything */
	out->kind = WALLET_ETHEREUM;
	out->coin = digits.at[0] == '1' ? "ethereum or conflux" : "ethereum";
	out->address = token;
	return out->checksum_ok || !out->has_checksum ? WALLET_MATCH : WALLET_LOOKS_LIKE;
}
