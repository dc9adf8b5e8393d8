#include "base/arena.h"

#include <errno.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

int arena_init(struct arena *arena, size_t cap)
{
	*arena = (struct arena){.at = malloc(cap), .cap = cap};
	return arena->at ? 0 : -ENOMEM;
}

void arena_fini(struct arena *arena)
{
	free(arena->at);
	*arena = (struct arena){0};
}

void arena_reset(struct arena *arena)
{
	arena->used = 0;
}

void *arena_take(struct arena *arena, size_t size)
{
	size_t start = (arena->used + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);

	if (start > arena->cap || size > arena->cap - start)
		return NULL;
	arena->used = start + size;
	return memset(arena->at + start, 0, size);
}
