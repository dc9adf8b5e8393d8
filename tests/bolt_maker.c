#include "bolt_maker.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

enum {
	KIND_BRANCH = 1,
	KIND_LEAF = 2,
	KIND_META = 4,
	KIND_FREE = 16,
	HEADER = 16,
	ELEMENT = 16,
	ARENA_BYTES = 4 << 20,
};

struct item {
	struct str key, value;
	uint32_t flags;
	uint64_t page;
};

struct maker {
	struct bolt_making how;
	struct arena arena;
	struct buf *out;
};

static void add_le(struct buf *out, uint64_t number, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		buf_add_byte(out, (char)(number >> (8 * i)));
}

static void pad(struct maker *m)
{
	while (!m->out->failed && m->out->len % m->how.page_bytes != 0)
		buf_add_byte(m->out, 0);
}

static size_t size_of(const struct item *items, size_t count)
{
	size_t bytes = HEADER;

	for (size_t i = 0; i < count; i++)
		bytes += ELEMENT + items[i].key.len + items[i].value.len;
	return bytes;
}

static void add_page(struct buf *out, uint64_t id, unsigned kind, const struct item *items,
		     size_t count, uint32_t overflow)
{
	size_t used = 0;

	add_le(out, id, 8);
	add_le(out, kind, 2);
	add_le(out, count, 2);
	add_le(out, overflow, 4);
	for (size_t i = 0; i < count; i++) {
		size_t offset = (count - i) * ELEMENT + used;
		if (kind == KIND_LEAF)
			add_le(out, items[i].flags, 4);
		add_le(out, offset, 4);
		add_le(out, items[i].key.len, 4);
		add_le(out, kind == KIND_LEAF ? items[i].value.len : items[i].page,
		       kind == KIND_LEAF ? 4 : 8);
		used += items[i].key.len + items[i].value.len;
	}
	for (size_t i = 0; i < count; i++) {
		buf_add(out, items[i].key);
		buf_add(out, items[i].value);
	}
}

/* Pages of one level; the first key of each, and where it is, are the level above. */
static size_t write_level(struct maker *m, unsigned kind, const struct item *items, size_t count,
			  struct item *above)
{
	size_t pages = 0;

	for (size_t from = 0; from < count || pages == 0; pages++) {
		size_t some = count > from ? 1 : 0, most = m->how.keys_max;
		while (from + some < count && (most == 0 || some < most) &&
		       size_of(items + from, some + 1) <= m->how.page_bytes)
			some++;
		size_t bytes = size_of(items + from, some);
		uint64_t id = m->out->len / m->how.page_bytes;
		add_page(m->out, id, kind, items + from, some,
			 (uint32_t)((bytes - 1) / m->how.page_bytes));
		pad(m);
		above[pages] =
			(struct item){.key = some ? items[from].key : (struct str){0}, .page = id};
		from += some;
	}
	return pages;
}

static uint64_t write_pages(struct maker *m, const struct item *items, size_t count)
{
	struct item *above = arena_take(&m->arena, sizeof(*above) * (count + 1));
	unsigned kind = KIND_LEAF;

	if (!above) {
		m->out->failed = true;
		return 0;
	}
	do {
		count = write_level(m, kind, items, count, above);
		items = above;
		kind = KIND_BRANCH;
	} while (count > 1);
	return above[0].page;
}

static bool is_of(const struct bolt_row *row, size_t level, const char *key)
{
	return row->path[level] && strcmp(row->path[level], key) == 0;
}

/* The value that stands for a bucket of these rows, all below the same path of `level` keys. */
static struct str write_bucket(struct maker *m, const struct bolt_row *rows, size_t count,
			       size_t level)
{
	struct item *items = arena_take(&m->arena, sizeof(*items) * (count + 1));
	size_t used = 0;
	bool has_buckets = false;
	struct buf value = {0};

	for (size_t i = 0, end; items && i < count; i = end) {
		const char *key = rows[i].path[level];
		for (end = i + 1; end < count && is_of(&rows[end], level, key);)
			end++;
		bool is_bucket = rows[i].path[level + 1] || !rows[i].value;
		/* the row of an empty bucket stands before those of what it has */
		size_t from = rows[i].path[level + 1] ? i : i + 1;
		items[used++] = (struct item){
			.key = str_from(key),
			.flags = is_bucket,
			.value = is_bucket ? write_bucket(m, rows + from, end - from, level + 1)
					   : str_from(rows[i].value)};
		has_buckets |= is_bucket;
	}
	bool is_inline = level > 0 && items && !has_buckets && !m->how.nothing_inline &&
			 size_of(items, used) <= m->how.page_bytes / 4;
	add_le(&value, is_inline || !items ? 0 : write_pages(m, items, used), 8);
	add_le(&value, 0, 8);
	if (is_inline)
		add_page(&value, 0, KIND_LEAF, items, used, 0);
	struct str kept = arena_copy(&m->arena, buf_view(&value));
	m->out->failed |= !items || kept.len != value.len;
	buf_fini(&value);
	return kept;
}

static int compare_rows(const void *a, const void *b)
{
	const struct bolt_row *left = a, *right = b;

	for (size_t i = 0; i < BOLT_PATH_MAX; i++) {
		if (!left->path[i] || !right->path[i])
			return (left->path[i] ? 1 : 0) - (right->path[i] ? 1 : 0);
		int order = strcmp(left->path[i], right->path[i]);
		if (order != 0)
			return order;
	}
	return 0;
}

static void put_le(struct buf *out, size_t at, uint64_t number, size_t bytes)
{
	for (size_t i = 0; i < bytes && at + i < out->len; i++)
		out->at[at + i] = (char)(number >> (8 * i));
}

static void write_meta(struct maker *m, size_t number, uint64_t root, uint64_t transaction)
{
	struct buf meta = {0};

	add_page(&meta, number, KIND_META, NULL, 0, 0);
	add_le(&meta, 0xed0cdaed, 4);
	add_le(&meta, 2, 4);
	add_le(&meta, m->how.page_bytes, 4);
	add_le(&meta, 0, 4);
	add_le(&meta, root, 8);
	add_le(&meta, 0, 8);
	add_le(&meta, 2, 8);
	add_le(&meta, m->out->len / m->how.page_bytes, 8);
	add_le(&meta, transaction, 8);
	if (meta.failed || m->out->failed)
		m->out->failed = true;
	else
		memcpy(m->out->at + number * m->how.page_bytes, meta.at, meta.len);
	buf_fini(&meta);
	bolt_sum(m->out, number, m->how.page_bytes);
}

void bolt_sum(struct buf *database, size_t number, size_t page_bytes)
{
	size_t at = number * page_bytes + HEADER;
	uint64_t sum = 14695981039346656037u;

	for (size_t i = 0; i < 56 && at + i < database->len; i++) {
		sum ^= (uint8_t)database->at[at + i];
		sum *= 1099511628211u;
	}
	put_le(database, at + 56, sum, 8);
}

/* Pages 0 and 1 are the roots', 2 that of the free ones. */
void bolt_make(const struct bolt_row *rows, size_t count, const struct bolt_making *how,
	       struct buf *out)
{
	struct maker m = {.how = *how, .out = out};
	struct bolt_row *sorted = malloc(sizeof(*rows) * (count + 1));
	uint64_t root = 0;

	m.how.page_bytes = how->page_bytes ? how->page_bytes : 4096;
	m.how.transaction = how->transaction ? how->transaction : 7;
	if (!sorted || arena_init(&m.arena, ARENA_BYTES) < 0) {
		out->failed = true;
		free(sorted);
		return;
	}
	memcpy(sorted, rows, sizeof(*rows) * count);
	qsort(sorted, count, sizeof(*sorted), compare_rows);
	for (size_t i = 0; i < 2 * m.how.page_bytes; i++)
		buf_add_byte(out, 0);
	add_page(out, 2, KIND_FREE, NULL, 0, 0);
	pad(&m);
	struct str bucket = write_bucket(&m, sorted, count, 0);
	if (bucket.len >= sizeof(root))
		memcpy(&root, bucket.at, sizeof(root));
	write_meta(&m, m.how.transaction % 2, root, m.how.transaction);
	write_meta(&m, (m.how.transaction + 1) % 2, root, m.how.transaction - 1);
	arena_fini(&m.arena);
	free(sorted);
}
