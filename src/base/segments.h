/*
 * Bytes that arrive out of order, kept until what is before them comes: TCP segments behind a hole,
 * fragments of a datagram.
 *
 * A segment_list is a sorted list of pieces that do not overlap; where two arrivals claim the same
 * position, the first wins. The pieces lie in fixed blocks of a segment_pool, which is shared by
 * many lists, so there is one ceiling for all of them and a limit for each. Pieces that continue
 * each other share a block: a peer that sends single bytes cannot use a block for each.
 *
 * Positions are 32 bits wide and may wrap: they are compared by their distance from the list's
 * origin, the caller's position before which nothing is in the list.
 */
#ifndef DAVY_BASE_SEGMENTS_H
#define DAVY_BASE_SEGMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/str.h"

enum { SEGMENT_BLOCK_BYTES = 2048, SEGMENT_HEADER_BYTES = 12 };

struct segment_pool;

struct segment_list {
	uint32_t first, last; /* block + 1; 0: none */
	uint32_t count;	      /* blocks held */
};

struct segment_pool_counters {
	uint32_t blocks, used, most_used;
	uint64_t refused; /* bytes not stored: the pool or the list's share was full */
};

/* memory_bytes: the ceiling, at least one block; taken from the kernel as it is used. */
must_check int segment_pool_new(size_t memory_bytes, struct segment_pool **out);
void segment_pool_free(struct segment_pool *pool); /* NULL is allowed */
struct segment_pool_counters segment_pool_counters(const struct segment_pool *pool);
uint32_t segment_pool_room(const struct segment_pool *pool); /* free blocks */

/* What became of each byte of an arrival. */
struct segments_added {
	uint32_t stored, repeated, refused;
	uint32_t refused_at; /* position of the first refused byte */
};

/*
 * Keep those of `bytes` whose positions are not held yet.
 *
 * origin: at most 2^31 - 1 before the end of `bytes`, and not behind any piece held
 * most:   blocks this list may hold
 */
struct segments_added segments_add(struct segment_pool *pool, struct segment_list *list,
				   uint32_t origin, uint32_t at, struct str bytes, uint32_t most);

/* Is any of `bytes` another than the one held in its position? Limits as for segments_add. */
bool segments_contradict(const struct segment_pool *pool, const struct segment_list *list,
			 uint32_t origin, uint32_t at, struct str bytes);

/* Position of the first piece; false when there is none. */
bool segments_first(const struct segment_pool *pool, const struct segment_list *list, uint32_t *at);

/* Take the first piece off. The view holds until the next call that changes this pool. */
bool segments_take(struct segment_pool *pool, struct segment_list *list, uint32_t *at,
		   struct str *bytes);

void segments_clear(struct segment_pool *pool, struct segment_list *list);

#endif
