/*
 * Growing output. Appends never report an error one by one: check `failed` once at the end.
 * A buf may be given a limit; passing it sets `failed` and drops what does not fit.
 */
#ifndef DAVY_BASE_BUF_H
#define DAVY_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "base/str.h"

struct buf {
	char *at;
	size_t len, cap;
	size_t limit; /* 0: none */
	bool failed;  /* out of memory, or over the limit */
};

void buf_fini(struct buf *out);
void buf_clear(struct buf *out); /* keeps the memory */

/* Room for `extra` more bytes; false (and failed) when there is none. */
bool buf_reserve(struct buf *out, size_t extra);

void buf_add(struct buf *out, struct str text);
void buf_add_text(struct buf *out, const char *text);
void buf_add_byte(struct buf *out, char byte);
void buf_add_bytes(struct buf *out, const void *at, size_t len);
void buf_add_hex(struct buf *out, struct str bytes);
void buf_printf(struct buf *out, const char *format, ...) printf_like(2, 3);
void buf_vprintf(struct buf *out, const char *format, va_list arguments);

/* Drop the first `count` bytes, moving the rest to the front. */
void buf_consume(struct buf *out, size_t count);

/*
 * Text for a terminal or a log line: control characters, DEL, C1 controls, bidirectional overrides
 * and bytes that are no UTF-8 become \n, \t, \xNN or \u{N}; a backslash is doubled. At most
 * `most` input bytes are taken, "..." marks the cut.
 */
void buf_add_printable(struct buf *out, struct str hostile, size_t most);

static inline struct str buf_view(const struct buf *out)
{
	return (struct str){out->at, out->len};
}

#endif
