/*
 * Monero and the other CryptoNote coins: base58 in blocks over
 *
 *     prefix (varint) | public spend key (32) | public view key (32) | [payment id] | checksum (4)
 *
 * The checksum is the front of Keccak-256 over all before it. The prefix tells coin, network and
 * form; a payment id is 8 bytes in Monero's integrated addresses and 64 characters in TurtleCoin's.
 *
 * source: CryptoNote CNS007; docs.getmonero.org "Standard address", "Subaddress", "Integrated
 *         address"; the prefixes from each coin's own source, named in the table
 */
#include <string.h>

#include "decode/wallet/base58.h"
#include "decode/wallet/keccak.h"
#include "decode/wallet/kinds.h"

enum {
	KEYS_BYTES = 64,
	CHECKSUM_BYTES = 4,
	SHORT_ID_BYTES = 8,
	LONG_ID_BYTES = 64,
	PREFIX_BYTES_MAX = 8,
	ADDRESS_BYTES_MAX = PREFIX_BYTES_MAX + KEYS_BYTES + LONG_ID_BYTES + CHECKSUM_BYTES,
	DIGITS_MIN = 94, /* 68 bytes are 93 digits, and there is at least one byte of prefix */
	DIGITS_MAX = 197
};

struct cryptonote_prefix {
	uint64_t prefix;
	const char *coin, *network, *form;
};

static const char standard[] = "standard", integrated[] = "integrated", subaddress[] = "subaddress";
static const char mainnet[] = "mainnet", testnet[] = "testnet", stagenet[] = "stagenet";

static const struct cryptonote_prefix prefixes[] = {
	/* monero, sumokoin, arqma, wownero, graft: xmrig WalletAddress.cpp (07e1e77), tagInfo */
	{18, "monero", mainnet, standard},
	{19, "monero", mainnet, integrated},
	{42, "monero", mainnet, subaddress},
	{53, "monero", testnet, standard},
	{54, "monero", testnet, integrated},
	{63, "monero", testnet, subaddress},
	{24, "monero", stagenet, standard},
	{25, "monero", stagenet, integrated},
	{36, "monero", stagenet, subaddress},
	{0x2bb39a, "sumokoin", mainnet, standard},
	{0x29339a, "sumokoin", mainnet, integrated},
	{0x8319a, "sumokoin", mainnet, subaddress},
	{0x2cca, "arqma", mainnet, standard},
	{0x116bc7, "arqma", mainnet, integrated},
	{0x6847, "arqma", mainnet, subaddress},
	{0x1032, "wownero", mainnet, standard},
	{0x1a9a, "wownero", mainnet, integrated},
	{0x2fb0, "wownero", mainnet, subaddress},
	{90, "graft", mainnet, standard},
	{91, "graft", mainnet, integrated},
	{102, "graft", mainnet, subaddress},
	/* haven-protocol-org/haven-main src/cryptonote_config.h (016415b) */
	{0x5af4, "haven", mainnet, standard},
	{0xcd774, "haven", mainnet, integrated},
	{0x12d974, "haven", mainnet, subaddress},
	/* aeon src/cryptonote_config.h: addresses begin with Wm, Wz, Xn */
	{0xb2, "aeon", mainnet, standard},
	{0x2733, "aeon", mainnet, integrated},
	{0x6b8, "aeon", mainnet, subaddress},
	/* masari src/cryptonote_config.h (e3cba93) */
	{28, "masari", mainnet, standard},
	{29, "masari", mainnet, integrated},
	{52, "masari", mainnet, subaddress},
	/* loki, now oxen, src/cryptonote_config.h (003f070) */
	{114, "oxen", mainnet, standard},
	{115, "oxen", mainnet, integrated},
	{116, "oxen", mainnet, subaddress},
	/* ZephyrProtocol/zephyr src/cryptonote_config.h (010978b) */
	{0x6241d18c0, "zephyr", mainnet, standard},
	{0xc4f7d18c0, "zephyr", mainnet, integrated},
	{0x8dd58c0, "zephyr", mainnet, subaddress},
	/* salvium/salvium src/cryptonote_config.h (04208fd and the later one with Carrot) */
	{0x3ef318, "salvium", mainnet, standard},
	{0x55ef318, "salvium", mainnet, integrated},
	{0xf5ef318, "salvium", mainnet, subaddress},
	{0x180c96, "salvium", mainnet, standard},
	{0x2ccc96, "salvium", mainnet, integrated},
	{0x314c96, "salvium", mainnet, subaddress},
	/* nerva src/cryptonote_config.h: ports 17565 to 17567 */
	{0x3800, "nerva", mainnet, standard},
	{0x7081, "nerva", mainnet, integrated},
	{0x1080, "nerva", mainnet, subaddress},
	/* ConcealNetwork/conceal-core src/CryptoNoteConfig.h (027b370) */
	{0x7ad4, "conceal", mainnet, standard},
	/* the address in a comment of turtlecoin src/config/CryptoNoteConfig.h decodes to it */
	{3914525, "turtlecoin", mainnet, standard},
	/* the reference coin: CRYPTONOTE_PUBLIC_ADDRESS_BASE58_PREFIX = 6 */
	{6, "bytecoin", mainnet, standard},
};

/* Little-endian groups of 7 bits, the shortest form only; bytes used, or 0. */
static size_t prefix_of(const uint8_t *at, size_t len, uint64_t *prefix)
{
	*prefix = 0;
	for (size_t i = 0; i < len && i < PREFIX_BYTES_MAX; i++) {
		*prefix |= (uint64_t)(at[i] & 0x7f) << (7 * i);
		if (at[i] < 0x80)
			return i > 0 && at[i] == 0 ? 0 : i + 1;
	}
	return 0;
}

static const struct cryptonote_prefix *prefix_find(uint64_t prefix)
{
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (prefixes[i].prefix == prefix)
			return &prefixes[i];
	return NULL;
}

static bool has_right_length(const struct cryptonote_prefix *known, size_t after_prefix)
{
	const size_t id_bytes = after_prefix - (KEYS_BYTES + CHECKSUM_BYTES);

	if (after_prefix < KEYS_BYTES + CHECKSUM_BYTES)
		return false;
	if (id_bytes == LONG_ID_BYTES)
		return !known || known->form == standard;
	if (!known)
		return id_bytes == 0 || id_bytes == SHORT_ID_BYTES;
	return id_bytes == (known->form == integrated ? SHORT_ID_BYTES : 0);
}

enum wallet_match cryptonote_match(struct str token, struct wallet *out)
{
	uint8_t bytes[ADDRESS_BYTES_MAX], hash[KECCAK_256_BYTES];
	const struct cryptonote_prefix *known;
	ptrdiff_t len;
	size_t prefix_len;

	if (token.len < DIGITS_MIN || token.len > DIGITS_MAX)
		return WALLET_NO_MATCH;
	len = base58_decode_blocks(token, bytes, sizeof(bytes));
	if (len < 0)
		return WALLET_NO_MATCH;
	prefix_len = prefix_of(bytes, (size_t)len, &out->prefix);
	known = prefix_find(out->prefix);
	if (prefix_len == 0 || !has_right_length(known, (size_t)len - prefix_len))
		return WALLET_NO_MATCH;
	out->kind = WALLET_CRYPTONOTE;
	out->address = token;
	out->has_checksum = true;
	out->coin = known ? known->coin : "cryptonote coin";
	out->network = known ? known->network : NULL;
	out->form = known ? known->form : NULL;
	if ((size_t)len - prefix_len == KEYS_BYTES + LONG_ID_BYTES + CHECKSUM_BYTES)
		out->form = integrated;
	keccak_256(bytes, (size_t)len - CHECKSUM_BYTES, hash);
	out->checksum_ok = memcmp(hash, bytes + len - CHECKSUM_BYTES, CHECKSUM_BYTES) == 0;
	if (out->checksum_ok)
		return WALLET_MATCH;
	return known ? WALLET_LOOKS_LIKE : WALLET_NO_MATCH;
}
