/*
 * XXH3 with a seed. Tables that an attacker can fill take a seed that is random per process
 * (hash_random_seed); identifiers that must be stable take a fixed one.
 */
#ifndef DAVY_BASE_HASH_H
#define DAVY_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t hash_bytes(const void *at, size_t len, uint64_t seed);
/*
 * The key of a flow, once a packet; another hash than that of the same bytes. For tables in memory
 * alone: it goes by the machine's order of bytes.
 */
uint64_t hash_five_words(const uint64_t words[5], uint64_t seed);
uint64_t hash_random_seed(void); /* from getrandom(2); call before rights are dropped */

#endif
