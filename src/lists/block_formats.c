/* One block list format after another; each line and its source are told above its function. */
#include "lists/block_list.h"

enum { V4_BITS = 96 };

/* hosts(5): one name, and none below it; 0.0.0.0 and :: are nobody's. */
static void hosts_name(struct buf *out, const struct pool_entry *entry)
{
	buf_printf(out, "0.0.0.0 %.*s\n:: %.*s\n", STR_ARG(entry->name), STR_ARG(entry->name));
}

/* dnsmasq(8): local=/NAME/ is never asked upstream, so it is NXDOMAIN with all below it. */
static void dnsmasq_name(struct buf *out, const struct pool_entry *entry)
{
	buf_printf(out, "local=/%.*s/\n", STR_ARG(entry->name));
}

/* unbound.conf(5) */
static void unbound_begin(struct buf *out, const struct pool_list *list, instant now)
{
	(void)list, (void)now;
	buf_add_text(out, "server:\n");
}

static void unbound_name(struct buf *out, const struct pool_entry *entry)
{
	buf_printf(out, "\tlocal-zone: \"%.*s.\" always_nxdomain\n", STR_ARG(entry->name));
}

/* A response policy zone, draft-vixie-dnsop-dns-rpz-00: names, and answers with an address. */
static void rpz_begin(struct buf *out, const struct pool_list *list, instant now)
{
	(void)list;
	buf_printf(out,
		   "$TTL 300\n@ IN SOA localhost. root.localhost. %u 3600 600 86400 300\n"
		   "@ IN NS localhost.\n",
		   (unsigned)(uint32_t)(now.ns / 1000000000));
}

static void rpz_name(struct buf *out, const struct pool_entry *entry)
{
	buf_printf(out, "%.*s CNAME .\n*.%.*s CNAME .\n", STR_ARG(entry->name),
		   STR_ARG(entry->name));
}

static void add_v4_reversed(struct buf *out, const uint8_t bytes[16])
{
	for (int i = 15; i >= 12; i--)
		buf_printf(out, ".%u", bytes[i]);
}

/* The longest run of zeros, of two words or more, is zz, as it is :: elsewhere. */
static void add_v6_reversed(struct buf *out, const uint8_t bytes[16])
{
	unsigned words[8];
	int first = 0, len = 1;

	for (int i = 0; i < 8; i++)
		words[i] = (unsigned)bytes[2 * i] << 8 | bytes[2 * i + 1];
	for (int i = 0, run = 0; i < 8; i++) {
		run = words[i] == 0 ? run + 1 : 0;
		if (run > len) {
			len = run;
			first = i - run + 1;
		}
	}
	for (int i = 7; i >= 0; i--) {
		if (len > 1 && i == first + len - 1) {
			buf_add_text(out, ".zz");
			i = first;
		} else {
			buf_printf(out, ".%x", words[i]);
		}
	}
}

static bool is_v4_network(const struct pool_entry *entry)
{
	return address_is_v4(&entry->address) && entry->prefix >= V4_BITS;
}

static void rpz_network(struct buf *out, const struct pool_entry *entry)
{
	bool is_v4 = is_v4_network(entry);

	buf_printf(out, "%d", entry->prefix - (is_v4 ? V4_BITS : 0));
	(is_v4 ? add_v4_reversed : add_v6_reversed)(out, entry->address.bytes);
	buf_add_text(out, ".rpz-ip CNAME .\n");
}

/* squid.conf(5): acl lines of one name add up; a dot before a name takes in all below it. */
static void squid_name(struct buf *out, const struct pool_entry *entry)
{
	buf_printf(out, "acl davy_pools dstdomain .%.*s\n", STR_ARG(entry->name));
}

static void squid_network(struct buf *out, const struct pool_entry *entry)
{
	buf_add_text(out, "acl davy_pool_networks dst ");
	buf_add_pool_entry(out, entry);
	buf_add_byte(out, '\n');
}

static void squid_end(struct buf *out, const struct block_counts *counts)
{
	if (counts->names > 0)
		buf_add_text(out, "http_access deny davy_pools\n");
	if (counts->networks > 0)
		buf_add_text(out, "http_access deny davy_pool_networks\n");
}

/*
 * nft(8): a table of its own, emptied first, so that it can be loaded again and again; taken away
 * with `nft delete table inet davy_lists`. Rules stand one after another in a chain.
 */
static void nft_begin(struct buf *out, const struct pool_list *list, instant now)
{
	(void)list, (void)now;
	buf_add_text(out, "add table inet davy_lists\n"
			  "delete table inet davy_lists\n"
			  "table inet davy_lists {\n"
			  "\tchain pools {\n");
}

static void nft_network(struct buf *out, const struct pool_entry *entry)
{
	struct pool_entry network = *entry;

	network.port = 0;
	buf_printf(out, "\t\t%s daddr ", is_v4_network(entry) ? "ip" : "ip6");
	buf_add_pool_entry(out, &network);
	if (entry->port > 0)
		buf_printf(out, " tcp dport %u counter reject with tcp reset\n", entry->port);
	else
		buf_add_text(out, " counter reject with icmpx type admin-prohibited\n");
}

static void nft_end(struct buf *out, const struct block_counts *counts)
{
	(void)counts;
	buf_add_text(out, "\t}\n"
			  "\tchain out {\n"
			  "\t\ttype filter hook output priority filter; policy accept;\n"
			  "\t\tjump pools\n"
			  "\t}\n"
			  "\tchain through {\n"
			  "\t\ttype filter hook forward priority filter; policy accept;\n"
			  "\t\tjump pools\n"
			  "\t}\n"
			  "}\n");
}

/* Adblock syntax: || begins a host and takes in all below it, ^ ends it. */
static void adblock_name(struct buf *out, const struct pool_entry *entry)
{
	buf_printf(out, "||%.*s^\n", STR_ARG(entry->name));
}

static void adblock_network(struct buf *out, const struct pool_entry *entry)
{
	buf_add_text(out, "||");
	if (!is_v4_network(entry) && entry->port == 0)
		buf_add_byte(out, '[');
	buf_add_pool_entry(out, entry);
	if (!is_v4_network(entry) && entry->port == 0)
		buf_add_byte(out, ']');
	buf_add_text(out, "^\n");
}

/* Can be read again as a list. */
static void plain_begin(struct buf *out, const struct pool_list *list, instant now)
{
	struct buf day = {0};

	(void)list;
	buf_add_instant(&day, now);
	buf_printf(out,
		   "# name: written by davy lists\n# source: the lists named above\n"
		   "# date: %.*s\n# licence: of the lists named above\n",
		   STR_ARG(str_sub(buf_view(&day), 0, 10)));
	buf_fini(&day);
}

static void plain_entry(struct buf *out, const struct pool_entry *entry)
{
	buf_add_pool_entry(out, entry);
	buf_add_byte(out, '\n');
}

const struct block_format block_formats[] = {
	{"plain", "davy and people", "#", .says_networks = true, .says_ports = true,
	 .says_name_ports = true, .begin = plain_begin, .name_line = plain_entry,
	 .network_line = plain_entry},
	{"hosts", "/etc/hosts", "#", .name_line = hosts_name},
	{"dnsmasq", "dnsmasq, in conf-dir", "#", .covers_below = true, .name_line = dnsmasq_name},
	{"unbound", "unbound, by include:", "#", .covers_below = true, .begin = unbound_begin,
	 .name_line = unbound_name},
	{"rpz", "BIND, Knot Resolver, PowerDNS and others, as a response policy zone", ";",
	 .covers_below = true, .says_networks = true, .begin = rpz_begin, .name_line = rpz_name,
	 .network_line = rpz_network},
	{"squid", "squid, by include before its own http_access lines", "#", .covers_below = true,
	 .says_networks = true, .name_line = squid_name, .network_line = squid_network,
	 .end = squid_end},
	{"nft", "nft -f", "#", .says_networks = true, .says_ports = true, .begin = nft_begin,
	 .network_line = nft_network, .end = nft_end},
	{"adblock", "browsers' blockers", "!", .covers_below = true, .says_ports = true,
	 .name_line = adblock_name, .network_line = adblock_network},
};

const size_t block_format_count = sizeof(block_formats) / sizeof(*block_formats);
