/*
 * Many expressions looked for at once, without backtracking: vectorscan behind a header of ours.
 *
 * Expressions are PCRE's without what needs backtracking (look-around, back references), which is
 * refused when they are compiled. Text is bytes: nothing is assumed of its encoding. Compiling
 * takes milliseconds and more, matching is linear in the text; neither reads or writes anything but
 * memory.
 */
#ifndef DAVY_BASE_PATTERNS_H
#define DAVY_BASE_PATTERNS_H

#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

enum pattern_flag {
	PATTERN_NOCASE = 1 << 0,    /* ASCII letters */
	PATTERN_MULTILINE = 1 << 1, /* ^ and $ at each line */
	PATTERN_DOTALL = 1 << 2,    /* . is the end of a line, too */
	PATTERN_EACH = 1 << 3,	    /* told at each of its places, not only at one */
};

enum { PATTERN_BYTES_MAX = 4096 };

struct pattern {
	const char *expression; /* NUL-terminated */
	uint32_t flags;		/* enum pattern_flag */
	uint32_t id;
};

struct pattern_set;

/*
 * Compile all of them.
 *
 * returns: 0; -EINVAL and why, in vectorscan's words: `wrong` (may be NULL) is the index of the
 *          pattern, or `count` when it is none alone; -ENOMEM
 */
must_check int pattern_set_new(const struct pattern *patterns, size_t count,
			       struct pattern_set **out, size_t *wrong, struct error *why);
void pattern_set_free(struct pattern_set *set); /* NULL is allowed */

/* No shorter text matches it; 0 when that is not known. */
size_t pattern_least(const struct pattern *pattern);

/* What matching needs beside the sets; one serves all sets it was grown for. */
struct pattern_scratch;

/* Makes *scratch (NULL at first) fit for `set`, too. 0 or -ENOMEM */
must_check int pattern_scratch_grow(struct pattern_scratch **scratch,
				    const struct pattern_set *set);
void pattern_scratch_free(struct pattern_scratch *scratch); /* NULL is allowed */

/* Calls `take` for each pattern that is somewhere in the text (at most 4 GiB of it). */
void pattern_set_match(const struct pattern_set *set, struct pattern_scratch *scratch,
		       struct str text, void (*take)(void *context, uint32_t id), void *context);

/* The same with the place where what matched ends: an offset, at most text.len. */
void pattern_set_match_ends(const struct pattern_set *set, struct pattern_scratch *scratch,
			    struct str text, void (*take)(void *context, uint32_t id, size_t end),
			    void *context);

/* Adds `text` so that an expression matches these very bytes. */
void pattern_add_literal(struct buf *out, struct str text);

#endif
