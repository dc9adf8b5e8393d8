#include "base/json_write.h"

#include <inttypes.h>
#include <math.h>

#include "base/utf8.h"

static void begin_value(struct json_writer *w)
{
	if (w->needs_comma)
		buf_add_byte(w->out, ',');
	w->needs_comma = true;
}

void json_open(struct json_writer *w, char bracket)
{
	begin_value(w);
	buf_add_byte(w->out, bracket);
	w->needs_comma = false;
}

void json_close(struct json_writer *w, char bracket)
{
	buf_add_byte(w->out, bracket);
	w->needs_comma = true;
}

static void add_escaped(struct buf *out, uint32_t rune, struct str spelling)
{
	if (rune == '"' || rune == '\\')
		buf_printf(out, "\\%c", (char)rune);
	else if (rune == '\n')
		buf_add(out, STR("\\n"));
	else if (rune < 0x20 || (rune >= 0x7f && rune < 0xa0))
		buf_printf(out, "\\u%04x", rune);
	else
		buf_add(out, spelling);
}

static void add_quoted(struct buf *out, struct str text)
{
	uint32_t rune;

	buf_add_byte(out, '"');
	while (text.len > 0) {
		size_t len = utf8_decode(text, &rune);
		if (len == 0) {
			buf_add(out, STR("\xef\xbf\xbd"));
			len = 1;
		} else {
			add_escaped(out, rune, str_sub(text, 0, len));
		}
		text = str_skip(text, len);
	}
	buf_add_byte(out, '"');
}

void json_key(struct json_writer *w, const char *key)
{
	json_key_view(w, str_from(key));
}

void json_key_view(struct json_writer *w, struct str key)
{
	begin_value(w);
	add_quoted(w->out, key);
	buf_add_byte(w->out, ':');
	w->needs_comma = false;
}

void json_string(struct json_writer *w, struct str text)
{
	begin_value(w);
	add_quoted(w->out, text);
}

void json_integer(struct json_writer *w, int64_t value)
{
	begin_value(w);
	buf_printf(w->out, "%" PRId64, value);
}

void json_unsigned(struct json_writer *w, uint64_t value)
{
	begin_value(w);
	buf_printf(w->out, "%" PRIu64, value);
}

void json_double(struct json_writer *w, double value)
{
	begin_value(w);
	if (isfinite(value))
		buf_printf(w->out, "%.15g", value);
	else
		buf_add(w->out, STR("null"));
}

void json_bool(struct json_writer *w, bool value)
{
	begin_value(w);
	buf_add_text(w->out, value ? "true" : "false");
}

void json_null(struct json_writer *w)
{
	begin_value(w);
	buf_add(w->out, STR("null"));
}

void json_instant(struct json_writer *w, instant at)
{
	begin_value(w);
	buf_add_byte(w->out, '"');
	buf_add_instant(w->out, at);
	buf_add_byte(w->out, '"');
}

void json_raw(struct json_writer *w, struct str json)
{
	begin_value(w);
	buf_add(w->out, json);
}

void json_key_string(struct json_writer *w, const char *key, struct str text)
{
	if (text.len == 0)
		return;
	json_key(w, key);
	json_string(w, text);
}

void json_key_unsigned(struct json_writer *w, const char *key, uint64_t value)
{
	json_key(w, key);
	json_unsigned(w, value);
}

void json_key_double(struct json_writer *w, const char *key, double value)
{
	json_key(w, key);
	json_double(w, value);
}
