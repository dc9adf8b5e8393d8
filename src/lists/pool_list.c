/*
 * The blob: a header, the lists, the entries in the order in which they are searched, and one text
 * that all names are cut from. Numbers are this machine's: the blob never leaves it.
 */
#include "lists/pool_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { V4_BITS = 96, ADDRESS_BITS = 128 };

struct header {
	char magic[8];
	uint32_t counts[POOL_KIND_COUNT];
	uint32_t list_count, text_len;
};

static const char magic[8] = {'d', 'a', 'v', 'y', 'p', 'l', '0', '1'};

struct list_record {
	uint32_t name_at, date_at;
	uint16_t name_len, date_len;
};

struct record {
	uint8_t address[16];
	uint32_t text_at;
	uint16_t text_len, port, list;
	uint8_t kind, prefix;
};

_Static_assert(sizeof(struct record) == 28 && sizeof(struct list_record) == 12, "no padding");

/* -- building -- */

void pool_list_builder_fini(struct pool_list_builder *builder)
{
	buf_fini(&builder->records);
	buf_fini(&builder->texts);
	buf_fini(&builder->lists);
	*builder = (struct pool_list_builder){0};
}

int pool_list_begin(struct pool_list_builder *builder, struct str name, struct str date)
{
	struct list_record list = {.name_len = (uint16_t)name.len, .date_len = (uint16_t)date.len};

	if (builder->list_count == POOL_LISTS_MAX || name.len > UINT16_MAX || date.len > UINT16_MAX)
		return -E2BIG;
	list.name_at = (uint32_t)builder->texts.len;
	buf_add(&builder->texts, name);
	list.date_at = (uint32_t)builder->texts.len;
	buf_add(&builder->texts, date);
	buf_add_bytes(&builder->lists, &list, sizeof(list));
	if (builder->texts.failed || builder->lists.failed)
		return -ENOMEM;
	builder->list_count++;
	return 0;
}

int pool_list_add_entry(struct pool_list_builder *builder, const struct pool_entry *entry)
{
	struct record record = {.port = entry->port,
				.list = (uint16_t)(builder->list_count - 1),
				.kind = (uint8_t)entry->kind};
	uint32_t count = 0;

	for (int i = 0; i < POOL_KIND_COUNT; i++)
		count += builder->counts[i];
	if (count >= POOL_ENTRIES_MAX)
		return -E2BIG;
	if (entry->kind == POOL_NAME) {
		record.text_at = (uint32_t)builder->texts.len;
		record.text_len = (uint16_t)entry->name.len;
		buf_add(&builder->texts, entry->name);
	} else {
		record.prefix = entry->prefix;
		memcpy(record.address, entry->address.bytes, sizeof(record.address));
	}
	buf_add_bytes(&builder->records, &record, sizeof(record));
	if (builder->texts.failed || builder->records.failed)
		return -ENOMEM;
	builder->counts[entry->kind]++;
	return 0;
}

static struct str name_of(struct str texts, const struct record *record)
{
	return str_sub(texts, record->text_at, record->text_len);
}

/* Narrow networks before wide ones. */
static int compare_places(const struct record *a, const struct record *b)
{
	if (a->prefix != b->prefix)
		return b->prefix - a->prefix;
	return memcmp(a->address, b->address, sizeof(a->address));
}

static int compare_records(const void *left, const void *right, void *context)
{
	const struct record *a = left, *b = right;
	const struct str *texts = context;
	int order = a->kind - b->kind;

	if (order == 0 && a->kind == POOL_NAME)
		order = str_compare(name_of(*texts, a), name_of(*texts, b));
	else if (order == 0)
		order = compare_places(a, b);
	if (order == 0)
		order = a->port - b->port;
	return order ? order : a->list - b->list;
}

int pool_list_seal(struct pool_list_builder *builder, struct buf *out)
{
	struct header header = {.list_count = builder->list_count,
				.text_len = (uint32_t)builder->texts.len};
	struct str texts = buf_view(&builder->texts);

	memcpy(header.magic, magic, sizeof(magic));
	memcpy(header.counts, builder->counts, sizeof(header.counts));
	if (builder->records.len > 0)
		qsort_r(builder->records.at, builder->records.len / sizeof(struct record),
			sizeof(struct record), compare_records, &texts);
	buf_add_bytes(out, &header, sizeof(header));
	buf_add(out, buf_view(&builder->lists));
	buf_add(out, buf_view(&builder->records));
	buf_add(out, texts);
	return out->failed ? -ENOMEM : 0;
}

/* -- reading -- */

static struct record record_at(const struct pool_list *list, uint32_t index)
{
	struct record record;

	memcpy(&record, list->records.at + (size_t)index * sizeof(record), sizeof(record));
	return record;
}

static struct list_record list_at(const struct pool_list *list, uint32_t index)
{
	struct list_record record;

	memcpy(&record, list->lists.at + (size_t)index * sizeof(record), sizeof(record));
	return record;
}

static bool is_in(struct str texts, uint32_t at, uint32_t len)
{
	return at <= texts.len && len <= texts.len - at;
}

uint32_t pool_list_count(const struct pool_list *list)
{
	uint32_t count = 0;

	for (int i = 0; i < POOL_KIND_COUNT; i++)
		count += list->counts[i];
	return count;
}

static bool is_sound(const struct pool_list *list)
{
	uint32_t index = 0;

	for (uint32_t i = 0; i < list->list_count; i++) {
		struct list_record record = list_at(list, i);
		if (!is_in(list->texts, record.name_at, record.name_len) ||
		    !is_in(list->texts, record.date_at, record.date_len))
			return false;
	}
	for (int kind = 0; kind < POOL_KIND_COUNT; kind++) {
		for (uint32_t i = 0; i < list->counts[kind]; i++) {
			struct record record = record_at(list, index++);
			if (record.kind != kind || record.list >= list->list_count ||
			    record.prefix > ADDRESS_BITS || record.text_len > POOL_NAME_MAX ||
			    !is_in(list->texts, record.text_at, record.text_len))
				return false;
		}
	}
	return true;
}

bool pool_list_open(struct str blob, struct pool_list *out)
{
	struct header header;
	uint64_t count = 0;

	*out = (struct pool_list){0};
	if (blob.len < sizeof(header))
		return false;
	memcpy(&header, blob.at, sizeof(header));
	for (int i = 0; i < POOL_KIND_COUNT; i++)
		count += header.counts[i];
	if (memcmp(header.magic, magic, sizeof(magic)) != 0 || header.list_count > POOL_LISTS_MAX ||
	    count > POOL_ENTRIES_MAX)
		return false;
	size_t lists_len = header.list_count * sizeof(struct list_record);
	size_t records_len = (size_t)count * sizeof(struct record);
	if (blob.len != sizeof(header) + lists_len + records_len + header.text_len)
		return false;
	struct pool_list list = {
		.lists = str_sub(blob, sizeof(header), lists_len),
		.records = str_sub(blob, sizeof(header) + lists_len, records_len),
		.texts = str_sub(blob, sizeof(header) + lists_len + records_len, header.text_len),
		.list_count = header.list_count};
	memcpy(list.counts, header.counts, sizeof(list.counts));
	if (!is_sound(&list))
		return false;
	*out = list;
	return true;
}

struct pool_match pool_list_source(const struct pool_list *list, uint32_t index)
{
	struct list_record from = list_at(list, index);

	return (struct pool_match){.list = str_sub(list->texts, from.name_at, from.name_len),
				   .date = str_sub(list->texts, from.date_at, from.date_len)};
}

static struct pool_match match_of(const struct pool_list *list, const struct record *record)
{
	struct pool_match match = pool_list_source(list, record->list);

	match.entry = (struct pool_entry){.kind = (enum pool_entry_kind)record->kind,
					  .prefix = record->prefix,
					  .port = record->port};
	if (record->kind == POOL_NAME)
		match.entry.name = name_of(list->texts, record);
	memcpy(match.entry.address.bytes, record->address, sizeof(record->address));
	return match;
}

struct pool_match pool_list_at(const struct pool_list *list, uint32_t index)
{
	struct record record = record_at(list, index);

	return match_of(list, &record);
}

/* -- looking up -- */

/* The first entry of [from, end) that is not before the name. */
static uint32_t first_name(const struct pool_list *list, struct str name)
{
	uint32_t from = 0, end = list->counts[POOL_NAME];

	while (from < end) {
		uint32_t middle = from + (end - from) / 2;
		struct record record = record_at(list, middle);
		if (str_compare(name_of(list->texts, &record), name) < 0)
			from = middle + 1;
		else
			end = middle;
	}
	return from;
}

static bool find_exactly(const struct pool_list *list, struct str name, uint16_t port,
			 struct pool_match *out)
{
	for (uint32_t i = first_name(list, name); i < list->counts[POOL_NAME]; i++) {
		struct record record = record_at(list, i);
		if (!str_equal(name_of(list->texts, &record), name))
			return false;
		if (record.port == 0 || record.port == port) {
			*out = match_of(list, &record);
			return true;
		}
	}
	return false;
}

bool pool_list_has_name(const struct pool_list *list, struct str name)
{
	uint32_t index = first_name(list, name);

	return index < list->counts[POOL_NAME] &&
	       str_equal(pool_list_at(list, index).entry.name, name);
}

bool pool_list_find_name(const struct pool_list *list, struct str name, uint16_t port,
			 struct pool_match *out)
{
	char lower[POOL_NAME_MAX];
	struct str head;

	if (str_ends(name, STR(".")))
		name.len--;
	if (name.len == 0 || name.len > sizeof(lower))
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.at[i];
		lower[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	name.at = lower;
	do {
		if (find_exactly(list, name, port, out))
			return true;
	} while (str_cut(name, '.', &head, &name));
	return false;
}

static uint32_t first_place(const struct pool_list *list, uint32_t from, uint32_t end,
			    const struct record *key)
{
	while (from < end) {
		uint32_t middle = from + (end - from) / 2;
		struct record record = record_at(list, middle);
		if (compare_places(&record, key) < 0)
			from = middle + 1;
		else
			end = middle;
	}
	return from;
}

static void key_of(const struct address *address, unsigned prefix, struct record *key)
{
	*key = (struct record){.prefix = (uint8_t)prefix};
	memcpy(key->address, address->bytes, prefix / 8);
	if (prefix % 8 > 0)
		key->address[prefix / 8] =
			(uint8_t)(address->bytes[prefix / 8] & (0xff00 >> (prefix % 8)));
}

/* One search for each prefix length that occurs, the narrowest first. */
static bool find_place(const struct pool_list *list, enum pool_entry_kind kind,
		       const struct address *address, uint16_t port, struct pool_match *out)
{
	uint32_t from = 0, end;
	unsigned least = address_is_v4(address) ? V4_BITS : 0;
	struct record key;

	for (int i = 0; i < (int)kind; i++)
		from += list->counts[i];
	end = from + list->counts[kind];
	while (from < end) {
		unsigned prefix = record_at(list, from).prefix;
		if (prefix < least)
			return false;
		key_of(address, prefix, &key);
		for (uint32_t i = first_place(list, from, end, &key); i < end; i++) {
			struct record record = record_at(list, i);
			if (compare_places(&record, &key) != 0)
				break;
			if (record.port == 0 || record.port == port) {
				*out = match_of(list, &record);
				return true;
			}
		}
		if (prefix == 0)
			return false;
		key = (struct record){.prefix = (uint8_t)(prefix - 1)};
		from = first_place(list, from, end, &key);
	}
	return false;
}

bool pool_list_is_shared(const struct pool_list *list, const struct address *address)
{
	struct pool_match match;

	return find_place(list, POOL_SHARED, address, 0, &match);
}

bool pool_list_find_address(const struct pool_list *list, const struct address *address,
			    uint16_t port, struct pool_match *out)
{
	return !pool_list_is_shared(list, address) &&
	       find_place(list, POOL_NETWORK, address, port, out);
}
