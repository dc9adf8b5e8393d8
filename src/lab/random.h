/*
 * Chance with a seed: the same seed gives the same session, address and capture, byte for byte, so
 * that a failing test can be run again (with the same build: compilers differ in the order in which
 * they evaluate arguments). SplitMix64; nothing secret is ever made with it.
 */
#ifndef DAVY_LAB_RANDOM_H
#define DAVY_LAB_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct lab_random {
	uint64_t state;
};

uint64_t lab_random_next(struct lab_random *random);
uint32_t lab_random_below(struct lab_random *random, uint32_t limit); /* 0..limit-1; 0 for 0 */
bool lab_random_chance(struct lab_random *random, uint32_t percent);
double lab_random_share(struct lab_random *random); /* above 0 and below 1 */
void lab_random_fill(struct lab_random *random, void *at, size_t len);
/* `count` random bytes as they are, and as 2 * count lower-case hex digits. */
void lab_random_add(struct buf *out, struct lab_random *random, size_t count);
void lab_random_add_hex(struct buf *out, struct lab_random *random, size_t count);

#endif
