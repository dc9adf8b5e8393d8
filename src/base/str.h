/*
 * Borrowed bytes: a pointer and a length, never NUL-terminated by promise.
 *
 * Everything that comes from a packet, a log or a file is a view into somebody else's memory; a
 * str says so in its type. The empty str {0} is valid everywhere.
 */
#ifndef DAVY_BASE_STR_H
#define DAVY_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/attributes.h"

struct str {
	const char *at;
	size_t len;
};

#define STR(literal) ((struct str){("" literal), sizeof(literal) - 1})

/* printf("%.*s", STR_ARG(name)): only for text known to be harmless; see base/escape.h */
#define STR_ARG(s) (int)(s).len, (s).at

struct str str_from(const char *text); /* NULL gives the empty str */
static inline struct str str_of(const void *at, size_t len)
{
	return (struct str){(const char *)at, len};
}

static inline bool str_equal(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

bool str_equal_nocase(struct str a, struct str b); /* ASCII only */
bool str_starts_nocase(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
int str_compare(struct str a, struct str b);

/* Offset of the first byte or text, or -1. */
static inline ptrdiff_t str_find_byte(struct str s, char byte)
{
	const char *found = s.len ? memchr(s.at, byte, s.len) : NULL;

	return found ? found - s.at : -1;
}

ptrdiff_t str_find(struct str s, struct str text);
ptrdiff_t str_find_nocase(struct str s, struct str text);

/* The part from `start`, at most `len` bytes; clamped to what is there. */
static inline struct str str_sub(struct str s, size_t start, size_t len)
{
	if (start > s.len)
		start = s.len;
	if (len > s.len - start)
		len = s.len - start;
	return (struct str){s.at ? s.at + start : NULL, len};
}

static inline struct str str_skip(struct str s, size_t count)
{
	return str_sub(s, count, SIZE_MAX);
}

static inline bool str_starts(struct str s, struct str prefix)
{
	return s.len >= prefix.len && str_equal(str_sub(s, 0, prefix.len), prefix);
}

struct str str_trim(struct str s); /* ASCII white space off both ends */

/* Cut at the first separator: *head is before it, *tail after; false and *head = s without one. */
bool str_cut(struct str s, char separator, struct str *head, struct str *tail);

/* The last part of a path, which people know a program by: what comes after the last slash. */
struct str str_file_name(struct str path);

/* The whole text as a decimal number; false on anything else, on overflow, and on the empty str. */
must_check bool str_to_u64(struct str s, uint64_t *out);
must_check bool str_to_double(struct str s, double *out);
/* Hex digits, an optional 0x before them, at most 16 digits. */
must_check bool str_hex_to_u64(struct str s, uint64_t *out);

bool str_is_hex(struct str s); /* one or more hex digits and nothing else */
int hex_digit(char c);	       /* 0..15, or -1 */
int base64_digit(char c);      /* 0..63, in the alphabet of URLs, too; or -1 */

/* The byte that a %41 at `at` stands for, or -1 where there is none. */
int str_percent_byte(struct str s, size_t at);

/* Decode hex into out[cap]; the count of bytes, or -1 when odd, not hex, or too long. */
ptrdiff_t str_decode_hex(struct str s, uint8_t *out, size_t cap);

#endif
