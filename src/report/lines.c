#include "report/lines.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/json_write.h"

enum { FACT_WIDTH = 18, SURE_MOST = 99 };

void lines_head(struct buf *out, const struct report_style *style, enum paint paint,
		struct str word, struct str title)
{
	report_painted(out, style, paint, word);
	buf_add_text(out, "  ");
	report_title(out, style, title);
	buf_add_byte(out, '\n');
}

void lines_judgement(struct buf *out, const struct report_style *style, enum severity severity,
		     double confidence)
{
	double percent = confidence * 100;

	report_label(out, style, "how sure");
	/* nobody is ever sure to 100 % */
	buf_printf(out, "%.0f %%, severity %s\n", percent < SURE_MOST ? percent : SURE_MOST,
		   severity_name(severity));
}

void lines_times(struct buf *out, const struct report_style *style, instant first, instant last)
{
	const int64_t second = 1000000000;
	const bool has_span = instant_since(last, first).ns >= second;

	report_label(out, style, "since");
	report_time(out, first);
	if (has_span) {
		buf_add_text(out, " to ");
		report_time(out, last);
		buf_add_text(out, " (");
		buf_add_duration(out, instant_since(last, first));
		buf_add_byte(out, ')');
	} else if (last.ns > first.ns) {
		buf_add_text(out, ", for less than a second");
	}
	buf_add_byte(out, '\n');
}

void lines_text(struct buf *out, const struct report_style *style, const char *label,
		struct str text)
{
	if (text.len == 0)
		return;
	report_label(out, style, label);
	report_hostile(out, text);
	buf_add_byte(out, '\n');
}

static void add_texts(struct buf *out, const struct str *texts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		buf_add_text(out, i ? ", " : "");
		report_hostile(out, texts[i]);
	}
}

void lines_list(struct buf *out, const struct report_style *style, const char *label,
		const struct str *texts, size_t count, uint64_t total)
{
	if (count == 0)
		return;
	report_label(out, style, label);
	add_texts(out, texts, count);
	if (total > count)
		buf_printf(out, " and %" PRIu64 " more", total - count);
	buf_add_byte(out, '\n');
}

static void add_wrapped(struct buf *out, const struct report_style *style, const char *mark,
			struct str text)
{
	CLEANUP(buf_fini) struct buf sentence = {0};

	report_sentence(&sentence, text);
	out->failed |= sentence.failed;
	report_wrapped(out, style, mark, buf_view(&sentence));
}

void lines_bullets(struct buf *out, const struct report_style *style, const char *label,
		   const struct str *texts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		report_label(out, style, i ? "" : label);
		add_wrapped(out, style, "- ", texts[i]);
	}
}

void lines_add_fact(struct buf *out, const struct fact *fact)
{
	struct json_writer w = {.out = out};

	switch (fact->kind) {
	case FACT_TEXT:
		report_hostile(out, fact->text);
		return;
	case FACT_NUMBER:
		json_unsigned(&w, fact->number);
		return;
	case FACT_REAL:
		buf_printf(out, "%.6g", fact->real);
		return;
	case FACT_TRUTH:
		buf_add_text(out, fact->truth ? "yes" : "no");
		return;
	case FACT_TEXTS:
		add_texts(out, fact->texts, fact->text_count);
		return;
	}
}

void lines_add_facts(struct buf *out, const struct facts *facts)
{
	for (size_t i = 0; i < facts->count; i++) {
		buf_add_text(out, i ? ", " : "");
		report_hostile(out, facts->at[i].name);
		buf_add_byte(out, ' ');
		lines_add_fact(out, &facts->at[i]);
	}
}

void lines_facts(struct buf *out, const struct report_style *style, const char *label,
		 const struct facts *facts)
{
	for (size_t i = 0; i < facts->count; i++) {
		report_label(out, style, i ? "" : label);
		report_cell(out, style, PAINT_PLAIN, facts->at[i].name, FACT_WIDTH);
		lines_add_fact(out, &facts->at[i]);
		buf_add_byte(out, '\n');
	}
}

static void add_command(struct buf *out, const struct report_style *style, const char *mark,
			struct str command)
{
	if (command.len == 0)
		return;
	report_label(out, style, "");
	buf_add_text(out, mark);
	report_sentence(out, command);
	buf_add_byte(out, '\n');
}

void lines_action(struct buf *out, const struct report_style *style, const struct action *action,
		  size_t number)
{
	char mark[32];

	report_label(out, style, number > 1 ? "" : "do next");
	snprintf(mark, sizeof(mark), "%zu. ", number);
	add_wrapped(out, style, mark, action->text);
	add_command(out, style, "     ", action->command);
	add_command(out, style, "   undo: ", action->undo);
}

void lines_actions(struct buf *out, const struct report_style *style, const struct action *actions,
		   size_t count)
{
	for (size_t i = 0; i < count; i++)
		lines_action(out, style, &actions[i], i + 1);
}
