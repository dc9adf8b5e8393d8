/*
 * Conflux: network ':' [ field ':' ]... payload, with Bitcoin Cash's 40-bit checksum in an alphabet
 * of its own. "cfx:aajg4w...", "CFX:TYPE.USER:AAJG4W...", "net17:...". Fields are not part of the
 * checksum. The payload is a zero version byte and 20 bytes.
 *
 * The older form, 0x and 40 hex digits, is Ethereum's: ethereum.c says when it can be both.
 *
 * source: Conflux-Chain/CIPs cip-37.md (Final; the stored first draft has another alphabet)
 */
#include <string.h>

#include "decode/wallet/base32.h"
#include "decode/wallet/kinds.h"

enum { PAYLOAD_DIGITS = 42, CHECKSUM_VALUES = 8, ADDRESS_BYTES = 21, FIELDS_MAX = 3 };

static const char *network_of(struct str prefix)
{
	uint64_t number;

	if (str_equal_nocase(prefix, STR("cfx")))
		return "mainnet";
	if (str_equal_nocase(prefix, STR("cfxtest")))
		return "testnet";
	if (!str_starts_nocase(prefix, STR("net")) || !str_to_u64(str_skip(prefix, 3), &number) ||
	    number > UINT32_MAX || number == 1 || number == 1029)
		return NULL;
	return "private";
}

static size_t field_len(struct str text)
{
	size_t len = 0;

	while (len < text.len && text.at[len] != ':' && text.at[len] != '/' && text.at[len] != ' ')
		len++;
	return len;
}

enum wallet_match conflux_match(struct str text, struct wallet *out)
{
	static const char alphabet[] = "abcdefghjkmnprstuvwxyz0123456789";
	uint8_t values[PAYLOAD_DIGITS], bytes[ADDRESS_BYTES];
	const struct str prefix = wallet_token(text);
	struct str rest, payload;

	if (prefix.len == text.len || text.at[prefix.len] != ':')
		return WALLET_NO_MATCH;
	out->network = network_of(prefix);
	if (!out->network)
		return WALLET_NO_MATCH;
	rest = str_skip(text, prefix.len + 1);
	for (unsigned i = 0; i < FIELDS_MAX && field_len(rest) < rest.len; i++) {
		const size_t len = field_len(rest);
		/* "type.user:": only what ends in ':' and is no payload is a field */
		if (rest.at[len] != ':' || wallet_token(rest).len >= PAYLOAD_DIGITS)
			break;
		rest = str_skip(rest, len + 1);
	}
	payload = wallet_token(rest);
	if (payload.len != PAYLOAD_DIGITS ||
	    base32_values(payload, alphabet, values, sizeof(values)) != PAYLOAD_DIGITS ||
	    base32_to_bytes(values, PAYLOAD_DIGITS - CHECKSUM_VALUES, bytes, sizeof(bytes)) !=
		    ADDRESS_BYTES ||
	    bytes[0] != 0)
		return WALLET_NO_MATCH;
	out->kind = WALLET_CONFLUX;
	out->coin = "conflux";
	out->form = bytes[1] >> 4 == 1 ? "user" : bytes[1] >> 4 == 8 ? "contract" : "builtin";
	out->address = str_sub(text, 0, (size_t)(payload.at - text.at) + payload.len);
	out->has_checksum = true;
	out->checksum_ok = base32_checksum_40(prefix, values, PAYLOAD_DIGITS);
	return out->checksum_ok ? WALLET_MATCH : WALLET_LOOKS_LIKE;
}
