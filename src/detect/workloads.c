#include "detect/workloads_state.h"

#include <errno.h>
#include <stdlib.h>

enum {
	WORKLOADS_DEFAULT = 1024,
	PROCESSES_DEFAULT = 8192,
	SAMPLES_ENOUGH = 10,
	SAMPLES_ENOUGH_SLOW = 15, /* within a minute: 0.5 % of a core */
	SLOW_STEPS = 60,
	SPREAD_AFTER = 4, /* processes that had samples and lived shorter than ... */
	LASTING_S = 20,
	OWN_LOOK_S = 5, /* a process that lives so long is looked at for itself */
	OWN_LOOK_SAMPLES = 8,
	PATIENCE_MAX_S = 300,
	SIGN_LOOKS = 12, /* two seconds apart; then each after twice as long, up to ... */
	PATIENCE_SIGNS_S = 30,
	FORGET_AFTER_S = 900,
};

/* What a hot thread is: 3 % of a core over the time its samples are remembered. */
static const double thread_share = 0.03, decay = 0.9;

int workloads_new(const struct workloads_settings *settings, struct workloads **out)
{
	struct workloads *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->settings = *settings;
	const struct table_settings tables[] = {
		{.capacity = settings->workloads ? settings->workloads : WORKLOADS_DEFAULT,
		 .entry_size = sizeof(struct workload_entry),
		 .key_size = sizeof(struct workload_key),
		 .seed = settings->seed,
		 .idle = DURATION_S(FORGET_AFTER_S)},
		{.capacity = settings->processes ? settings->processes : PROCESSES_DEFAULT,
		 .entry_size = sizeof(struct process_entry),
		 .key_size = sizeof(struct process_id),
		 .seed = settings->seed,
		 .idle = DURATION_S(FORGET_AFTER_S)},
	};
	int result = table_new(&tables[0], &w->workloads);
	if (result == 0)
		result = table_new(&tables[1], &w->processes);
	if (result < 0) {
		workloads_free(w);
		return result;
	}
	*out = w;
	return 0;
}

void workloads_free(struct workloads *workloads)
{
	if (!workloads)
		return;
	table_free(workloads->workloads);
	table_free(workloads->processes);
	free(workloads);
}

/* As the table's key: without the padding that struct process_key has. */
static struct process_id id_of(const struct process_key *key)
{
	return (struct process_id){.pid = key->pid, .start_ns = key->start_ns};
}

struct process_entry *workloads_process(const struct workloads *w, const struct process_key *key)
{
	const struct process_id id = id_of(key);

	return table_find(w->processes, &id, table_hash(w->processes, &id));
}

struct workload_entry *workloads_entry(const struct workloads *w, const struct workload_key *key)
{
	return table_find(w->workloads, key, table_hash(w->workloads, key));
}

/* -- samples -- */

double workloads_recent(const struct workload_entry *w, uint32_t steps)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < steps && i < w->step_count; i++)
		sum += w->history[(w->step_at + WORKLOAD_SHARES_MAX - 1 - i) % WORKLOAD_SHARES_MAX];
	return (double)sum;
}

static bool is_hot(const struct workload_entry *w)
{
	return workloads_recent(w, FAST_STEPS) >= SAMPLES_ENOUGH ||
	       workloads_recent(w, SLOW_STEPS) >= SAMPLES_ENOUGH_SLOW;
}

static struct workload_key key_of(const struct processor_sample *sample)
{
	struct workload_key key = {
		.cgroup_id = sample->cgroup_id, .device = sample->device, .inode = sample->inode};

	if (sample->inode == 0) {
		key.pid = sample->process.pid;
		key.start_ns = sample->process.start_ns;
	}
	return key;
}

static struct workload_entry *workload_of(struct workloads *w, const struct processor_sample *s)
{
	struct workload_key key = key_of(s);
	uint64_t hash = table_hash(w->workloads, &key);
	struct workload_entry *entry = table_find(w->workloads, &key, hash);

	if (entry)
		return entry;
	entry = table_insert(w->workloads, &key, hash, s->at);
	if (entry)
		entry->first_seen = entry->next_look = s->at;
	return entry;
}

/* One that has had enough samples stays when the table is full of newer ones that had few. */
static struct process_entry *process_of(struct workloads *w, const struct processor_sample *s)
{
	const struct process_id id = id_of(&s->process);
	uint64_t hash = table_hash(w->processes, &id);
	struct process_entry *entry = table_find(w->processes, &id, hash);
	if (!entry) {
		entry = table_insert(w->processes, &id, hash, s->at);
		if (entry)
			entry->key = s->process;
	}
	if (entry)
		table_touch(w->processes, entry, s->at);
	if (entry && entry->samples == SAMPLES_ENOUGH)
		table_set_class(w->processes, entry, 1);
	return entry;
}

/*
 * The hottest pages in few places: a page that is not there takes the place of the one with the
 * fewest samples and inherits them (Metwally's space-saving), so what is hot is never missed.
 */
static void count_page(struct process_entry *process, uint64_t sampled)
{
	struct page_count *least = &process->pages[0];
	uint64_t page = sampled & ~(uint64_t)(CODE_WINDOW_BYTES - 1);

	for (size_t i = 0; i < PAGES_KEPT; i++) {
		struct page_count *at = &process->pages[i];
		if (at->page == page) {
			at->sampled = sampled;
			at->samples++;
			return;
		}
		if (at->samples < least->samples)
			least = at;
	}
	least->page = page;
	least->sampled = sampled;
	least->samples++;
}

static void count_thread(struct process_entry *process, uint32_t thread)
{
	struct thread_count *least = &process->threads[0];

	for (size_t i = 0; i < THREADS_KEPT; i++) {
		struct thread_count *at = &process->threads[i];
		if (at->thread == thread) {
			at->samples++;
			return;
		}
		if (at->samples < least->samples)
			least = at;
	}
	*least = (struct thread_count){.thread = thread, .samples = 1};
}

void workloads_sample(struct workloads *workloads, const struct processor_sample *sample)
{
	/* the kernel's own work is nobody's program */
	if (sample->process.pid == 0 || (sample->is_kernel_thread && sample->ip == 0))
		return;
	struct workload_entry *workload = workload_of(workloads, sample);
	struct process_entry *process = process_of(workloads, sample);
	if (!workload || !process)
		return;
	if (process->samples == 0) {
		workload->processes_seen++;
		process->first_seen = sample->at;
	}
	process->workload = workload->key;
	process->samples++;
	process->step_samples++;
	process->recent++;
	count_thread(process, sample->thread);
	if (sample->ip != 0)
		count_page(process, sample->ip);
	workload->samples++;
	workload->user_samples += !sample->in_kernel;
	/* before the step ends, too: a storm of others may fill the table within one */
	if (workload->step_samples == 0 || workload->step_samples == SAMPLES_ENOUGH)
		table_set_class(workloads->workloads, workload,
				workload->step_samples > 0 || is_hot(workload) ? 1 : 0);
	workload->step_samples++;
	workload->last_seen = sample->at;
	table_touch(workloads->workloads, workload, sample->at);
}

void workloads_ended(struct workloads *workloads, const struct process_key *process)
{
	struct process_entry *entry = workloads_process(workloads, process);

	if (!entry)
		return;
	struct workload_entry *w = workloads_entry(workloads, &entry->workload);
	if (w && instant_since(workloads->now, entry->first_seen).ns < DURATION_S(LASTING_S).ns) {
		w->short_lived++;
		w->short_samples += (float)entry->samples;
	}
	table_remove(workloads->processes, entry);
}

/* -- steps -- */

static void close_step(void *context, void *entry)
{
	struct workload_entry *w = entry;

	w->history[w->step_at] =
		(uint16_t)(w->step_samples > UINT16_MAX ? UINT16_MAX : w->step_samples);
	w->step_at = (w->step_at + 1) % WORKLOAD_SHARES_MAX;
	w->step_count += w->step_count < WORKLOAD_SHARES_MAX;
	w->step_samples = 0;
	w->processes = 0;
	w->hot_threads = 0;
	w->leader_score = 0;
	w->short_samples *= (float)decay;
}

static uint32_t count_hot_threads(const struct process_entry *process, double sample_hz)
{
	/* a steady thread's fading sum settles at samples a step / (1 - decay) */
	double least = thread_share * sample_hz * WORKLOAD_STEP_S / (1 - decay) / 2;
	uint32_t hot = 0;

	for (size_t i = 0; i < THREADS_KEPT; i++)
		hot += process->threads[i].samples >= (float)(least > 1 ? least : 1);
	return hot;
}

/*
 * Two programs of one interpreter are one workload: each process that lasts gets its turn, and is
 * not made to wait for what was learnt of another.
 */
static void choose_leader(struct workloads *workloads, struct workload_entry *workload,
			  const struct process_entry *process)
{
	float score = process->recent / (float)(1 + process->looks);

	if (score > workload->leader_score) {
		workload->leader = process->key;
		workload->leader_score = score;
	}
	if (!process->had_a_look && process->recent >= OWN_LOOK_SAMPLES &&
	    instant_since(workloads->now, process->first_seen).ns >= DURATION_S(OWN_LOOK_S).ns)
		workload->next_look = workloads->now;
}

static void close_own_step(struct process_entry *process)
{
	process->history[process->step_at] =
		(uint8_t)(process->step_samples > UINT8_MAX ? UINT8_MAX : process->step_samples);
	process->step_at = (uint8_t)((process->step_at + 1) % WORKLOAD_OWN_STEPS);
	process->step_count =
		(uint8_t)(process->step_count + (process->step_count < WORKLOAD_OWN_STEPS));
	process->step_samples = 0;
}

/* A process's part in its workload's step, and its own fading. */
static void step_process(void *context, void *entry)
{
	struct workloads *workloads = context;
	struct process_entry *process = entry;
	struct workload_entry *workload = workloads_entry(workloads, &process->workload);

	if (workload) {
		workload->processes++;
		workload->hot_threads += count_hot_threads(process, workloads->settings.sample_hz);
		choose_leader(workloads, workload, process);
	}
	close_own_step(process);
	process->recent *= (float)decay;
	for (size_t i = 0; i < PAGES_KEPT; i++)
		process->pages[i].samples *= (float)decay;
	for (size_t i = 0; i < THREADS_KEPT; i++)
		process->threads[i].samples *= (float)decay;
}

void workloads_step(struct workloads *workloads, instant now)
{
	workloads->now = now;
	table_each(workloads->workloads, close_step, NULL);
	table_each(workloads->processes, step_process, workloads);
	(void)table_expire(workloads->workloads, now, 16);
	(void)table_expire(workloads->processes, now, 64);
}

/* -- looks -- */

enum { DUE_MAX = 16 };

struct choosing {
	const struct workloads *workloads;
	instant now;
	struct workload_due *out;
	size_t count, cap;
	double urgency[DUE_MAX];
};

static double share_of(const struct workloads *workloads, const struct workload_entry *w)
{
	uint32_t steps = w->step_count < SLOW_STEPS ? w->step_count : SLOW_STEPS;

	return steps > 0 ? workloads_recent(w, steps) /
				   (workloads->settings.sample_hz * WORKLOAD_STEP_S * steps)
			 : 0;
}

/* Kept sorted, the most urgent first; there are few places. */
static void choose_due(void *context, void *entry)
{
	struct choosing *c = context;
	const struct workload_entry *w = entry;
	duration waited = instant_since(c->now, w->next_look);

	if (w->leader_score <= 0 || waited.ns < 0 || !is_hot(w))
		return;
	struct workload_due due = {
		.workload = w->key, .process = w->leader, .share = share_of(c->workloads, w)};
	/* at 5 % of a core six times as patient as at all of it, and no more than that */
	double urgency = (duration_seconds(waited) + WORKLOAD_STEP_S) * (0.15 + due.share);
	if (c->count == c->cap) {
		if (c->urgency[c->cap - 1] >= urgency)
			return;
		c->count--;
	}
	size_t at = c->count++;
	for (; at > 0 && c->urgency[at - 1] < urgency; at--) {
		c->out[at] = c->out[at - 1];
		c->urgency[at] = c->urgency[at - 1];
	}
	c->out[at] = due;
	c->urgency[at] = urgency;
}

size_t workloads_due(struct workloads *workloads, instant now, struct workload_due *out, size_t cap)
{
	struct choosing c = {.workloads = workloads,
			     .now = now,
			     .out = out,
			     .cap = cap < DUE_MAX ? cap : DUE_MAX};

	if (cap > 0)
		table_each(workloads->workloads, choose_due, &c);
	return c.count;
}

struct workload_due workloads_name(const struct workloads *workloads,
				   const struct process_key *process)
{
	struct workload_due due = {.process = *process, .is_named = true};
	const struct process_entry *entry = workloads_process(workloads, process);
	const struct workload_entry *w =
		entry ? workloads_entry(workloads, &entry->workload) : NULL;

	if (w && w->leader.pid == process->pid && w->leader.start_ns == process->start_ns)
		due.workload = w->key;
	return due;
}

/* The short-lived ones do the work, not a newcomer among others of its program. */
bool workloads_is_spread(struct workloads *workloads, const struct workload_key *workload)
{
	struct workload_entry *w = workloads_entry(workloads, workload);

	if (!w)
		return false;
	const struct process_entry *leader = workloads_process(workloads, &w->leader);
	w->is_spread |= w->short_lived >= SPREAD_AFTER && w->key.inode != 0 &&
			(!leader || w->short_samples >= 2 * (float)leader->samples);
	return w->is_spread;
}

static uint32_t wait_with_signs(uint32_t looks)
{
	uint32_t wait_s = 2;

	for (uint32_t i = SIGN_LOOKS; i <= looks && wait_s < PATIENCE_SIGNS_S; i++)
		wait_s *= 2;
	return wait_s < PATIENCE_SIGNS_S ? wait_s : PATIENCE_SIGNS_S;
}

void workloads_looked(struct workloads *workloads, const struct workload_due *due, instant now,
		      enum look_result result)
{
	struct workload_entry *w = workloads_entry(workloads, &due->workload);
	struct process_entry *process = workloads_process(workloads, &due->process);
	uint32_t wait_s = 60;

	if (process && result == LOOK_NOTHING)
		process->looks++;
	if (process && result != LOOK_GONE)
		process->had_a_look = true;
	if (!w)
		return;
	if (result == LOOK_GONE) {
		wait_s = WORKLOAD_STEP_S;
	} else if (result == LOOK_SIGNS) {
		/* time is evidence, but not for ever */
		wait_s = wait_with_signs(w->sign_looks++);
		w->patience_s = 0;
	} else if (result == LOOK_NOTHING) {
		w->patience_s = w->patience_s ? 2 * w->patience_s : 2;
		w->patience_s = w->patience_s > PATIENCE_MAX_S ? PATIENCE_MAX_S : w->patience_s;
		wait_s = w->patience_s;
	}
	w->next_look = instant_add(now, DURATION_S(wait_s));
}

struct workloads_counters workloads_counters(const struct workloads *workloads)
{
	return (struct workloads_counters){
		.workloads = table_counters(workloads->workloads),
		.processes = table_counters(workloads->processes),
	};
}
