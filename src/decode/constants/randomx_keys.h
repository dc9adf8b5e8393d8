/*
 * RandomX's AES constants, as its specification (doc/specs.md, sections 3.2 to 3.4) defines them:
 * BLAKE2b of sentences. 18 keys of 16 bytes.
 */
#ifndef DAVY_DECODE_CONSTANTS_RANDOMX_KEYS_H
#define DAVY_DECODE_CONSTANTS_RANDOMX_KEYS_H

#include <stdint.h>

enum { RANDOMX_KEYS = 18, RANDOMX_KEY_BYTES = 16 };

void randomx_keys_make(uint8_t keys[RANDOMX_KEYS][RANDOMX_KEY_BYTES]);

#endif
