#include "base/hash.h"

#include <string.h>
#include <sys/random.h>
#include <time.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { FLOW_WORDS = 5 };

/*
 * The key of a flow, once a packet. Both halves of products of which nobody knows a factor, as XXH3
 * and its kin do it, but without their care for every length: a third of the instructions.
 */
static uint64_t hash_flow(const void *at, uint64_t seed)
{
	uint64_t words[FLOW_WORDS];

	memcpy(words, at, sizeof(words));
	uint64_t one = XXH3_mul128_fold64(words[0] ^ seed ^ XXH_PRIME64_1, words[1] ^ seed);
	uint64_t two = XXH3_mul128_fold64(words[2] ^ seed ^ XXH_PRIME64_2,
					  words[3] ^ seed ^ XXH_PRIME64_3);
	uint64_t both = (one ^ XXH_PRIME64_4) + two;

	return XXH3_mul128_fold64(both ^ seed, words[4] ^ seed ^ XXH_PRIME64_5);
}

uint64_t hash_bytes(const void *at, size_t len, uint64_t seed)
{
	if (len == FLOW_WORDS * sizeof(uint64_t))
		return hash_flow(at, seed);
	return XXH3_64bits_withSeed(at, len, seed);
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
