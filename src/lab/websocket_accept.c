/* SHA-1 (RFC 3174), for nothing but the answer to a WebSocket key. */
#include <sodium.h>
#include <string.h>

#include "lab/layer.h"

static uint32_t rotate(uint32_t word, unsigned bits)
{
	return word << bits | word >> (32 - bits);
}

static void sha1_block(uint32_t h[5], const uint8_t block[64])
{
	static const uint32_t constants[] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
	uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];

	for (unsigned t = 0; t < 16; t++)
		w[t] = (uint32_t)block[4 * t] << 24 | (uint32_t)block[4 * t + 1] << 16 |
		       (uint32_t)block[4 * t + 2] << 8 | block[4 * t + 3];
	for (unsigned t = 16; t < 80; t++)
		w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
	for (unsigned t = 0; t < 80; t++) {
		uint32_t f = t < 20   ? (b & c) | (~b & d)
			     : t < 40 ? b ^ c ^ d
			     : t < 60 ? (b & c) | (b & d) | (c & d)
				      : b ^ c ^ d;
		uint32_t next = rotate(a, 5) + f + e + w[t] + constants[t / 20];
		e = d;
		d = c;
		c = rotate(b, 30);
		b = a;
		a = next;
	}
	h[0] += a;
	h[1] += b;
	h[2] += c;
	h[3] += d;
	h[4] += e;
}

/* At most 119 bytes: two blocks with their padding. */
static void sha1_short(struct str text, uint8_t digest[20])
{
	uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
	uint8_t blocks[128] = {0};
	size_t len = text.len < 119 ? text.len : 119, total = len < 56 ? 64 : 128;

	memcpy(blocks, text.at, len);
	blocks[len] = 0x80;
	blocks[total - 2] = (uint8_t)(len * 8 >> 8);
	blocks[total - 1] = (uint8_t)(len * 8);
	for (size_t at = 0; at < total; at += 64)
		sha1_block(h, blocks + at);
	for (unsigned i = 0; i < 20; i++)
		digest[i] = (uint8_t)(h[i / 4] >> (24 - 8 * (i % 4)));
}

void lab_websocket_accept(struct str key, char accept[32])
{
	static const char magic[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	char text[64 + sizeof(magic)];
	uint8_t digest[20];
	size_t len = key.len < 64 ? key.len : 64;

	memcpy(text, key.at, len);
	memcpy(text + len, magic, sizeof(magic) - 1);
	sha1_short(str_of(text, len + sizeof(magic) - 1), digest);
	sodium_bin2base64(accept, 32, digest, sizeof(digest), sodium_base64_VARIANT_ORIGINAL);
}
