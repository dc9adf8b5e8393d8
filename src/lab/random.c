#include "lab/random.h"

#include <string.h>

uint64_t lab_random_next(struct lab_random *random)
{
	uint64_t z = random->state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

uint32_t lab_random_below(struct lab_random *random, uint32_t limit)
{
	return limit ? (uint32_t)((lab_random_next(random) >> 32) * limit >> 32) : 0;
}

bool lab_random_chance(struct lab_random *random, uint32_t percent)
{
	return lab_random_below(random, 100) < percent;
}

double lab_random_share(struct lab_random *random)
{
	return ((double)(lab_random_next(random) >> 11) + 0.5) / 9007199254740992.0;
}

void lab_random_fill(struct lab_random *random, void *at, size_t len)
{
	uint8_t *byte = at;

	while (len > 0) {
		uint64_t chunk = lab_random_next(random);
		size_t part = len < sizeof(chunk) ? len : sizeof(chunk);
		memcpy(byte, &chunk, part);
		byte += part;
		len -= part;
	}
}

void lab_random_add(struct buf *out, struct lab_random *random, size_t count)
{
	if (!buf_reserve(out, count))
		return;
	lab_random_fill(random, out->at + out->len, count);
	out->len += count;
}

void lab_random_add_hex(struct buf *out, struct lab_random *random, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char byte = (char)lab_random_next(random);
		buf_add_hex(out, str_of(&byte, 1));
	}
}
