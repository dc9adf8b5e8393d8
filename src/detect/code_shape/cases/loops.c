/*
 * What the windows of cases/ were compiled from; not built with the program. Loops with the
 * rotations of hash functions, over made-up numbers, and innocent ones that come near them. Made by
 * scripts/make_code_cases.
 */
#include <math.h>
#include <stdint.h>

#define ROR32(x, n) ((x) >> (n) | (x) << (32 - (n)))
#define ROR64(x, n) ((x) >> (n) | (x) << (64 - (n)))

void sha256(uint32_t *s, uint32_t *w, long rounds);
void sha256(uint32_t *s, uint32_t *w, long rounds)
{
	for (long i = 0; i < rounds; i++) {
		uint32_t a = s[0], e = s[4];
		for (int t = 0; t < 64; t++) {
			uint32_t m = w[t & 63], n = w[(t + 14) & 63];
			uint32_t one = (ROR32(e, 6) ^ ROR32(e, 11) ^ ROR32(e, 25)) + (e & s[5]);
			uint32_t two = (ROR32(a, 2) ^ ROR32(a, 13) ^ ROR32(a, 22)) + (a | s[1]);
			w[(t + 16) & 63] += (ROR32(m, 7) ^ ROR32(m, 18) ^ m >> 3) +
					    (ROR32(n, 17) ^ ROR32(n, 19) ^ n >> 10);
			e = a + one + w[t];
			a = one + two;
		}
		s[0] += a;
		s[4] += e;
	}
}

void blake2b(uint64_t *v, const uint64_t *m, long rounds);
void blake2b(uint64_t *v, const uint64_t *m, long rounds)
{
	for (long i = 0; i < rounds; i++) {
#pragma GCC unroll 4
		for (int k = 0; k < 4; k++) {
			uint64_t *a = v + k, *b = v + 4 + k, *c = v + 8 + k, *d = v + 12 + k;
			*a += *b + m[2 * k];
			*d = ROR64(*d ^ *a, 32);
			*c += *d;
			*b = ROR64(*b ^ *c, 24);
			*a += *b + m[2 * k + 1];
			*d = ROR64(*d ^ *a, 16);
			*c += *d;
			*b = ROR64(*b ^ *c, 63);
		}
	}
}

void argon2(uint64_t *v, long rounds);
void argon2(uint64_t *v, long rounds)
{
#define TIMES(x, y) (2 * (uint64_t)(uint32_t)(x) * (uint32_t)(y))
	for (long i = 0; i < rounds; i++) {
#pragma GCC unroll 4
		for (int k = 0; k < 4; k++) {
			uint64_t *a = v + k, *b = v + 4 + k, *c = v + 8 + k, *d = v + 12 + k;
			*a += *b + TIMES(*a, *b);
			*d = ROR64(*d ^ *a, 32);
			*c += *d + TIMES(*c, *d);
			*b = ROR64(*b ^ *c, 24);
			*a += *b + TIMES(*a, *b);
			*d = ROR64(*d ^ *a, 16);
			*c += *d + TIMES(*c, *d);
			*b = ROR64(*b ^ *c, 63);
		}
	}
}

void salsa(uint32_t *x, long rounds);
void salsa(uint32_t *x, long rounds)
{
	for (long i = 0; i < rounds; i++) {
#pragma GCC unroll 4
		for (int k = 0; k < 4; k++) {
			x[4 + k] ^= ROR32(x[k] + x[12 + k], 25);
			x[8 + k] ^= ROR32(x[4 + k] + x[k], 23);
			x[12 + k] ^= ROR32(x[8 + k] + x[4 + k], 19);
			x[k] ^= ROR32(x[12 + k] + x[8 + k], 14);
		}
	}
}

void keccak(uint64_t *a, long rounds);
void keccak(uint64_t *a, long rounds)
{
	static const int turns[24] = {63, 2,  36, 37, 28, 20, 58, 9,  44, 61, 54, 21,
				      39, 25, 23, 19, 49, 43, 56, 46, 62, 3,  8,  50};

	for (long i = 0; i < rounds; i++) {
		uint64_t b[25];
#pragma GCC unroll 24
		for (int k = 0; k < 24; k++)
			b[(k * 7) % 24] = ROR64(a[k] ^ a[(k + 5) % 25], turns[k]);
		b[24] = a[24];
#pragma GCC unroll 25
		for (int k = 0; k < 25; k++)
			a[k] = b[k] ^ (~b[(k + 1) % 25] & b[(k + 2) % 25]);
	}
}

void fnv(uint32_t *mix, const uint32_t *pages, uint32_t count, long rounds);
void fnv(uint32_t *mix, const uint32_t *pages, uint32_t count, long rounds)
{
	for (long i = 0; i < rounds; i++) {
		const uint32_t *page = pages + (mix[i & 31] % count) * 32;
#pragma GCC unroll 16
		for (int k = 0; k < 16; k++)
			mix[k] = mix[k] * 0x01000193 ^ page[k];
	}
}

/* From here on: none. Bodies in motion: packed roots and divisions, no integers. */
void bodies(double *p, double *v, int count);
void bodies(double *p, double *v, int count)
{
	for (int i = 0; i < count; i++)
		for (int k = 0; k < count; k++) {
			double x = p[2 * k] - p[2 * i], y = p[2 * k + 1] - p[2 * i + 1];
			double r = sqrt(x * x + y * y + 0.01);
			v[2 * i] += x / (r * r * r);
			v[2 * i + 1] += y / (r * r * r);
		}
}

/* A hash table of numbers, hashed by products of 128 bits, with their means. */
double table(const uint64_t *keys, double *sums, int count);
double table(const uint64_t *keys, double *sums, int count)
{
	double mean = 0;

	for (int i = 0; i < count; i++) {
		unsigned __int128 wide = (unsigned __int128)keys[i] * 0x9e3779b97f4a7c15u;
		uint64_t h = (uint64_t)wide ^ (uint64_t)(wide >> 64);
		h = ROR64(h, 29) * 0xbf58476d1ce4e5b9u;
		sums[h & 4095] += sqrt((double)(int64_t)h);
		mean += sums[h & 4095] / (i + 1);
	}
	return mean;
}

/* ChaCha: 16, 12, 8, 7. */
void chacha(uint32_t *x, long rounds);
void chacha(uint32_t *x, long rounds)
{
	for (long i = 0; i < rounds; i++) {
#pragma GCC unroll 4
		for (int k = 0; k < 4; k++) {
			x[12 + k] = ROR32(x[12 + k] ^ (x[k] += x[4 + k]), 16);
			x[4 + k] = ROR32(x[4 + k] ^ (x[8 + k] += x[12 + k]), 20);
			x[12 + k] = ROR32(x[12 + k] ^ (x[k] += x[4 + k]), 24);
			x[4 + k] = ROR32(x[4 + k] ^ (x[8 + k] += x[12 + k]), 25);
		}
	}
}

/* What an interpreter of RandomX looks like: the same operations behind a jump through a table. */
typedef double pair __attribute__((vector_size(16)));
typedef int half __attribute__((vector_size(8)));
struct step {
	uint8_t what, to, from, turn;
	uint32_t mask, number;
};

void interpreter(uint64_t *r, pair *f, uint8_t *pad, const struct step *steps, long rounds);
void interpreter(uint64_t *r, pair *f, uint8_t *pad, const struct step *steps, long rounds)
{
	for (long i = 0; i < rounds; i++) {
		const struct step *s = &steps[i & 255];
		uint64_t *to = &r[s->to], from = r[s->from];
		uint8_t *at = pad + ((from + s->number) & s->mask);
		switch (s->what) {
		case 0:
			*to += (from << s->turn) + s->number;
			break;
		case 1:
			*to += *(uint64_t *)at;
			break;
		case 2:
			*to -= from;
			break;
		case 3:
			*to *= from;
			break;
		case 4:
			*to *= *(uint64_t *)at;
			break;
		case 5:
			*to = (uint64_t)((unsigned __int128)*to * from >> 64);
			break;
		case 6:
			*to = (uint64_t)((__int128)(int64_t)*to * (int64_t)from >> 64);
			break;
		case 7:
			*to = (uint64_t)((unsigned __int128)*to * *(uint64_t *)at >> 64);
			break;
		case 8:
			*to ^= from;
			break;
		case 9:
			*to = ROR64(*to, from & 63);
			break;
		case 10:
			*to = ROR64(*to, (64 - from) & 63);
			break;
		case 11:
			f[s->to] += f[s->from];
			break;
		case 12:
			f[s->to] += __builtin_convertvector(*(half *)at, pair);
			break;
		case 13:
			f[s->to] -= f[s->from];
			break;
		case 14:
			f[s->to] -= __builtin_convertvector(*(half *)at, pair);
			break;
		case 15:
			f[s->to] *= f[s->from];
			break;
		case 16:
			f[s->to] /= __builtin_convertvector(*(half *)at, pair);
			break;
		case 17:
			f[s->to] = (pair){sqrt(f[s->to][0]), sqrt(f[s->to][1])};
			break;
		case 18:
			__builtin_ia32_ldmxcsr((uint32_t)(*to & 3) << 13 | 0x9fc0);
			break;
		case 19:
			*(uint64_t *)at = *to;
			break;
		}
	}
}
