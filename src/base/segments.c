#include "base/segments.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { NONE = 0 };

struct block {
	uint32_t next; /* block + 1, in a list or among the free */
	uint32_t at;
	uint32_t len;
	char bytes[SEGMENT_BLOCK_BYTES - SEGMENT_HEADER_BYTES];
};
_Static_assert(sizeof(struct block) == SEGMENT_BLOCK_BYTES, "the header is stated in segments.h");

struct segment_pool {
	struct block *blocks;
	uint32_t fresh; /* blocks never used begin here */
	uint32_t free;
	uint32_t lent; /* taken off its list, still being read by the caller */
	struct segment_pool_counters counters;
};

int segment_pool_new(size_t memory_bytes, struct segment_pool **out)
{
	size_t blocks = memory_bytes / sizeof(struct block);

	if (blocks == 0 || blocks > 1u << 30)
		return -EINVAL;
	struct segment_pool *pool = calloc(1, sizeof(*pool));
	if (!pool)
		return -ENOMEM;
	void *at = mmap(NULL, blocks * sizeof(struct block), PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED) {
		free(pool);
		return -ENOMEM;
	}
	pool->blocks = at;
	pool->counters.blocks = (uint32_t)blocks;
	*out = pool;
	return 0;
}

void segment_pool_free(struct segment_pool *pool)
{
	if (!pool)
		return;
	munmap(pool->blocks, (size_t)pool->counters.blocks * sizeof(struct block));
	free(pool);
}

struct segment_pool_counters segment_pool_counters(const struct segment_pool *pool)
{
	return pool->counters;
}

uint32_t segment_pool_room(const struct segment_pool *pool)
{
	return pool->counters.blocks - pool->counters.used + (pool->lent != NONE);
}

static struct block *block_of(const struct segment_pool *pool, uint32_t number)
{
	return &pool->blocks[number - 1];
}

static void give_back(struct segment_pool *pool, uint32_t number)
{
	block_of(pool, number)->next = pool->free;
	pool->free = number;
	pool->counters.used--;
}

static void end_loan(struct segment_pool *pool)
{
	if (pool->lent != NONE)
		give_back(pool, pool->lent);
	pool->lent = NONE;
}

static uint32_t take_block(struct segment_pool *pool)
{
	uint32_t number = pool->free;

	if (number != NONE)
		pool->free = block_of(pool, number)->next;
	else if (pool->fresh < pool->counters.blocks)
		number = ++pool->fresh;
	else
		return NONE;
	pool->counters.used++;
	if (pool->counters.used > pool->counters.most_used)
		pool->counters.most_used = pool->counters.used;
	return number;
}

/* A walk along the list, always standing between two neighbours. */
struct walk {
	struct segment_pool *pool;
	struct segment_list *list;
	uint32_t origin;
	uint32_t before, after; /* blocks; NONE at the ends */
};

static uint32_t start_of(const struct walk *walk, uint32_t number)
{
	return block_of(walk->pool, number)->at - walk->origin;
}

static uint32_t end_of(const struct walk *walk, uint32_t number)
{
	return start_of(walk, number) + block_of(walk->pool, number)->len;
}

static void walk_to(struct walk *walk, uint32_t position)
{
	uint32_t last = walk->list->last;

	if (last != NONE && end_of(walk, last) <= position) { /* most arrivals go to the end */
		walk->before = last;
		walk->after = NONE;
	}
	while (walk->after != NONE && end_of(walk, walk->after) <= position) {
		walk->before = walk->after;
		walk->after = block_of(walk->pool, walk->after)->next;
	}
}

/* A new block where the walk stands; afterwards it is the one before. */
static struct block *open_block(struct walk *walk, uint32_t at, uint32_t most)
{
	struct segment_list *list = walk->list;
	uint32_t number = list->count < most ? take_block(walk->pool) : NONE;

	if (number == NONE)
		return NULL;
	struct block *block = block_of(walk->pool, number);
	block->at = at;
	block->len = 0;
	block->next = walk->after;
	if (walk->before != NONE)
		block_of(walk->pool, walk->before)->next = number;
	else
		list->first = number;
	if (walk->after == NONE)
		list->last = number;
	list->count++;
	walk->before = number;
	return block;
}

/* The block that `position` can be appended to: the one before, if it ends there and has room. */
static struct block *block_with_room(struct walk *walk, uint32_t position)
{
	if (walk->before == NONE || end_of(walk, walk->before) != position)
		return NULL;
	struct block *block = block_of(walk->pool, walk->before);
	return block->len < sizeof(block->bytes) ? block : NULL;
}

/* Store up to `len` bytes at one place; how many were, 0 when there is no block left. */
static uint32_t store_some(struct walk *walk, uint32_t position, const char *bytes, uint32_t len,
			   uint32_t most)
{
	struct block *block = block_with_room(walk, position);

	if (!block)
		block = open_block(walk, position + walk->origin, most);
	if (!block)
		return 0;
	uint32_t room = (uint32_t)sizeof(block->bytes) - block->len;
	if (len > room)
		len = room;
	memcpy(block->bytes + block->len, bytes, len);
	block->len += len;
	return len;
}

struct segments_added segments_add(struct segment_pool *pool, struct segment_list *list,
				   uint32_t origin, uint32_t at, struct str bytes, uint32_t most)
{
	struct segments_added added = {0};
	struct walk walk = {.pool = pool, .list = list, .origin = origin, .after = list->first};
	uint32_t position = at - origin;
	uint32_t left = (uint32_t)bytes.len;

	assert(bytes.len <= INT32_MAX && position <= INT32_MAX - left);
	end_loan(pool);
	while (left > 0) {
		const char *from = bytes.at + (bytes.len - left);
		uint32_t done = left;
		walk_to(&walk, position);
		if (walk.after != NONE) {
			uint32_t start = start_of(&walk, walk.after);
			uint32_t until = start > position ? start : end_of(&walk, walk.after);
			if (until - position < done)
				done = until - position;
			if (start <= position) {
				added.repeated += done;
				position += done;
				left -= done;
				continue;
			}
		}
		done = store_some(&walk, position, from, done, most);
		if (done == 0)
			break;
		added.stored += done;
		position += done;
		left -= done;
	}
	added.refused = left;
	added.refused_at = position + origin;
	pool->counters.refused += left;
	return added;
}

bool segments_contradict(const struct segment_pool *pool, const struct segment_list *list,
			 uint32_t origin, uint32_t at, struct str bytes)
{
	uint32_t position = at - origin, end = position + (uint32_t)bytes.len;

	for (uint32_t number = list->first; number != NONE; number = block_of(pool, number)->next) {
		const struct block *block = block_of(pool, number);
		uint32_t start = block->at - origin, stop = start + block->len;
		uint32_t from = start > position ? start : position, to = stop < end ? stop : end;
		if (start >= end)
			break;
		if (from < to && memcmp(block->bytes + (from - start), bytes.at + (from - position),
					to - from) != 0)
			return true;
	}
	return false;
}

bool segments_first(const struct segment_pool *pool, const struct segment_list *list, uint32_t *at)
{
	if (list->first == NONE)
		return false;
	*at = block_of(pool, list->first)->at;
	return true;
}

bool segments_take(struct segment_pool *pool, struct segment_list *list, uint32_t *at,
		   struct str *bytes)
{
	uint32_t number = list->first;

	end_loan(pool);
	if (number == NONE)
		return false;
	const struct block *block = block_of(pool, number);
	*at = block->at;
	*bytes = str_of(block->bytes, block->len);
	list->first = block->next;
	if (list->first == NONE)
		list->last = NONE;
	list->count--;
	pool->lent = number;
	return true;
}

void segments_clear(struct segment_pool *pool, struct segment_list *list)
{
	while (list->first != NONE) {
		uint32_t number = list->first;
		list->first = block_of(pool, number)->next;
		give_back(pool, number);
	}
	*list = (struct segment_list){0};
}
