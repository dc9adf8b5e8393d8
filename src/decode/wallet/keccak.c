#include "decode/wallet/keccak.h"

#include <string.h>

enum { RATE_BYTES = 136, ROUNDS = 24, LANES = 25 };

static const uint64_t round_constants[ROUNDS] = {
	0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
	0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
	0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
	0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
	0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
	0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};

static uint64_t rotate(uint64_t word, unsigned by)
{
	return by ? word << by | word >> (64 - by) : word;
}

static void theta(uint64_t a[LANES])
{
	uint64_t column[5];

	for (unsigned x = 0; x < 5; x++)
		column[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
	for (unsigned x = 0; x < 5; x++) {
		const uint64_t d = column[(x + 4) % 5] ^ rotate(column[(x + 1) % 5], 1);
		for (unsigned y = 0; y < LANES; y += 5)
			a[y + x] ^= d;
	}
}

/* rho and pi in one walk: lane t of the walk moves to the next and is turned by t(t+1)/2. */
static void rho_pi(uint64_t a[LANES])
{
	uint64_t moving = a[1];
	unsigned x = 1, y = 0;

	for (unsigned t = 1; t <= 24; t++) {
		const unsigned next_x = y, next_y = (2 * x + 3 * y) % 5;
		const uint64_t there = a[next_x + 5 * next_y];
		a[next_x + 5 * next_y] = rotate(moving, t * (t + 1) / 2 % 64);
		moving = there;
		x = next_x;
		y = next_y;
	}
}

static void chi(uint64_t a[LANES])
{
	for (unsigned y = 0; y < LANES; y += 5) {
		uint64_t row[5];
		memcpy(row, a + y, sizeof(row));
		for (unsigned x = 0; x < 5; x++)
			a[y + x] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]);
	}
}

static void absorb(uint64_t state[LANES], const uint8_t block[RATE_BYTES])
{
	for (unsigned i = 0; i < RATE_BYTES / 8; i++) {
		uint64_t lane;
		memcpy(&lane, block + 8 * i,
		       8); /* little-endian hosts only: base/reader.h asserts */
		state[i] ^= lane;
	}
	for (unsigned i = 0; i < ROUNDS; i++) {
		theta(state);
		rho_pi(state);
		chi(state);
		state[0] ^= round_constants[i];
	}
}

void keccak_256(const void *at, size_t len, uint8_t out[KECCAK_256_BYTES])
{
	const uint8_t *bytes = at;
	uint64_t state[LANES] = {0};
	uint8_t last[RATE_BYTES] = {0};

	for (; len >= RATE_BYTES; len -= RATE_BYTES, bytes += RATE_BYTES)
		absorb(state, bytes);
	if (len > 0)
		memcpy(last, bytes, len);
	last[len] ^= 0x01;
	last[RATE_BYTES - 1] ^= 0x80;
	absorb(state, last);
	memcpy(out, state, KECCAK_256_BYTES);
}
