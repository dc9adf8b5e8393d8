#include "lists/list_text.h"

#include <errno.h>

#include "base/instant.h"

static const char *const key_names[LIST_KEYS] = {"name", "source", "date", "licence"};

int list_text_refuse(const struct list_text *in, const char *what)
{
	return error_set(in->why, -EINVAL, "%.200s:%u: %s", in->file, in->line, what);
}

/* "# key: value"; any other comment is only a comment, and the first of a key counts. */
static int take_comment(struct list_text *in, struct str comment)
{
	struct str key, value;

	if (in->has_begun || !str_cut(comment, ':', &key, &value))
		return 0;
	key = str_trim(key);
	value = str_trim(value);
	if (str_equal_nocase(key, STR("license")))
		key = STR("licence");
	for (int i = 0; i < LIST_KEYS; i++) {
		if (!str_equal_nocase(key, str_from(key_names[i])) || in->said[i].len > 0)
			continue;
		if (value.len > in->said_max)
			return error_set(in->why, -EINVAL,
					 "%.200s:%u: what the %s says of itself is over %zu bytes; "
					 "say it shorter",
					 in->file, in->line, in->noun, in->said_max);
		if (i == LIST_DATE && !instant_parse_day(value, &(instant){0}))
			return list_text_refuse(
				in, "the date is no day; write it as # date: 2026-11-22");
		in->said[i] = value;
	}
	return 0;
}

int list_text_begin(struct list_text *in)
{
	if (in->has_begun)
		return 0;
	for (int i = 0; i < LIST_KEYS; i++)
		if (in->said[i].len == 0)
			return error_set(in->why, -EINVAL,
					 "%.200s:%u: the %s does not say its %s; add a line \"# "
					 "%s: ...\" before the first %s",
					 in->file, in->line, in->noun, key_names[i], key_names[i],
					 in->entry);
	in->has_begun = true;
	return 0;
}

int list_text_line(struct list_text *in, struct str line)
{
	struct str entry, comment;

	in->line++;
	if (in->line_max > 0 && line.len > in->line_max)
		return error_set(in->why, -EINVAL,
				 "%.200s:%u: the line is over %zu bytes; write one %s a line",
				 in->file, in->line, in->line_max, in->entry);
	bool has_comment = str_cut(line, '#', &entry, &comment);
	entry = str_trim(entry);
	if (entry.len > 0)
		return in->take(in->context, entry);
	return has_comment ? take_comment(in, comment) : 0;
}

int list_text_read(struct list_text *in, struct str text)
{
	struct str line;

	if (str_starts(text, STR("\xef\xbb\xbf"))) /* a byte-order mark */
		text = str_skip(text, 3);
	while (text.len > 0) {
		(void)str_cut(text, '\n', &line, &text);
		int r = list_text_line(in, line);
		if (r < 0)
			return r;
	}
	return 0;
}
