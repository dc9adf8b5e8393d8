/*
 * Memory as an algorithm must have it: RandomX cannot do without a dataset of 2080 MiB, or without
 * a cache of 256 MiB and the patience of a snail, and without 2 MiB for each thread that hashes.
 */
#include <inttypes.h>

#include "detect/host_room.h"

#define MIB UINT64_C(1048576)

enum {
	DATASET_MIB = 2080, /* 2181038080 bytes, RandomX's configuration: base plus extra size */
	CACHE_MIB = 256,
	CACHES_BESIDE =
		3, /* a node that mines has one more for blocks of the last key and the next */
	RESIDENT_LEAST_MIB = 320, /* the cache, and a dataset that begins to be filled */
	DATASET_SLACK_MIB = 2,	  /* malloc's head, rounding up to a huge page */
	PADS_MOST = 256,
};

struct layout {
	const struct mapping *dataset, *cache;
	uint64_t slack; /* bytes beyond the dataset: pads that lie beside it make one mapping of it
			 */
	uint32_t pads; /* mappings of a whole number of 2 MiB, up to a pad for each of 64 threads */
	bool has_huge_pages;
	const struct mapping *generated; /* anonymous, executable */
};

static bool is_private_memory(const struct mapping *m)
{
	return (m->flags & MAPPING_WRITE) &&
	       (m->flags & (MAPPING_ANONYMOUS | MAPPING_HUGE_PAGES)) &&
	       !(m->flags & (MAPPING_STACK | MAPPING_HEAP | MAPPING_VDSO));
}

/*
 * 2080 MiB, and at most what rounding, the caches and a few pads beside it add: the kernel shows
 * neighbours of one kind as one mapping, and whoever takes caches and dataset one after the other
 * has them side by side. monerod was seen with one cache beside it, and with two.
 */
static bool is_dataset(uint64_t size, uint64_t *slack)
{
	if (size < DATASET_MIB * MIB)
		return false;
	*slack = size - DATASET_MIB * MIB;
	for (int i = 0; i < CACHES_BESIDE && *slack >= CACHE_MIB * MIB; i++)
		*slack -= CACHE_MIB * MIB;
	uint64_t odd = *slack % (2 * MIB);
	return *slack <= DATASET_SLACK_MIB * MIB ||
	       (*slack <= 64 * 2 * MIB && (odd <= 64 * 1024 || odd >= 2 * MIB - 64 * 1024));
}

static bool is_close(uint64_t size, uint64_t wanted)
{
	return size >= wanted && size - wanted <= 64 * 1024;
}

static struct layout layout_of(const struct workload *w)
{
	struct layout l = {0};
	uint64_t slack;

	for (size_t i = 0; i < w->mapping_count; i++) {
		const struct mapping *m = &w->mappings[i];
		uint64_t size = m->end - m->start;
		if ((m->flags & MAPPING_EXECUTE) && (m->flags & MAPPING_ANONYMOUS) &&
		    !(m->flags & MAPPING_VDSO) && !l.generated)
			l.generated = m;
		if (!is_private_memory(m))
			continue;
		l.has_huge_pages |= (m->flags & MAPPING_HUGE_PAGES) != 0;
		if (!l.dataset && is_dataset(size, &slack)) {
			l.dataset = m;
			l.slack = slack;
		} else if (!l.cache && is_close(size, CACHE_MIB * MIB)) {
			l.cache = m;
		} else if (is_close(size, 2 * MIB) && l.pads < PADS_MOST) {
			l.pads++;
		}
	}
	return l;
}

static struct str quote_of(struct arena *scratch, const struct mapping *m)
{
	return arena_printf(scratch, "%" PRIx64 "-%" PRIx64 " %c%c%c %" PRIu64 " kB", m->start,
			    m->end, m->flags & MAPPING_READ ? 'r' : '-',
			    m->flags & MAPPING_WRITE ? 'w' : '-',
			    m->flags & MAPPING_EXECUTE ? 'x' : '-', (m->end - m->start) / 1024);
}

static void judge(const struct workload *workload, struct arena *scratch, struct signs *out)
{
	struct layout l = layout_of(workload);
	struct sign sign = {.family = FAMILY_MEMORY, .detector = "memory_layout"};

	uint64_t resident = workload->process ? workload->process->resident_bytes : 0;

	if (l.dataset && resident >= RESIDENT_LEAST_MIB * MIB) {
		bool is_filled = resident >= DATASET_MIB * MIB / 2;
		sign.weight = SIGN_STRONG;
		sign.strength = !is_filled ? 0.6 : l.slack <= DATASET_SLACK_MIB * MIB ? 0.8 : 0.7;
		sign.algorithm = "rx/0";
		sign.quote = quote_of(scratch, l.dataset);
		sign.reason =
			is_filled
				? STR("it holds one block of memory of 2080 MiB, which is the size "
				      "of RandomX's dataset")
				: arena_printf(scratch,
					       "it reserved one block of memory of 2080 MiB, which "
					       "is the size of RandomX's dataset, and has %" PRIu64
					       " MiB in memory so far",
					       resident / MIB);
		signs_add(out, sign);
	} else if (l.cache) {
		/* everybody allocates 256 MiB now and then; with a pad for each hot thread it is
		 * odd */
		bool has_pads = workload->hot_threads > 0 && l.pads >= workload->hot_threads;
		sign.weight = has_pads && l.generated ? SIGN_STRONG : SIGN_SUPPORTS;
		sign.strength = has_pads ? 0.6 : 0.3;
		sign.quote = quote_of(scratch, l.cache);
		sign.reason = has_pads
				      ? STR("it holds 256 MiB in one block and 2 MiB for each busy "
					    "thread, as RandomX without its large dataset does")
				      : STR("it holds 256 MiB in one block, as RandomX's cache");
		signs_add(out, sign);
	} else if (l.pads > 0 && workload->hot_threads > 0 && l.pads == workload->hot_threads) {
		sign.weight = SIGN_SUPPORTS;
		sign.strength = 0.3;
		sign.reason = arena_printf(
			scratch, "it has as many blocks of 2 MiB as busy threads (%" PRIu32 ")",
			l.pads);
		signs_add(out, sign);
	}
	if (l.has_huge_pages)
		signs_add(out, (struct sign){.family = FAMILY_MEMORY,
					     .weight = SIGN_SUPPORTS,
					     .strength = 0.3,
					     .detector = "memory_layout",
					     .reason = STR("it works in huge pages")});
}

const struct host_room memory_layout_room = {
	.name = "memory_layout",
	.summary = "Blocks of memory of the sizes an algorithm must have",
	.judge = judge,
};
