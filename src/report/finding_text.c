#include "report/finding_text.h"

#include <inttypes.h>

enum { TEXT_MOST = 400, QUOTE_MOST = 140, LABEL_WIDTH = 10 };

static const char *verdict_colour(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_MINING:
	case VERDICT_MINER:
		return "\033[1;31m";
	case VERDICT_SUSPECT:
		return "\033[1;33m";
	default:
		return "\033[1m";
	}
}

static void add_label(struct buf *out, const char *label)
{
	buf_printf(out, "  %-*s", LABEL_WIDTH, label);
}

static void add_heading(struct buf *out, const struct finding *finding, bool colour)
{
	if (colour)
		buf_add_text(out, verdict_colour(finding->verdict));
	for (const char *c = verdict_name(finding->verdict); *c; c++)
		buf_add_byte(out, (char)(*c - 'a' + 'A'));
	if (colour)
		buf_add_text(out, "\033[0m");
	buf_add_text(out, "  ");
	buf_add_printable(out, finding->title, TEXT_MOST);
	buf_add_byte(out, '\n');
}

static void add_times(struct buf *out, const struct finding *finding)
{
	add_label(out, "when");
	buf_add_instant(out, finding->first_seen);
	if (finding->last_seen.ns > finding->first_seen.ns) {
		buf_add_text(out, " to ");
		buf_add_instant(out, finding->last_seen);
		buf_add_text(out, " (");
		buf_add_duration(out, instant_since(finding->last_seen, finding->first_seen));
		buf_add_byte(out, ')');
	}
	buf_add_byte(out, '\n');
}

static void add_fact_value(struct buf *out, const struct fact *fact)
{
	switch (fact->kind) {
	case FACT_TEXT:
		buf_add_printable(out, fact->text, TEXT_MOST);
		break;
	case FACT_NUMBER:
		buf_printf(out, "%" PRIu64, fact->number);
		break;
	case FACT_REAL:
		buf_printf(out, "%.6g", fact->real);
		break;
	case FACT_TRUTH:
		buf_add_text(out, fact->truth ? "yes" : "no");
		break;
	case FACT_TEXTS:
		for (size_t i = 0; i < fact->text_count; i++) {
			buf_add_text(out, i ? ", " : "");
			buf_add_printable(out, fact->texts[i], TEXT_MOST);
		}
		break;
	}
}

static void add_subject(struct buf *out, const struct finding *finding)
{
	struct str client = facts_text(&finding->subject.keys, STR("client"));
	struct str server = facts_text(&finding->subject.keys, STR("server"));
	const struct fact *names = facts_find(&finding->facts, STR("pool_names"));

	add_label(out, "who");
	if (client.len > 0 && server.len > 0) {
		buf_add_printable(out, client, TEXT_MOST);
		buf_add_text(out,
			     finding->verdict == VERDICT_MINING ? " mines with " : " speaks with ");
		buf_add_printable(out, server, TEXT_MOST);
	} else {
		buf_add_printable(out, finding->subject.type, TEXT_MOST);
		for (size_t i = 0; i < finding->subject.keys.count; i++) {
			buf_add_byte(out, ' ');
			add_fact_value(out, &finding->subject.keys.at[i]);
		}
	}
	if (names) {
		buf_add_text(out, ", called ");
		add_fact_value(out, names);
	}
	buf_add_byte(out, '\n');
}

/* Facts in one line, those that are there: "dialect cryptonote, coin monero, ..." */
static void add_facts_line(struct buf *out, const struct finding *finding, const char *label,
			   const char *const *names)
{
	bool is_first = true;

	for (; *names; names++) {
		const struct fact *fact = facts_find(&finding->facts, str_from(*names));
		if (!fact)
			continue;
		if (is_first)
			add_label(out, label);
		else
			buf_add_text(out, ", ");
		is_first = false;
		buf_printf(out, "%s ", *names);
		add_fact_value(out, fact);
	}
	if (!is_first)
		buf_add_byte(out, '\n');
}

static void add_work(struct buf *out, const struct finding *finding)
{
	struct str rate = facts_text(&finding->facts, STR("hashrate"));

	if (!facts_find(&finding->facts, STR("shares")))
		return;
	add_label(out, "work");
	buf_printf(out,
		   "%" PRIu64 " jobs, %" PRIu64 " shares, %" PRIu64 " accepted, %" PRIu64
		   " refused",
		   facts_number(&finding->facts, STR("jobs")),
		   facts_number(&finding->facts, STR("shares")),
		   facts_number(&finding->facts, STR("accepted")),
		   facts_number(&finding->facts, STR("rejected")));
	if (rate.len > 0) {
		buf_add_text(out, "; about ");
		buf_add_printable(out, rate, TEXT_MOST);
	}
	buf_add_byte(out, '\n');
}

static void add_reasons(struct buf *out, const struct finding *finding)
{
	for (size_t i = 0; i < finding->reason_count; i++) {
		add_label(out, i ? "" : "why");
		buf_add_text(out, "- ");
		buf_add_printable(out, finding->reasons[i], TEXT_MOST);
		buf_add_byte(out, '\n');
	}
	add_label(out, "");
	buf_printf(out, "confidence %.0f %%, severity %s\n", finding->confidence * 100,
		   severity_name(finding->severity));
}

static void add_evidence(struct buf *out, const struct finding *finding)
{
	for (size_t i = 0; i < finding->evidence_count; i++) {
		const struct evidence *evidence = &finding->evidence[i];
		add_label(out, i ? "" : "seen");
		buf_add_printable(out, evidence->source, TEXT_MOST);
		if (evidence->has_offset)
			buf_printf(out, " @%" PRIu64, evidence->offset);
		buf_add_text(out, ": ");
		buf_add_printable(out, str_trim(evidence->quote), QUOTE_MOST);
		buf_add_byte(out, '\n');
	}
}

static void add_actions(struct buf *out, const struct finding *finding)
{
	for (size_t i = 0; i < finding->action_count; i++) {
		const struct action *action = &finding->actions[i];
		add_label(out, i ? "" : "do next");
		buf_add_printable(out, action->text, TEXT_MOST);
		buf_add_byte(out, '\n');
		if (action->command.len > 0) {
			add_label(out, "");
			buf_add_text(out, "    ");
			buf_add_printable(out, action->command, 2 * TEXT_MOST);
			buf_add_byte(out, '\n');
		}
		if (action->undo.len > 0) {
			add_label(out, "");
			buf_add_text(out, "    undo: ");
			buf_add_printable(out, action->undo, TEXT_MOST);
			buf_add_byte(out, '\n');
		}
	}
}

void report_finding_text(struct buf *out, const struct finding *finding, bool colour)
{
	static const char *const what[] = {"dialect",	"transport", "state", "coin",
					   "algorithm", "agent",     NULL};
	static const char *const paid[] = {"wallet", "login", "worker", NULL};
	bool has_wallet = facts_find(&finding->facts, STR("wallet"));
	static const char *const paid_wallet[] = {"wallet", "worker", NULL};

	add_heading(out, finding, colour);
	add_subject(out, finding);
	add_times(out, finding);
	add_facts_line(out, finding, "how", what);
	add_facts_line(out, finding, "paid to", has_wallet ? paid_wallet : paid);
	add_work(out, finding);
	add_reasons(out, finding);
	add_evidence(out, finding);
	add_actions(out, finding);
}
