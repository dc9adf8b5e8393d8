/*
 * Message-lifetime memory: a fixed block handed out from the front and reset as a whole.
 * arena_take returns NULL when the block is used up; nothing is freed one by one.
 */
#ifndef DAVY_BASE_ARENA_H
#define DAVY_BASE_ARENA_H

#include <stddef.h>

#include "base/attributes.h"
#include "base/str.h"

struct arena {
	char *at;
	size_t used, cap;
};

must_check int arena_init(struct arena *arena, size_t cap); /* 0 or -ENOMEM */
void arena_fini(struct arena *arena);
void arena_reset(struct arena *arena);
/* `size` zeroed bytes, aligned for any type, or NULL. */
void *arena_take(struct arena *arena, size_t size);

/* Text and copies in the arena; what does not fit is empty. */
struct str arena_printf(struct arena *arena, const char *format, ...) printf_like(2, 3);
struct str arena_copy(struct arena *arena, struct str text);
/* As buf_add_printable. */
struct str arena_printable(struct arena *arena, struct str hostile, size_t most);

#endif
