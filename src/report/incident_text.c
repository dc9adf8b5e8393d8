#include "report/incident_text.h"

#include <inttypes.h>

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

void report_incident_story(struct buf *out, const struct report_style *style,
			   const struct incident *incident)
{
	add_story(out, style, incident, INCIDENT_STORY_MAX, true);
	lines_bullets(out, style, "touched", incident->touched, incident->touched_count);
	lines_bullets(out, style, "untouched", incident->not_touched, incident->not_touched_count);
	lines_bullets(out, style, "not known", incident->cannot_tell, incident->cannot_tell_count);
	lines_facts(out, style, "cost", &incident->cost);
}

void report_incident_next(struct buf *out, const struct report_style *style,
			  const struct incident *incident)
{
	lines_actions(out, style, incident->actions, incident->action_count);
}
