#include "base/table.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/hash.h"

/*
 * The index is open addressing with linear probing over 8-byte slots (the upper half of the hash
 * and the entry's number + 1), deleted from by shifting back, so there are no tombstones and a
 * flood cannot wear it out. Entries lie in one array and are linked into a list per class.
 *
 * The lists are not kept in exact order of use: touching only writes the time into the entry (the
 * cache line is at hand anyway); the evictor and table_expire, walking from the old end, put back
 * to the front whatever was touched since it was put there.
 */
enum {
	NOBODY = 0,
	EVICTION_TRIES = 16,
	CACHE_LINE = 64,
	CLASS_DROPPED = TABLE_CLASSES, /* of entries that are free */
	LINES_APPROACHED = 3,	       /* header, key, and what the owner keeps next to it */
	HUGE_PAGE = 2 << 20,
	HUGE_FROM = 16 << 20, /* a small table would get pages of which it fills little */
	FLOW_KEY_WORDS = 5,   /* a length that compilers should know: compared for each packet */
};

struct slot {
	uint32_t tag;
	uint32_t number; /* entry + 1; NOBODY: free */
};

struct header {
	uint32_t newer, older; /* entry + 1 */
	int64_t touched_ns, placed_ns;
	uint32_t hash; /* the lower half: enough to find the home slot */
	uint16_t class;
	uint16_t has_apart; /* its block was asked for, and may hold something */
};

struct list {
	uint32_t newest, oldest, used;
};

struct table {
	struct table_settings settings;
	struct slot *slots;
	uint32_t slot_mask;
	uint8_t *entries, *apart;
	size_t stride, slots_bytes, entries_bytes, apart_bytes;
	uint32_t key_words; /* of 8 bytes; 0: the key is no multiple of that */
	uint32_t fresh;	    /* entries never used begin here */
	uint32_t free;	    /* list of used and freed ones, linked by `older` */
	struct list lists[TABLE_CLASSES];
	uint32_t class_most[TABLE_CLASSES];
	struct table_counters counters;
};

static void *map_pages(size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

/*
 * Large tables are read all over, a page here and a page there: with pages of 2 MiB a processor
 * knows where they are. The kernel may refuse; then it is slower.
 */
static void *map_large_pages(size_t bytes)
{
	if (bytes < HUGE_FROM)
		return map_pages(bytes);
	uint8_t *at = map_pages(bytes + HUGE_PAGE);

	if (!at)
		return NULL;
	size_t skipped = -(uintptr_t)at % HUGE_PAGE;
	if (skipped > 0)
		munmap(at, skipped);
	if (skipped < HUGE_PAGE)
		munmap(at + skipped + bytes, HUGE_PAGE - skipped);
	(void)madvise(at + skipped, bytes, MADV_HUGEPAGE);
	return at + skipped;
}

static size_t whole_pages(size_t bytes)
{
	enum { PAGE = 4096 };

	return (bytes + PAGE - 1) & ~(size_t)(PAGE - 1);
}

/* Entries that fill cache lines begin at one. */
static size_t stride_of(const struct table_settings *settings)
{
	size_t bytes = sizeof(struct header) + settings->entry_size;
	size_t unit = bytes > 2 * CACHE_LINE ? CACHE_LINE : 16;

	return (bytes + unit - 1) & ~(unit - 1);
}

static uint32_t slots_for(uint32_t capacity)
{
	uint32_t slots = 8;

	while (slots < capacity + capacity / 2)
		slots *= 2;
	return slots;
}

int table_new(const struct table_settings *settings, struct table **out)
{
	if (settings->capacity == 0 || settings->capacity > 1u << 30 || settings->key_size == 0 ||
	    settings->key_size > settings->entry_size)
		return -EINVAL;
	struct table *table = calloc(1, sizeof(*table));
	if (!table)
		return -ENOMEM;
	table->settings = *settings;
	table->stride = stride_of(settings);
	table->key_words = settings->key_size % 8 == 0 ? settings->key_size / 8 : 0;
	uint32_t slots = slots_for(settings->capacity);
	table->slot_mask = slots - 1;
	table->slots_bytes = whole_pages(slots * sizeof(struct slot));
	table->entries_bytes = whole_pages(table->stride * settings->capacity);
	table->apart_bytes = whole_pages((size_t)settings->apart_size * settings->capacity);
	table->slots = map_large_pages(table->slots_bytes);
	table->entries = map_large_pages(table->entries_bytes);
	table->apart = table->apart_bytes > 0 ? map_pages(table->apart_bytes) : NULL;
	for (int class = 0; class < TABLE_CLASSES; class ++) {
		double share = settings->class_share[class];
		table->class_most[class] = share > 0 && share < 1
						   ? (uint32_t)(share * settings->capacity) + 1
						   : settings->capacity;
	}
	table->counters.capacity = settings->capacity;
	table->counters.bytes_per_entry = table->stride + table->slots_bytes / settings->capacity;
	if (!table->slots || !table->entries || (table->apart_bytes > 0 && !table->apart)) {
		table_free(table);
		return -ENOMEM;
	}
	*out = table;
	return 0;
}

static struct header *header_at(const struct table *table, uint32_t number)
{
	return (struct header *)(table->entries + (size_t)(number - 1) * table->stride);
}

static void *entry_of(struct header *header)
{
	return header + 1;
}

static struct header *header_of(const void *entry)
{
	return (struct header *)entry - 1;
}

static uint32_t number_of(const struct table *table, const struct header *header)
{
	return (uint32_t)((size_t)((const uint8_t *)header - table->entries) / table->stride) + 1;
}

/*
 * Not inlined: where the compiler sees that a caller's key is shorter, it warns of the five words
 * that only tables with such keys read.
 */
__attribute__((noinline)) uint64_t table_hash(const struct table *table, const void *key)
{
	uint64_t words[5];

	if (table->settings.key_size != sizeof(words))
		return hash_bytes(key, table->settings.key_size, table->settings.seed);
	memcpy(words, key, sizeof(words));
	return hash_five_words(words, table->settings.seed);
}

static uint32_t tag_of(uint64_t hash)
{
	return (uint32_t)(hash >> 32);
}

static uint32_t home_of(const struct table *table, uint64_t hash)
{
	return (uint32_t)hash & table->slot_mask;
}

void table_prefetch(const struct table *table, uint64_t hash)
{
	__builtin_prefetch(&table->slots[hash & table->slot_mask]);
}

const void *table_approach(const struct table *table, uint64_t hash)
{
	for (uint32_t at = home_of(table, hash);; at = (at + 1) & table->slot_mask) {
		struct slot slot = table->slots[at];
		if (slot.number == NOBODY)
			return NULL;
		if (slot.tag != tag_of(hash))
			continue;
		struct header *header = header_at(table, slot.number);
		for (size_t i = 0; i < LINES_APPROACHED * CACHE_LINE && i < table->stride;
		     i += CACHE_LINE)
			__builtin_prefetch((uint8_t *)header + i, 1);
		return entry_of(header);
	}
}

static inline bool words_equal(const uint8_t *a, const uint8_t *b, uint32_t words)
{
	uint64_t different = 0;

	for (uint32_t i = 0; i < words; i++) {
		uint64_t one, other;
		memcpy(&one, a + 8 * i, 8);
		memcpy(&other, b + 8 * i, 8);
		different |= one ^ other;
	}
	return different == 0;
}

static bool keys_equal(const struct table *table, const uint8_t *a, const uint8_t *b)
{
	if (table->key_words == FLOW_KEY_WORDS)
		return words_equal(a, b, FLOW_KEY_WORDS);
	if (table->key_words > 0)
		return words_equal(a, b, table->key_words);
	return memcmp(a, b, table->settings.key_size) == 0;
}

static uint32_t slot_of(const struct table *table, const struct header *header)
{
	uint32_t number = number_of(table, header);
	uint32_t at = home_of(table, header->hash);

	while (table->slots[at].number != number)
		at = (at + 1) & table->slot_mask;
	return at;
}

void *table_find(struct table *table, const void *key, uint64_t hash)
{
	for (uint32_t at = home_of(table, hash);; at = (at + 1) & table->slot_mask) {
		struct slot slot = table->slots[at];
		if (slot.number == NOBODY)
			return NULL;
		if (slot.tag != tag_of(hash))
			continue;
		void *entry = entry_of(header_at(table, slot.number));
		if (keys_equal(table, entry, key))
			return entry;
	}
}

void *table_find_likely(struct table *table, const void *likely, const void *key, uint64_t hash)
{
	if (likely && header_of(likely)->class != CLASS_DROPPED && keys_equal(table, likely, key))
		return entry_of(header_of(likely));
	return table_find(table, key, hash);
}

static void list_remove(struct table *table, struct header *header)
{
	struct list *list = &table->lists[header->class];

	if (header->newer)
		header_at(table, header->newer)->older = header->older;
	else
		list->newest = header->older;
	if (header->older)
		header_at(table, header->older)->newer = header->newer;
	else
		list->oldest = header->newer;
	list->used--;
}

static void list_push(struct table *table, struct header *header)
{
	struct list *list = &table->lists[header->class];
	uint32_t number = number_of(table, header);

	header->placed_ns = header->touched_ns;
	header->newer = NOBODY;
	header->older = list->newest;
	if (list->newest)
		header_at(table, list->newest)->newer = number;
	else
		list->oldest = number;
	list->newest = number;
	list->used++;
}

/* Free a slot and pull back those that probed past it. */
static void slot_remove(struct table *table, uint32_t hole)
{
	uint32_t at = hole;

	for (;;) {
		at = (at + 1) & table->slot_mask;
		if (table->slots[at].number == NOBODY)
			break;
		uint32_t home = home_of(table, header_at(table, table->slots[at].number)->hash);
		if (((at - home) & table->slot_mask) >= ((at - hole) & table->slot_mask)) {
			table->slots[hole] = table->slots[at];
			hole = at;
		}
	}
	table->slots[hole].number = NOBODY;
}

static void drop(struct table *table, struct header *header)
{
	if (table->settings.on_drop)
		table->settings.on_drop(table->settings.context, entry_of(header));
	list_remove(table, header);
	slot_remove(table, slot_of(table, header));
	header->class = CLASS_DROPPED;
	header->older = table->free;
	table->free = number_of(table, header);
	table->counters.used--;
}

static struct header *oldest_untouched(struct table *table, unsigned class)
{
	for (int i = 0; i < EVICTION_TRIES; i++) {
		struct header *header = header_at(table, table->lists[class].oldest);
		if (header->touched_ns <= header->placed_ns)
			return header;
		list_remove(table, header);
		list_push(table, header);
	}
	return header_at(table, table->lists[class].oldest);
}

static void evict_from(struct table *table, unsigned class)
{
	drop(table, oldest_untouched(table, class));
	table->counters.evicted++;
	table->counters.evicted_by_class[class]++;
}

bool table_evict(struct table *table)
{
	for (unsigned class = 0; class < TABLE_CLASSES; class ++) {
		if (table->lists[class].used > 0) {
			evict_from(table, class);
			return true;
		}
	}
	return false;
}

static struct header *take_free(struct table *table)
{
	uint32_t number = table->free;

	if (number) {
		struct header *header = header_at(table, number);
		table->free = header->older;
		memset(header, 0, table->stride);
		return header;
	}
	return header_at(table, ++table->fresh); /* zeroed by the kernel */
}

void *table_insert(struct table *table, const void *key, uint64_t hash, instant now)
{
	if (table->counters.used == table->settings.capacity)
		table_evict(table);
	struct header *header = take_free(table);
	header->hash = (uint32_t)hash;
	header->touched_ns = now.ns;
	memcpy(entry_of(header), key, table->settings.key_size);
	list_push(table, header);

	uint32_t at = home_of(table, hash);
	while (table->slots[at].number != NOBODY)
		at = (at + 1) & table->slot_mask;
	table->slots[at] = (struct slot){.tag = tag_of(hash), .number = number_of(table, header)};
	table->counters.used++;
	table->counters.inserted++;
	return entry_of(header);
}

void *table_apart(struct table *table, void *entry)
{
	struct header *header = header_of(entry);
	size_t bytes = table->settings.apart_size;
	uint8_t *block = table->apart + (number_of(table, header) - 1) * bytes;

	assert(bytes > 0);
	if (!header->has_apart)
		memset(block, 0, bytes);
	header->has_apart = true;
	return block;
}

void table_touch(struct table *table, void *entry, instant now)
{
	struct header *header = header_of(entry);

	(void)table;
	if (now.ns > header->touched_ns)
		header->touched_ns = now.ns;
}

instant table_touched(const struct table *table, const void *entry)
{
	(void)table;
	return (instant){header_of(entry)->touched_ns};
}

unsigned table_class(const struct table *table, const void *entry)
{
	(void)table;
	return header_of(entry)->class;
}

void table_set_class(struct table *table, void *entry, unsigned class)
{
	struct header *header = header_of(entry);

	assert(class < TABLE_CLASSES);
	if (header->class == class)
		return;
	list_remove(table, header);
	if (class > 0 && table->lists[class].used >= table->class_most[class])
		evict_from(table, class);
	header->class = (uint16_t) class;
	list_push(table, header);
}

void table_remove(struct table *table, void *entry)
{
	drop(table, header_of(entry));
}

uint32_t table_expire(struct table *table, instant now, uint32_t most)
{
	uint32_t removed = 0;

	if (table->settings.idle.ns == 0)
		return 0;
	for (unsigned class = 0; class < TABLE_CLASSES; class ++) {
		for (uint32_t i = 0; i < most && table->lists[class].oldest; i++) {
			struct header *header = header_at(table, table->lists[class].oldest);
			if (instant_since(now, (instant){header->placed_ns}).ns <
			    table->settings.idle.ns)
				break;
			if (instant_since(now, (instant){header->touched_ns}).ns >=
			    table->settings.idle.ns) {
				drop(table, header);
				removed++;
			} else {
				list_remove(table, header);
				list_push(table, header);
			}
		}
	}
	table->counters.expired += removed;
	return removed;
}

void table_each(struct table *table, void (*visit)(void *context, void *entry), void *context)
{
	for (unsigned class = 0; class < TABLE_CLASSES; class ++)
		for (uint32_t at = table->lists[class].oldest; at; at = header_at(table, at)->newer)
			visit(context, entry_of(header_at(table, at)));
}

struct table_counters table_counters(const struct table *table)
{
	struct table_counters counters = table->counters;

	for (unsigned class = 0; class < TABLE_CLASSES; class ++)
		counters.used_by_class[class] = table->lists[class].used;
	return counters;
}

void table_free(struct table *table)
{
	if (table && table->settings.on_drop && table->entries)
		table_each(table, table->settings.on_drop, table->settings.context);
	table_discard(table);
}

void table_discard(struct table *table)
{
	if (!table)
		return;
	if (table->slots)
		munmap(table->slots, table->slots_bytes);
	if (table->entries)
		munmap(table->entries, table->entries_bytes);
	if (table->apart)
		munmap(table->apart, table->apart_bytes);
	free(table);
}
