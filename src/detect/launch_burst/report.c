/* What is told of a burst, and how sure it is. The rule is judge(), whole. */
#include "detect/launch_burst/report.h"

#include <inttypes.h>
#include <string.h>

#include "detect/cloud_steps.h"

enum {
	UNITS_BURST = 32,    /* eight machines of the usual size */
	UNITS_LARGE = 256,   /* a suspicion by its size alone */
	MACHINES_BURST = 10, /* Elastic's hunting query, too, begins at 10 machines a day */
	TIMES_HISTORY = 4,
	QUOTA_READS = 2, /* with none before */
	QUOTA_REGIONS = 3,
	QUOTA_REGIONS_ALONE = 10, /* nobody reads so many by hand */
	REGIONS_MANY = 3,
	DENIED_MANY = 3,
};

struct judgement {
	bool is_told, is_short; /* the records reach back less than a day before */
	unsigned signs;
	bool recon, dry_run, raise, many_regions, new_regions, gpu, protects, tool;
	double units, history_units;
	bool is_burst;
	enum verdict verdict;
	enum severity severity;
	double confidence;
};

static void find_signs(const struct burst *b, struct judgement *j)
{
	j->recon = b->quota_regions.count >= QUOTA_REGIONS ||
		   (b->quota_reads >= QUOTA_READS && b->quota_reads_before == 0);
	j->dry_run = b->dry_runs > 0 && b->dry_runs_before == 0;
	j->raise = b->quota_raises > 0;
	j->many_regions = b->regions.count >= REGIONS_MANY && b->new_regions.count > 0;
	if (!b->has_history)
		j->many_regions = b->regions.count >= REGIONS_MANY;
	j->new_regions = b->has_history && b->new_regions.count >= 2;
	j->gpu = b->gpu > 0 && b->history_gpu <= 0;
	j->protects = b->protected > 0;
	j->tool = (b->identity->agents & AGENT_ATTACK) != 0;
	j->signs = (unsigned)j->recon + j->dry_run + j->raise +
		   (j->many_regions || j->new_regions) + j->gpu + j->protects + j->tool;
}

/* Something was created. */
static void judge_created(const struct burst *b, struct judgement *j)
{
	/* a careful person's one large launch is no news; two signs beside it are */
	unsigned needed = b->only_with_mfa || j->is_short ? 2 : 1;

	j->units = burst_units(b->vcpu, b->gpu, b->unknown_types);
	j->history_units = burst_units(b->history_vcpu, b->history_gpu, 0);
	j->is_burst = (j->units >= UNITS_BURST || b->machines >= MACHINES_BURST) &&
		      j->units >= TIMES_HISTORY * j->history_units &&
		      b->machines >= b->history_machines;
	/* the records begin in the middle of what it always does */
	if (b->is_first && j->signs == 0 && j->units < TIMES_HISTORY * b->later_units)
		j->is_burst = false;
	if (!j->is_burst)
		return;
	j->is_told = true;
	j->verdict = VERDICT_SIGNAL;
	j->severity = SEVERITY_LOW;
	j->confidence = 0.3;
	if (j->signs >= needed) {
		j->verdict = VERDICT_SUSPECT;
		j->severity = SEVERITY_HIGH;
		j->confidence = 0.5 + 0.1 * j->signs;
	} else if (!b->only_with_mfa && (j->units >= UNITS_LARGE || j->signs > 0)) {
		j->verdict = VERDICT_SUSPECT;
		j->severity = SEVERITY_MEDIUM;
		j->confidence = 0.45;
	}
	if (j->confidence > 0.85)
		j->confidence = 0.85;
	if (j->is_short)
		j->confidence -= 0.15;
}

/* Nothing was created, but somebody tried or looked what could be. */
static void judge_tried(const struct burst *b, struct judgement *j)
{
	bool is_large = b->tried_gpu > 0 || b->tried_machines >= MACHINES_BURST;
	bool has_tried = (b->dry_runs > 0 || b->denied > 0) &&
			 (is_large || b->dry_runs + b->denied >= DENIED_MANY);
	unsigned kinds = (unsigned)has_tried + j->recon + j->raise + j->tool;

	j->is_told = has_tried || kinds >= 2 || b->quota_regions.count >= QUOTA_REGIONS_ALONE;
	j->verdict = VERDICT_SIGNAL;
	j->severity = kinds >= 2 ? SEVERITY_MEDIUM : SEVERITY_LOW;
	j->confidence = kinds >= 2 ? 0.45 : 0.3;
}

static struct judgement judge(const struct burst *b, const struct ledger *ledger)
{
	struct judgement j = {0};
	int64_t begins = ledger_begins(ledger).ns / INT64_C(3600000000000);

	j.is_short = begins + BURST_HOURS > b->from;
	find_signs(b, &j);
	if (b->machines > 0)
		judge_created(b, &j);
	else
		judge_tried(b, &j);
	return j;
}

static void plural(struct buf *out, uint64_t count, const char *one, const char *many)
{
	buf_printf(out, "%" PRIu64 " %s", count, count == 1 ? one : many);
}

static struct str printed(struct arena *scratch, const struct buf *text)
{
	return arena_copy(scratch, buf_view(text));
}

/* "a, b and 3 more" */
static void add_texts(struct buf *out, const struct burst_texts *texts, size_t most)
{
	for (size_t i = 0; i < texts->count && i < most; i++) {
		buf_add_text(out, i == 0 ? "" : ", ");
		buf_add_printable(out, texts->at[i], 64);
	}
	if (texts->count > most)
		buf_printf(out, " and %zu more", texts->count - most);
}

static struct str size_text(const struct burst *b, struct arena *scratch)
{
	CLEANUP(buf_fini) struct buf text = {0};

	plural(&text, b->machines, "machine or task", "machines and tasks");
	buf_printf(&text, " with %.6g vCPUs", b->vcpu);
	if (b->gpu > 0)
		buf_printf(&text, " and %.6g GPUs", b->gpu);
	if (b->unknown_types > 0) {
		buf_add_text(&text, " (");
		plural(&text, b->unknown_types, "of them is", "of them are");
		buf_add_text(&text, " of a type nobody named or that is not in the table)");
	}
	return printed(scratch, &text);
}

static void reasons_of_size(const struct burst *b, const struct judgement *j,
			    struct finding *finding, struct arena *scratch)
{
	CLEANUP(buf_fini) struct buf text = {0};
	struct str size = size_text(b, scratch);

	if (b->machines > 0) {
		buf_printf(&text, "it created %.*s within a day, through ", STR_ARG(size));
		add_texts(&text, &b->services, 6);
		buf_add_text(&text, " in ");
		add_texts(&text, &b->regions, 6);
		finding_add_reason(finding, printed(scratch, &text));
	}
	if (b->machines > 0 && b->has_history)
		finding_add_reason(
			finding,
			arena_printf(scratch,
				     "the most it created in a day before, as far back as the "
				     "records go, was %.6g vCPUs and %.6g GPUs",
				     b->history_vcpu, b->history_gpu));
	else if (b->machines > 0 && !j->is_short)
		finding_add_reason(finding, STR("it never created computing before, as far back as "
						"the records go"));
	if (j->is_short)
		finding_add_reason(finding,
				   STR("the records reach back less than a day before this: what "
				       "is usual for it is not known, so this is less sure"));
}

static void reasons_of_signs(const struct burst *b, const struct judgement *j,
			     struct finding *finding, struct arena *scratch)
{
	CLEANUP(buf_fini) struct buf text = {0};

	if (j->recon)
		finding_add_reason(finding,
				   arena_printf(scratch,
						"it first asked how much may be created: %" PRIu64
						" reads of quotas in %zu region(s)",
						b->quota_reads, b->quota_regions.count));
	if (j->dry_run)
		finding_add_reason(finding,
				   arena_printf(scratch,
						"it tried %" PRIu64
						" launches without doing them, which tells whether "
						"a key is good for more",
						b->dry_runs));
	if (j->raise)
		finding_add_reason(finding, STR("it asked for a higher quota"));
	if (j->gpu)
		finding_add_reason(finding,
				   STR("GPUs, which this identity was never seen to create"));
	if (j->many_regions || j->new_regions) {
		buf_add_text(&text, b->has_history ? "in regions where it never created anything: "
						   : "in many regions at once: ");
		add_texts(&text, b->has_history ? &b->new_regions : &b->regions, 8);
		finding_add_reason(finding, printed(scratch, &text));
	}
	if (j->protects)
		finding_add_reason(finding, STR("machines were protected against being ended, "
						"which costs you time when you end them"));
	if (j->tool)
		finding_add_reason(finding,
				   STR("it calls itself a system or tool made for attacks"));
	if (b->denied + b->failed > 0)
		finding_add_reason(finding,
				   arena_printf(scratch,
						"%" PRIu64 " launches were refused and %" PRIu64
						" failed",
						b->denied, b->failed));
	if (b->machines > 0 && b->only_with_mfa)
		finding_add_reason(finding, STR("all of it was asked for in sessions with a second "
						"factor (MFA), which speaks for their owner"));
}

static size_t copy_texts(const struct burst_texts *texts, struct arena *scratch,
			 const struct str **out)
{
	struct str *list = arena_take(scratch, (texts->count + 1) * sizeof(*list));

	if (!list)
		return 0;
	for (size_t i = 0; i < texts->count; i++)
		list[i] = texts->at[i];
	*out = list;
	return texts->count;
}

static void add_list(struct finding *finding, const char *name, const struct burst_texts *texts,
		     struct arena *scratch)
{
	const struct str *list = NULL;
	size_t count = copy_texts(texts, scratch, &list);

	facts_add_texts(&finding->facts, name, list, count);
}

static void add_links(struct finding *finding, const struct identity *identity,
		      struct arena *scratch)
{
	struct burst_texts keys = {0};
	struct str *addresses = arena_take(scratch, IDENTITY_NETWORKS * sizeof(*addresses));
	size_t count = 0;

	for (int i = 0; i < IDENTITY_KEYS; i++)
		if (identity->keys[i].order)
			keys.at[keys.count++] = str_from(identity->keys[i].text);
	add_list(finding, "key_ids", &keys, scratch);
	for (int i = 0; addresses && i < IDENTITY_NETWORKS; i++) {
		const struct identity_network *one = &identity->networks[i];
		char text[ENDPOINT_TEXT_MAX];
		bool is_then = finding->first_seen.ns <= one->last.ns &&
			       finding->last_seen.ns >= one->first.ns;
		if (one->order && is_then)
			addresses[count++] = arena_copy(scratch, address_text(&one->address, text));
	}
	if (addresses)
		facts_add_texts(&finding->facts, "addresses", addresses, count);
}

static void add_cost(const struct burst *b, const struct computing_prices *prices,
		     struct finding *finding, struct arena *scratch)
{
	struct facts *facts = &finding->facts;
	bool is_known = b->machines > b->unpriced && b->usd_per_hour > 0;

	if (b->machines == 0)
		return;
	if (is_known)
		facts_add_real(facts, "cost_per_hour", b->usd_per_hour);
	else
		facts_add_text(facts, "cost_per_hour", STR("unknown"));
	if (b->unpriced > 0)
		facts_add_number(facts, "cost_unknown_for", b->unpriced);
	if (is_known && b->quota_vcpu >= 0 && b->vcpu > 0)
		facts_add_real(facts, "cost_most", b->quota_vcpu / b->vcpu * b->usd_per_hour);
	else
		facts_add_text(facts, "cost_most", STR("unknown"));
	facts_add_text(facts, "currency", STR("USD"));
	facts_add_text(facts, "cost_table", computing_prices_name(prices));
	facts_add_text(facts, "cost_table_date", computing_prices_date(prices));
	if (is_known)
		finding_add_reason(
			finding,
			arena_printf(scratch,
				     "it costs about %.2f dollars an hour%s, by a table of "
				     "prices of %.*s",
				     b->usd_per_hour,
				     b->unpriced > 0 ? " for what has a known price" : "",
				     STR_ARG(computing_prices_date(prices))));
}

static void add_facts(const struct burst *b, struct finding *finding, struct arena *scratch)
{
	struct facts *facts = &finding->facts;

	facts_add_number(facts, "machines", b->machines);
	facts_add_real(facts, "vcpu", b->vcpu);
	facts_add_real(facts, "gpu", b->gpu);
	if (b->unknown_types > 0)
		facts_add_number(facts, "unknown_types", b->unknown_types);
	facts_add_real(facts, "history_vcpu", b->history_vcpu);
	facts_add_real(facts, "history_gpu", b->history_gpu);
	add_list(finding, "regions", &b->regions, scratch);
	add_list(finding, "services", &b->services, scratch);
	add_list(finding, "types", &b->types, scratch);
	add_list(finding, "new_regions", &b->new_regions, scratch);
	add_list(finding, "new_types", &b->new_types, scratch);
	facts_add_number(facts, "quota_reads", b->quota_reads);
	add_list(finding, "quota_regions", &b->quota_regions, scratch);
	facts_add_number(facts, "quota_raises", b->quota_raises);
	facts_add_number(facts, "dry_runs", b->dry_runs);
	facts_add_number(facts, "denied", b->denied);
	facts_add_number(facts, "failed", b->failed);
	add_links(finding, b->identity, scratch);
}

/* The first line of each kind and outcome, in order of time. */
static void add_evidence(const struct burst *b, struct finding *finding)
{
	unsigned told = 0;

	for (size_t i = 0; i < b->line_count; i++) {
		const struct ledger_line *line = b->lines[i];
		bool is_created = line->added > 0;
		unsigned bit = UINT32_C(1) << ((unsigned)line->kind * 5 + line->outcome);
		bool is_in = line->hour < b->to && line->hour + SIGNS_BEFORE_HOURS >= b->from &&
			     (!is_created || line->hour >= b->from);
		if (!is_in || (told & bit) || line->outcome == OUTCOME_UNKNOWN)
			continue;
		told |= bit;
		finding_add_evidence(finding, (struct evidence){
						      .source = str_from(line->source),
						      .offset = line->offset,
						      .has_offset = line->source[0] != '\0',
						      .time = line->first,
						      .quote = str_from(line->quote),
					      });
		keep_times(&finding->first_seen, &finding->last_seen, line->first);
	}
}

static int by_region(const struct ledger_launched *a, const struct ledger_launched *b)
{
	int order = strcmp(a->region, b->region);

	return order ? order : strcmp(a->id, b->id);
}

/* The machines of the burst, by region. */
static size_t find_machines(const struct burst *b, struct ledger *ledger,
			    const struct ledger_launched *sorted[LAUNCHED_MAX])
{
	const struct ledger_launches *all = ledger_launches(ledger, b->identity);
	size_t count = 0;

	for (int i = 0; i < LAUNCHED_MAX; i++) {
		const struct ledger_launched *one = &all->at[i];
		size_t at = count;
		if (one->order == 0 || one->time.ns < b->first.ns || one->time.ns > b->last.ns)
			continue;
		for (; at > 0 && by_region(sorted[at - 1], one) > 0; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = one;
		count++;
	}
	return count;
}

/* All of one region in one command. */
static void add_machines(const struct burst *b, struct ledger *ledger, struct finding *finding,
			 struct arena *scratch)
{
	const struct ledger_launched *sorted[LAUNCHED_MAX];
	size_t count = find_machines(b, ledger, sorted);
	struct str *ids = arena_take(scratch, LAUNCHED_MAX * sizeof(*ids));

	if (!ids)
		return;
	for (size_t i = 0; i < count; i++)
		ids[i] = str_from(sorted[i]->id);
	facts_add_texts(&finding->facts, "instances", ids, count);
	if (finding->verdict == VERDICT_SIGNAL)
		return;
	for (size_t from = 0, to; from < count; from = to) {
		for (to = from; to < count && strcmp(sorted[to]->region, sorted[from]->region) == 0;
		     to++)
			;
		cloud_steps_stop_machines(finding, scratch, b->identity->provider,
					  str_from(sorted[from]->region), ids + from, to - from);
	}
}

static void name_it(const struct burst *b, const struct judgement *j, struct finding *finding,
		    struct arena *scratch)
{
	struct str who = arena_printable(scratch, str_from(b->identity->by), 120);

	if (b->machines > 0 && j->verdict != VERDICT_SIGNAL)
		finding->title = arena_printf(
			scratch,
			"%.*s creates far more computing than it ever did: %.6g vCPUs, "
			"%.6g GPUs",
			STR_ARG(who), b->vcpu, b->gpu);
	else if (b->machines > 0)
		finding->title = arena_printf(scratch, "%.*s created %.6g vCPUs in a day",
					      STR_ARG(who), b->vcpu);
	else
		finding->title = arena_printf(
			scratch, "%.*s tried out how much computing it could create", STR_ARG(who));
}

static void add_subject(const struct identity *identity, struct finding *finding)
{
	static const char *const providers[] = {"", "aws", "azure", "gcp", "kubernetes"};

	finding->subject.type = STR("identity");
	facts_add_text(&finding->subject.keys, "provider", str_from(providers[identity->provider]));
	facts_add_text(&finding->subject.keys, "name", str_from(identity->by));
	facts_add_text(&finding->actor, "identity", str_from(identity->by));
	facts_add_text(&finding->actor, "account", str_from(identity->account));
}

void burst_report(const struct burst *b, struct ledger *ledger, instant now, struct arena *scratch,
		  struct record_teller *teller)
{
	struct judgement j = judge(b, ledger);

	if (!j.is_told)
		return;
	struct finding finding = {
		.verdict = j.verdict,
		.severity = j.severity,
		.confidence = j.confidence,
		.first_seen = b->first,
		.last_seen = b->last,
	};
	add_subject(b->identity, &finding);
	name_it(b, &j, &finding, scratch);
	if (b->machines > 0) {
		finding_add_technique(&finding, STR("T1496.001"));
		finding_add_technique(&finding, STR("T1578.002"));
	}
	if (j.recon || b->dry_runs > 0 || b->machines == 0)
		finding_add_technique(&finding, STR("T1526"));
	if (j.many_regions || j.new_regions)
		finding_add_technique(&finding, STR("T1535"));
	reasons_of_size(b, &j, &finding, scratch);
	reasons_of_signs(b, &j, &finding, scratch);
	add_cost(b, ledger_prices(ledger), &finding, scratch);
	add_evidence(b, &finding);
	add_facts(b, &finding, scratch);
	if (j.verdict != VERDICT_SIGNAL)
		cloud_steps_stop_identity(&finding, scratch, b->identity, now);
	add_machines(b, ledger, &finding, scratch);
	teller->tell(teller, &finding);
	arena_reset(scratch);
}
