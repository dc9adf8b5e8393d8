#include "detect/cluster/distinct.h"

#include <string.h>

void distinct_add(struct distinct *d, uint64_t hash)
{
	uint8_t at = d->count;

	while (at > 0 && d->lowest[at - 1] > hash)
		at--;
	if (at > 0 && d->lowest[at - 1] == hash)
		return;
	if (d->count == DISTINCT_EXACT) {
		d->has_more = true;
		if (at == DISTINCT_EXACT)
			return;
		d->count--;
	}
	memmove(&d->lowest[at + 1], &d->lowest[at], (size_t)(d->count - at) * sizeof(hash));
	d->lowest[at] = hash;
	d->count++;
}

void distinct_join(struct distinct *d, const struct distinct *other)
{
	for (uint8_t i = 0; i < other->count; i++)
		distinct_add(d, other->lowest[i]);
	d->has_more |= other->has_more;
}

uint64_t distinct_count(const struct distinct *d)
{
	if (!d->has_more)
		return d->count;
	double share = (double)d->lowest[d->count - 1] / 18446744073709551616.0;
	double guess = share > 0 ? (d->count - 1) / share : 0;
	uint64_t digit = 1;
	while (guess / (double)digit >= 100 && digit < UINT64_C(1000000000000))
		digit *= 10;
	uint64_t round = (uint64_t)(guess / (double)digit + 0.5) * digit;
	return round > DISTINCT_EXACT ? round : DISTINCT_EXACT + 1;
}
