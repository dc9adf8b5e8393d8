#include "programs/host_memory.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "decode/constants/constants.h"
#include "decode/memory/pads.h"
#include "programs/host_pads.h"
#include "programs/host_rules.h"

enum {
	REGION_MAX = 16 * 1024 * 1024,	   /* larger ones hold data, the dataset among them */
	REGIONS_BUDGET = 16 * 1024 * 1024, /* of each rank: a large heap must not hide a library */
	PIECE = 1024 * 1024,
	MODULE_BEGIN = 2 * 1024 * 1024, /* compilers put a module's tables first */
};

struct host_memory {
	struct constant_scanner *scanner; /* NULL: memory is not scanned */
	char *piece;			  /* PIECE + CONSTANT_TEXT_MAX bytes */
};

int host_memory_new(struct host_memory **out, struct error *why)
{
	struct host_memory *m = calloc(1, sizeof(*m));

	if (!m || !(m->piece = malloc(PIECE + CONSTANT_TEXT_MAX))) {
		host_memory_free(m);
		return error_set(why, -1, "not enough memory to look at processes");
	}
	if (constant_scanner_new(&m->scanner, why) < 0)
		m->scanner = NULL;
	(void)malloc_trim(0); /* compiling took six times what the patterns take */
	*out = m;
	return 0;
}

void host_memory_free(struct host_memory *memory)
{
	if (!memory)
		return;
	constant_scanner_free(memory->scanner);
	free(memory->piece);
	free(memory);
}

static const struct mapping *mapping_at(const struct workload *w, uint64_t address)
{
	size_t from = 0, to = w->mapping_count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		if (w->mappings[middle].end <= address)
			from = middle + 1;
		else
			to = middle;
	}
	return from < w->mapping_count && w->mappings[from].start <= address ? &w->mappings[from]
									     : NULL;
}

/* Without a file that can be looked up: generated code, however its memory was come by. */
static bool is_generated(const struct mapping *m)
{
	return m && !(m->flags & MAPPING_VDSO) &&
	       (m->flags & (MAPPING_ANONYMOUS | MAPPING_MEMFD | MAPPING_HUGE_PAGES));
}

void host_memory_name_pages(struct workload *w, struct code_page *pages)
{
	for (size_t i = 0; i < w->page_count; i++) {
		const struct mapping *m = mapping_at(w, pages[i].address);
		pages[i].mapping_start = m ? m->start : 0;
		pages[i].is_anonymous = is_generated(m);
		w->anonymous_samples += pages[i].is_anonymous ? pages[i].samples : 0;
	}
}

static bool may_read(const struct host_memory_of *of)
{
	return processes_may_read(of->processes, of->pid);
}

ssize_t host_memory_read(const struct host_memory_of *of, char *out, size_t len, uint64_t at)
{
	return may_read(of) ? pread(of->descriptor, out, len, (off_t)at) : -1;
}

/* Half before, half behind; what lies outside the mapping is not there. */
void host_memory_windows(const struct host_memory_of *of, struct workload *w)
{
	struct code_window *windows =
		arena_take(of->arena, sizeof(*windows) * WORKLOAD_WINDOWS_MAX);

	if (!windows || of->descriptor < 0 || !may_read(of))
		return;
	for (size_t i = 0; i < w->page_count && w->window_count < WORKLOAD_WINDOWS_MAX; i++) {
		const struct code_page *page = &w->pages[i];
		const struct mapping *m = mapping_at(w, page->sampled);
		if (!m)
			continue;
		uint64_t from = page->sampled - m->start > CODE_WINDOW_BYTES / 2
					? page->sampled - CODE_WINDOW_BYTES / 2
					: m->start;
		uint64_t len =
			m->end - from < CODE_WINDOW_BYTES ? m->end - from : CODE_WINDOW_BYTES;
		char *bytes = arena_take(of->arena, len);
		ssize_t got = bytes ? pread(of->descriptor, bytes, len, (off_t)from) : -1;
		if (got <= (ssize_t)(page->sampled - from))
			continue;
		windows[w->window_count++] = (struct code_window){
			.address = from,
			.sampled_address = page->sampled,
			.bytes = str_of(bytes, (size_t)got),
			.pid = w->process->key.pid,
			.samples = page->samples,
			.is_anonymous = page->is_anonymous,
		};
	}
	w->windows = windows;
}

/* The program itself and what it wrote come first; libraries, which are many, last. */
static int region_rank(const struct workload *w, const struct mapping *m)
{
	uint64_t size = m->end - m->start;

	if (!(m->flags & MAPPING_READ) || size > REGION_MAX || (m->flags & MAPPING_VDSO))
		return -1;
	if (m->path.len > 0 && str_equal(m->path, w->process->executable.path))
		return 0;
	if ((m->flags & (MAPPING_ANONYMOUS | MAPPING_HEAP)) && (m->flags & MAPPING_WRITE))
		return 1;
	/* constants are in read-only data, or beside code */
	return (m->flags & MAPPING_WRITE) ? -1 : 2;
}

static void scan_region(struct host_memory *memory, const struct host_memory_of *of, uint64_t from,
			uint64_t end)
{
	size_t kept = 0;

	host_rules_add(of->rules, from, end);
	for (uint64_t at = from; at < end;) {
		size_t wanted = end - at < PIECE ? (size_t)(end - at) : PIECE;
		ssize_t got = host_memory_read(of, memory->piece + kept, wanted, at);
		if (got <= 0)
			return;
		size_t len = kept + (size_t)got;
		constant_scanner_scan(memory->scanner, str_of(memory->piece, len), at - kept);
		kept = len < CONSTANT_TEXT_MAX ? len : CONSTANT_TEXT_MAX;
		memmove(memory->piece, memory->piece + len - kept, kept);
		at += (uint64_t)got;
	}
}

/* A page's modules: large, but what they know is at their beginning. */
static void scan_modules(struct host_memory *memory, const struct host_memory_of *of,
			 const struct workload *w)
{
	uint64_t left = REGIONS_BUDGET;

	for (size_t i = 0; i < w->mapping_count && left >= MODULE_BEGIN; i++) {
		const struct mapping *m = &w->mappings[i];
		if (!memory_is_walled(w->mappings, w->mapping_count, i))
			continue;
		uint64_t end = m->end - m->start < MODULE_BEGIN ? m->end : m->start + MODULE_BEGIN;
		scan_region(memory, of, m->start, end);
		left -= MODULE_BEGIN;
	}
}

bool host_memory_scan(struct host_memory *memory, const struct host_memory_of *of,
		      struct workload *w, uint64_t *pads_mark)
{
	struct constant_hit *hits = arena_take(of->arena, sizeof(*hits) * CONSTANT_HITS_MAX);

	if (!memory->scanner || of->descriptor < 0 || !hits || !may_read(of))
		return false;
	constant_scanner_begin(memory->scanner, of->arena);
	host_rules_begin(of->rules);
	if (w->browser)
		scan_modules(memory, of, w); /* first: of a table the first place is told */
	for (int rank = 0; rank <= 2; rank++) {
		uint64_t left = rank == 2 ? 3 * REGIONS_BUDGET : REGIONS_BUDGET;
		for (size_t i = 0; i < w->mapping_count && left > 0; i++) {
			const struct mapping *m = &w->mappings[i];
			uint64_t size = m->end - m->start;
			if (region_rank(w, m) != rank || size > left)
				continue;
			scan_region(memory, of, m->start, m->end);
			left -= size;
		}
	}
	w->constants = hits;
	w->constant_count = constant_scanner_hits(memory->scanner, hits);
	host_rules_scan(of->rules, of->processes, of->descriptor, of->arena, w);
	if (w->browser && pads_mark)
		host_pads_find(of, w, memory->piece, PIECE, pads_mark);
	return true;
}
