/*
 * Message-lifetime memory: a fixed block handed out from the front and reset as a whole.
 * arena_take returns NULL when the block is used up; nothing is freed one by one.
 */
#ifndef DAVY_BASE_ARENA_H
#define DAVY_BASE_ARENA_H

#include <stddef.h>

#include "base/attributes.h"

struct arena {
	char *at;
	size_t used, cap;
};

must_check int arena_init(struct arena *arena, size_t cap); /* 0 or -ENOMEM */
void arena_fini(struct arena *arena);
void arena_reset(struct arena *arena);
/* `size` zeroed bytes, aligned for any type, or NULL. */
void *arena_take(struct arena *arena, size_t size);

#endif
