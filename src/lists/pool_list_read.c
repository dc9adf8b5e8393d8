/* A file of a list: what its comments must say, then its entries one by one. */
#include <errno.h>
#include <string.h>

#include "lists/list_text.h"
#include "lists/pool_list.h"

enum { SAID_MAX = 200 };

struct file_reader {
	struct pool_list_builder *builder;
	struct list_text text;
};

static int begin(struct file_reader *in)
{
	if (in->text.has_begun)
		return 0;
	int r = list_text_begin(&in->text);
	if (r < 0)
		return r;
	r = pool_list_begin(in->builder, in->text.said[LIST_NAME], in->text.said[LIST_DATE]);
	if (r == -E2BIG)
		error_set(in->text.why, r, "%.200s: more than %d lists; join some of them",
			  in->text.file, POOL_LISTS_MAX);
	return r;
}

static int take_entry(void *context, struct str text)
{
	struct file_reader *in = context;
	char name[POOL_NAME_MAX + 1];
	struct pool_entry entry;
	struct error fault;

	int r = begin(in);
	if (r < 0)
		return r;
	if (!pool_entry_parse(text, name, &entry, &fault))
		return list_text_refuse(&in->text, fault.text);
	r = pool_list_add_entry(in->builder, &entry);
	if (r == -E2BIG)
		error_set(in->text.why, r,
			  "%.200s:%u: more than %d entries in all lists; leave some out",
			  in->text.file, in->text.line, POOL_ENTRIES_MAX);
	return r;
}

static int read_lines(struct file_reader *in, struct str text)
{
	if (text.len > POOL_FILE_MAX)
		return error_set(in->text.why, -EINVAL, "%.200s: over 16 MiB; split the list",
				 in->text.file);
	int r = list_text_read(&in->text, text);
	return r < 0 ? r : begin(in);
}

int pool_list_add_file(struct pool_list_builder *builder, const char *file, struct str text,
		       struct error *why)
{
	struct file_reader in = {.builder = builder,
				 .text = {.noun = "list",
					  .entry = "entry",
					  .file = file,
					  .why = why,
					  .said_max = SAID_MAX,
					  .line_max = POOL_LINE_MAX,
					  .take = take_entry,
					  .context = &in}};
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
