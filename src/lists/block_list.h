/*
 * Lists of pools in the words of DNS servers, firewalls, proxies and browsers.
 *
 * Every name and address in a pool_list has passed pool_entry_parse: labels of letters, digits, -
 * and _, and numbers. So no text from outside can end a line or begin a directive in any format;
 * titles of lists stand in comments, with control characters told and not sent.
 *
 * Nothing is blocked that a list does not say: an address on one port is written only where a port
 * can be said, an address that many services share is never written. A name is blocked as a whole.
 */
#ifndef DAVY_LISTS_BLOCK_LIST_H
#define DAVY_LISTS_BLOCK_LIST_H

#include "base/instant.h"
#include "lists/pool_list.h"

struct block_counts {
	uint32_t names, networks;
	uint32_t shared;  /* left out: addresses that many services share */
	uint32_t unsaid;  /* left out: the format cannot say them */
	uint32_t covered; /* not repeated: below another name */
};

struct block_format {
	const char *name, *target; /* "hosts", what reads it */
	const char *comment;	   /* what begins a comment */
	bool covers_below;	   /* a name stands for all names below it */
	bool says_networks;	   /* or only whole addresses */
	bool says_ports;	   /* of addresses */
	bool says_name_ports;
	void (*begin)(struct buf *out, const struct pool_list *list, instant now); /* or NULL */
	void (*name_line)(struct buf *out, const struct pool_entry *entry);    /* NULL: says none */
	void (*network_line)(struct buf *out, const struct pool_entry *entry); /* NULL: none */
	void (*end)(struct buf *out, const struct block_counts *counts);       /* or NULL */
};

extern const struct block_format block_formats[];
extern const size_t block_format_count;

const struct block_format *block_format_find(struct str name); /* NULL: there is none */

/* now: when it is written, for serial numbers and comments. Check out->failed once. */
struct block_counts block_list_write(const struct block_format *format,
				     const struct pool_list *list, instant now, struct buf *out);

#endif
