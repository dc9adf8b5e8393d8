#include "base/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

void buf_fini(struct buf *out)
{
	free(out->at);
	*out = (struct buf){0};
}

void buf_clear(struct buf *out)
{
	out->len = 0;
	out->failed = false;
}

bool buf_reserve(struct buf *out, size_t extra)
{
	size_t need, cap = out->cap ? out->cap : 64;

	if (__builtin_add_overflow(out->len, extra, &need) || (out->limit && need > out->limit)) {
		out->failed = true;
		return false;
	}
	if (need <= out->cap)
		return true;
	while (cap < need)
		if (__builtin_mul_overflow(cap, 2u, &cap))
			cap = need;
	char *grown = realloc(out->at, cap);
	if (!grown) {
		out->failed = true;
		return false;
	}
	out->at = grown;
	out->cap = cap;
	return true;
}

void buf_add_bytes(struct buf *out, const void *at, size_t len)
{
	if (len == 0 || !buf_reserve(out, len))
		return;
	memcpy(out->at + out->len, at, len);
	out->len += len;
}

void buf_add(struct buf *out, struct str text)
{
	buf_add_bytes(out, text.at, text.len);
}

void buf_add_text(struct buf *out, const char *text)
{
	buf_add(out, str_from(text));
}

void buf_add_byte(struct buf *out, char byte)
{
	buf_add_bytes(out, &byte, 1);
}

void buf_add_hex(struct buf *out, struct str bytes)
{
	static const char digits[] = "0123456789abcdef";

	if (!buf_reserve(out, bytes.len * 2))
		return;
	for (size_t i = 0; i < bytes.len; i++) {
		out->at[out->len++] = digits[(uint8_t)bytes.at[i] >> 4];
		out->at[out->len++] = digits[(uint8_t)bytes.at[i] & 15];
	}
}

void buf_vprintf(struct buf *out, const char *format, va_list arguments)
{
	va_list again;

	va_copy(again, arguments);
	int len = vsnprintf(NULL, 0, format, arguments);
	if (len >= 0 && buf_reserve(out, (size_t)len + 1)) {
		vsnprintf(out->at + out->len, (size_t)len + 1, format, again);
		out->len += (size_t)len;
	}
	va_end(again);
}

void buf_printf(struct buf *out, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	buf_vprintf(out, format, arguments);
	va_end(arguments);
}

void buf_consume(struct buf *out, size_t count)
{
	if (count >= out->len) {
		out->len = 0;
		return;
	}
	memmove(out->at, out->at + count, out->len - count);
	out->len -= count;
}

/* Controls, and characters that reorder or hide what a reader sees. */
static bool is_hidden(uint32_t rune)
{
	return rune < 0x20 || (rune >= 0x7f && rune < 0xa0) || rune == 0x61c ||
	       (rune >= 0x200b && rune <= 0x200f) || (rune >= 0x2028 && rune <= 0x202e) ||
	       (rune >= 0x2060 && rune <= 0x206f) || rune == 0xfeff ||
	       (rune >= 0xe0000 && rune <= 0xe007f);
}

static void add_rune_printable(struct buf *out, uint32_t rune, struct str spelling)
{
	if (rune == '\\')
		buf_add(out, STR("\\\\"));
	else if (rune == '\n')
		buf_add(out, STR("\\n"));
	else if (rune == '\t')
		buf_add(out, STR("\\t"));
	else if (rune == '\r')
		buf_add(out, STR("\\r"));
	else if (is_hidden(rune))
		buf_printf(out, rune < 0x100 ? "\\x%02x" : "\\u{%x}", rune);
	else
		buf_add(out, spelling);
}

void buf_add_printable(struct buf *out, struct str hostile, size_t most)
{
	struct str rest = str_sub(hostile, 0, most);
	uint32_t rune;

	while (rest.len > 0) {
		size_t len = utf8_decode(rest, &rune);
		if (len == 0) {
			buf_printf(out, "\\x%02x", (unsigned)(uint8_t)rest.at[0]);
			len = 1;
		} else {
			add_rune_printable(out, rune, str_sub(rest, 0, len));
		}
		rest = str_skip(rest, len);
	}
	if (hostile.len > most)
		buf_add(out, STR("..."));
}
