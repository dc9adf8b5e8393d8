/*
 * A connection told in other words: JSON spelled anew, host names of other lengths. Lines of JSON
 * and HTTP with a known length are rewritten; anything else stays as it was.
 */
#ifndef DAVY_TESTS_REWRITTEN_WORDS_H
#define DAVY_TESTS_REWRITTEN_WORDS_H

#include "lab/spelling.h"
#include "lab/transcript.h"
#include "rewritten_streams.h"

struct rewriting {
	const struct lab_spelling *spelling;
	struct lab_random random;
	unsigned rewritten; /* messages spelled anew */
};

void rewrite_connection(const struct connection *connection, struct rewriting *rewriting,
			struct lab_transcript *out);

#endif
