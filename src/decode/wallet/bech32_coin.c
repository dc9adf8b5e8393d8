/*
 * Coins that write addresses in bech32 or bech32m: segwit programs, Grin, Zcash, and any other with
 * a right checksum.
 *
 * A segwit program is version (0..16) and 2..40 bytes; version 0 has 20 or 32 bytes and the first
 * bech32 checksum, every later version has bech32m. A Grin slatepack address is a bare ed25519 key.
 *
 * source: BIP 173, BIP 350, BIP 341 (taproot); SLIP-0173 (registered prefixes);
 *         grin-rfcs 0015-slatepack, grin_wallet_libwallet src/slatepack/address.rs
 */
#include <string.h>

#include "decode/wallet/base32.h"
#include "decode/wallet/kinds.h"

enum { SEGWIT_TEXT_MAX = 90, GRIN_KEY_BYTES = 32, OTHER_TEXT_MIN = 30, OTHER_BYTES_MIN = 20 };

struct segwit_prefix {
	struct str prefix;
	const char *coin, *network;
};

static const struct segwit_prefix segwit_prefixes[] = {
	{{"bc", 2}, "bitcoin", "mainnet"},	 {{"tb", 2}, "bitcoin", "testnet"},
	{{"bcrt", 4}, "bitcoin", "regtest"},	 {{"ltc", 3}, "litecoin", "mainnet"},
	{{"tltc", 4}, "litecoin", "testnet"},	 {{"dgb", 3}, "digibyte", "mainnet"},
	{{"vtc", 3}, "vertcoin", "mainnet"},	 {{"tvtc", 4}, "vertcoin", "testnet"},
	{{"grs", 3}, "groestlcoin", "mainnet"},	 {{"tgrs", 4}, "groestlcoin", "testnet"},
	{{"btg", 3}, "bitcoin-gold", "mainnet"}, {{"mona", 4}, "monacoin", "mainnet"},
	{{"sys", 3}, "syscoin", "mainnet"},	 {{"nc", 2}, "namecoin", "mainnet"},
	{{"via", 3}, "viacoin", "mainnet"},
};

static const char *segwit_form(uint8_t version, size_t bytes)
{
	if (version == 0)
		return bytes == 20 ? "p2wpkh" : bytes == 32 ? "p2wsh" : NULL;
	if (version == 1 && bytes == 32)
		return "p2tr";
	return "witness program";
}

static enum wallet_match verdict(struct wallet *out, bool checksum_ok)
{
	out->has_checksum = true;
	out->checksum_ok = checksum_ok;
	return checksum_ok ? WALLET_MATCH : WALLET_LOOKS_LIKE;
}

static enum wallet_match segwit_match(const struct bech32 *code, const struct segwit_prefix *known,
				      struct wallet *out)
{
	uint8_t program[40];
	ptrdiff_t len;

	if (code->count < 1 || code->values[0] > 16)
		return WALLET_NO_MATCH;
	len = base32_to_bytes(code->values + 1, code->count - 1, program, sizeof(program));
	out->form = len >= 2 ? segwit_form(code->values[0], (size_t)len) : NULL;
	if (!out->form)
		return WALLET_NO_MATCH;
	out->kind = WALLET_BECH32;
	out->coin = known->coin;
	out->network = known->network;
	return verdict(out, code->form == (code->values[0] == 0 ? BECH32_FIRST : BECH32_M));
}

static enum wallet_match grin_match(const struct bech32 *code, struct wallet *out)
{
	uint8_t key[GRIN_KEY_BYTES];

	if (base32_to_bytes(code->values, code->count, key, sizeof(key)) != GRIN_KEY_BYTES)
		return WALLET_NO_MATCH;
	out->kind = WALLET_GRIN;
	out->coin = "grin";
	out->network = code->prefix.len == 4 ? "mainnet" : "testnet";
	out->form = "slatepack";
	return verdict(out, code->form == BECH32_FIRST);
}

/* A prefix we do not know: 30 bits of checksum still make it an address of something. */
static enum wallet_match other_match(const struct bech32 *code, struct wallet *out)
{
	uint8_t bytes[BASE32_TEXT_MAX];

	if (code->form == BECH32_NONE || code->prefix.len > 16 ||
	    base32_to_bytes(code->values, code->count, bytes, sizeof(bytes)) < OTHER_BYTES_MIN)
		return WALLET_NO_MATCH;
	out->kind = WALLET_BECH32;
	out->coin = "bech32 coin";
	return verdict(out, true);
}

enum wallet_match bech32_match(struct str token, struct wallet *out)
{
	struct bech32 code;
	enum wallet_match match;

	if (token.len < 14 || !bech32_read(token, &code))
		return WALLET_NO_MATCH;
	out->address = token;
	if (str_equal_nocase(code.prefix, STR("grin")) ||
	    str_equal_nocase(code.prefix, STR("tgrin")))
		return grin_match(&code, out);
	match = zcash_match(&code, out);
	if (match != WALLET_NO_MATCH)
		return match;
	for (size_t i = 0; i < sizeof(segwit_prefixes) / sizeof(*segwit_prefixes); i++)
		if (str_equal_nocase(code.prefix, segwit_prefixes[i].prefix))
			return token.len > SEGWIT_TEXT_MAX
				       ? WALLET_NO_MATCH
				       : segwit_match(&code, &segwit_prefixes[i], out);
	return token.len < OTHER_TEXT_MIN ? WALLET_NO_MATCH : other_match(&code, out);
}
