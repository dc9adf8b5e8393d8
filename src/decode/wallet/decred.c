/*
 * Decred: base58 over version (2) | hash (20) | checksum (4), the checksum being the front of
 * BLAKE-256 twice (the SHA-3 candidate with 14 rounds, not BLAKE2 or BLAKE3).
 *
 * Only messages of one block are ever hashed here (22 and 32 bytes), so BLAKE-256 is written for
 * these alone.
 *
 * source: Aumasson, Henzen, Meier, Phan: SHA-3 proposal BLAKE, version 1.3, section 2.1;
 *         decred/dcrd chaincfg/mainnetparams.go, testnetparams.go; docs.decred.org "Address
 * prefixes"
 */
#include <string.h>

#include "decode/wallet/base58.h"
#include "decode/wallet/kinds.h"

enum {
	HASH_BYTES = 20,
	CHECKSUM_BYTES = 4,
	ADDRESS_BYTES = 2 + HASH_BYTES + CHECKSUM_BYTES,
	DIGITS_MIN = 34,
	DIGITS_MAX = 36,
	BLOCK_BYTES = 64,
	MESSAGE_MAX = 55, /* what fits a block beside its padding */
	BLAKE_ROUNDS = 14,
	BLAKE_BYTES = 32
};

static uint32_t turn(uint32_t word, unsigned by)
{
	return word >> by | word << (32 - by);
}

static void mix(uint32_t v[16], const uint8_t at[4], uint32_t first, uint32_t second)
{
	uint32_t *a = &v[at[0]], *b = &v[at[1]], *c = &v[at[2]], *d = &v[at[3]];

	*a += *b + first;
	*d = turn(*d ^ *a, 16);
	*c += *d;
	*b = turn(*b ^ *c, 12);
	*a += *b + second;
	*d = turn(*d ^ *a, 8);
	*c += *d;
	*b = turn(*b ^ *c, 7);
}

static void rounds(uint32_t v[16], const uint32_t m[16], const uint32_t constants[16])
{
	static const uint8_t columns_and_diagonals[8][4] = {
		{0, 4, 8, 12},	{1, 5, 9, 13},	{2, 6, 10, 14}, {3, 7, 11, 15},
		{0, 5, 10, 15}, {1, 6, 11, 12}, {2, 7, 8, 13},	{3, 4, 9, 14},
	};
	static const uint8_t order[10][16] = {
		{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
		{14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
		{11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
		{7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
		{9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
		{2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
		{12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
		{13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
		{6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
		{10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
	};

	for (unsigned round = 0; round < BLAKE_ROUNDS; round++)
		for (unsigned i = 0; i < 8; i++) {
			const uint8_t one = order[round % 10][2 * i];
			const uint8_t two = order[round % 10][2 * i + 1];
			mix(v, columns_and_diagonals[i], m[one] ^ constants[two],
			    m[two] ^ constants[one]);
		}
}

/* len: at most MESSAGE_MAX; `out` may be the message itself */
static void blake_256(const uint8_t *message, size_t len, uint8_t out[BLAKE_BYTES])
{
	static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
					  0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
	static const uint32_t constants[16] = {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344,
					       0xa4093822, 0x299f31d0, 0x082efa98, 0xec4e6c89,
					       0x452821e6, 0x38d01377, 0xbe5466cf, 0x34e90c6c,
					       0xc0ac29b7, 0xc97c50dd, 0x3f84d5b5, 0xb5470917};
	const uint32_t bits = (uint32_t)len * 8;
	uint8_t block[BLOCK_BYTES] = {0};
	uint32_t v[16], m[16];

	memcpy(block, message, len);
	block[len] |= 0x80;
	block[MESSAGE_MAX] |= 0x01;
	for (unsigned i = 0; i < 4; i++)
		block[BLOCK_BYTES - 1 - i] = (uint8_t)(bits >> (8 * i));
	for (unsigned i = 0; i < 16; i++) {
		memcpy(&m[i], block + 4 * i, 4); /* little-endian hosts: see base/reader.h */
		m[i] = __builtin_bswap32(m[i]);
		v[i] = i < 8 ? start[i] : constants[i - 8];
	}
	v[12] ^= bits;
	v[13] ^= bits;
	rounds(v, m, constants);
	for (unsigned i = 0; i < 8; i++) {
		const uint32_t word = __builtin_bswap32(start[i] ^ v[i] ^ v[i + 8]);
		memcpy(out + 4 * i, &word, 4);
	}
}

enum wallet_match decred_match(struct str token, struct wallet *out)
{
	static const struct {
		uint16_t version;
		const char *network, *form;
	} versions[] = {
		{0x073f, "mainnet", "p2pkh"},
		{0x071a, "mainnet", "p2sh"},
		{0x0f21, "testnet", "p2pkh"},
		{0x0efc, "testnet", "p2sh"},
	};
	uint8_t bytes[ADDRESS_BYTES], hash[BLAKE_BYTES];

	if (token.len < DIGITS_MIN || token.len > DIGITS_MAX ||
	    base58_decode(token, bytes, sizeof(bytes)) != ADDRESS_BYTES)
		return WALLET_NO_MATCH;
	out->prefix = (uint64_t)bytes[0] << 8 | bytes[1];
	for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++)
		if (versions[i].version == out->prefix) {
			out->network = versions[i].network;
			out->form = versions[i].form;
		}
	if (!out->form)
		return WALLET_NO_MATCH;
	out->kind = WALLET_DECRED;
	out->coin = "decred";
	out->address = token;
	out->has_checksum = true;
	blake_256(bytes, ADDRESS_BYTES - CHECKSUM_BYTES, hash);
	blake_256(hash, sizeof(hash), hash);
	out->checksum_ok =
		memcmp(hash, bytes + ADDRESS_BYTES - CHECKSUM_BYTES, CHECKSUM_BYTES) == 0;
	return out->checksum_ok ? WALLET_MATCH : WALLET_LOOKS_LIKE;
}
