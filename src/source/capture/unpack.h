/*
 * Decompression in steps: compressed bytes in, bytes out, nothing kept but the codec's own window.
 * One kind per codec; limits against bombs are the caller's (input.c).
 */
#ifndef DAVY_SOURCE_CAPTURE_UNPACK_H
#define DAVY_SOURCE_CAPTURE_UNPACK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "base/str.h"

enum unpacked {
	UNPACK_MORE,	   /* give more input, or take more output */
	UNPACK_MEMBER_END, /* a gzip member or zstd frame is complete; another one may follow */
	UNPACK_CORRUPT,
	UNPACK_TOO_LARGE, /* wants more memory than UNPACK_MEMORY_MAX */
};

enum { UNPACK_MEMORY_MAX = 128 * 1024 * 1024, UNPACK_MAGIC_LEN = 4 };

struct unpack_kind {
	const char *name;
	bool (*recognises)(struct str start); /* at least UNPACK_MAGIC_LEN bytes */
	void *(*new)(void);		      /* NULL: out of memory */
	/*
	 * Consumes from the front of *in and writes at most `cap` bytes to `out`.
	 * After UNPACK_MEMBER_END the next call begins a new member.
	 */
	enum unpacked (*step)(void *state, struct str *in, char *out, size_t cap, size_t *count);
	void (*free)(void *state);
};

extern const struct unpack_kind unpack_gzip, unpack_zstd;

#endif
