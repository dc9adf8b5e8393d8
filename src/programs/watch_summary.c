#include "programs/watch_summary.h"

#include <inttypes.h>
#include <string.h>

void buf_add_grouped(struct buf *out, uint64_t number)
{
	uint64_t unit = 1;

	while (number / unit >= 1000)
		unit *= 1000;
	buf_printf(out, "%" PRIu64, number / unit);
	for (unit /= 1000; unit > 0; unit /= 1000)
		buf_printf(out, ",%03" PRIu64, number / unit % 1000);
}

void summary_take(struct summary *summary, const struct incident *incident)
{
	size_t place = summary->count;

	if (incident->last_seen.ns < summary->began.ns ||
	    str_equal(incident->state, STR("closed")) || incident->id.len != FINDING_ID_LEN)
		return;
	summary->incidents++;
	summary->by_verdict[incident->verdict]++;
	while (place > 0 && summary->at[place - 1].verdict < incident->verdict)
		place--;
	if (place == SUMMARY_INCIDENTS)
		return;
	size_t moved = summary->count - place;
	if (summary->count == SUMMARY_INCIDENTS)
		moved--;
	else
		summary->count++;
	memmove(&summary->at[place + 1], &summary->at[place], moved * sizeof(*summary->at));
	struct summary_incident *one = &summary->at[place];
	*one = (struct summary_incident){.verdict = incident->verdict};
	memcpy(one->id, incident->id.at, FINDING_ID_LEN);
	struct str title = str_sub(incident->title, 0, SUMMARY_TITLE);
	memcpy(one->title, title.at, title.len);
	one->title_len = title.len;
}

static void add_count(struct buf *out, uint64_t count, const char *noun)
{
	buf_add_grouped(out, count);
	buf_printf(out, " %s%s", noun, count == 1 ? "" : "s");
}

void summary_sentence(const struct summary *summary, const struct alert_counters *alerts,
		      instant now, struct buf *out)
{
	uint64_t findings = 0;
	const char *before = " (";

	for (int verdict = 0; verdict < VERDICT_COUNT; verdict++)
		findings += alerts->findings[verdict];
	buf_add_text(out, "In this run (");
	buf_add_duration(out, instant_since(now, summary->began));
	buf_add_text(out, "): ");
	add_count(out, summary->incidents, "incident");
	buf_add_text(out, ", ");
	add_count(out, findings, "new finding");
	for (int verdict = VERDICT_COUNT - 1; verdict >= 0; verdict--) {
		if (alerts->findings[verdict] == 0)
			continue;
		buf_add_text(out, before);
		buf_add_grouped(out, alerts->findings[verdict]);
		buf_printf(out, " %s", verdict_name((enum verdict)verdict));
		before = ", ";
	}
	buf_add_text(out, findings > 0 ? ")" : "");
}

void summary_lines(const struct summary *summary, struct buf *out)
{
	if (summary->count == 0)
		return;
	for (size_t i = 0; i < summary->count; i++) {
		const struct summary_incident *one = &summary->at[i];
		buf_printf(out, "  %-10s", verdict_name(one->verdict));
		buf_add_printable(out, str_of(one->id, FINDING_ID_LEN), FINDING_ID_LEN);
		buf_add_text(out, "  ");
		buf_add_printable(out, str_of(one->title, one->title_len), SUMMARY_TITLE);
		buf_add_byte(out, '\n');
	}
	if (summary->incidents > summary->count) {
		buf_add_text(out, "  and ");
		buf_add_grouped(out, summary->incidents - summary->count);
		buf_add_text(out, " more\n");
	}
	buf_add_text(out, "`davy show ID` tells one whole, `davy incidents` lists all.\n");
}
