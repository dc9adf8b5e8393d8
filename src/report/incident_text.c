#include "report/incident_text.h"

#include <inttypes.h>

enum { TEXT_MOST = 400, LABEL_WIDTH = 10, STORY_MOST = 12 };

static void add_list(struct buf *out, const char *label, const struct str *texts, size_t count,
		     uint64_t total)
{
	if (count == 0)
		return;
	buf_printf(out, "  %-*s", LABEL_WIDTH, label);
	for (size_t i = 0; i < count; i++) {
		buf_add_text(out, i ? ", " : "");
		buf_add_printable(out, texts[i], TEXT_MOST);
	}
	if (total > count)
		buf_printf(out, " and %" PRIu64 " more", total - count);
	buf_add_byte(out, '\n');
}

static void add_story(struct buf *out, const struct incident *incident)
{
	for (size_t i = 0; i < incident->story_count && i < STORY_MOST; i++) {
		buf_printf(out, "  %-*s", LABEL_WIDTH, i ? "" : "story");
		buf_add_instant(out, incident->story[i].time);
		buf_add_text(out, "  ");
		buf_add_printable(out, incident->story[i].text, TEXT_MOST);
		buf_add_byte(out, '\n');
	}
	if (incident->story_count > STORY_MOST)
		buf_printf(out, "  %-*sand %zu more steps\n", LABEL_WIDTH, "",
			   incident->story_count - STORY_MOST);
}

void report_incident_text(struct buf *out, const struct incident *incident, bool colour)
{
	buf_add_text(out, colour ? "\033[1mINCIDENT\033[0m  " : "INCIDENT  ");
	buf_add_printable(out, incident->title, TEXT_MOST);
	buf_printf(out, "\n  %-*s%s, severity %s, %" PRIu64 " finding%s\n", LABEL_WIDTH, "",
		   verdict_name(incident->verdict), severity_name(incident->severity),
		   incident->finding_total, incident->finding_total == 1 ? "" : "s");
	add_list(out, "victims", incident->victims, incident->victim_count, incident->victim_total);
	add_list(out, "paid to", incident->wallets, incident->wallet_count, incident->wallet_count);
	add_list(out, "pools", incident->pools, incident->pool_count, incident->pool_count);
	add_story(out, incident);
}
