/*
 * Where JSON's structure lies in a text, 64 bytes at a time: which brackets stand outside of
 * strings, and where the text cannot be JSON any more.
 *
 * The same for any text cut into any blocks; what one block leaves open is carried into the next.
 */
#ifndef DAVY_DECODE_RECORD_STRUCTURE_H
#define DAVY_DECODE_RECORD_STRUCTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum { STRUCTURE_BLOCK = 64 };

/* Zeroed: outside of any string. */
struct structure_carry {
	bool in_string;
	bool is_escaped;   /* the byte before was a backslash that counts */
	bool after_string; /* the byte before ended a string */
};

struct structure {
	uint64_t brackets; /* bit i: byte i is one of { } [ ], outside of strings */
	/* A line end inside a string, or a letter or digit right after one: no writer of JSON puts
	 * them there, so a quote is missing or a record was cut off */
	uint64_t broken;
	size_t len; /* bytes looked at: STRUCTURE_BLOCK, or all there are */
};

/* text: at least one byte */
void structure_read(struct structure_carry *carry, struct str text, struct structure *out);

/* Line ends in a text. */
uint64_t structure_count_lines(struct str text);

#endif
