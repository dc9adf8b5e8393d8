#include "base/arena.h"

#include <errno.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

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

struct str arena_copy(struct arena *arena, struct str text)
{
	char *copy = text.len > 0 ? arena_take(arena, text.len) : NULL;

	return copy ? str_of(memcpy(copy, text.at, text.len), text.len) : (struct str){0};
}

struct str arena_printf(struct arena *arena, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	int len = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	char *text = len > 0 ? arena_take(arena, (size_t)len + 1) : NULL;
	if (!text)
		return (struct str){0};
	va_start(arguments, format);
	vsnprintf(text, (size_t)len + 1, format, arguments);
	va_end(arguments);
	return str_of(text, (size_t)len);
}

struct str arena_printable(struct arena *arena, struct str hostile, size_t most)
{
	CLEANUP(buf_fini) struct buf text = {0};

	buf_add_printable(&text, hostile, most);
	return arena_copy(arena, buf_view(&text));
}
