/*
 * A fingerprint of what a side said last, to tell whether bytes that come again are the same.
 *
 * TCP lets a sender repeat bytes; only one that wants to mislead repeats them with another content,
 * since the receiver and whoever listens may then hear different things. One bit is kept for each
 * of the last SPOKEN_BYTES bytes: the parity of those of its eight bits that a secret key picks for
 * that place. A changed byte is seen with one chance in two, and a changed word hardly ever is not.
 * Sixteen bytes cost a dozen instructions, for every byte of a conversation passes here. Sans-I/O,
 * no allocation.
 */
#ifndef DAVY_DECODE_FLOW_SPOKEN_H
#define DAVY_DECODE_FLOW_SPOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum { SPOKEN_BYTES = 2048 }; /* more than one segment of an Ethernet link */

enum { SPOKEN_KEY_WORDS = 8 };

/* Which bits count, for each of 64 places; then from the beginning. */
struct spoken_key {
	uint64_t picks[SPOKEN_KEY_WORDS + 1]; /* the first once more: two are read at once */
};
void spoken_key_init(struct spoken_key *key, uint64_t seed);

/* All zero: nothing is known. */
struct spoken {
	uint32_t next;	/* sequence number after the last byte noted */
	uint32_t known; /* so many bytes before it */
	uint8_t bits[SPOKEN_BYTES / 8];
};

/* Bytes were delivered at `at`; what does not continue the last begins anew. */
void spoken_note(struct spoken *spoken, const struct spoken_key *key, uint32_t at,
		 struct str bytes);

/* Of these bytes, as far as they are known, are some certainly others than before? */
bool spoken_differs(const struct spoken *spoken, const struct spoken_key *key, uint32_t at,
		    struct str bytes);

#endif
