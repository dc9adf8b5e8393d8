#include "base/shell_word.h"

static bool is_printable(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] < 0x20 || text.at[i] > 0x7e)
			return false;
	return true;
}

/* What no shell gives a meaning to, wherever it stands; most paths are of this. */
static bool is_plain(struct str text)
{
	const struct str marks = STR("_-./:@%+=,");

	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      str_find_byte(marks, c) >= 0))
			return false;
	}
	return text.len > 0;
}

static void add_escaped(struct buf *out, struct str text)
{
	buf_add_text(out, "$'");
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.at[i];
		if (c == '\'' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c < 0x20 || c > 0x7e)
			buf_printf(out, "\\%03o", c);
		else
			buf_add_byte(out, (char)c);
	}
	buf_add_byte(out, '\'');
}

void buf_add_shell_word(struct buf *out, struct str text)
{
	ptrdiff_t end = str_find_byte(text, '\0');

	text = end >= 0 ? str_sub(text, 0, (size_t)end) : text;
	if (is_plain(text)) {
		buf_add(out, text);
		return;
	}
	if (!is_printable(text)) {
		add_escaped(out, text);
		return;
	}
	buf_add_byte(out, '\'');
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == '\'')
			buf_add_text(out, "'\\''");
		else
			buf_add_byte(out, text.at[i]);
	}
	buf_add_byte(out, '\'');
}
