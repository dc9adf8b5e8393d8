#include "base/hash.h"

#include <sys/random.h>
#include <time.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t hash_bytes(const void *at, size_t len, uint64_t seed)
{
	return XXH3_64bits_withSeed(at, len, seed);
}

/*
 * Both halves of products of which nobody knows a factor, as XXH3 mixes sixteen bytes, but without
 * its care for every length: a third of the instructions. The seed is added to one factor and taken
 * from the other, so that words that change places are others.
 */
uint64_t hash_five_words(const uint64_t words[5], uint64_t seed)
{
	uint64_t one = XXH3_mul128_fold64(words[0] ^ (XXH_PRIME64_1 + seed),
					  words[1] ^ (XXH_PRIME64_2 - seed));
	uint64_t two = XXH3_mul128_fold64(words[2] ^ (XXH_PRIME64_3 + seed),
					  words[3] ^ (XXH_PRIME64_4 - seed));

	return XXH3_mul128_fold64((one ^ XXH_PRIME64_5) + two + seed,
				  words[4] ^ (XXH_PRIME64_1 - seed));
}

uint64_t hash_random_seed(void)
{
	uint64_t seed;
	struct timespec now;

	if (getrandom(&seed, sizeof(seed), 0) == (ssize_t)sizeof(seed))
		return seed;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_nsec ^ (uint64_t)now.tv_sec << 32;
}
