#include "programs/host_pads.h"

#include <unistd.h>

#include "base/hash.h"
#include "decode/memory/pads.h"
#include "decode/proc/browser.h"

enum {
	PADS_BUDGET = 128 * 1024 * 1024, /* eight modules of 16 MiB */
	REGION_LEAST = 256 * 1024,	 /* the smallest pad there is */
};

void host_pads_tell_browser(struct workload *workload, struct arena *arena)
{
	struct browser_process *browser = arena_take(arena, sizeof(*browser));

	if (!browser)
		return;
	proc_browser_read(workload->process, browser);
	if (browser->role == BROWSER_PAGE || browser->role == BROWSER_EXTENSION)
		workload->browser = browser;
}

static void read_region(const struct mapping *m, int memory, char *piece, size_t cap,
			struct pad_finder *finder)
{
	for (uint64_t at = m->start; at < m->end;) {
		size_t wanted = m->end - at < cap ? (size_t)(m->end - at) : cap;
		ssize_t got = pread(memory, piece, wanted, (off_t)at);
		if (got < PAD_PAGE_BYTES)
			break;
		got -= got % PAD_PAGE_BYTES;
		pad_finder_read(finder, str_of(piece, (size_t)got), at);
		at += (uint64_t)got;
	}
	pad_finder_end(finder);
}

/* Memory of modules, or what JavaScript may hold in arrays. */
static bool may_hold_pads(const struct workload *w, size_t i, bool is_walled)
{
	const uint32_t wanted = MAPPING_READ | MAPPING_WRITE | MAPPING_ANONYMOUS;
	const struct mapping *m = &w->mappings[i];

	if (memory_is_walled(w->mappings, w->mapping_count, i) != is_walled)
		return false;
	return is_walled || ((m->flags & wanted) == wanted &&
			     !(m->flags & (MAPPING_EXECUTE | MAPPING_STACK | MAPPING_HEAP)) &&
			     m->end - m->start >= REGION_LEAST);
}

/* A miner's pads are written again all the time; what merely lies there stays as it is. */
static void compare_pads(struct workload *w, uint64_t *mark)
{
	uint64_t before = *mark;

	if (w->pad_count == 0)
		return;
	*mark = 0;
	for (size_t i = 0; i < w->pad_count; i++)
		*mark = hash_bytes(&w->pads[i].mark, sizeof(w->pads[i].mark), *mark);
	w->pads_were_rewritten = before != 0 && before != *mark;
}

void host_pads_find(struct workload *workload, int memory, char *piece, size_t cap,
		    struct arena *arena, uint64_t *mark)
{
	struct pad_finder *finder = arena_take(arena, sizeof(*finder));
	uint64_t left = PADS_BUDGET;

	if (!finder)
		return;
	*finder = (struct pad_finder){0};
	for (int walled = 1; walled >= 0; walled--)
		for (size_t i = 0; i < workload->mapping_count; i++) {
			const struct mapping *m = &workload->mappings[i];
			if (!may_hold_pads(workload, i, walled) || m->end - m->start > left)
				continue;
			read_region(m, memory, piece, cap, finder);
			left -= m->end - m->start;
		}
	workload->pads = finder->pads;
	workload->pad_count = finder->count;
	compare_pads(workload, mark);
}
