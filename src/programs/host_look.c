#include "programs/host_look.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "decode/constants/constants.h"
#include "decode/memory/pads.h"
#include "detect/host_room.h"
#include "detect/host_verdict.h"
#include "programs/host_hidden.h"
#include "programs/host_pads.h"
#include "programs/host_setup.h"
#include "source/host/executable_hash.h"

enum {
	ARENA_BYTES = 8 * 1024 * 1024, /* taken page by page; a process of 65536 mappings fits */
	HASHES = 256,
	PAST_MAX = 512,
	REGION_MAX = 16 * 1024 * 1024,	   /* larger ones hold data, the dataset among them */
	REGIONS_BUDGET = 16 * 1024 * 1024, /* of each rank: a large heap must not hide a library */
	PIECE = 1024 * 1024,
	HASH_STEP = 32 * 1024 * 1024,
	EMPTY_SCANS_MOST = 4,		/* then every 16th look is one at memory, too */
	HASH_STEPS_AT_ONCE = 16,	/* where a hash decides what is told */
	MODULE_BEGIN = 2 * 1024 * 1024, /* compilers put a module's tables first */
};

/* What a process had asked of the kernel when it was first looked at. */
struct past {
	uint64_t pid, start_ns;
	uint64_t bytes, calls, switches;
	duration cpu_time;
	bool is_counted;		    /* the four above are known */
	uint32_t empty_scans, scans_spared; /* of its memory, in a row */
	uint64_t pads_mark;		    /* of a page's pads; 0: none were seen */
};

struct host_looker {
	struct host_looker_settings settings;
	struct arena arena;
	struct constant_scanner *scanner; /* NULL: memory is not scanned */
	struct executable_hashes *hashes;
	struct table *past;
	char *piece; /* PIECE + CONSTANT_TEXT_MAX bytes */
	const struct processes *processes;
	uint32_t pid; /* being looked at */
};

int host_looker_new(const struct host_looker_settings *settings, struct host_looker **out,
		    struct error *why)
{
	const struct table_settings past = {.capacity = PAST_MAX,
					    .entry_size = sizeof(struct past),
					    .key_size = 2 * sizeof(uint64_t),
					    .seed = settings->seed};
	struct host_looker *l = calloc(1, sizeof(*l));

	if (!l)
		return -1;
	l->settings = *settings;
	l->piece = malloc(PIECE + CONSTANT_TEXT_MAX);
	if (!l->piece || arena_init(&l->arena, ARENA_BYTES) < 0 || table_new(&past, &l->past) < 0 ||
	    executable_hashes_new(HASHES, &l->hashes) < 0) {
		host_looker_free(l);
		return error_set(why, -1, "not enough memory to look at processes");
	}
	if (constant_scanner_new(&l->scanner, why) < 0)
		l->scanner = NULL;
	*out = l;
	return 0;
}

void host_looker_free(struct host_looker *looker)
{
	if (!looker)
		return;
	constant_scanner_free(looker->scanner);
	executable_hashes_free(looker->hashes);
	table_free(looker->past);
	arena_fini(&looker->arena);
	free(looker->piece);
	free(looker);
}

uint32_t host_look_wants(void)
{
	return process_files_for(PROCESS_WANT_ALL) | 1u << PROCESS_FILE_MAPS |
	       1u << PROCESS_FILE_MEMORY;
}

/* -- reading -- */

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

static void name_pages(struct workload *w, struct code_page *pages)
{
	for (size_t i = 0; i < w->page_count; i++) {
		const struct mapping *m = mapping_at(w, pages[i].address);
		pages[i].mapping_start = m ? m->start : 0;
		pages[i].is_anonymous = is_generated(m);
		w->anonymous_samples += pages[i].is_anonymous ? pages[i].samples : 0;
	}
}

/* Asked piece by piece: whoever supervises us hears that we go on. */
static bool may_read(const struct host_looker *l)
{
	return processes_may_read(l->processes, l->pid);
}

/* Half before, half behind; what lies outside the mapping is not there. */
static void read_windows(struct host_looker *l, int memory, struct workload *w)
{
	struct code_window *windows =
		arena_take(&l->arena, sizeof(*windows) * WORKLOAD_WINDOWS_MAX);

	if (!windows || memory < 0 || !may_read(l))
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
		char *bytes = arena_take(&l->arena, len);
		ssize_t got = bytes ? pread(memory, bytes, len, (off_t)from) : -1;
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

static void scan_region(struct host_looker *l, int memory, uint64_t from, uint64_t end)
{
	size_t kept = 0;

	for (uint64_t at = from; at < end;) {
		size_t wanted = end - at < PIECE ? (size_t)(end - at) : PIECE;
		ssize_t got = may_read(l) ? pread(memory, l->piece + kept, wanted, (off_t)at) : -1;
		if (got <= 0)
			return;
		size_t len = kept + (size_t)got;
		constant_scanner_scan(l->scanner, str_of(l->piece, len), at - kept);
		kept = len < CONSTANT_TEXT_MAX ? len : CONSTANT_TEXT_MAX;
		memmove(l->piece, l->piece + len - kept, kept);
		at += (uint64_t)got;
	}
}

/* A page's modules: large, but what they know is at their beginning. */
static void scan_modules(struct host_looker *l, int memory, const struct workload *w)
{
	uint64_t left = REGIONS_BUDGET;

	for (size_t i = 0; i < w->mapping_count && left >= MODULE_BEGIN; i++) {
		const struct mapping *m = &w->mappings[i];
		if (!memory_is_walled(w->mappings, w->mapping_count, i))
			continue;
		uint64_t end = m->end - m->start < MODULE_BEGIN ? m->end : m->start + MODULE_BEGIN;
		scan_region(l, memory, m->start, end);
		left -= MODULE_BEGIN;
	}
}

/*
 * Davy itself, also of before an upgrade: its patterns are in its memory. What it runs is judged
 * all the same, so that a miner gains nothing by its name. A path counts only when root keeps it.
 */
static bool is_own_program(const struct host_looker *l, const struct executable *e)
{
	if (e->inode != 0 && e->inode == l->settings.own_inode &&
	    e->device == l->settings.own_device)
		return true;
	return e->path.len > 0 && str_equal(e->path, l->settings.own_path) && e->owner == 0 &&
	       (e->mode & 022) == 0;
}

/* Where nothing was found in memory it is read again after one, three, seven ... more looks. */
static bool is_scan_due(struct past *past)
{
	if (past->scans_spared + 1 < 1u << past->empty_scans) {
		past->scans_spared++;
		return false;
	}
	past->scans_spared = 0;
	return true;
}

/* Tables of AES are in every libcrypto: no reason to read that again and again. */
static bool found_something(const struct workload *w)
{
	for (size_t i = 0; i < w->constant_count; i++)
		if (w->constants[i].kind != CONSTANT_TABLE)
			return true;
	return w->pad_count > 0;
}

static void note_scan(struct past *past, const struct workload *w)
{
	if (found_something(w))
		past->empty_scans = 0;
	else if (past->empty_scans < EMPTY_SCANS_MOST)
		past->empty_scans++;
}

static void scan_memory(struct host_looker *l, int memory, struct past *past, struct workload *w)
{
	struct constant_hit *hits = arena_take(&l->arena, sizeof(*hits) * CONSTANT_HITS_MAX);

	if (!l->scanner || memory < 0 || !hits || !may_read(l) ||
	    is_own_program(l, &w->process->executable))
		return;
	constant_scanner_begin(l->scanner, &l->arena);
	if (w->browser)
		scan_modules(l, memory, w); /* first: of a table the first place is told */
	for (int rank = 0; rank <= 2; rank++) {
		uint64_t left = rank == 2 ? 3 * REGIONS_BUDGET : REGIONS_BUDGET;
		for (size_t i = 0; i < w->mapping_count && left > 0; i++) {
			const struct mapping *m = &w->mappings[i];
			uint64_t size = m->end - m->start;
			if (region_rank(w, m) != rank || size > left)
				continue;
			scan_region(l, memory, m->start, m->end);
			left -= size;
		}
	}
	w->constants = hits;
	w->constant_count = constant_scanner_hits(l->scanner, hits);
	if (!past)
		return;
	if (w->browser)
		host_pads_find(w, memory, l->piece, PIECE, &l->arena, &past->pads_mark);
	note_scan(past, w);
}

static struct past *past_of(struct host_looker *l, uint64_t pid, uint64_t start_ns, instant now)
{
	const struct past key = {.pid = pid, .start_ns = start_ns};
	uint64_t hash = table_hash(l->past, &key);
	struct past *past = table_find(l->past, &key, hash);

	if (!past)
		past = table_insert(l->past, &key, hash, now);
	if (past)
		table_touch(l->past, past, now);
	return past;
}

/* Short processes add up, each from its birth to its look: there is no second one. */
static void add_short_life(struct host_looker *l, const struct process *p, instant now,
			   struct workload *w)
{
	/* no pid is that large: names the executable */
	struct past *past =
		past_of(l, p->executable.device << 32 | UINT32_MAX, p->executable.inode, now);

	if (!past)
		return;
	past->bytes += p->read_bytes + p->written_bytes;
	past->calls += p->read_calls + p->write_calls;
	past->switches += p->switches_asked;
	past->cpu_time.ns += p->cpu_time.ns;
	w->has_io = true;
	w->io_bytes = past->bytes;
	w->io_calls = past->calls;
	w->switches_asked = past->switches;
	w->cpu_time = past->cpu_time;
}

/* The difference to the first look; at the first there is none, which says nothing. */
static void compare_with_past(struct past *past, const struct process *p, struct workload *w)
{
	if (!past->is_counted) {
		past->bytes = p->read_bytes + p->written_bytes;
		past->calls = p->read_calls + p->write_calls;
		past->switches = p->switches_asked;
		past->cpu_time = p->cpu_time;
		past->is_counted = true;
		return;
	}
	w->has_io = true;
	w->io_bytes = p->read_bytes + p->written_bytes - past->bytes;
	w->io_calls = p->read_calls + p->write_calls - past->calls;
	w->switches_asked = p->switches_asked - past->switches;
	w->cpu_time = (duration){p->cpu_time.ns - past->cpu_time.ns};
}

static bool hash_executable(struct host_looker *l, const struct opened_process *opened, instant now,
			    struct process *p)
{
	const struct authorised *authorised = l->settings.authorised;
	int fd = opened->descriptors[PROCESS_FILE_EXECUTABLE];
	int steps = authorised && authorised_wants_hash(authorised) ? HASH_STEPS_AT_ONCE : 1;
	int result = fd >= 0 ? 0 : -1;

	for (int i = 0; i < steps && result == 0 && may_read(l); i++)
		result = executable_hash_step(l->hashes, fd, HASH_STEP, now, p->executable.sha256);
	p->executable.has_sha256 = result == 1;
	return p->executable.has_sha256;
}

/* -- judging -- */

static void ask_rooms(struct host_looker *l, const struct workload *w, bool of_constants,
		      struct signs *signs)
{
	for (size_t i = 0; host_rooms[i]; i++)
		if (host_rooms[i]->reads_constants == of_constants)
			host_rooms[i]->judge(w, &l->arena, signs);
}

static bool is_noteworthy(const struct signs *signs)
{
	for (size_t i = 0; i < signs->count; i++)
		if (signs->at[i].weight >= SIGN_LOOKS_ALIKE)
			return true;
	return false;
}

/* Told all the same, and as mining again when its day is over. */
static void apply_authorisation(struct host_looker *l, const struct process *process, instant now,
				struct finding *out)
{
	const struct authorisation *one =
		l->settings.authorised ? authorised_find(l->settings.authorised, process, now)
				       : NULL;

	if (one && authorised_holds(one, now))
		authorised_tell(one, &l->arena, out);
	else if (one)
		authorised_tell_expired(one, &l->arena, out);
}

static enum look_result judge(struct host_looker *l, struct workloads *workloads,
			      const struct workload_due *due, const struct workload *w,
			      const struct signs *signs, struct finding *out)
{
	const struct host_case host_case = {
		.workload = w,
		.signs = signs,
		.host = l->settings.host,
		.is_spread = workloads_is_spread(workloads, &due->workload),
	};
	*out = (struct finding){0};
	if (host_verdict(&host_case, &l->arena, out))
		return out->verdict == VERDICT_MINING ? LOOK_TOLD : LOOK_SIGNS;
	return is_noteworthy(signs) ? LOOK_SIGNS : LOOK_NOTHING;
}

/* Sockets only of what is found worth it: process_sockets_read. */
static const uint32_t wanted_first = PROCESS_WANT_ALL & ~(uint32_t)PROCESS_WANT_SOCKETS;

/* What /proc says, or of one that it does not show, the kernel. */
static bool read_process(struct host_looker *l, struct processes *processes,
			 const struct workload_due *due, const struct opened_process *opened,
			 struct process *out)
{
	const struct host_hidden *hidden = l->settings.hidden;

	if (!opened->error &&
	    process_read(processes, due->process.pid, opened, wanted_first, &l->arena, out) == 0) {
		struct process unlisted;
		if (hidden && host_hidden_describe(hidden, &out->key, &l->arena, &unlisted))
			out->flags |= PROCESS_NOT_LISTED;
		return true;
	}
	return hidden && host_hidden_describe(hidden, &due->process, &l->arena, out);
}

/* Without samples there is what it is, and what it has. */
static bool view(struct workloads *workloads, const struct workload_due *due,
		 const struct process *process, instant now, struct arena *arena,
		 struct workload *out)
{
	if (due->is_named && due->process.start_ns &&
	    due->process.start_ns != process->key.start_ns)
		return false;
	if (workloads_view(workloads, &due->workload, arena, out))
		return true;
	*out = (struct workload){
		.processes = 1, .processes_seen = 1, .first_seen = now, .last_seen = now};
	return due->is_named;
}

enum look_result host_look(struct host_looker *looker, struct workloads *workloads,
			   struct processes *processes, const struct workload_due *due,
			   const struct opened_process *opened, instant now, struct finding *out)
{
	struct process *process;
	struct workload workload;
	struct process_mappings mappings = {0};
	struct signs signs = {0};

	arena_reset(&looker->arena);
	looker->processes = processes;
	looker->pid = due->process.pid;
	*out = (struct finding){0};
	process = arena_take(&looker->arena, sizeof(*process));
	if (!process || !read_process(looker, processes, due, opened, process) ||
	    !view(workloads, due, process, now, &looker->arena, &workload))
		return LOOK_NOTHING;
	workload.process = process;
	host_pads_tell_browser(&workload, &looker->arena);
	if (process_mappings_read(processes, opened, &looker->arena, &mappings) == 0) {
		workload.mappings = mappings.at;
		workload.mapping_count = mappings.count;
	}
	if (looker->settings.owners && due->is_named)
		owners_settle(looker->settings.owners, &process->key);
	if (looker->settings.owners)
		workload.session_count = owners_sessions(looker->settings.owners, process,
							 &looker->arena, &workload.sessions);
	int memory = opened->descriptors[PROCESS_FILE_MEMORY];
	name_pages(&workload, (struct code_page *)workload.pages);
	read_windows(looker, memory, &workload);
	struct past *past = past_of(looker, process->key.pid, process->key.start_ns, now);
	if (process->has_io && workloads_is_spread(workloads, &due->workload))
		add_short_life(looker, process, now, &workload);
	else if (process->has_io && past)
		compare_with_past(past, process, &workload);
	if (looker->settings.setup)
		workload.trace_count = host_setup_traces(looker->settings.setup, process,
							 &looker->arena, &workload.traces);
	ask_rooms(looker, &workload, false, &signs);
	if (is_noteworthy(&signs)) {
		/* what costs most: the kernel walks all connections of the machine for the list of
		 * one process, and what is in memory accuses nobody alone */
		process_sockets_read(processes, opened, process);
		if (!past || is_scan_due(past))
			scan_memory(looker, memory, past, &workload);
		ask_rooms(looker, &workload, true, &signs);
	}
	enum look_result result = judge(looker, workloads, due, &workload, &signs, out);
	/* only of what is told, and told with it: a browser's program is 200 MB to hash */
	if (out->detector.len > 0 && hash_executable(looker, opened, now, process))
		result = judge(looker, workloads, due, &workload, &signs, out);
	if (out->detector.len > 0)
		apply_authorisation(looker, process, now, out);
	if (looker->settings.setup && out->detector.len > 0)
		host_setup_want(looker->settings.setup, process, now);
	return result;
}
