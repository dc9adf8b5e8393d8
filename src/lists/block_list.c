#include "lists/block_list.h"

enum { ADDRESS_BITS = 128, TITLE_MAX = 200 };

/* Comments: what this is, and who says so. */
static void add_sources(const struct block_format *format, const struct pool_list *list,
			instant now, struct buf *out)
{
	buf_printf(out, "%s Written by davy lists at ", format->comment);
	buf_add_instant(out, now);
	buf_printf(out, " for %s\n", format->target);
	for (uint32_t i = 0; i < list->list_count; i++) {
		struct pool_match from = pool_list_source(list, i);
		buf_printf(out, "%s From \"", format->comment);
		buf_add_printable(out, from.list, TITLE_MAX);
		buf_printf(out, "\" of %.*s\n", STR_ARG(from.date));
	}
}

static bool is_covered(const struct pool_list *list, struct str name)
{
	struct str head;

	while (str_cut(name, '.', &head, &name))
		if (pool_list_has_name(list, name))
			return true;
	return false;
}

static bool can_say(const struct block_format *format, const struct pool_entry *entry)
{
	return format->network_line && (format->says_ports || entry->port == 0) &&
	       (format->says_networks || entry->prefix == ADDRESS_BITS);
}

static uint32_t add_names(const struct block_format *format, const struct pool_list *list,
			  struct buf *out, struct block_counts *counts)
{
	struct str last = {0};
	uint16_t port = 0;
	uint32_t i;

	for (i = 0; i < list->counts[POOL_NAME]; i++) {
		struct pool_match match = pool_list_at(list, i);
		struct str name = match.entry.name;
		bool is_again = str_equal(name, last) && i > 0;
		if (is_again && (!format->says_name_ports || port == match.entry.port))
			continue;
		last = name;
		port = match.entry.port;
		if (!format->name_line)
			counts->unsaid++;
		else if (format->covers_below && is_covered(list, name))
			counts->covered++;
		else {
			format->name_line(out, &match.entry);
			counts->names++;
		}
	}
	return i;
}

struct block_counts block_list_write(const struct block_format *format,
				     const struct pool_list *list, instant now, struct buf *out)
{
	struct block_counts counts = {0};
	struct pool_entry last = {0};

	add_sources(format, list, now, out);
	if (format->begin)
		format->begin(out, list, now);
	uint32_t i = add_names(format, list, out, &counts);
	uint32_t end = i + list->counts[POOL_NETWORK];
	for (; i < end; i++) {
		struct pool_entry entry = pool_list_at(list, i).entry;
		if (entry.prefix == last.prefix && entry.port == last.port &&
		    address_equal(&entry.address, &last.address))
			continue;
		last = entry;
		if (pool_list_is_shared(list, &entry.address)) {
			counts.shared++;
		} else if (!can_say(format, &entry)) {
			counts.unsaid++;
		} else {
			format->network_line(out, &entry);
			counts.networks++;
		}
	}
	if (format->end)
		format->end(out, &counts);
	return counts;
}

const struct block_format *block_format_find(struct str name)
{
	for (size_t i = 0; i < block_format_count; i++)
		if (str_equal(name, str_from(block_formats[i].name)))
			return &block_formats[i];
	return NULL;
}
