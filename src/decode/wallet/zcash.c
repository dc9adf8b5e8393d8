/*
 * Zcash's shielded addresses (the transparent ones are base58check):
 *
 * - Sapling: bech32, prefix "zs", 43 bytes.
 * - TEX (ZIP 320): bech32m, prefix "tex", 20 bytes.
 * - Unified (ZIP 316): bech32m of any length, prefix "u". Inside, after undoing F4Jumble, a list of
 *   typecode | length | receiver, and at the end the prefix again, filled with zeros to 16 bytes,
 *   which is a checksum of its own.
 *
 * source: Zcash protocol specification 5.6.3.1; ZIP 316 "Encoding of Unified Addresses",
 * "Jumbling"; ZIP 320; prefixes as in zcash_protocol src/constants/mainnet.rs, testnet.rs
 */
#include <sodium.h>
#include <string.h>

#include "base/reader.h"
#include "decode/wallet/base32.h"
#include "decode/wallet/kinds.h"

enum {
	SAPLING_BYTES = 43,
	TEX_BYTES = 20,
	PADDING_BYTES = 16,
	JUMBLE_MIN = 38, /* ZIP 316 revision 1; revision 0 says 48, which its receivers exceed */
	HASH_BYTES = 64,
	UNIFIED_BYTES_MAX = BASE32_TEXT_MAX * 5 / 8
};

static bool prefix_is(const struct bech32 *code, struct str prefix)
{
	return str_equal_nocase(code->prefix, prefix);
}

/* out ^= BLAKE2b(in) under the personalization "UA_F4Jumble_" letter, round, part (2 bytes LE) */
static void xor_hash(char letter, uint8_t round, uint16_t part, const uint8_t *in, size_t in_len,
		     uint8_t *out, size_t digest_len, size_t out_len)
{
	uint8_t person[crypto_generichash_blake2b_PERSONALBYTES] = "UA_F4Jumble_";
	uint8_t digest[HASH_BYTES];

	person[12] = (uint8_t)letter;
	person[13] = round;
	person[14] = (uint8_t)part;
	person[15] = (uint8_t)(part >> 8);
	if (crypto_generichash_blake2b_salt_personal(digest, digest_len, in, in_len, NULL, 0, NULL,
						     person) != 0)
		return; /* cannot be: the lengths are in range */
	for (size_t i = 0; i < out_len; i++)
		out[i] ^= digest[i];
}

static void xor_g(uint8_t round, const uint8_t *left, size_t left_len, uint8_t *right, size_t len)
{
	for (uint16_t part = 0; (size_t)part * HASH_BYTES < len; part++) {
		const size_t at = (size_t)part * HASH_BYTES;
		xor_hash('G', round, part, left, left_len, right + at, HASH_BYTES,
			 len - at < HASH_BYTES ? len - at : HASH_BYTES);
	}
}

static void unjumble(uint8_t *bytes, size_t len)
{
	const size_t left_len = len / 2 < HASH_BYTES ? len / 2 : HASH_BYTES;
	uint8_t *left = bytes, *right = bytes + left_len;
	const size_t right_len = len - left_len;

	xor_hash('H', 1, 0, right, right_len, left, left_len, left_len);
	xor_g(1, left, left_len, right, right_len);
	xor_hash('H', 0, 0, right, right_len, left, left_len, left_len);
	xor_g(0, left, left_len, right, right_len);
}

static bool read_compact_size(struct reader *in, uint64_t *out)
{
	uint8_t first;
	uint16_t two;
	uint32_t four;

	if (!read_u8(in, &first))
		return false;
	*out = first;
	if (first < 0xfd)
		return true;
	if (first == 0xfd) {
		if (!read_le16(in, &two))
			return false;
		*out = two;
		return two >= 0xfd;
	}
	if (first != 0xfe || !read_le32(in, &four))
		return false;
	*out = four;
	return four >= 0x10000;
}

/* At least one receiver, typecodes rising, the known ones of their right length. */
static bool receivers_are_sound(struct str list)
{
	static const uint8_t length_of[4] = {20, 20, 43, 43}; /* P2PKH, P2SH, Sapling, Orchard */
	struct reader in = reader_of(list);
	uint64_t before = 0, type, len;
	size_t count = 0;

	for (; reader_left(&in) > 0; count++, before = type)
		if (!read_compact_size(&in, &type) || !read_compact_size(&in, &len) ||
		    len > reader_left(&in) || !read_skip(&in, (size_t)len) ||
		    (count > 0 && type <= before) || (type < 4 && len != length_of[type]))
			return false;
	return count > 0;
}

static bool unified_is_sound(const struct bech32 *code)
{
	uint8_t bytes[UNIFIED_BYTES_MAX], padding[PADDING_BYTES] = {0};
	const ptrdiff_t len = base32_to_bytes(code->values, code->count, bytes, sizeof(bytes));

	if (code->form != BECH32_M || len < JUMBLE_MIN)
		return false;
	for (size_t i = 0; i < code->prefix.len; i++)
		padding[i] = (uint8_t)(code->prefix.at[i] | 0x20);
	unjumble(bytes, (size_t)len);
	return memcmp(bytes + len - PADDING_BYTES, padding, PADDING_BYTES) == 0 &&
	       receivers_are_sound(str_of(bytes, (size_t)len - PADDING_BYTES));
}

static enum wallet_match verdict(struct wallet *out, enum wallet_kind kind, const char *network,
				 const char *form, bool checksum_ok)
{
	out->kind = kind;
	out->coin = "zcash";
	out->network = network;
	out->form = form;
	out->has_checksum = true;
	out->checksum_ok = checksum_ok;
	return checksum_ok ? WALLET_MATCH : WALLET_LOOKS_LIKE;
}

static bool has_bytes(const struct bech32 *code, ptrdiff_t len)
{
	uint8_t bytes[SAPLING_BYTES];

	return base32_to_bytes(code->values, code->count, bytes, sizeof(bytes)) == len;
}

enum wallet_match zcash_match(const struct bech32 *code, struct wallet *out)
{
	const bool is_test = prefix_is(code, STR("ztestsapling")) ||
			     prefix_is(code, STR("utest")) || prefix_is(code, STR("textest"));
	const char *network = is_test ? "testnet" : "mainnet";

	if (prefix_is(code, STR("zs")) || prefix_is(code, STR("ztestsapling")))
		return has_bytes(code, SAPLING_BYTES)
			       ? verdict(out, WALLET_SAPLING, network, "sapling",
					 code->form == BECH32_FIRST)
			       : WALLET_NO_MATCH;
	if (prefix_is(code, STR("tex")) || prefix_is(code, STR("textest")))
		return has_bytes(code, TEX_BYTES)
			       ? verdict(out, WALLET_BECH32, network, "tex", code->form == BECH32_M)
			       : WALLET_NO_MATCH;
	if (prefix_is(code, STR("u")) || prefix_is(code, STR("utest")))
		return code->count * 5 / 8 >= JUMBLE_MIN
			       ? verdict(out, WALLET_UNIFIED, network, "unified",
					 unified_is_sound(code))
			       : WALLET_NO_MATCH;
	return WALLET_NO_MATCH;
}
