/*
 * Reassembly of IPv4 and IPv6 fragments, in bounded memory.
 *
 * Where fragments overlap, the first to come wins, and so does the first end that is claimed. (An
 * end system may decide otherwise; whoever sends overlaps on purpose can be read differently by
 * different systems, which is why `overlaps` is counted.) A datagram is given up when its fragments
 * do not all come within `timeout` of the first by the frames' own time; the oldest goes first when
 * memory is short, so a flood costs the flooded minute its fragments and nothing else.
 */
#ifndef DAVY_DECODE_PACKET_FRAGMENT_H
#define DAVY_DECODE_PACKET_FRAGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/instant.h"
#include "base/str.h"
#include "decode/decoded.h"
#include "model/endpoint.h"

enum {
	FRAGMENT_DATAGRAM_MAX = 65535,
	FRAGMENT_BLOCKS_MAX =
		128, /* blocks a datagram may hold: 119 fragments fit a 576-byte MTU */
	FRAGMENT_MEMORY_DEFAULT = 8 << 20,
	FRAGMENT_MEMORY_LEAST = 1 << 20,
	FRAGMENT_TIMEOUT_S = 30, /* as Linux: net.ipv4.ipfrag_time */
};

struct fragment_table;

struct fragment_settings {
	uint64_t seed;	     /* hash_random_seed() */
	size_t memory_bytes; /* the ceiling for all of it; 0: FRAGMENT_MEMORY_DEFAULT */
	duration timeout;    /* 0: FRAGMENT_TIMEOUT_S */
};

struct fragment_counters {
	uint64_t fragments, completed;
	uint64_t malformed; /* empty, beyond 64 KiB, contradicting ends */
	uint64_t overlaps;  /* fragments some of whose bytes were there already */
	uint64_t expired, evicted;
	uint64_t refused; /* datagrams in too many pieces */
	uint32_t waiting; /* datagrams now incomplete */
	uint64_t memory_bytes, memory_used_bytes;
};

/* One fragment as its IP header describes it. */
struct fragment {
	instant at;
	const struct address *source, *destination;
	uint32_t id;
	uint16_t tunnels; /* the same addresses inside another tunnel are other hosts */
	uint16_t offset;  /* in bytes */
	uint8_t protocol; /* IPv6: next header */
	bool is_v6, more;
	struct str bytes;
};

/* 0, -ENOMEM, or -EINVAL when memory_bytes is under FRAGMENT_MEMORY_LEAST. */
must_check int fragment_table_new(const struct fragment_settings *settings,
				  struct fragment_table **out);
void fragment_table_free(struct fragment_table *table); /* NULL is allowed */
struct fragment_counters fragment_table_counters(const struct fragment_table *table);

/* A new frame: what fragment_add handed out before may be overwritten. */
void fragment_table_begin(struct fragment_table *table);

/*
 * Add one fragment.
 *
 * returns: DECODED: `whole` and `protocol` hold the datagram, until fragment_table_begin.
 *          NEED_MORE: kept. MALFORMED: dropped. UNSUPPORTED: fragments in fragments in fragments.
 * source:  RFC 791 section 3.2, RFC 8200 section 4.5, RFC 1858
 */
enum decoded fragment_add(struct fragment_table *table, const struct fragment *fragment,
			  struct str *whole, uint8_t *protocol);

#endif
