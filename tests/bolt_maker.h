/*
 * A bbolt database, written apart from the reader: an error in one is seen by the other.
 *
 * What was made is whole: pages are counted and sorted, roots are summed. Tests break it
 * afterwards.
 */
#ifndef DAVY_TESTS_BOLT_MAKER_H
#define DAVY_TESTS_BOLT_MAKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum { BOLT_PATH_MAX = 8 };

/* The buckets on the way, and the key; value NULL: a bucket, that may have nothing in it. */
struct bolt_row {
	const char *path[BOLT_PATH_MAX];
	const char *value;
};

struct bolt_making {
	size_t page_bytes;    /* 0: 4096 */
	size_t keys_max;      /* of one page; 0: as many as fit. 2 makes deep trees */
	bool nothing_inline;  /* each bucket has pages of its own */
	uint64_t transaction; /* an odd one has its root in the second page; 0: 7 */
};

/* Rows in any order. Appends the whole file to `out`; out->failed when there was no memory. */
void bolt_make(const struct bolt_row *rows, size_t count, const struct bolt_making *how,
	       struct buf *out);

/* Sum up the root in page `number` anew, after a test has changed it. */
void bolt_sum(struct buf *database, size_t number, size_t page_bytes);

#endif
