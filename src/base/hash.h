/*
 * XXH3 with a seed. Tables that an attacker can fill take a seed that is random per process
 * (hash_random_seed); identifiers that must be stable take a fixed one.
 */
#ifndef DAVY_BASE_HASH_H
#define DAVY_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t hash_bytes(const void *at, size_t len, uint64_t seed);
uint64_t hash_random_seed(void); /* from getrandom(2); call before rights are dropped */

#endif
