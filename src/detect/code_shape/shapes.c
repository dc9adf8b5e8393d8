#include "detect/code_shape/shapes.h"

#define AMOUNTS(...) ((const uint8_t[]){__VA_ARGS__, 0})

const char *shape_name(enum shape shape)
{
	static const char *const names[SHAPE_COUNT] = {
		[SHAPE_RANDOMX] = "RandomX program",
		[SHAPE_RANDOMX_READ] = "RandomX interpreter",
		[SHAPE_SUPERSCALAR] = "superscalar program",
		[SHAPE_CRYPTONIGHT] = "CryptoNight loop",
		[SHAPE_CRYPTONIGHT_TABLES] = "CryptoNight loop by tables",
		[SHAPE_CRYPTONIGHT_OPEN] = "CryptoNight loop without a mask",
		[SHAPE_SHA256] = "SHA-256",
		[SHAPE_BLAKE2B] = "BLAKE2b",
		[SHAPE_ARGON2] = "Argon2",
		[SHAPE_SALSA] = "Salsa20",
		[SHAPE_KECCAK] = "Keccak",
		[SHAPE_FNV] = "FNV mix",
	};

	return shape < SHAPE_COUNT ? names[shape] : "unknown";
}

unsigned shapes_randomx_groups(const struct code_counts *window)
{
	static const struct {
		enum code_group group;
		uint16_t least;
	} groups[] = {
		{CODE_MASK_ADDRESS, 4},	 {CODE_CONVERT, 4},	  {CODE_PACKED_SQRT, 1},
		{CODE_PACKED_DIVIDE, 1}, {CODE_PACKED_DOUBLE, 8}, {CODE_MULTIPLY_HIGH, 2},
		{CODE_ROTATE_64, 2},	 {CODE_FLOAT_CONTROL, 1},
	};
	unsigned found = 0;

	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++)
		found += window->groups[groups[i].group] >= groups[i].least;
	return found;
}

static uint64_t slow_floats(const struct code_counts *counts)
{
	return (uint64_t)counts->groups[CODE_PACKED_SQRT] + counts->groups[CODE_PACKED_DIVIDE];
}

/* Both halves must be there: integers as ciphers use them, floats as physics does. */
static bool is_randomx(const struct code_counts *window)
{
	return shapes_randomx_groups(window) >= 5 && slow_floats(window) > 0 &&
	       window->groups[CODE_MULTIPLY_HIGH] >= 2 && window->groups[CODE_ROTATE_64] >= 2;
}

/*
 * The same operations, one of each, behind a jump through a table: an interpreter is compiled once
 * and lies in a file, as a rule.
 */
static bool is_interpreter(const struct code_counts *window)
{
	return window->groups[CODE_BRANCH_INDIRECT] > 0 && slow_floats(window) > 0 &&
	       window->groups[CODE_FLOAT_CONTROL] > 0 && window->groups[CODE_MULTIPLY_HIGH] >= 2 &&
	       window->groups[CODE_ROTATE_64] > 0 &&
	       window->groups[CODE_PACKED_DOUBLE] + window->groups[CODE_CONVERT] >= 4;
}

/* group makes out at least so many of 10000 instructions. */
static bool is_dense(const struct code_counts *counts, uint64_t count, uint64_t per_10000)
{
	return count * 10000 >= (uint64_t)counts->instructions * per_10000;
}

/*
 * A RandomX program has, of its machine instructions, about 1.7 % packed roots and divisions, 13 %
 * other packed arithmetic, 3.9 % conversions, 1.8 % products of 128 bits and 1.8 % rotations. A
 * fifth of that is asked for, so it may be thinned five times.
 */
bool shapes_run_randomx(const struct code_counts *ran)
{
	uint64_t high = ran->groups[CODE_MULTIPLY_HIGH], rotations = ran->groups[CODE_ROTATE_64];
	uint64_t conversions = ran->groups[CODE_CONVERT], packed = ran->groups[CODE_PACKED_DOUBLE];

	return ran->instructions >= 128 && slow_floats(ran) >= 2 && high >= 3 && rotations >= 3 &&
	       conversions >= 4 && is_dense(ran, slow_floats(ran), 34) && is_dense(ran, high, 36) &&
	       is_dense(ran, rotations, 36) && is_dense(ran, conversions, 78) &&
	       is_dense(ran, packed, 260);
}

/* Products, rotations and xors of 64 bits one after the other, next to no jumps and no memory. */
static bool is_superscalar(const struct code_counts *c)
{
	uint64_t simple = (uint64_t)c->groups[CODE_ADD] + c->groups[CODE_LOGIC];
	uint64_t floats = (uint64_t)c->groups[CODE_PACKED_DOUBLE] + c->groups[CODE_SCALAR_DOUBLE] +
			  c->groups[CODE_SINGLE] + c->groups[CODE_AES] + c->groups[CODE_SIMD];

	return c->instructions >= 64 && is_dense(c, c->groups[CODE_MULTIPLY], 1200) &&
	       is_dense(c, c->groups[CODE_MULTIPLY_HIGH], 100) &&
	       is_dense(c, c->groups[CODE_ROTATE_64], 400) && is_dense(c, simple, 2500) &&
	       !is_dense(c, c->groups[CODE_LOAD], 1000) &&
	       !is_dense(c, c->groups[CODE_BRANCH], 200) && !is_dense(c, floats, 200) &&
	       !is_dense(c, c->groups[CODE_CARRY], 100);
}

/*
 * WebAssembly has neither rounds of AES nor products of 128 bits: a round is 16 looks into tables,
 * four of them a column, and a product four of 64 bits. Compilers leave out one or two looks, since
 * the highest byte of a word needs no mask after its shift.
 */
static bool is_cryptonight_by_tables(const struct code_counts *loop)
{
	bool has_product = loop->groups[CODE_MULTIPLY_HIGH] >= 1 ||
			   (loop->groups[CODE_MULTIPLY] >= 3 && loop->groups[CODE_MULTIPLY] <= 32);

	return loop->groups[CODE_TABLE_INDEX] >= 12 && has_product &&
	       loop->groups[CODE_MASK_AES] >= 2 && loop->groups[CODE_LOGIC] >= 24 &&
	       loop->groups[CODE_LOAD] >= 18 && loop->groups[CODE_STORE] >= 4;
}

static uint32_t cryptonight(const struct code_counts *window, const struct code_counts *loop)
{
	bool is_near = window->groups[CODE_AES] >= 1 && window->groups[CODE_MULTIPLY_HIGH] >= 1;
	bool is_in_loop = loop->groups[CODE_AES] >= 1 && loop->groups[CODE_MULTIPLY_HIGH] >= 1 &&
			  loop->groups[CODE_LOAD] >= 2 && loop->groups[CODE_STORE] >= 2 &&
			  loop->groups[CODE_CARRYLESS] == 0;

	if (is_near && window->groups[CODE_MASK_AES] >= 2)
		return 1u << SHAPE_CRYPTONIGHT;
	if (is_cryptonight_by_tables(loop))
		return 1u << SHAPE_CRYPTONIGHT_TABLES;
	return is_in_loop && loop != window ? 1u << SHAPE_CRYPTONIGHT_OPEN : 0;
}

/* All of `amounts` occur at least `least` times. */
static bool has_all(const uint16_t *rotations, const uint8_t *amounts, uint16_t least)
{
	for (; *amounts; amounts++)
		if (rotations[*amounts] < least)
			return false;
	return true;
}

static bool is_sha256(const struct code_counts *c)
{
	/* FIPS 180-4, 4.1.2; and the same with the rotations put into one another. */
	unsigned plain =
		code_rotations_of(c->rotations_32, AMOUNTS(2, 6, 7, 11, 13, 17, 18, 19, 22, 25));
	unsigned nested = code_rotations_of(c->rotations_32, AMOUNTS(2, 5, 6, 9, 11, 14));

	return c->groups[CODE_SHA256] >= 8 || plain >= 9 ||
	       (nested == 6 && has_all(c->rotations_32, AMOUNTS(2, 5, 6, 9, 11, 14), 2));
}

static bool is_blake2b(const struct code_counts *c)
{
	bool is_vector = is_dense(c, c->groups[CODE_SIMD], 2500);

	/* RFC 7693: 32, 24, 16, 63; in vectors the first three are permutations of bytes. */
	return has_all(c->rotations_64, AMOUNTS(16, 24, 32, 63), 4) ||
	       (is_vector && c->rotations_64[63] >= 4 &&
		code_rotations_of(c->rotations_64, AMOUNTS(1, 8, 14, 18, 19, 28, 34, 39, 41)) == 0);
}

/* Quarter rounds turn left by 7, 9, 13 and 18, and by hardly anything else. */
static bool is_salsa(const struct code_counts *c)
{
	const uint16_t *turns = c->rotations_32;
	unsigned all = 0, known = turns[25] + turns[23] + turns[19] + turns[14];

	for (unsigned i = 0; i < 32; i++)
		all += turns[i];
	return has_all(turns, AMOUNTS(25, 23, 19, 14),
		       2 - is_dense(c, c->groups[CODE_SIMD], 2500)) &&
	       known * 10 >= all * 8;
}

static bool is_keccak(const struct code_counts *c)
{
	/* The offsets of rho, FIPS 202 table 2, as turns to the right. */
	return code_rotations_of(c->rotations_64,
				 AMOUNTS(63, 2, 36, 37, 28, 20, 58, 9, 44, 61, 54, 21, 39, 25, 23,
					 19, 49, 43, 56, 46, 62, 3, 8, 50)) >= 18 &&
	       !is_dense(c, (uint64_t)c->groups[CODE_MULTIPLY] + c->groups[CODE_MULTIPLY_HIGH],
			 100) &&
	       (is_dense(c, c->groups[CODE_LOGIC], 1500) ||
		is_dense(c, c->groups[CODE_SIMD], 2500));
}

static uint32_t hashes(const struct code_counts *c)
{
	uint32_t found = 0;
	bool is_multiplying = c->groups[CODE_SIMD_MULTIPLY] >= 8 || c->groups[CODE_MULTIPLY] >= 8;

	if (is_sha256(c))
		found |= 1u << SHAPE_SHA256;
	if (is_blake2b(c))
		found |= is_multiplying ? 1u << SHAPE_ARGON2 : 1u << SHAPE_BLAKE2B;
	if (is_salsa(c))
		found |= 1u << SHAPE_SALSA;
	if (is_keccak(c))
		found |= 1u << SHAPE_KECCAK;
	if (c->groups[CODE_MULTIPLY_FNV] >= 8)
		found |= 1u << SHAPE_FNV;
	return found;
}

uint32_t shapes_of(const struct code_counts *window, const struct code_counts *loop,
		   bool is_anonymous)
{
	uint32_t found = 0;

	if (!is_anonymous && is_interpreter(window))
		found |= 1u << SHAPE_RANDOMX_READ;
	else if (is_randomx(window))
		found |= 1u << SHAPE_RANDOMX;
	if (is_superscalar(window) || is_superscalar(loop))
		found |= 1u << SHAPE_SUPERSCALAR;
	found |= cryptonight(window, loop);
	return found | hashes(loop) | hashes(window);
}
