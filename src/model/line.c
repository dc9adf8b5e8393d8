#include "model/line.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/utf8.h"

void line_fail(struct line *line, int result, const char *format, ...)
{
	char text[256];
	va_list arguments;

	if (line->result != 0)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	line->result = error_set(line->why, result, "%s", text);
}

/* In JSON without flaws, every value is the first or follows one of these. */
static size_t count_values_at_most(struct str text)
{
	size_t count = 2;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];
		count += c == ',' || c == ':' || c == '[' || c == '{';
	}
	return count;
}

static void read_document(struct line *line, struct str text)
{
	if (text.len > LINE_MAX_BYTES) {
		line_fail(line, -EBADMSG, "the line has %zu bytes, more than %d", text.len,
			  LINE_MAX_BYTES);
		return;
	}
	size_t cap = count_values_at_most(text);
	line->doc.nodes = arena_take(line->arena, cap * sizeof(*line->doc.nodes));
	line->doc.cap = (uint32_t)cap;
	if (!line->doc.nodes) {
		line_fail(line, -ENOMEM, "no memory for a line of %zu bytes", text.len);
		return;
	}
	size_t used = json_read(&line->doc, text);
	if (line->doc.flaws != 0 || json_kind(json_root(&line->doc)) != JSON_OBJECT ||
	    str_trim(str_skip(text, used)).len > 0)
		line_fail(line, -EBADMSG, "the line is not one well-formed JSON object");
}

int line_open(struct line *line, struct str text, const char *kind, struct arena *arena,
	      struct error *why)
{
	*line = (struct line){.arena = arena, .why = why};
	read_document(line, text);
	if (line->result != 0)
		return line->result;
	struct json_value root = json_root(&line->doc);
	if (!str_equal(line_text(line, root, "kind"), str_from(kind)))
		line_fail(line, -EBADMSG, "the line's kind is not \"%s\"", kind);
	uint64_t schema = line_number(line, root, "schema", UINT32_MAX);
	if (schema != LINE_SCHEMA)
		line_fail(line, -EBADMSG, "the line's schema is %llu, this program knows %d",
			  (unsigned long long)schema, LINE_SCHEMA);
	return line->result;
}

static const struct json_value nothing = {0};

static struct json_value member_of_kind(struct line *line, struct json_value object,
					const char *key, enum json_kind kind, const char *kind_name)
{
	struct json_value v = json_member(object, str_from(key));
	enum json_kind found = json_kind(v);

	if (line->result != 0 || found == JSON_NONE || found == JSON_NULL)
		return nothing;
	if (found == kind)
		return v;
	line_fail(line, -EBADMSG, "\"%s\" is not %s", key, kind_name);
	return nothing;
}

struct json_value line_object(struct line *line, struct json_value object, const char *key)
{
	return member_of_kind(line, object, key, JSON_OBJECT, "an object");
}

struct json_value line_array(struct line *line, struct json_value object, const char *key)
{
	return member_of_kind(line, object, key, JSON_ARRAY, "a list");
}

/* A view into the line, or a copy in the arena when there are escapes to undo. */
static struct str text_of(struct line *line, struct json_value v)
{
	char *scratch = NULL;
	size_t cap = 0;

	if (!json_exists(v))
		return (struct str){0};
	if (json_raw_text(v).len > 0 && str_find_byte(json_raw_text(v), '\\') >= 0) {
		cap = json_raw_text(v).len;
		scratch = arena_take(line->arena, cap);
		if (!scratch) {
			line_fail(line, -ENOMEM, "no memory for a text of %zu bytes", cap);
			return (struct str){0};
		}
	}
	return json_text(v, scratch, cap);
}

struct str line_text(struct line *line, struct json_value object, const char *key)
{
	return text_of(line, member_of_kind(line, object, key, JSON_STRING, "a text"));
}

uint64_t line_number(struct line *line, struct json_value object, const char *key, uint64_t most)
{
	struct json_value v = member_of_kind(line, object, key, JSON_NUMBER, "a number");
	uint64_t number = 0;

	if (json_exists(v) && (!str_to_u64(json_raw_text(v), &number) || number > most)) {
		line_fail(line, -EBADMSG, "\"%s\" is not a whole number up to %llu", key,
			  (unsigned long long)most);
		return 0;
	}
	return number;
}

/* Fifteen digits of the largest double read as infinity; it stays the largest double. */
static double bounded(double real)
{
	return isnan(real) ? 0 : real > DBL_MAX ? DBL_MAX : real < -DBL_MAX ? -DBL_MAX : real;
}

double line_real(struct line *line, struct json_value object, const char *key)
{
	struct json_value v = member_of_kind(line, object, key, JSON_NUMBER, "a number");
	double real = 0;

	if (json_exists(v) && !json_to_double(v, &real)) {
		line_fail(line, -EBADMSG, "\"%s\" is not a number", key);
		return 0;
	}
	return bounded(real);
}

instant line_instant(struct line *line, struct json_value object, const char *key)
{
	instant at = {0};
	struct str text = line_text(line, object, key);

	if (text.len > 0 && !instant_parse(text, &at))
		line_fail(line, -EBADMSG, "\"%s\" is not an RFC 3339 time", key);
	return at;
}

static size_t read_texts(struct line *line, struct json_value array, const char *key,
			 struct str *out, size_t cap)
{
	size_t count = 0, left = 2 * cap; /* json_next costs the distance to the container */

	for (struct json_value v = json_first(array); json_exists(v) && count < cap && left > 0;
	     v = json_next(v), left--) {
		if (json_kind(v) != JSON_STRING) {
			line_fail(line, -EBADMSG, "\"%s\" holds something that is not a text", key);
			return 0;
		}
		struct str text = text_of(line, v);
		if (text.len > 0)
			out[count++] = text;
	}
	return count;
}

size_t line_texts(struct line *line, struct json_value object, const char *key, struct str *out,
		  size_t cap)
{
	return read_texts(line, line_array(line, object, key), key, out, cap);
}

static void read_fact_texts(struct line *line, struct json_value v, struct fact *fact)
{
	size_t count = json_count(v);
	size_t cap = count < LINE_TEXTS_MAX ? count : LINE_TEXTS_MAX;
	struct str *texts = arena_take(line->arena, cap * sizeof(*texts));

	if (!texts) {
		line_fail(line, -ENOMEM, "no memory for a list of %zu texts", cap);
		return;
	}
	fact->texts = texts;
	fact->text_count = read_texts(line, v, "facts", texts, cap);
}

/* A whole number without a sign is a number, any other a real. False: nothing to keep. */
static bool read_fact(struct line *line, struct json_value v, struct fact *fact)
{
	switch (json_kind(v)) {
	case JSON_STRING:
		fact->kind = FACT_TEXT;
		fact->text = text_of(line, v);
		return fact->text.len > 0;
	case JSON_NUMBER:
		fact->kind = FACT_NUMBER;
		if (str_to_u64(json_raw_text(v), &fact->number))
			return true;
		fact->kind = FACT_REAL;
		if (!json_to_double(v, &fact->real))
			return false;
		fact->real = bounded(fact->real);
		return true;
	case JSON_TRUE:
	case JSON_FALSE:
		fact->kind = FACT_TRUTH;
		fact->truth = json_kind(v) == JSON_TRUE;
		return true;
	case JSON_ARRAY:
		fact->kind = FACT_TEXTS;
		read_fact_texts(line, v, fact);
		return fact->text_count > 0;
	default:
		return false; /* null, and objects, which facts do not have */
	}
}

void line_facts(struct line *line, struct json_value object, const char *except, struct facts *out)
{
	size_t left = 2 * FACTS_MAX; /* as in read_texts */

	for (struct json_value v = json_first(object);
	     json_exists(v) && left > 0 && out->count < FACTS_MAX && line->result == 0;
	     v = json_next(v), left--) {
		struct fact fact = {.name = text_of(line, json_key_of(v))};
		/* bytes that are no UTF-8 are written as U+FFFD: two names could become one */
		if (!utf8_is_valid(fact.name) ||
		    (except && str_equal(fact.name, str_from(except))) ||
		    facts_find(out, fact.name))
			continue;
		if (read_fact(line, v, &fact))
			out->at[out->count++] = fact;
	}
}

size_t line_actions(struct line *line, struct json_value object, struct action *out, size_t cap)
{
	struct json_value actions = line_array(line, object, "actions");
	size_t count = 0;

	for (struct json_value v = json_first(actions); json_exists(v) && count < cap;
	     v = json_next(v)) {
		struct action action = {
			.text = line_text(line, v, "text"),
			.command = line_text(line, v, "command"),
			.undo = line_text(line, v, "undo"),
		};
		if (action.text.len == 0) {
			line_fail(line, -EBADMSG, "an action has no \"text\"");
			return 0;
		}
		out[count++] = action;
	}
	return count;
}

void line_judgement(struct line *line, enum verdict *verdict, enum severity *severity,
		    double *confidence)
{
	struct json_value root = json_root(&line->doc);

	if (!verdict_from_name(line_text(line, root, "verdict"), verdict))
		line_fail(line, -EBADMSG, "\"verdict\" is missing or unknown");
	if (!severity_from_name(line_text(line, root, "severity"), severity))
		line_fail(line, -EBADMSG, "\"severity\" is missing or unknown");
	*confidence = line_real(line, root, "confidence");
	if (!(*confidence >= 0 && *confidence <= 1))
		line_fail(line, -EBADMSG, "\"confidence\" is not between 0 and 1");
}
