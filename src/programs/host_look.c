#include "programs/host_look.h"

#include <stdlib.h>

#include "base/arena.h"
#include "decode/constants/constants.h"
#include "detect/host_room.h"
#include "detect/host_verdict.h"
#include "programs/host_hidden.h"
#include "programs/host_images.h"
#include "programs/host_memory.h"
#include "programs/host_pads.h"
#include "programs/host_setup.h"
#include "source/host/executable_hash.h"

enum {
	ARENA_BYTES = 8 * 1024 * 1024, /* taken page by page; a process of 65536 mappings fits */
	HASHES = 256,
	PAST_MAX = 512,
	HASH_STEP = 32 * 1024 * 1024,
	EMPTY_SCANS_MOST = 4,	 /* then every 16th look is one at memory, too */
	HASH_STEPS_AT_ONCE = 16, /* where a hash decides what is told */
};

/* What a process had asked of the kernel when it was first looked at. */
struct past_looks {
	uint64_t pid, start_ns;
	uint64_t bytes, calls, switches;
	duration cpu_time;
	bool is_counted;		    /* the four above are known */
	uint32_t empty_scans, scans_spared; /* of its memory, in a row */
	uint64_t pads_mark;		    /* of a page's pads; 0: none were seen */
	struct page_sites sites;	    /* of a page, when its memory was read last */
};

struct host_looker {
	struct host_looker_settings settings;
	struct arena arena;
	struct host_memory *memory;
	struct executable_hashes *hashes;
	struct table *past;
	const struct process *process; /* of the last look, in the arena */
};

int host_looker_new(const struct host_looker_settings *settings, struct host_looker **out,
		    struct error *why)
{
	const struct table_settings past = {.capacity = PAST_MAX,
					    .entry_size = sizeof(struct past_looks),
					    .key_size = 2 * sizeof(uint64_t),
					    .seed = settings->seed};
	struct host_looker *l = calloc(1, sizeof(*l));

	if (!l)
		return -1;
	l->settings = *settings;
	if (arena_init(&l->arena, ARENA_BYTES) < 0 || table_new(&past, &l->past) < 0 ||
	    executable_hashes_new(HASHES, &l->hashes) < 0) {
		host_looker_free(l);
		return error_set(why, -1, "not enough memory to look at processes");
	}
	if (host_memory_new(&l->memory, why) < 0) {
		host_looker_free(l);
		return -1;
	}
	*out = l;
	return 0;
}

void host_looker_free(struct host_looker *looker)
{
	if (!looker)
		return;
	host_memory_free(looker->memory);
	executable_hashes_free(looker->hashes);
	table_free(looker->past);
	arena_fini(&looker->arena);
	free(looker);
}

uint32_t host_look_wants(void)
{
	return process_files_for(PROCESS_WANT_ALL) | 1u << PROCESS_FILE_MAPS |
	       1u << PROCESS_FILE_MEMORY;
}

/* -- what was known of it -- */

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
static bool is_scan_due(struct past_looks *past)
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
	return w->pad_count > 0 || w->rule_hit_count > 0;
}

static void note_scan(struct past_looks *past, const struct workload *w)
{
	if (found_something(w))
		past->empty_scans = 0;
	else if (past->empty_scans < EMPTY_SCANS_MOST)
		past->empty_scans++;
}

static void scan_memory(struct host_looker *l, const struct host_memory_of *of,
			struct past_looks *past, struct workload *w)
{
	uint64_t *pads_mark = past ? &past->pads_mark : NULL;

	if (is_own_program(l, &w->process->executable) ||
	    !host_memory_scan(l->memory, of, w, pads_mark) || !past)
		return;
	note_scan(past, w);
	past->sites = w->sites ? *w->sites : (struct page_sites){0};
}

/* A page does not become another's when its memory is not read anew. */
static void remember_sites(const struct past_looks *past, struct workload *w)
{
	if (w->browser && !w->sites && past && past->sites.count > 0)
		w->sites = &past->sites;
}

static struct past_looks *past_of(struct host_looker *l, uint64_t pid, uint64_t start_ns,
				  instant now)
{
	const struct past_looks key = {.pid = pid, .start_ns = start_ns};
	uint64_t hash = table_hash(l->past, &key);
	struct past_looks *past = table_find(l->past, &key, hash);

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
	struct past_looks *past =
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
static void compare_with_past(struct past_looks *past, const struct process *p, struct workload *w)
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

static bool hash_executable(struct host_looker *l, const struct processes *processes,
			    const struct opened_process *opened, instant now, struct process *p)
{
	const struct authorised *authorised = l->settings.authorised;
	int fd = opened->descriptors[PROCESS_FILE_EXECUTABLE];
	int steps = authorised && authorised_wants_hash(authorised) ? HASH_STEPS_AT_ONCE : 1;
	int result = fd >= 0 ? 0 : -1;

	/* in steps of our own: before each the supervisor hears that we go on */
	for (int i = 0; i < steps && result == 0 && processes_may_read(processes, p->key.pid); i++)
		result = executable_hash_step(l->hashes, fd, HASH_STEP, now, p->executable.sha256);
	p->executable.has_sha256 = result == 1;
	return p->executable.has_sha256;
}

/* -- judging -- */

static void ask_rooms(struct host_looker *l, const struct workload *w, bool last,
		      struct signs *signs)
{
	for (size_t i = 0; host_rooms[i]; i++)
		if (host_rooms[i]->is_asked_last == last)
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

/* What is known of it without its memory: image, mappings, connections, browser, traces. */
static void fill_workload(struct host_looker *l, struct processes *processes,
			  const struct workload_due *due, const struct opened_process *opened,
			  struct process *process, struct workload *w)
{
	struct process_mappings mappings = {0};

	if (l->settings.images)
		process->image = host_images_find(l->settings.images, process->cgroup.container);
	w->process = process;
	host_pads_tell_browser(w, &l->arena);
	if (process_mappings_read(processes, opened, &l->arena, &mappings) == 0) {
		w->mappings = mappings.at;
		w->mapping_count = mappings.count;
	}
	if (l->settings.owners && due->is_named)
		owners_settle(l->settings.owners, &process->key);
	if (l->settings.owners)
		w->session_count =
			owners_sessions(l->settings.owners, process, &l->arena, &w->sessions);
	if (l->settings.setup)
		w->trace_count =
			host_setup_traces(l->settings.setup, process, &l->arena, &w->traces);
}

static void fill_past(struct host_looker *l, struct workloads *workloads,
		      const struct workload_due *due, struct past_looks *past, instant now,
		      struct workload *w)
{
	if (w->process->has_io && workloads_is_spread(workloads, &due->workload))
		add_short_life(l, w->process, now, w);
	else if (w->process->has_io && past)
		compare_with_past(past, w->process, w);
}

/*
 * What costs most, and only of what is noteworthy: the kernel walks all connections of the machine
 * for the list of one process, and what is in memory accuses nobody alone.
 */
static void look_closer(struct host_looker *l, struct processes *processes,
			const struct opened_process *opened, const struct host_memory_of *memory,
			struct past_looks *past, struct process *process, struct workload *w)
{
	process_sockets_read(processes, opened, process);
	if (!past || is_scan_due(past))
		scan_memory(l, memory, past, w);
	remember_sites(past, w);
}

enum look_result host_look(struct host_looker *looker, struct workloads *workloads,
			   struct processes *processes, const struct workload_due *due,
			   const struct opened_process *opened, instant now, struct finding *out)
{
	struct process *process;
	struct workload workload;
	struct signs signs = {0};

	arena_reset(&looker->arena);
	*out = (struct finding){0};
	looker->process = NULL;
	process = arena_take(&looker->arena, sizeof(*process));
	if (!process || !read_process(looker, processes, due, opened, process) ||
	    !view(workloads, due, process, now, &looker->arena, &workload))
		return LOOK_NOTHING;
	looker->process = process;
	fill_workload(looker, processes, due, opened, process, &workload);
	const struct host_memory_of memory = {
		.processes = processes,
		.arena = &looker->arena,
		.pid = due->process.pid,
		.descriptor = opened->descriptors[PROCESS_FILE_MEMORY],
		.rules = looker->settings.rules,
	};
	host_memory_name_pages(&workload, (struct code_page *)workload.pages);
	host_memory_windows(&memory, &workload);
	struct past_looks *past = past_of(looker, process->key.pid, process->key.start_ns, now);
	fill_past(looker, workloads, due, past, now, &workload);
	ask_rooms(looker, &workload, false, &signs);
	if (is_noteworthy(&signs)) {
		look_closer(looker, processes, opened, &memory, past, process, &workload);
		ask_rooms(looker, &workload, true, &signs);
	}
	enum look_result result = judge(looker, workloads, due, &workload, &signs, out);
	/* only of what is told, and told with it: a browser's program is 200 MB to hash */
	if (out->detector.len > 0 && hash_executable(looker, processes, opened, now, process))
		result = judge(looker, workloads, due, &workload, &signs, out);
	if (out->detector.len > 0)
		apply_authorisation(looker, process, now, out);
	if (looker->settings.setup && out->detector.len > 0)
		host_setup_want(looker->settings.setup, process, now);
	return result;
}

const struct process *host_looked_at(const struct host_looker *looker)
{
	return looker->process;
}
