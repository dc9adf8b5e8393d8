/* What was counted of a workload, in the form in which rooms look at it. */
#include "detect/workloads_state.h"

/*
 * One process of many short ones has a sample or two, and stands for all that were taken of the
 * others.
 */
static double stands_for(const struct workload_entry *w, const struct process_entry *process)
{
	double all = workloads_recent(w, FAST_STEPS), own = (double)process->recent;

	return w->is_spread && own > 0 && all > own ? all / own : 1;
}

static bool view_pages(const struct process_entry *process, double scale, struct arena *scratch,
		       struct workload *out)
{
	struct code_page *pages = arena_take(scratch, sizeof(*pages) * PAGES_KEPT);

	if (!pages)
		return false;
	for (size_t i = 0; i < PAGES_KEPT; i++) {
		const struct page_count *from = &process->pages[i];
		if (from->samples < 0.5f)
			continue;
		size_t at = out->page_count++;
		uint32_t samples = (uint32_t)((double)from->samples * scale + 0.5);
		for (; at > 0 && pages[at - 1].samples < samples; at--)
			pages[at] = pages[at - 1];
		pages[at] = (struct code_page){
			.address = from->page, .sampled = from->sampled, .samples = samples};
	}
	out->pages = pages;
	return true;
}

/* Where in a ring of `room` steps, of which `next` is written next, the n-th oldest lies. */
static uint32_t nth_oldest(uint32_t next, uint32_t count, uint32_t room, uint32_t n)
{
	return (next + room - count + n) % room;
}

static float share_of(const struct workloads *workloads, uint32_t samples)
{
	return (float)(samples / (workloads->settings.sample_hz * WORKLOAD_STEP_S));
}

static bool view_shares(const struct workloads *workloads, const struct workload_entry *w,
			const struct process_entry *process, struct arena *scratch,
			struct workload *out)
{
	float *all = arena_take(scratch, sizeof(*all) * WORKLOAD_SHARES_MAX);
	float *own = arena_take(scratch, sizeof(*own) * WORKLOAD_OWN_STEPS);

	if (!all || !own)
		return false;
	for (uint32_t i = 0; i < w->step_count; i++)
		all[i] = share_of(
			workloads,
			w->history[nth_oldest(w->step_at, w->step_count, WORKLOAD_SHARES_MAX, i)]);
	for (uint32_t i = 0; i < process->step_count; i++)
		own[i] = share_of(workloads,
				  process->history[nth_oldest(process->step_at, process->step_count,
							      WORKLOAD_OWN_STEPS, i)]);
	out->shares = all;
	out->share_count = w->step_count;
	out->share_step = DURATION_S(WORKLOAD_STEP_S);
	out->own_shares = own;
	out->own_share_count = process->step_count;
	return true;
}

static bool view_threads(const struct process_entry *process, struct arena *scratch,
			 struct workload *out)
{
	struct workload_thread *threads = arena_take(scratch, sizeof(*threads) * THREADS_KEPT);
	double all = 0;

	if (!threads)
		return false;
	for (size_t i = 0; i < THREADS_KEPT; i++)
		all += (double)process->threads[i].samples;
	for (size_t i = 0; i < THREADS_KEPT && all > 0; i++) {
		double part = (double)process->threads[i].samples / all;
		if (process->threads[i].thread == 0 || part <= 0)
			continue;
		size_t at = out->thread_count++;
		for (; at > 0 && threads[at - 1].part < part; at--)
			threads[at] = threads[at - 1];
		threads[at] = (struct workload_thread){process->threads[i].thread, part};
	}
	out->threads = threads;
	return true;
}

bool workloads_view(const struct workloads *workloads, const struct workload_key *workload,
		    struct arena *scratch, struct workload *out)
{
	const struct workload_entry *w = workloads_entry(workloads, workload);

	*out = (struct workload){0};
	if (!w)
		return false;
	const struct process_entry *leader = workloads_process(workloads, &w->leader);
	if (!leader || !view_pages(leader, stands_for(w, leader), scratch, out) ||
	    !view_shares(workloads, w, leader, scratch, out) || !view_threads(leader, scratch, out))
		return false;
	out->processes = w->processes;
	out->processes_seen = w->processes_seen;
	out->hot_threads = w->hot_threads;
	out->first_seen = w->first_seen;
	out->last_seen = w->last_seen;
	out->samples = w->samples;
	out->user_samples = w->user_samples;
	out->sample_hz = workloads->settings.sample_hz;
	return true;
}
