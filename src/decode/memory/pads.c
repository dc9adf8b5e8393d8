#include "decode/memory/pads.h"

#include "base/hash.h"

#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)

enum {
	LOOKED_AT = 256, /* bytes, at two places of a page */
	VALUES_LEAST = 136,
	PAIRS_MOST = 16, /* pads side by side */
};

/* The space of an index of 32 bits, less what it may begin above zero. */
static const uint64_t wall_least = 2048 * MIB;
/* Where a pad does not begin with a page, its first and last page are noise in part. */
static const uint64_t slack = 2 * PAD_PAGE_BYTES;

static bool is_noise(const char *at)
{
	uint64_t seen[4] = {0};
	int values = 0;

	for (size_t i = 0; i < LOOKED_AT; i++) {
		uint8_t byte = (uint8_t)at[i];
		seen[byte / 64] |= UINT64_C(1) << byte % 64;
	}
	for (size_t i = 0; i < 4; i++)
		values += __builtin_popcountll(seen[i]);
	return values >= VALUES_LEAST;
}

static bool is_close(uint64_t bytes, uint64_t wanted)
{
	return bytes + slack >= wanted && bytes <= wanted + slack;
}

static bool is_pad(uint64_t bytes)
{
	uint64_t pairs = (bytes + slack) / (2 * MIB);

	return is_close(bytes, 256 * KIB) || is_close(bytes, 1 * MIB) ||
	       (pairs >= 1 && pairs <= PAIRS_MOST && is_close(bytes, pairs * 2 * MIB));
}

void pad_finder_end(struct pad_finder *finder)
{
	if (is_pad(finder->bytes) && finder->count < PADS_MAX)
		finder->pads[finder->count++] = (struct memory_pad){
			.address = finder->start, .bytes = finder->bytes, .mark = finder->mark};
	finder->bytes = 0;
}

static void read_page(struct pad_finder *finder, const char *page, uint64_t address)
{
	if (!is_noise(page) || !is_noise(page + PAD_PAGE_BYTES / 2)) {
		pad_finder_end(finder);
		return;
	}
	if (finder->bytes > 0 && finder->start + finder->bytes != address)
		pad_finder_end(finder);
	if (finder->bytes == 0) {
		finder->start = address;
		finder->mark = 0;
	}
	finder->mark = hash_bytes(page, LOOKED_AT, finder->mark);
	finder->bytes += PAD_PAGE_BYTES;
}

void pad_finder_read(struct pad_finder *finder, struct str bytes, uint64_t address)
{
	for (size_t at = 0; at + PAD_PAGE_BYTES <= bytes.len; at += PAD_PAGE_BYTES)
		read_page(finder, bytes.at + at, address + at);
}

/* Firefox keeps a page of its own before it. */
static bool is_whole(uint64_t start, uint64_t end)
{
	if (start % (64 * KIB) == 64 * KIB - PAD_PAGE_BYTES)
		start += PAD_PAGE_BYTES;
	return start < end && start % (64 * KIB) == 0 && end % (64 * KIB) == 0;
}

bool memory_is_walled(const struct mapping *mappings, size_t count, size_t i)
{
	const uint32_t rights = MAPPING_READ | MAPPING_WRITE | MAPPING_EXECUTE;
	const struct mapping *m = &mappings[i];

	if ((m->flags & rights) != (MAPPING_READ | MAPPING_WRITE) ||
	    !(m->flags & (MAPPING_ANONYMOUS | MAPPING_MEMFD)) ||
	    (m->flags & (MAPPING_STACK | MAPPING_HEAP)) || !is_whole(m->start, m->end) ||
	    i + 1 >= count)
		return false;
	const struct mapping *wall = &mappings[i + 1];
	return wall->start == m->end && !(wall->flags & rights) &&
	       wall->end - wall->start >= wall_least;
}
