/*
 * The same message in other words: miners differ in key order, spacing, escapes and whether a
 * number is a string, and a pool's parser takes them all. A signature over bytes does not.
 */
#ifndef DAVY_LAB_SPELLING_H
#define DAVY_LAB_SPELLING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "lab/random.h"

enum lab_key_order { LAB_KEYS_AS_WRITTEN, LAB_KEYS_REVERSED, LAB_KEYS_SHUFFLED };

enum lab_spacing {
	LAB_SPACING_COMPACT, /* {"a":1,"b":2} */
	LAB_SPACING_PYTHON,  /* {"a": 1, "b": 2} */
	LAB_SPACING_LOOSE,   /* blanks and tabs anywhere they are allowed; never a line feed */
};

enum lab_ending { LAB_ENDING_LF, LAB_ENDING_CRLF, LAB_ENDING_NONE };

struct lab_spelling {
	enum lab_key_order order;
	enum lab_spacing spacing;
	enum lab_ending ending;	     /* line dialects only */
	uint8_t escape_percent;	     /* of the characters of strings and keys: \u0041 */
	bool has_numbers_as_strings; /* 1 -> "1" */
};

/* `json` (one valid JSON text of ours) spelled anew; its meaning stays. Adds no line ending. */
void lab_spell(struct str json, const struct lab_spelling *spelling, struct lab_random *random,
	       struct buf *out);

void lab_end_line(const struct lab_spelling *spelling, struct buf *out);

/* Spellings worth running every test with, [0] is the plain one. */
extern const struct lab_spelling lab_spellings[];
extern const size_t lab_spelling_count;

#endif
