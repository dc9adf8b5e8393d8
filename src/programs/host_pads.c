#include "programs/host_pads.h"

#include "base/hash.h"
#include "decode/memory/pads.h"
#include "decode/proc/browser.h"
#include "programs/host_memory.h"
#include "programs/host_sites.h"

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

struct reading {
	const struct host_memory_of *of;
	char *piece; /* what may go on in the next piece is kept at its beginning */
	size_t cap;
	struct pad_finder *pads;
	struct host_sites *sites;
};

static void read_region(const struct reading *r, const struct mapping *m, bool for_pads,
			bool for_sites)
{
	const size_t cap = (r->cap - PAGE_SITE_REACH) / PAD_PAGE_BYTES * PAD_PAGE_BYTES;
	char *bytes = r->piece + PAGE_SITE_REACH;
	size_t kept = 0;

	for (uint64_t at = m->start; at < m->end;) {
		size_t wanted = m->end - at < cap ? (size_t)(m->end - at) : cap;
		ssize_t got = host_memory_read(r->of, bytes, wanted, at);
		if (got < PAD_PAGE_BYTES) {
			r->sites->found.is_cut |= for_sites;
			break;
		}
		size_t len = (size_t)got - (size_t)got % PAD_PAGE_BYTES;
		at += len;
		if (for_pads)
			pad_finder_read(r->pads, str_of(bytes, len), at - len);
		if (for_sites)
			host_sites_read(r->sites, str_of(bytes - kept, len + kept),
					len + kept - (at < m->end ? PAGE_SITE_REACH : 0));
		kept = PAGE_SITE_REACH;
		memcpy(r->piece, bytes + len - kept, kept);
	}
	if (for_pads)
		pad_finder_end(r->pads);
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

void host_pads_find(const struct host_memory_of *of, struct workload *workload, char *piece,
		    size_t cap, uint64_t *mark)
{
	struct pad_finder *pads = arena_take(of->arena, sizeof(*pads));
	struct host_sites *sites = arena_take(of->arena, sizeof(*sites));
	const struct reading reading = {of, piece, cap, pads, sites};
	uint64_t left = PADS_BUDGET;

	if (!pads || !sites)
		return;
	host_sites_begin(sites, workload, of);
	for (int walled = 1; walled >= 0; walled--)
		for (size_t i = 0; i < workload->mapping_count; i++) {
			const struct mapping *m = &workload->mappings[i];
			uint64_t size = m->end - m->start;
			bool for_pads = may_hold_pads(workload, i, walled) && size <= left;
			bool for_sites = !walled && host_sites_wants(sites, i);
			if (for_pads || for_sites)
				read_region(&reading, m, for_pads, for_sites);
			left -= for_pads ? size : 0;
		}
	workload->pads = pads->pads;
	workload->pad_count = pads->count;
	compare_pads(workload, mark);
	host_sites_end(sites, workload, of->arena);
}
