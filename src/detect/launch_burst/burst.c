#include "detect/launch_burst/burst.h"

#include <string.h>

enum { UNITS_OF_GPU = 8, UNITS_OF_UNKNOWN = 2, TIMES_HISTORY = 4 };

double burst_units(double vcpu, double gpu, uint64_t unknown)
{
	return vcpu + UNITS_OF_GPU * gpu + UNITS_OF_UNKNOWN * (double)unknown;
}

struct sum {
	double vcpu, gpu;
	uint64_t machines, unknown;
};

static void sum_add(struct sum *sum, const struct ledger_line *line, double sign)
{
	double added = (double)line->added;

	sum->vcpu += sign * added * (line->each.vcpu > 0 ? line->each.vcpu : 0);
	sum->gpu += sign * added * (line->each.gpu > 0 ? line->each.gpu : 0);
	if (sign > 0) {
		sum->machines += line->added;
		sum->unknown += line->each.vcpu < 0 ? line->added : 0;
	} else {
		sum->machines -= line->added;
		sum->unknown -= line->each.vcpu < 0 ? line->added : 0;
	}
}

static double units_of(const struct sum *sum)
{
	return burst_units(sum->vcpu, sum->gpu, sum->unknown);
}

static void texts_add(struct burst_texts *texts, const char *text)
{
	struct str one = str_from(text);
	size_t at = 0;

	if (one.len == 0)
		return;
	while (at < texts->count && str_compare(texts->at[at], one) < 0)
		at++;
	if (at < texts->count && str_equal(texts->at[at], one))
		return;
	if (texts->count == BURST_TEXTS) { /* the least are kept, so that order plays no part */
		texts->missed++;
		if (at == BURST_TEXTS)
			return;
		texts->count--;
	}
	memmove(&texts->at[at + 1], &texts->at[at], (texts->count - at) * sizeof(texts->at[0]));
	texts->at[at] = one;
	texts->count++;
}

static bool texts_have(const struct burst_texts *texts, struct str text)
{
	for (size_t i = 0; i < texts->count; i++)
		if (str_equal(texts->at[i], text))
			return true;
	return false;
}

/* The most in a day that begins in this hour or later. */
static double most_since(const struct burst *b, int64_t hour)
{
	struct sum day = {0};
	double most = 0;
	size_t end = 0;

	for (size_t i = 0; i < b->line_count; i++) {
		int64_t from = b->lines[i]->hour;
		while (end < b->line_count && b->lines[end]->hour < from + BURST_HOURS)
			sum_add(&day, b->lines[end++], 1);
		if (from >= hour && units_of(&day) > most)
			most = units_of(&day);
		sum_add(&day, b->lines[i], -1);
	}
	return most;
}

/* The window that is most above four times what the same identity ever did in a day before. */
static void choose_window(struct burst *b, int64_t begins)
{
	double later = most_since(b, begins + 3 * BURST_HOURS);
	struct sum window = {0}, old = {0};
	double most_old = 0, best = 0;
	bool is_any = false;
	size_t end = 0, old_end = 0, old_from = 0;

	b->from = b->lines[0]->hour;
	for (size_t i = 0; i < b->line_count; i++) {
		int64_t from = b->lines[i]->hour;
		while (end < b->line_count && b->lines[end]->hour < from + BURST_HOURS)
			sum_add(&window, b->lines[end++], 1);
		/* days that begin at each line and end before this window's day before */
		while (old_from < i && b->lines[old_from]->hour + 2 * BURST_HOURS <= from) {
			int64_t day = b->lines[old_from]->hour;
			while (old_end < i && b->lines[old_end]->hour < day + BURST_HOURS)
				sum_add(&old, b->lines[old_end++], 1);
			if (units_of(&old) > most_old)
				most_old = units_of(&old);
			sum_add(&old, b->lines[old_from++], -1);
		}
		bool is_first = from < begins + 2 * BURST_HOURS;
		double usual = is_first && later > most_old ? later : most_old;
		double excess = units_of(&window) - TIMES_HISTORY * usual;
		if (window.machines > 0 && (!is_any || excess > best)) {
			is_any = true;
			best = excess;
			b->from = from;
		}
		sum_add(&window, b->lines[i], -1);
	}
	b->to = b->from + BURST_HOURS;
	b->is_first = b->from < begins + 2 * BURST_HOURS;
}

/* Nothing was created: the day with the most that was tried. */
static void choose_tries(struct burst *b)
{
	uint64_t tries = 0, best = 0;
	size_t end = 0;

	for (size_t i = 0; i < b->line_count; i++) {
		int64_t from = b->lines[i]->hour;
		while (end < b->line_count && b->lines[end]->hour < from + BURST_HOURS)
			tries += b->lines[end++]->acts;
		if (tries > best) {
			best = tries;
			b->from = from;
		}
		tries -= b->lines[i]->acts;
	}
	b->to = b->from + BURST_HOURS;
}

static void sum_history(struct burst *b)
{
	struct sum day = {0}, most = {0};
	size_t end = 0;

	for (size_t i = 0; i < b->line_count; i++) {
		int64_t from = b->lines[i]->hour;
		if (from + 2 * BURST_HOURS > b->from)
			break;
		while (end < b->line_count && b->lines[end]->hour < from + BURST_HOURS)
			sum_add(&day, b->lines[end++], 1);
		if (units_of(&day) > units_of(&most))
			most = day;
		sum_add(&day, b->lines[i], -1);
	}
	b->history_vcpu = most.vcpu;
	b->history_gpu = most.gpu;
	b->history_machines = most.machines;
}

static void add_created(struct burst *b, const struct ledger_line *line,
			const struct burst_texts *old_regions, const struct burst_texts *old_types)
{
	double added = (double)line->added;

	b->machines += line->added;
	b->vcpu += added * (line->each.vcpu > 0 ? line->each.vcpu : 0);
	b->gpu += added * (line->each.gpu > 0 ? line->each.gpu : 0);
	b->unknown_types += line->each.vcpu < 0 ? line->added : 0;
	if (line->each.usd_per_hour >= 0)
		b->usd_per_hour += added * line->each.usd_per_hour;
	else
		b->unpriced += line->added;
	texts_add(&b->regions, line->region);
	texts_add(&b->types, line->made_type);
	texts_add(&b->services, line->service);
	if (!texts_have(old_regions, str_from(line->region)))
		texts_add(&b->new_regions, line->region);
	if (!texts_have(old_types, str_from(line->made_type)))
		texts_add(&b->new_types, line->made_type);
	b->only_with_mfa &= !line->lacks_mfa;
	keep_times(&b->first, &b->last, line->first);
	keep_times(&b->first, &b->last, line->last);
}

static void add_tried(struct burst *b, const struct ledger_line *line)
{
	double gpu = line->each.gpu > 0 ? line->each.gpu : 0;

	b->dry_runs += line->outcome == OUTCOME_DRY_RUN ? line->acts : 0;
	b->denied += line->outcome == OUTCOME_DENIED ? line->acts : 0;
	b->failed += line->outcome == OUTCOME_FAILED ? line->acts : 0;
	if (line->outcome == OUTCOME_DONE || line->outcome == OUTCOME_UNKNOWN)
		return;
	b->tried_machines += line->count;
	b->tried_gpu += gpu * (double)line->count;
}

static void add_sign(struct burst *b, const struct ledger_line *line)
{
	switch (line->kind) {
	case COMPUTING_QUOTA_READ:
		b->quota_reads += line->acts;
		texts_add(&b->quota_regions, line->region);
		break;
	case COMPUTING_QUOTA_RAISE:
		b->quota_raises += line->acts;
		break;
	case COMPUTING_PROTECT:
		b->protected += line->outcome == OUTCOME_DONE ? line->acts : 0;
		break;
	default:
		b->protected += line->protects && line->outcome == OUTCOME_DONE ? line->acts : 0;
		add_tried(b, line);
	}
}

/* A quota is one for each region and kind of machine: the greatest value told of each counts. */
static void sum_quota(struct burst *b)
{
	enum { QUOTAS_MAX = 64 };
	const struct ledger_line *known[QUOTAS_MAX];
	size_t count = 0, at;

	for (size_t i = 0; i < b->line_count; i++) {
		const struct ledger_line *line = b->lines[i];
		if (line->quota < 0 || line->hour >= b->to)
			continue;
		for (at = 0; at < count; at++)
			if (strcmp(known[at]->region, line->region) == 0 &&
			    strcmp(known[at]->quota_code, line->quota_code) == 0)
				break;
		if (at == count && count < QUOTAS_MAX)
			known[count++] = line;
		else if (at < count && line->quota > known[at]->quota)
			known[at] = line;
	}
	b->quota_vcpu = count > 0 ? 0 : -1;
	for (at = 0; at < count; at++)
		b->quota_vcpu += known[at]->quota;
}

void burst_judge(struct identity *identity, struct ledger_line **lines, size_t count,
		 instant begins, struct burst *out)
{
	struct burst_texts old_regions = {0}, old_types = {0};

	*out = (struct burst){
		.identity = identity, .lines = lines, .line_count = count, .only_with_mfa = true};
	choose_window(out, begins.ns / INT64_C(3600000000000));
	for (size_t i = 0; i < count; i++)
		out->machines += lines[i]->added;
	if (out->machines == 0)
		choose_tries(out);
	out->machines = 0;
	sum_history(out);
	out->later_units = most_since(out, out->to);
	for (size_t i = 0; i < count; i++) {
		const struct ledger_line *line = lines[i];
		bool is_history = line->hour + BURST_HOURS < out->from;
		if (is_history && line->added > 0) {
			out->has_history = true;
			texts_add(&old_regions, line->region);
			texts_add(&old_types, line->made_type);
		}
		if (line->hour >= out->from && line->hour < out->to && line->added > 0)
			add_created(out, line, &old_regions, &old_types);
		if (line->hour < out->to && line->hour + SIGNS_BEFORE_HOURS >= out->from)
			add_sign(out, line);
		else if (line->hour < out->from && line->kind == COMPUTING_QUOTA_READ)
			out->quota_reads_before += line->acts;
		else if (line->hour < out->from && line->outcome == OUTCOME_DRY_RUN)
			out->dry_runs_before += line->acts;
	}
	if (!out->has_history)
		out->new_regions.count = out->new_types.count = 0;
	sum_quota(out);
}
