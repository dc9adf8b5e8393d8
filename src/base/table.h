/*
 * A bounded table of fixed-size entries under a key: flows, fragments, names, hosts.
 *
 * Attackers choose what we have to remember, so a full table evicts, and who goes first is the
 * point: every entry is in a class, and class 0 (nobody answered yet) goes before class 1 (two-way)
 * before class 2 (watched: something was found). Inside a class the oldest untouched goes first
 * (second chance: an entry touched since it was last looked at gets another round). A class above 0
 * may fill at most `class_share` of the table: past it, its own oldest make room.
 *
 * An entry begins with its key (key_size bytes, padding zeroed). Pointers to entries stay valid
 * until the entry is removed or evicted. Memory is taken from the kernel page by page as entries
 * are used, so a large capacity costs nothing while it is empty.
 */
#ifndef DAVY_BASE_TABLE_H
#define DAVY_BASE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/instant.h"

enum { TABLE_CLASSES = 3 };

struct table;

struct table_settings {
	uint32_t capacity;
	uint32_t entry_size, key_size;
	uint32_t apart_size; /* of table_apart; 0: entries have no such block */
	uint64_t seed;	     /* hash_random_seed() where keys come from outside */
	duration idle;	     /* table_expire removes what was not touched for so long; 0: never */
	double class_share[TABLE_CLASSES];	     /* 0 means 1.0 */
	void (*on_drop)(void *context, void *entry); /* before an entry goes; may be NULL */
	void *context;
};

must_check int table_new(const struct table_settings *settings,
			 struct table **out); /* 0, -ENOMEM, -EINVAL */
void table_free(struct table *table);	      /* calls on_drop for each entry; NULL is allowed */

/* The same without on_drop: for whoever knows that the entries hold nothing. */
void table_discard(struct table *table);

uint64_t table_hash(const struct table *table, const void *key);
/*
 * For callers with several keys at hand: first table_prefetch for each, which asks the memory for
 * the index, then table_approach, which asks for the entries, then table_find.
 *
 * table_approach returns the entry that table_find will most likely give, or NULL: good for asking
 * for more memory, not to be relied on (only a part of the hash was compared).
 */
void table_prefetch(const struct table *table, uint64_t hash);
const void *table_approach(const struct table *table, uint64_t hash);

void *table_find(struct table *table, const void *key, uint64_t hash); /* NULL: not there */
/* The same; `likely` is what table_approach gave, which saves the index when it still is the one.
 */
void *table_find_likely(struct table *table, const void *likely, const void *key, uint64_t hash);
/* A new zeroed entry with its key set, in class 0; evicts when full. The key must not be there yet.
 */
void *table_insert(struct table *table, const void *key, uint64_t hash, instant now);
/*
 * The entry's block of apart_size bytes, zeroed when it is asked for first. For what only few
 * entries come to need: it lies in memory of its own, which costs nothing until then.
 */
void *table_apart(struct table *table, void *entry);
void table_touch(struct table *table, void *entry, instant now);
instant table_touched(const struct table *table, const void *entry);
void table_set_class(struct table *table, void *entry, unsigned class);
unsigned table_class(const struct table *table, const void *entry);
void table_remove(struct table *table, void *entry); /* calls on_drop */
/* Drop the entry that would make room next; for what entries hold elsewhere. False: empty. */
bool table_evict(struct table *table);

/* Removes idle entries, looking at no more than `most`; call it often with a small number. */
uint32_t table_expire(struct table *table, instant now, uint32_t most);

/* Every entry, in no order; the visitor must not insert or remove. */
void table_each(struct table *table, void (*visit)(void *context, void *entry), void *context);

struct table_counters {
	uint64_t inserted, evicted, expired;
	uint64_t evicted_by_class[TABLE_CLASSES];
	uint32_t used, capacity;
	uint32_t used_by_class[TABLE_CLASSES];
	uint64_t bytes_per_entry; /* entry, links and index, for capacity planning; without what is
				     apart */
};
struct table_counters table_counters(const struct table *table);

#endif
