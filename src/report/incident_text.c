#include "report/incident_text.h"

#include <inttypes.h>

#include "base/hash.h"
#include "report/lines.h"

enum { STORY_SHORT = 12 };

static void add_head(struct buf *out, const struct report_style *style,
		     const struct incident *incident)
{
	lines_head(out, style, report_verdict_paint(incident->verdict), STR("INCIDENT"),
		   incident->title);
	lines_judgement(out, style, incident->severity, incident->confidence);
	lines_list(out, style, "who", incident->victims, incident->victim_count,
		   incident->victim_total);
	lines_list(out, style, "pools", incident->pools, incident->pool_count, 0);
	lines_list(out, style, "paid to", incident->wallets, incident->wallet_count, 0);
	lines_times(out, style, incident->first_seen, incident->last_seen);
}

static void add_story(struct buf *out, const struct report_style *style,
		      const struct incident *incident, size_t most, bool has_ids)
{
	for (size_t i = 0; i < incident->story_count && i < most; i++) {
		const struct story_entry *entry = &incident->story[i];
		report_label(out, style, i ? "" : "story");
		report_time(out, entry->time);
		buf_add_text(out, "  ");
		report_sentence(out, entry->text);
		if (entry->technique.len > 0) {
			buf_add_text(out, " [");
			report_hostile(out, entry->technique);
			buf_add_byte(out, ']');
		}
		if (has_ids && entry->finding.len > 0) {
			buf_add_text(out, " (finding ");
			report_hostile(out, entry->finding);
			buf_add_byte(out, ')');
		}
		buf_add_byte(out, '\n');
	}
	if (incident->story_count <= most)
		return;
	report_label(out, style, "");
	buf_printf(out, "and %zu more steps\n", incident->story_count - most);
}

void report_incident_short(struct buf *out, const struct report_style *style,
			   const struct incident *incident)
{
	add_head(out, style, incident);
	add_story(out, style, incident, STORY_SHORT, false);
	lines_bullets(out, style, "touched", incident->touched, incident->touched_count);
	lines_bullets(out, style, "untouched", incident->not_touched, incident->not_touched_count);
	lines_bullets(out, style, "not known", incident->cannot_tell, incident->cannot_tell_count);
}

void report_incident_head(struct buf *out, const struct report_style *style,
			  const struct incident *incident)
{
	add_head(out, style, incident);
	lines_text(out, style, "state", incident->state);
	report_label(out, style, "incident");
	report_hostile(out, incident->id);
	buf_printf(out, ", revision %" PRIu32 ", of %" PRIu64 " finding%s\n", incident->revision,
		   incident->finding_total, incident->finding_total == 1 ? "" : "s");
}

/* Three figures and a prefix: "10.5 T". */
static void add_scaled(struct buf *out, double number)
{
	static const char *const prefixes[] = {"", " k", " M", " G", " T", " P", " E"};
	size_t i = 0;

	while (number >= 999.5 && i + 1 < sizeof(prefixes) / sizeof(*prefixes)) {
		number /= 1000;
		i++;
	}
	buf_printf(out, "%.3g%s", number, prefixes[i]);
}

static void add_hosts(struct buf *out, const struct fact *fact)
{
	buf_printf(out, "the computing power of %" PRIu64 " host%s", fact->number,
		   fact->number == 1 ? "" : "s");
}

static void add_hours(struct buf *out, const struct fact *fact)
{
	const double most = 1e6; /* hours: what a duration holds; a store may say anything */
	const double hours = fact->real > 0 ? fact->real < most ? fact->real : most : 0;

	buf_add_duration(out, DURATION_S((int64_t)(hours * 3600)));
	buf_add_text(out, " of mining connections, all together");
}

static void add_rate(struct buf *out, const struct fact *fact)
{
	buf_add_text(out, "about ");
	add_scaled(out, fact->real);
	buf_add_text(out, " hashes (or solutions) a second");
}

static void add_shares(struct buf *out, const struct fact *fact)
{
	buf_printf(out, "%" PRIu64 " share%s that the pool accepted", fact->number,
		   fact->number == 1 ? "" : "s");
}

/* What an incident has cost, in words; the names are those of correlate/. */
static const struct {
	struct str name;
	enum fact_kind kind;
	void (*add)(struct buf *out, const struct fact *fact);
} costs[] = {
	{STR("hosts"), FACT_NUMBER, add_hosts},
	{STR("flow_hours"), FACT_REAL, add_hours},
	{STR("hashrate_per_s"), FACT_REAL, add_rate},
	{STR("accepted_shares"), FACT_NUMBER, add_shares},
};

/* One that is not in the table is told with its name, as words. */
static void add_other_cost(struct buf *out, const struct fact *fact)
{
	CLEANUP(buf_fini) struct buf name = {0};

	report_hostile(&name, fact->name);
	for (size_t i = 0; i < name.len; i++)
		if (name.at[i] == '_')
			name.at[i] = ' ';
	buf_add(out, buf_view(&name));
	buf_add_text(out, ": ");
	lines_add_fact(out, fact);
}

static void add_cost(struct buf *out, const struct report_style *style, const struct facts *cost)
{
	const size_t known = sizeof(costs) / sizeof(*costs);

	for (size_t i = 0; i < cost->count; i++) {
		const struct fact *fact = &cost->at[i];
		size_t c = 0;
		while (c < known &&
		       !(costs[c].kind == fact->kind && str_equal(costs[c].name, fact->name)))
			c++;
		report_label(out, style, i ? "" : "cost");
		buf_add_text(out, "- ");
		(c < known ? costs[c].add : add_other_cost)(out, fact);
		buf_add_byte(out, '\n');
	}
}

void report_incident_story(struct buf *out, const struct report_style *style,
			   const struct incident *incident)
{
	add_story(out, style, incident, INCIDENT_STORY_MAX, true);
	lines_bullets(out, style, "touched", incident->touched, incident->touched_count);
	lines_bullets(out, style, "untouched", incident->not_touched, incident->not_touched_count);
	lines_bullets(out, style, "not known", incident->cannot_tell, incident->cannot_tell_count);
	add_cost(out, style, &incident->cost);
}

static uint64_t hash_action(const struct action *action, uint64_t seed)
{
	uint64_t hash = hash_bytes(action->text.at, action->text.len, seed);

	return hash_bytes(action->command.at, action->command.len, hash);
}

static bool is_told(const struct report_steps *steps, uint64_t hash)
{
	for (size_t i = 0; i < steps->count; i++)
		if (steps->told[i] == hash)
			return true;
	return false;
}

void report_steps_add(struct buf *out, const struct report_style *style, struct report_steps *steps,
		      const struct action *actions, size_t count)
{
	for (size_t i = 0; i < count && steps->count < REPORT_STEPS_MAX; i++) {
		const uint64_t hash = hash_action(&actions[i], steps->seed);
		if (is_told(steps, hash))
			continue;
		lines_action(out, style, &actions[i], steps->count + 1);
		steps->told[steps->count++] = hash;
	}
}
