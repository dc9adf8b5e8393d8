#include "programs/host_rules.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "programs/clock.h"
#include "programs/rule_files.h"
#include "programs/rules_budget.h"

enum {
	REGIONS_MAX = 4096,
	STOPPED_MAX = 64,
	PASSED_OVER = 16, /* scans; then they are tried again, since it may have been a busy hour */
};

/* A process at which they were stopped: it may have arranged for that. */
struct stopped {
	struct process_key process;
	uint32_t left; /* to be passed over; 0: a free place */
};

struct host_rules {
	struct rules_library *library;
	struct rules *rules;
	struct rule_text texts[RULES_FILES_MAX];
	struct rule_region regions[REGIONS_MAX];
	size_t region_count;
	struct rules_watcher watcher; /* its functions NULL: nobody */
	struct stopped stopped[STOPPED_MAX];
	size_t next;	    /* the oldest of them */
	uint64_t undecided; /* in all */
	struct rules_budget budget;
};

int host_rules_new(struct host_rules **out, struct error *why)
{
	struct host_rules *r = calloc(1, sizeof(*r));

	*out = NULL;
	if (!r)
		return error_set(why, -ENOMEM, "no memory for the rules of host.yara");
	int result = rules_library_open(&r->library, why);
	if (result < 0) {
		free(r);
		return result;
	}
	*out = r;
	return 0;
}

int host_rules_take(struct host_rules *rules, int descriptor, struct error *why)
{
	size_t count = rule_files_map(descriptor, rules->texts);

	if (count == 0)
		return error_set(why, -EINVAL, "the rules are not of this program");
	return rules_compile(rules->library, rules->texts, count, &rules->rules, why);
}

void host_rules_free(struct host_rules *rules)
{
	if (!rules)
		return;
	rules_free(rules->rules);
	rules_library_close(rules->library);
	free(rules);
}

void host_rules_watch(struct host_rules *rules, const struct rules_watcher *watcher)
{
	if (rules)
		rules->watcher = *watcher;
}

void host_rules_begin(struct host_rules *rules)
{
	if (rules)
		rules->region_count = 0;
}

void host_rules_add(struct host_rules *rules, uint64_t start, uint64_t end)
{
	if (rules && rules->region_count < REGIONS_MAX)
		rules->regions[rules->region_count++] = (struct rule_region){start, end};
}

static bool is_passed_over(struct host_rules *rules, const struct process_key *process)
{
	for (size_t i = 0; i < STOPPED_MAX; i++) {
		struct stopped *stopped = &rules->stopped[i];
		if (stopped->left == 0 || stopped->process.pid != process->pid ||
		    stopped->process.start_ns != process->start_ns)
			continue;
		stopped->left--;
		return true;
	}
	return false;
}

static void note_stop(struct host_rules *rules, const struct process_key *process)
{
	rules->stopped[rules->next] = (struct stopped){*process, PASSED_OVER};
	rules->next = (rules->next + 1) % STOPPED_MAX;
}

struct reading {
	const struct processes *processes;
	uint32_t pid;
	int memory;
};

/* Asked piece by piece: whoever supervises us hears that we go on. */
static size_t read_piece(void *context, uint64_t address, char *out, size_t len)
{
	const struct reading *r = context;
	ssize_t got = processes_may_read(r->processes, r->pid)
			      ? pread(r->memory, out, len, (off_t)address)
			      : -1;

	return got > 0 ? (size_t)got : 0;
}

void host_rules_scan(struct host_rules *rules, const struct processes *processes, int memory,
		     struct arena *arena, struct workload *workload)
{
	struct reading reading = {processes, workload->process->key.pid, memory};

	if (!rules || !rules->rules)
		return;
	rules->undecided++;
	if (is_passed_over(rules, &workload->process->key) ||
	    !rules_budget_allows(&rules->budget, clock_monotonic()))
		return;
	struct rule_hit *hits = arena_take(arena, sizeof(*hits) * RULE_HITS_MAX);
	const struct rules_memory m = {.regions = rules->regions,
				       .count = rules->region_count,
				       .read = read_piece,
				       .context = &reading};
	if (!hits)
		return;
	if (rules->watcher.begins && !rules->watcher.begins(rules->watcher.context, reading.pid))
		return;
	const instant began = clock_monotonic(), worked = clock_worked();
	duration cost;
	if (rules_scan(rules->rules, &m, arena, hits, &workload->rule_hit_count) == RULES_DONE) {
		rules->undecided--;
		cost = instant_since(clock_worked(), worked); /* not for how busy others are */
	} else {
		note_stop(rules, &workload->process->key);
		cost = instant_since(clock_monotonic(), began); /* it may be slow pages */
	}
	rules_budget_spend(&rules->budget, cost);
	if (rules->watcher.ends)
		rules->watcher.ends(rules->watcher.context, reading.pid);
	workload->rule_hits = hits;
}

uint64_t host_rules_stopped(const struct host_rules *rules)
{
	return rules ? rules->undecided : 0;
}
