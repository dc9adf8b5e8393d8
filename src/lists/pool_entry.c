/* One entry of a list: a name, an address or a network, with or without a port. */
#include "lists/pool_list.h"

#include <string.h>

enum { V4_BITS = 96, ADDRESS_BITS = 128 };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_label_byte(char c)
{
	return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_';
}

static bool wrong(struct error *why, struct str text, const char *what)
{
	struct buf shown = {0};

	buf_add_printable(&shown, text, 80);
	error_set(why, 0, "\"%.*s\" %s", STR_ARG(buf_view(&shown)), what);
	buf_fini(&shown);
	return false;
}

/* Labels of a name in lower case: 1 to 63 bytes each, at least two, the last no number. */
static const char *name_fault(struct str name)
{
	struct str label, rest = name;
	bool has_more = true, is_number = false;
	int labels = 0;

	for (; has_more; labels++) {
		has_more = str_cut(rest, '.', &label, &rest);
		if (label.len == 0)
			return "has an empty label: two dots, or one at the start";
		if (label.len > 63)
			return "has a label of more than 63 bytes, which DNS does not allow";
		is_number = true;
		for (size_t i = 0; i < label.len; i++) {
			if ((unsigned char)label.at[i] >= 0x80)
				return "is not ASCII: write the name in its xn-- form";
			if (!is_label_byte(label.at[i]))
				return "is neither a DNS name nor an address nor a network";
			is_number = is_number && is_digit(label.at[i]);
		}
	}
	if (is_number)
		return "is no address: four numbers up to 255 are, or an IPv6 address";
	if (labels < 2)
		return "would list a whole top-level domain: name a domain below it";
	return NULL;
}

static bool parse_name(struct str text, struct str whole, char name[POOL_NAME_MAX + 1],
		       struct pool_entry *out, struct error *why)
{
	if (str_starts(text, STR("*.")))
		text = str_skip(text, 2);
	if (str_ends(text, STR(".")))
		text.len--;
	if (text.len == 0 || text.len > POOL_NAME_MAX)
		return wrong(why, whole, "is no DNS name: those have 1 to 253 bytes");
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];
		name[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	name[text.len] = '\0';
	out->kind = POOL_NAME;
	out->name = str_of(name, text.len);
	const char *fault = name_fault(out->name);
	return fault ? wrong(why, whole, fault) : true;
}

/* Clears the bits beyond the prefix; true when there were any. */
static bool mask(struct address *address, unsigned prefix)
{
	bool had_more = false;

	for (unsigned i = 0; i < sizeof(address->bytes); i++) {
		unsigned kept = prefix <= 8 * i ? 0 : prefix - 8 * i >= 8 ? 8 : prefix - 8 * i;
		uint8_t bits = (uint8_t)(0xff00 >> kept);
		had_more |= (address->bytes[i] & (uint8_t)~bits) != 0;
		address->bytes[i] &= bits;
	}
	return had_more;
}

static bool is_v4_network(const struct pool_entry *entry)
{
	return address_is_v4(&entry->address) && entry->prefix >= V4_BITS;
}

static bool parse_port(struct str digits, struct str whole, struct pool_entry *out,
		       struct error *why)
{
	uint64_t port;

	if (!str_to_u64(digits, &port) || port == 0 || port > 65535)
		return wrong(why, whole, "has no port after the colon: 1 to 65535");
	out->port = (uint16_t)port;
	return true;
}

/* "address/bits" or "address/bits:port" */
static bool parse_network(struct str host, struct str bits, struct str whole,
			  struct pool_entry *out, struct error *why)
{
	struct str port;
	uint64_t prefix;

	if (!address_parse(host, &out->address))
		return wrong(why, whole, "is no network: one is written 198.51.100.0/24");
	if (str_cut(bits, ':', &bits, &port) && !parse_port(port, whole, out, why))
		return false;
	bool is_v4 = str_find_byte(host, ':') < 0;
	uint64_t most = is_v4 ? ADDRESS_BITS - V4_BITS : ADDRESS_BITS;
	if (!str_to_u64(bits, &prefix) || prefix > most)
		return wrong(why, whole, "has no prefix length after the slash: 0 to 32, or 128");
	out->prefix = (uint8_t)(prefix + (is_v4 ? V4_BITS : 0));
	bool had_more = mask(&out->address, out->prefix);
	if (out->prefix < 8 || (is_v4_network(out) && out->prefix < V4_BITS + 4))
		return wrong(why, whole, "is so wide that it would list everybody");
	if (!had_more)
		return true;
	struct buf remedy = {0};
	buf_add_text(&remedy, "has bits beyond its prefix; the network is ");
	buf_add_pool_entry(&remedy, out);
	buf_add_byte(&remedy, '\0');
	wrong(why, whole, remedy.failed ? "has bits beyond its prefix" : remedy.at);
	buf_fini(&remedy);
	return false;
}

/* "[address]" or "[address]:port" */
static bool parse_bracketed(struct str text, struct pool_entry *out, struct error *why)
{
	struct str host, rest;

	if (!str_cut(str_skip(text, 1), ']', &host, &rest) || !address_parse(host, &out->address))
		return wrong(why, text, "is no address: one is written [2001:db8::1]:3333");
	if (rest.len == 0)
		return true;
	if (rest.at[0] != ':')
		return wrong(why, text, "has something other than a port after the bracket");
	return parse_port(str_skip(rest, 1), text, out, why);
}

bool pool_entry_parse(struct str text, char name[POOL_NAME_MAX + 1], struct pool_entry *out,
		      struct error *why)
{
	struct str whole = text, head, tail;

	*out = (struct pool_entry){.kind = POOL_NETWORK, .prefix = ADDRESS_BITS};
	if (str_starts(text, STR("shared ")) || str_starts(text, STR("shared\t"))) {
		out->kind = POOL_SHARED;
		text = str_trim(str_skip(text, 7));
	}
	bool is_shared = out->kind == POOL_SHARED;
	if (str_cut(text, '/', &head, &tail))
		return parse_network(head, tail, whole, out, why) &&
		       (!is_shared || out->port == 0 ||
			wrong(why, whole, "shares a port: a shared network has none"));
	if (address_parse(text, &out->address))
		return true;
	if (is_shared)
		return wrong(why, whole, "shares no network: shared 203.0.113.0/24 does");
	if (str_starts(text, STR("[")))
		return parse_bracketed(text, out, why);
	if (str_cut(text, ':', &head, &tail)) {
		if (!parse_port(tail, whole, out, why))
			return false;
		text = head;
	}
	if (address_parse(text, &out->address))
		return true;
	return parse_name(text, whole, name, out, why);
}

void buf_add_pool_entry(struct buf *out, const struct pool_entry *entry)
{
	bool is_v4 = is_v4_network(entry);
	bool has_brackets = entry->kind != POOL_NAME && entry->port > 0 && !is_v4 &&
			    entry->prefix == ADDRESS_BITS;

	if (entry->kind == POOL_SHARED)
		buf_add_text(out, "shared ");
	if (has_brackets)
		buf_add_byte(out, '[');
	if (entry->kind == POOL_NAME)
		buf_add(out, entry->name);
	else
		buf_add_address(out, &entry->address);
	if (has_brackets)
		buf_add_byte(out, ']');
	if (entry->kind != POOL_NAME && entry->prefix < ADDRESS_BITS)
		buf_printf(out, "/%d", entry->prefix - (is_v4 ? V4_BITS : 0));
	if (entry->port > 0)
		buf_printf(out, ":%u", entry->port);
}
