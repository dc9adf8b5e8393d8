#include "decode/bolt/bolt.h"

#include "base/reader.h"

enum {
	HEADER_BYTES = 16,  /* of a page */
	ELEMENT_BYTES = 16, /* of both kinds */
	BUCKET_BYTES = 16,
	META_BYTES = 64,
	META_SUMMED_BYTES = 56,
	FIRST_PAGE = 2, /* that can be of a bucket */
	VERSION = 2,
	IS_BUCKET = 1,
};

static const uint32_t magic = 0xed0cdaed;

enum page_kind { PAGE_BRANCH = 1, PAGE_LEAF = 2, PAGE_META = 4 };

static bool flaw(struct bolt *bolt)
{
	bolt->has_flaw = true;
	return false;
}

static bool read_at(struct bolt *bolt, uint64_t offset, size_t len, struct str *out)
{
	if (bolt->has_flaw || len > bolt->bytes_left)
		return flaw(bolt);
	bolt->bytes_left -= len;
	if (!bolt->file.read(bolt->file.context, offset, len, out) || out->len != len)
		return flaw(bolt);
	return true;
}

/* -- where the roots are -- */

struct meta {
	uint32_t page_bytes;
	uint64_t root, pages, transaction;
};

static uint64_t fnv1a(struct str bytes)
{
	uint64_t sum = 0xcbf29ce484222325;

	for (size_t i = 0; i < bytes.len; i++)
		sum = (sum ^ (uint8_t)bytes.at[i]) * 0x100000001b3;
	return sum;
}

static bool is_page_size(uint32_t bytes)
{
	return bytes >= BOLT_PAGE_MIN && bytes <= BOLT_PAGE_MAX && (bytes & (bytes - 1)) == 0;
}

static bool parse_meta(struct str bytes, uint64_t number, struct meta *out)
{
	struct reader in = reader_of(bytes);
	uint16_t kind, count;
	uint32_t overflow, mark, version, flags;
	uint64_t id, sequence, free_list, sum;

	return read_le64(&in, &id) && read_le16(&in, &kind) && read_le16(&in, &count) &&
	       read_le32(&in, &overflow) && read_le32(&in, &mark) && read_le32(&in, &version) &&
	       read_le32(&in, &out->page_bytes) && read_le32(&in, &flags) &&
	       read_le64(&in, &out->root) && read_le64(&in, &sequence) &&
	       read_le64(&in, &free_list) && read_le64(&in, &out->pages) &&
	       read_le64(&in, &out->transaction) && read_le64(&in, &sum) && id == number &&
	       kind == PAGE_META && mark == magic && version == VERSION &&
	       is_page_size(out->page_bytes) &&
	       out->pages <= (uint64_t)INT64_MAX / out->page_bytes &&
	       sum == fnv1a(str_sub(bytes, HEADER_BYTES, META_SUMMED_BYTES));
}

/* A broken one is no flaw: the other is there for that. */
static bool read_meta(struct bolt_file file, uint64_t number, uint32_t page_bytes, struct meta *out)
{
	struct str bytes;

	return file.read(file.context, number * page_bytes, HEADER_BYTES + META_BYTES, &bytes) &&
	       parse_meta(bytes, number, out) && (number == 0 || out->page_bytes == page_bytes);
}

static bool read_newest(struct bolt_file file, struct meta *out)
{
	struct meta first = {0}, second = {0};
	bool has_first = read_meta(file, 0, 0, &first), has_second = false;

	if (has_first)
		has_second = read_meta(file, 1, first.page_bytes, &second);
	else /* how long its pages are nobody says then */
		for (uint32_t size = BOLT_PAGE_MIN; size <= BOLT_PAGE_MAX && !has_second; size *= 2)
			has_second = read_meta(file, 1, size, &second);
	if (has_first && !(has_second && second.transaction > first.transaction))
		*out = first;
	else if (has_second)
		*out = second;
	return has_first || has_second;
}

enum decoded bolt_open(struct bolt_file file, struct bolt *out)
{
	struct meta meta;

	*out = (struct bolt){.file = file, .bytes_left = BOLT_BYTES_MAX};
	if (!read_newest(file, &meta)) {
		out->has_flaw = true;
		return MALFORMED;
	}
	out->page_bytes = meta.page_bytes;
	out->root = meta.root;
	out->pages = meta.pages;
	out->transaction = meta.transaction;
	return DECODED;
}

bool bolt_is_unchanged(struct bolt *bolt)
{
	struct meta meta;

	return read_newest(bolt->file, &meta) && meta.transaction == bolt->transaction &&
	       meta.root == bolt->root && meta.page_bytes == bolt->page_bytes;
}

struct bolt_bucket bolt_root(const struct bolt *bolt)
{
	return (struct bolt_bucket){.page = bolt->root};
}

/* -- pages -- */

struct page {
	struct str bytes; /* with those it goes on in */
	uint64_t at;
	uint16_t count;
	bool is_leaf;
};

struct element {
	struct str key, value;
	uint64_t page;	   /* of a branch */
	uint64_t value_at; /* in the file */
	bool is_bucket;
};

static bool parse_page(struct str bytes, uint64_t id, struct page *out, uint32_t *overflow)
{
	struct reader in = reader_of(bytes);
	uint64_t says;
	uint16_t kind;

	if (!read_le64(&in, &says) || !read_le16(&in, &kind) || !read_le16(&in, &out->count) ||
	    !read_le32(&in, overflow) || says != id || (kind != PAGE_BRANCH && kind != PAGE_LEAF))
		return false;
	out->bytes = bytes;
	out->is_leaf = kind == PAGE_LEAF;
	return true;
}

static bool has_its_elements(const struct page *page)
{
	return page->bytes.len >= HEADER_BYTES + (size_t)page->count * ELEMENT_BYTES &&
	       (page->is_leaf || page->count > 0);
}

static bool load_page(struct bolt *bolt, uint64_t number, struct page *out)
{
	struct str bytes;
	uint32_t overflow;

	if (number < FIRST_PAGE || number >= bolt->pages)
		return flaw(bolt);
	out->at = number * bolt->page_bytes;
	if (!read_at(bolt, out->at, bolt->page_bytes, &bytes) ||
	    !parse_page(bytes, number, out, &overflow))
		return flaw(bolt);
	if (overflow > 0) {
		uint64_t len = ((uint64_t)overflow + 1) * bolt->page_bytes;
		if (overflow >= bolt->pages - number || len > BOLT_RUN_MAX ||
		    !read_at(bolt, out->at, (size_t)len, &out->bytes))
			return flaw(bolt);
	}
	return has_its_elements(out) || flaw(bolt);
}

static bool load(struct bolt *bolt, struct bolt_bucket bucket, struct page *out)
{
	struct str bytes;
	uint32_t overflow;

	if (bucket.inline_bytes == 0)
		return load_page(bolt, bucket.page, out);
	out->at = bucket.inline_at;
	if (!read_at(bolt, bucket.inline_at, bucket.inline_bytes, &bytes) ||
	    !parse_page(bytes, 0, out, &overflow) || !out->is_leaf || !has_its_elements(out))
		return flaw(bolt);
	return true;
}

static bool read_fields(const struct page *page, size_t start, struct element *out,
			uint64_t *key_at, uint32_t *key_len, uint32_t *value_len)
{
	struct reader in = reader_of(str_sub(page->bytes, start, ELEMENT_BYTES));
	uint32_t flags, offset;

	*value_len = 0;
	if (page->is_leaf) {
		if (!read_le32(&in, &flags) || !read_le32(&in, &offset) ||
		    !read_le32(&in, key_len) || !read_le32(&in, value_len))
			return false;
		out->is_bucket = flags & IS_BUCKET;
	} else if (!read_le32(&in, &offset) || !read_le32(&in, key_len) ||
		   !read_le64(&in, &out->page)) {
		return false;
	}
	*key_at = (uint64_t)start + offset;
	return true;
}

/* What it points at lies behind all elements, within the page. */
static bool read_element(struct bolt *bolt, const struct page *page, size_t index,
			 struct element *out)
{
	uint32_t key_len, value_len;
	uint64_t key_at;

	*out = (struct element){0};
	if (!read_fields(page, HEADER_BYTES + index * ELEMENT_BYTES, out, &key_at, &key_len,
			 &value_len) ||
	    key_at < HEADER_BYTES + (uint64_t)page->count * ELEMENT_BYTES ||
	    key_at + key_len + value_len > page->bytes.len)
		return flaw(bolt);
	out->key = str_sub(page->bytes, (size_t)key_at, key_len);
	out->value = str_sub(page->bytes, (size_t)key_at + key_len, value_len);
	out->value_at = page->at + key_at + key_len;
	return true;
}

static bool bucket_of(struct bolt *bolt, const struct element *element, struct bolt_bucket *out)
{
	struct reader in = reader_of(element->value);
	uint64_t sequence;

	*out = (struct bolt_bucket){0};
	if (!read_le64(&in, &out->page) || !read_le64(&in, &sequence))
		return flaw(bolt);
	if (out->page != 0)
		return true;
	if (reader_left(&in) < HEADER_BYTES)
		return flaw(bolt);
	out->inline_at = element->value_at + BUCKET_BYTES;
	out->inline_bytes = (uint32_t)reader_left(&in);
	return true;
}

/* -- finding -- */

/* In the order of their keys, and one behind the other in the page, as they are written: else
 * comparing would have no bound. */
static bool is_behind(struct str key, struct str before)
{
	return key.at >= before.at + before.len && str_compare(key, before) > 0;
}

/*
 * The element of that key; of a branch the last one before it, for what lies between begins there,
 * or the first. All are looked at, for a page that is not sorted would hide its keys.
 */
static bool search(struct bolt *bolt, const struct page *page, struct str key, struct element *out)
{
	struct element one = {0};
	struct str last = {0};
	bool is_found = false;

	for (size_t i = 0; i < page->count; i++, last = one.key) {
		if (!read_element(bolt, page, i, &one))
			return false;
		if (i > 0 && !is_behind(one.key, last))
			return flaw(bolt);
		int order = str_compare(one.key, key);
		if (page->is_leaf ? order == 0 : order <= 0 || i == 0) {
			*out = one;
			is_found = true;
		}
	}
	return is_found;
}

static bool find(struct bolt *bolt, struct bolt_bucket in, struct str key, struct element *out)
{
	struct page page;

	if (!load(bolt, in, &page))
		return false;
	for (unsigned depth = 0; !page.is_leaf; depth++) {
		if (!search(bolt, &page, key, out))
			return false;
		if (depth == BOLT_DEPTH_MAX)
			return flaw(bolt);
		if (!load_page(bolt, out->page, &page))
			return false;
	}
	return search(bolt, &page, key, out);
}

bool bolt_bucket_find(struct bolt *bolt, struct bolt_bucket in, struct str key,
		      struct bolt_bucket *out)
{
	struct element element;

	return find(bolt, in, key, &element) && element.is_bucket && bucket_of(bolt, &element, out);
}

bool bolt_value_find(struct bolt *bolt, struct bolt_bucket in, struct str key, struct str *out)
{
	struct element element;

	if (!find(bolt, in, key, &element) || element.is_bucket)
		return false;
	*out = element.value;
	return true;
}

/* -- all of a bucket -- */

struct bolt_cursor bolt_first(struct bolt_bucket in)
{
	return (struct bolt_cursor){.way[0].at = in, .depth = 1};
}

static bool tell(struct bolt *bolt, const struct element *element, struct bolt_entry *out)
{
	*out = (struct bolt_entry){
		.key = element->key, .value = element->value, .is_bucket = element->is_bucket};
	return !element->is_bucket || bucket_of(bolt, element, &out->bucket);
}

/* Pages that lead back to themselves end with the way's length, or with what may be read. */
bool bolt_next(struct bolt *bolt, struct bolt_cursor *cursor, struct bolt_entry *out)
{
	while (cursor->depth > 0) {
		struct bolt_place *here = &cursor->way[cursor->depth - 1];
		struct element element, before;
		struct page page;
		if (!load(bolt, here->at, &page))
			return false;
		if (here->next >= page.count) {
			cursor->depth--;
			continue;
		}
		if (!read_element(bolt, &page, here->next, &element))
			return false;
		if (here->next > 0 && (!read_element(bolt, &page, here->next - 1, &before) ||
				       !is_behind(element.key, before.key)))
			return flaw(bolt);
		here->next++;
		if (page.is_leaf)
			return tell(bolt, &element, out);
		if (cursor->depth > BOLT_DEPTH_MAX)
			return flaw(bolt);
		cursor->way[cursor->depth++] = (struct bolt_place){.at.page = element.page};
	}
	return false;
}
