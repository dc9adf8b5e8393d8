#include "base/hash.h"

#include <sys/random.h>
#include <time.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t hash_bytes(const void *at, size_t len, uint64_t seed)
{
	if (len == 40) /* the key of a flow, once a packet: XXH3 for one length is half as long */
		return XXH3_64bits_withSeed(at, 40, seed);
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
