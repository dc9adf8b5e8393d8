/* UTF-8: one character at a time, strictly (no surrogates, no over-long forms). */
#ifndef DAVY_BASE_UTF8_H
#define DAVY_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* The first character of `s`; its length in bytes, or 0 when the bytes are no UTF-8. */
size_t utf8_decode(struct str s, uint32_t *rune);

/* Every byte belongs to a character. */
bool utf8_is_valid(struct str s);

/* Writes 1..4 bytes (3 for U+FFFD in place of an invalid rune) and returns how many. */
size_t utf8_encode(uint32_t rune, char out[4]);

#endif
