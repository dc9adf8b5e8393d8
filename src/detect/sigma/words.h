/*
 * Words under a number each, grouped by a tag: the keys of a trie's node, the values of a field.
 * Made once, then only looked up in. The words themselves are the caller's.
 */
#ifndef DAVY_DETECT_SIGMA_WORDS_H
#define DAVY_DETECT_SIGMA_WORDS_H

#include <stdint.h>

#include "base/attributes.h"
#include "base/str.h"

#define WORD_NONE UINT32_MAX

struct word {
	struct str text;
	uint32_t tag, number; /* number WORD_NONE: a free place */
};

struct words {
	struct word *at;
	uint32_t count, places; /* a power of two */
	uint64_t seed;
};

void words_fini(struct words *words);
/* The word must not be there yet. 0 or -ENOMEM */
must_check int words_add(struct words *words, uint32_t tag, struct str text, uint32_t number);
uint32_t words_find(const struct words *words, uint32_t tag, struct str text); /* or WORD_NONE */

/* ASCII letters in lower case, into out[text.len]. */
struct str words_fold(struct str text, char *out);

#endif
