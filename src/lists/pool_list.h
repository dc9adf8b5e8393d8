/*
 * Lists of pools, and of addresses that many services share.
 *
 * A list is one more reason for a finding, never the only way to one, and nothing in it is ever
 * looked up in DNS. A file is text, one entry a line; # begins a comment, and before the first
 * entry four comments must say where the list comes from:
 *
 *     # name: Pools seen by the firewall team
 *     # source: tickets 1-20
 *     # date: 2026-11-22
 *     # licence: internal
 *     pool.example.net                the name and every name below it; *. before it is allowed
 *     pool.example.org:3333           on this port only
 *     198.51.100.20:3333              an address; [2001:db8::1]:3333 with a port
 *     2001:db8:1::/48                 a network
 *     shared 203.0.113.0/24           a CDN's: an address in it is never a pool by its address
 *
 * Files are read by a process with rights and looked into by ones without: between the two goes a
 * blob, one block without pointers. Pure: no I/O; memory is the caller's bufs.
 */
#ifndef DAVY_LISTS_POOL_LIST_H
#define DAVY_LISTS_POOL_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "model/endpoint.h"

enum {
	POOL_LISTS_MAX = 64,
	POOL_ENTRIES_MAX = 256 * 1024, /* of all lists together */
	POOL_LINE_MAX = 512,
	POOL_FILE_MAX = 16 * 1024 * 1024,
	POOL_NAME_MAX = 253, /* RFC 1035: 255 on the wire */
};

enum pool_entry_kind { POOL_NAME, POOL_NETWORK, POOL_SHARED, POOL_KIND_COUNT };

/* One line of a list; texts are views, in lower case. */
struct pool_entry {
	enum pool_entry_kind kind;
	struct str name;	/* POOL_NAME */
	struct address address; /* else; bits beyond the prefix are 0 */
	uint8_t prefix;		/* of 128: an IPv4 /24 is 120 */
	uint16_t port;		/* 0: any */
};

/*
 * Read one entry, as it stands in a line.
 *
 * name:    where the name's text goes, in lower case
 * returns: false with what is wrong and what to do in `why` (no file, no line)
 */
must_check bool pool_entry_parse(struct str text, char name[POOL_NAME_MAX + 1],
				 struct pool_entry *out, struct error *why);
/* "pool.example.org:3333", "198.51.100.0/24", "[2001:db8::1]:3333"; can be read again. */
void buf_add_pool_entry(struct buf *out, const struct pool_entry *entry);

/* -- from files to a blob -- */

struct pool_list_builder {
	struct buf records, texts, lists;
	uint32_t counts[POOL_KIND_COUNT], list_count;
};

void pool_list_builder_fini(struct pool_list_builder *builder);

/*
 * Take in one file, whole or not at all.
 *
 * file:    its name, for messages
 * returns: 0; -EINVAL with "file:line: what is wrong; what to do"; -E2BIG (too many entries or
 *          lists), -ENOMEM
 */
must_check int pool_list_add_file(struct pool_list_builder *builder, const char *file,
				  struct str text, struct error *why);
/* A list that is no file: then its entries, one by one. */
must_check int pool_list_begin(struct pool_list_builder *builder, struct str name, struct str date);
must_check int pool_list_add_entry(struct pool_list_builder *builder,
				   const struct pool_entry *entry);
/* Sorts; the blob is written to the empty `out`. 0 or -ENOMEM. */
must_check int pool_list_seal(struct pool_list_builder *builder, struct buf *out);

/* -- looking up -- */

struct pool_list { /* views into a blob */
	struct str records, texts, lists;
	uint32_t counts[POOL_KIND_COUNT], list_count;
};

/* False: not a whole blob of this program. The blob must live as long as the list. */
must_check bool pool_list_open(struct str blob, struct pool_list *out);

struct pool_match {
	struct pool_entry entry;
	struct str list, date; /* which one says so */
};

/* `name` itself or a name it is below; the longest wins. port: 0 matches only any-port entries. */
bool pool_list_find_name(const struct pool_list *list, struct str name, uint16_t port,
			 struct pool_match *out);
/* The narrowest network around an address; never for an address in a shared network. */
bool pool_list_find_address(const struct pool_list *list, const struct address *address,
			    uint16_t port, struct pool_match *out);
bool pool_list_is_shared(const struct pool_list *list, const struct address *address);

bool pool_list_has_name(const struct pool_list *list, struct str name); /* itself, on any port */

/* The entries: names first (sorted), then networks, then shared ones; index < pool_list_count. */
uint32_t pool_list_count(const struct pool_list *list);
struct pool_match pool_list_at(const struct pool_list *list, uint32_t index);
/* Title and date of one list, index < list_count; no entry. */
struct pool_match pool_list_source(const struct pool_list *list, uint32_t index);

#endif
