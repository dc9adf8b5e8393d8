#include "programs/host_sites.h"

#include "decode/memory/pads.h"
#include "programs/host_memory.h"

enum {
	BUDGET = 256 * 1024 * 1024,
	LOOKUPS_MOST = 512, /* each a call; a page has three dozen */
	ASTRAY_MOST = 16,   /* more, and somebody guesses addresses */
	CHROMIUM_REGION = 4 * 1024 * 1024,
};

/* Firefox names a process so that it keeps for one site; in no other are its words looked for. */
static bool is_isolated(const struct process *process)
{
	return str_starts(process->name, STR("Isolated ")) ||
	       str_starts(process->name, STR("WebCOOP+COEP "));
}

void host_sites_begin(struct host_sites *sites, const struct workload *workload,
		      const struct host_memory_of *of)
{
	*sites = (struct host_sites){.workload = workload, .of = of, .lookups_left = LOOKUPS_MOST};
	if (workload->browser->engine == ENGINE_CHROMIUM)
		sites->region_most = CHROMIUM_REGION;
	else if (is_isolated(workload->process))
		sites->region_most = UINT64_MAX; /* its small things may lie anywhere */
	sites->left = BUDGET;
}

/*
 * Not a module's memory; nor, of Chromium, what is larger than the pieces in which its allocator
 * keeps small things, each between walls: large arrays of the page, and the stacks of threads.
 */
bool host_sites_wants(struct host_sites *sites, size_t i)
{
	const uint32_t wanted = MAPPING_READ | MAPPING_WRITE | MAPPING_ANONYMOUS;
	const struct workload *w = sites->workload;
	const struct mapping *m = &w->mappings[i];
	uint64_t size = m->end - m->start;

	if ((m->flags & wanted) != wanted || (m->flags & (MAPPING_EXECUTE | MAPPING_STACK)) ||
	    size > sites->region_most || memory_is_walled(w->mappings, w->mapping_count, i))
		return false;
	if (size > sites->left) {
		sites->found.is_cut = true;
		return false;
	}
	sites->left -= size;
	return true;
}

static struct str look_up(struct host_sites *sites, uint64_t address, char *room, size_t cap)
{
	if (sites->lookups_left == 0) {
		sites->found.is_cut = true;
		return (struct str){0};
	}
	sites->lookups_left--;
	ssize_t got = host_memory_read(sites->of, room, cap, address);
	return str_of(room, got > 0 ? (size_t)got : 0);
}

/* The browser's own lead to texts. A page that makes up records has to guess where its texts lie.
 */
static void note_astray(struct host_sites *sites)
{
	if (++sites->astray > ASTRAY_MOST)
		sites->found.is_cut = true;
}

/* What is in a sandbox has an origin of its own, with neither scheme nor host; behind it is whose
 * it was. */
static void count_record(struct host_sites *sites, struct origin_record record)
{
	char bytes[ORIGIN_RECORD_BYTES], scheme[ORIGIN_TEXT_BYTES], host[ORIGIN_TEXT_BYTES];
	struct page_origin origin = {.is_opaque = record.is_opaque};

	if (record.is_opaque && record.precursor == 0)
		return;
	if (record.is_opaque &&
	    (!origin_record_read(look_up(sites, record.precursor, bytes, sizeof(bytes)), &record) ||
	     record.is_opaque)) {
		note_astray(sites);
		return;
	}
	origin.port = record.port;
	if (origin_text_read(look_up(sites, record.scheme, scheme, sizeof(scheme)),
			     &origin.scheme) &&
	    origin_text_read(look_up(sites, record.host, host, sizeof(host)), &origin.host))
		page_sites_add(&sites->found, sites->workload->browser->role, &origin);
	else
		note_astray(sites);
}

void host_sites_read(struct host_sites *sites, struct str bytes, size_t end)
{
	const struct browser_process *browser = sites->workload->browser;
	struct origin_record record;
	struct page_origin origin;

	if (browser->engine == ENGINE_CHROMIUM)
		for (size_t at = 0; origin_record_next(bytes, end, &at, &record);)
			count_record(sites, record);
	else
		for (size_t at = 0; remote_type_next(bytes, end, &at, &origin);)
			page_sites_add(&sites->found, browser->role, &origin);
}

void host_sites_end(const struct host_sites *sites, struct workload *workload, struct arena *arena)
{
	struct page_sites *told = arena_take(arena, sizeof(*told));

	if (!told)
		return;
	page_sites_judge(&sites->found, told);
	workload->sites = told->count > 0 ? told : NULL;
}
