#include "model/line.h"

#include <math.h>

void line_write_text(struct json_writer *w, const char *key, struct str text)
{
	json_key(w, key);
	json_string(w, text);
}

void line_write_optional(struct json_writer *w, const char *key, struct str text)
{
	json_key(w, key);
	if (text.len > 0)
		json_string(w, text);
	else
		json_null(w);
}

/* Years 1678 to 2261, as instant_parse takes them: whatever is written can be read back. */
void line_write_instant(struct json_writer *w, const char *key, instant at)
{
	static const int64_t first = -9214560000, last = 9214646399;

	if (at.ns < first * 1000000000)
		at = instant_at(first, 0);
	if (at.ns > last * 1000000000)
		at = instant_at(last, 0);
	json_key(w, key);
	json_instant(w, at);
}

void line_write_confidence(struct json_writer *w, double confidence)
{
	json_key_double(w, "confidence",
			!(confidence > 0) ? 0.0
			: confidence > 1  ? 1.0
					  : confidence);
}

static void write_list(struct json_writer *w, const struct str *texts, size_t count)
{
	json_open(w, '[');
	for (size_t i = 0; i < count; i++)
		if (texts[i].len > 0)
			json_string(w, texts[i]);
	json_close(w, ']');
}

void line_write_texts(struct json_writer *w, const char *key, const struct str *texts, size_t count)
{
	json_key(w, key);
	write_list(w, texts, count);
}

/* A real always has a point or an exponent, so that its kind survives the way back. */
static void write_real(struct json_writer *w, double real)
{
	size_t start = w->out->len;

	json_double(w, real);
	struct str written = str_skip(buf_view(w->out), start);
	if (!isfinite(real) || str_find_byte(written, '.') >= 0 || str_find_byte(written, 'e') >= 0)
		return;
	buf_add(w->out, STR(".0"));
}

static void write_fact(struct json_writer *w, const struct fact *fact)
{
	size_t count = fact->text_count < LINE_TEXTS_MAX ? fact->text_count : LINE_TEXTS_MAX;

	json_key_view(w, fact->name);
	switch (fact->kind) {
	case FACT_TEXT:
		json_string(w, fact->text);
		return;
	case FACT_NUMBER:
		json_unsigned(w, fact->number);
		return;
	case FACT_REAL:
		write_real(w, fact->real);
		return;
	case FACT_TRUTH:
		json_bool(w, fact->truth);
		return;
	case FACT_TEXTS:
		write_list(w, fact->texts, count);
		return;
	}
}

void line_write_facts(struct json_writer *w, const struct facts *facts)
{
	for (size_t i = 0; i < facts->count; i++)
		if (facts_find(facts, facts->at[i].name) == &facts->at[i])
			write_fact(w, &facts->at[i]);
}

void line_write_actions(struct json_writer *w, const struct action *actions, size_t count)
{
	json_key(w, "actions");
	json_open(w, '[');
	for (size_t i = 0; i < count; i++) {
		json_open(w, '{');
		line_write_text(w, "text", actions[i].text);
		line_write_optional(w, "command", actions[i].command);
		line_write_optional(w, "undo", actions[i].undo);
		json_close(w, '}');
	}
	json_close(w, ']');
}
