#include "lab/address.h"

#include <sodium.h>
#include <string.h>

#include "decode/wallet/keccak.h"

static const char base58_digits[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
static const char bech32_digits[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
static const char cip37_digits[] = "abcdefghjkmnprstuvwxyz0123456789";

enum { PAYLOAD_MAX = 96, GROUPS_MAX = 160 };

const char *lab_coin_name(enum lab_coin coin)
{
	static const char *const names[LAB_COINS] = {
		[LAB_COIN_NONE] = "",
		[LAB_COIN_BITCOIN] = "bitcoin",
		[LAB_COIN_LITECOIN] = "litecoin",
		[LAB_COIN_MONERO] = "monero",
		[LAB_COIN_ETHEREUM] = "ethereum",
		[LAB_COIN_ZCASH] = "zcash",
		[LAB_COIN_KASPA] = "kaspa",
		[LAB_COIN_ERGO] = "ergo",
		[LAB_COIN_RAVENCOIN] = "ravencoin",
		[LAB_COIN_CONFLUX] = "conflux",
		[LAB_COIN_GRIN] = "grin",
	};

	return coin < LAB_COINS ? names[coin] : "";
}

/* A big number in base 58: one digit a division, leading zero bytes as leading ones. */
static void add_base58(struct str payload, struct buf *out)
{
	uint8_t number[PAYLOAD_MAX];
	char digits[PAYLOAD_MAX * 2];
	size_t count = 0, first = 0, zeros = 0;

	if (payload.len > sizeof(number)) {
		out->failed = true;
		return;
	}
	memcpy(number, payload.at, payload.len);
	while (zeros < payload.len && number[zeros] == 0)
		zeros++;
	first = zeros;
	while (first < payload.len) {
		unsigned rest = 0;
		for (size_t i = first; i < payload.len; i++) {
			rest = rest << 8 | number[i];
			number[i] = (uint8_t)(rest / 58);
			rest %= 58;
		}
		digits[count++] = base58_digits[rest];
		while (first < payload.len && number[first] == 0)
			first++;
	}
	for (size_t i = 0; i < zeros; i++)
		buf_add_byte(out, base58_digits[0]);
	while (count > 0)
		buf_add_byte(out, digits[--count]);
}

void lab_base58check(struct str payload, struct buf *out)
{
	uint8_t bytes[PAYLOAD_MAX], hash[32];

	if (payload.len + 4 > sizeof(bytes)) {
		out->failed = true;
		return;
	}
	memcpy(bytes, payload.at, payload.len);
	crypto_hash_sha256(hash, bytes, payload.len);
	crypto_hash_sha256(hash, hash, sizeof(hash));
	memcpy(bytes + payload.len, hash, 4);
	add_base58(str_of(bytes, payload.len + 4), out);
}

void lab_eip55(const uint8_t account[20], struct buf *out)
{
	struct buf hex = {0};
	uint8_t hash[32];

	buf_add_hex(&hex, str_of(account, 20));
	buf_add_text(out, "0x");
	if (hex.failed) {
		out->failed = true;
		return;
	}
	keccak_256(hex.at, hex.len, hash);
	for (size_t i = 0; i < hex.len; i++) {
		bool is_upper = (hash[i / 2] >> (i % 2 ? 0 : 4) & 8) && hex.at[i] >= 'a';
		buf_add_byte(out, is_upper ? (char)(hex.at[i] - 'a' + 'A') : hex.at[i]);
	}
	buf_fini(&hex);
}

/* Bytes as groups of 5 bits, the last one padded with zeros. */
static size_t to_groups(struct str bytes, uint8_t groups[GROUPS_MAX])
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t count = 0;

	for (size_t i = 0; i < bytes.len && count + 2 < GROUPS_MAX; i++) {
		bits = bits << 8 | (uint8_t)bytes.at[i];
		for (have += 8; have >= 5; have -= 5)
			groups[count++] = bits >> (have - 5) & 31;
	}
	if (have > 0)
		groups[count++] = (uint8_t)(bits << (5 - have) & 31);
	return count;
}

static uint32_t bech32_step(uint32_t sum, uint8_t group)
{
	static const uint32_t generator[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
					     0x2a1462b3};
	uint32_t top = sum >> 25;

	sum = (sum & 0x1ffffff) << 5 ^ group;
	for (unsigned i = 0; i < 5; i++)
		sum ^= top >> i & 1 ? generator[i] : 0;
	return sum;
}

/* BIP 173: the prefix, "1", the groups, and 6 groups of checksum; `last` 1, or BIP 350's. */
static void add_bech32(const char *prefix, const uint8_t *groups, size_t count, uint32_t last,
		       struct buf *out)
{
	uint32_t sum = 1;

	for (const char *c = prefix; *c; c++)
		sum = bech32_step(sum, (uint8_t)((uint8_t)*c >> 5));
	sum = bech32_step(sum, 0);
	for (const char *c = prefix; *c; c++)
		sum = bech32_step(sum, *c & 31);
	buf_add_text(out, prefix);
	buf_add_byte(out, '1');
	for (size_t i = 0; i < count; i++) {
		sum = bech32_step(sum, groups[i]);
		buf_add_byte(out, bech32_digits[groups[i]]);
	}
	for (unsigned i = 0; i < 6; i++)
		sum = bech32_step(sum, 0);
	sum ^= last;
	for (unsigned i = 0; i < 6; i++)
		buf_add_byte(out, bech32_digits[sum >> 5 * (5 - i) & 31]);
}

void lab_segwit(const char *prefix, uint8_t version, struct str program, struct buf *out)
{
	enum { BECH32 = 1, BECH32M = 0x2bc830a3 };
	uint8_t groups[1 + GROUPS_MAX];

	groups[0] = version;
	add_bech32(prefix, groups, 1 + to_groups(program, groups + 1),
		   version == 0 ? BECH32 : BECH32M, out);
}

/*
 * CashAddr's 40-bit checksum (bitcoincash.org cashaddr specification), which Kaspa and Conflux
 * (CIP-37) took over with a prefix and, in CIP-37, digits of their own.
 */
static void add_cashaddr(const char *prefix, const char *digits, struct str payload,
			 struct buf *out)
{
	static const uint64_t generator[] = {0x98f2bc8e61, 0x79b76d99e2, 0xf33e5fb3c4, 0xae2eabe2a8,
					     0x1e4f43e470};
	uint8_t groups[GROUPS_MAX + 32];
	size_t prefix_len = strlen(prefix), count = 0;
	uint64_t sum = 1;

	for (; count < prefix_len && count < 16; count++)
		groups[count] = prefix[count] & 31;
	groups[count++] = 0;
	size_t start = count;
	count += to_groups(payload, groups + count);
	memset(groups + count, 0, 8);
	for (size_t i = 0; i < count + 8; i++) {
		uint64_t top = sum >> 35;
		sum = (sum & 0x07ffffffff) << 5 ^ groups[i];
		for (unsigned bit = 0; bit < 5; bit++)
			sum ^= top >> bit & 1 ? generator[bit] : 0;
	}
	sum ^= 1;
	buf_printf(out, "%s:", prefix);
	for (size_t i = start; i < count; i++)
		buf_add_byte(out, digits[groups[i]]);
	for (unsigned i = 0; i < 8; i++)
		buf_add_byte(out, digits[sum >> 5 * (7 - i) & 31]);
}

void lab_monero_address(const uint8_t network, const uint8_t spend[32], const uint8_t view[32],
			struct buf *out)
{
	static const uint8_t block_digits[9] = {0, 2, 3, 5, 6, 7, 9, 10, 11};
	uint8_t bytes[69], hash[32];

	bytes[0] = network;
	memcpy(bytes + 1, spend, 32);
	memcpy(bytes + 33, view, 32);
	keccak_256(bytes, 65, hash);
	memcpy(bytes + 65, hash, 4);
	for (size_t at = 0; at < sizeof(bytes); at += 8) {
		size_t size = sizeof(bytes) - at < 8 ? sizeof(bytes) - at : 8;
		uint64_t number = 0;
		char digits[11];
		for (size_t i = 0; i < size; i++)
			number = number << 8 | bytes[at + i];
		for (size_t i = block_digits[size]; i-- > 0; number /= 58)
			digits[i] = base58_digits[number % 58];
		buf_add(out, str_of(digits, block_digits[size]));
	}
}

/* Both keys must be points of the curve, or a careful reader would refuse the address. */
static void add_monero(struct lab_random *random, struct buf *out)
{
	enum { MAINNET = 18, SUBADDRESS = 42 };
	uint8_t secret[32], spend[32], view[32];

	lab_random_fill(random, secret, sizeof(secret));
	secret[31] &= 15;
	secret[0] |= 1;
	bool has_point = crypto_scalarmult_ed25519_base_noclamp(spend, secret) == 0;
	secret[0] ^= 2;
	has_point = has_point && crypto_scalarmult_ed25519_base_noclamp(view, secret) == 0;
	if (!has_point)
		out->failed = true;
	else
		lab_monero_address(lab_random_chance(random, 80) ? MAINNET : SUBADDRESS, spend,
				   view, out);
}

/* Version bytes and a random 20-byte hash: the P2PKH address of coins that descend from Bitcoin. */
static void add_hash_address(struct str version, struct lab_random *random, struct buf *out)
{
	uint8_t payload[22];

	memcpy(payload, version.at, version.len);
	lab_random_fill(random, payload + version.len, 20);
	lab_base58check(str_of(payload, version.len + 20), out);
}

static void add_segwit(const char *prefix, bool is_taproot, struct lab_random *random,
		       struct buf *out)
{
	uint8_t program[32];

	lab_random_fill(random, program, sizeof(program));
	lab_segwit(prefix, is_taproot, str_of(program, is_taproot ? 32 : 20), out);
}

static void add_bitcoin(struct lab_random *random, struct buf *out)
{
	uint32_t form = lab_random_below(random, 4);

	if (form == 0)
		add_hash_address(STR("\0"), random, out);
	else if (form == 1)
		add_hash_address(STR("\5"), random, out);
	else
		add_segwit("bc", form == 2, random, out);
}

static void add_litecoin(struct lab_random *random, struct buf *out)
{
	if (lab_random_chance(random, 50))
		add_hash_address(STR("\x30"), random, out);
	else
		add_segwit("ltc", false, random, out);
}

static void add_ethereum(struct lab_random *random, struct buf *out)
{
	uint8_t account[20];

	lab_random_fill(random, account, sizeof(account));
	lab_eip55(account, out);
}

/* kaspad util/address.go: version 0 is a 32-byte Schnorr key. */
static void add_kaspa(struct lab_random *random, struct buf *out)
{
	uint8_t payload[33] = {0};

	lab_random_fill(random, payload + 1, 32);
	add_cashaddr("kaspa", bech32_digits, str_of(payload, sizeof(payload)), out);
}

/* CIP-37: version 0, and a user account's 20 bytes, whose first four bits are 1. */
static void add_conflux(struct lab_random *random, struct buf *out)
{
	uint8_t payload[21] = {0};

	lab_random_fill(random, payload + 1, 20);
	payload[1] = 0x10 | (payload[1] & 15);
	add_cashaddr("cfx", cip37_digits, str_of(payload, sizeof(payload)), out);
}

/* docs.ergoplatform.com, Address: main net P2PK is 1, a compressed key, 4 bytes of BLAKE2b-256. */
static void add_ergo(struct lab_random *random, struct buf *out)
{
	uint8_t payload[38] = {1}, hash[32];

	lab_random_fill(random, payload + 1, 33);
	payload[1] = 2 | (payload[1] & 1);
	crypto_generichash(hash, sizeof(hash), payload, 34, NULL, 0);
	memcpy(payload + 34, hash, 4);
	add_base58(str_of(payload, sizeof(payload)), out);
}

/* Grin RFC 0015: an Ed25519 key in Bech32 under "grin". */
static void add_grin(struct lab_random *random, struct buf *out)
{
	uint8_t secret[32], key[32], groups[GROUPS_MAX];

	lab_random_fill(random, secret, sizeof(secret));
	secret[31] &= 15;
	secret[0] |= 1;
	if (crypto_scalarmult_ed25519_base_noclamp(key, secret) != 0) {
		out->failed = true;
		return;
	}
	add_bech32("grin", groups, to_groups(str_of(key, sizeof(key)), groups), 1, out);
}

static void add_account(struct lab_random *random, struct buf *out)
{
	static const char *const names[] = {"lampman", "pitprop", "deeplevel", "coalface",
					    "headframe"};

	buf_printf(out, "%s%u", names[lab_random_below(random, 5)], lab_random_below(random, 1000));
}

void lab_address(enum lab_coin coin, struct lab_random *random, struct buf *out)
{
	switch (coin) {
	case LAB_COIN_BITCOIN:
		add_bitcoin(random, out);
		break;
	case LAB_COIN_LITECOIN:
		add_litecoin(random, out);
		break;
	case LAB_COIN_MONERO:
		add_monero(random, out);
		break;
	case LAB_COIN_ETHEREUM:
		add_ethereum(random, out);
		break;
	case LAB_COIN_ZCASH: /* zcash/src/chainparams.cpp: t1 */
		add_hash_address(STR("\x1c\xb8"), random, out);
		break;
	case LAB_COIN_KASPA:
		add_kaspa(random, out);
		break;
	case LAB_COIN_ERGO:
		add_ergo(random, out);
		break;
	case LAB_COIN_RAVENCOIN: /* Ravencoin src/chainparams.cpp: R */
		add_hash_address(STR("\x3c"), random, out);
		break;
	case LAB_COIN_CONFLUX:
		add_conflux(random, out);
		break;
	case LAB_COIN_GRIN:
		add_grin(random, out);
		break;
	case LAB_COIN_NONE:
	case LAB_COINS:
		add_account(random, out);
		break;
	}
}
