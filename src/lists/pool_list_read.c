/* A file of a list: what its comments must say, then its lines one by one. */
#include "lists/pool_list.h"

#include <errno.h>
#include <string.h>

#include "base/instant.h"

enum { KEY_NAME, KEY_SOURCE, KEY_DATE, KEY_LICENCE, KEY_COUNT, KEY_VALUE_MAX = 200 };

static const char *const key_names[KEY_COUNT] = {"name", "source", "date", "licence"};

struct file_reader {
	struct pool_list_builder *builder;
	const char *file;
	struct error *why;
	uint32_t line;
	bool has_begun; /* an entry was seen: comments say nothing more about the list */
	struct str values[KEY_COUNT];
};

static int refuse(const struct file_reader *in, const char *what)
{
	return error_set(in->why, -EINVAL, "%.200s:%u: %s", in->file, in->line, what);
}

/* "# key: value"; any other comment is only a comment, and the first of a key counts. */
static int take_comment(struct file_reader *in, struct str comment)
{
	struct str key, value;

	if (in->has_begun || !str_cut(comment, ':', &key, &value))
		return 0;
	key = str_trim(key);
	value = str_trim(value);
	if (str_equal_nocase(key, STR("license")))
		key = STR("licence");
	for (int i = 0; i < KEY_COUNT; i++) {
		if (!str_equal_nocase(key, str_from(key_names[i])) || in->values[i].len > 0)
			continue;
		if (value.len > KEY_VALUE_MAX)
			return refuse(in, "what the list says of itself is over 200 bytes; say it "
					  "shorter");
		if (i == KEY_DATE && !instant_parse_day(value, &(instant){0}))
			return refuse(in, "the date is no day; write it as # date: 2026-11-22");
		in->values[i] = value;
	}
	return 0;
}

static int begin(struct file_reader *in)
{
	if (in->has_begun)
		return 0;
	for (int i = 0; i < KEY_COUNT; i++)
		if (in->values[i].len == 0)
			return error_set(in->why, -EINVAL,
					 "%.200s:%u: the list does not say its %s; add a line "
					 "\"# %s: ...\" before the first entry",
					 in->file, in->line, key_names[i], key_names[i]);
	in->has_begun = true;
	int r = pool_list_begin(in->builder, in->values[KEY_NAME], in->values[KEY_DATE]);
	if (r == -E2BIG)
		error_set(in->why, r, "%.200s: more than %d lists; join some of them", in->file,
			  POOL_LISTS_MAX);
	return r;
}

static int take_entry(struct file_reader *in, struct str text)
{
	char name[POOL_NAME_MAX + 1];
	struct pool_entry entry;
	struct error fault;

	int r = begin(in);
	if (r < 0)
		return r;
	if (!pool_entry_parse(text, name, &entry, &fault))
		return refuse(in, fault.text);
	r = pool_list_add_entry(in->builder, &entry);
	if (r == -E2BIG)
		error_set(in->why, r,
			  "%.200s:%u: more than %d entries in all lists; leave some out", in->file,
			  in->line, POOL_ENTRIES_MAX);
	return r;
}

static int take_line(struct file_reader *in, struct str line)
{
	struct str entry, comment;

	in->line++;
	if (line.len > POOL_LINE_MAX)
		return refuse(in, "the line is over 512 bytes; write one entry a line");
	bool has_comment = str_cut(line, '#', &entry, &comment);
	entry = str_trim(entry);
	if (entry.len > 0)
		return take_entry(in, entry);
	return has_comment ? take_comment(in, comment) : 0;
}

static int read_lines(struct file_reader *in, struct str text)
{
	struct str line;

	if (text.len > POOL_FILE_MAX)
		return error_set(in->why, -EINVAL, "%.200s: over 16 MiB; split the list", in->file);
	if (str_starts(text, STR("\xef\xbb\xbf"))) /* a byte-order mark */
		text = str_skip(text, 3);
	while (text.len > 0) {
		(void)str_cut(text, '\n', &line, &text);
		int r = take_line(in, line);
		if (r < 0)
			return r;
	}
	return begin(in);
}

int pool_list_add_file(struct pool_list_builder *builder, const char *file, struct str text,
		       struct error *why)
{
	struct file_reader in = {.builder = builder, .file = file, .why = why};
	struct pool_list_builder before = *builder;

	int r = read_lines(&in, text);
	if (r == -ENOMEM)
		error_set(why, r, "%.200s: not enough memory to read the list", file);
	if (r < 0) { /* memory that has grown meanwhile stays */
		builder->records.len = before.records.len;
		builder->texts.len = before.texts.len;
		builder->lists.len = before.lists.len;
		memcpy(builder->counts, before.counts, sizeof(before.counts));
		builder->list_count = before.list_count;
		builder->records.failed = builder->texts.failed = builder->lists.failed = false;
	}
	return r;
}
