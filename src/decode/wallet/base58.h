/*
 * Base58 in its two forms: one big number (Bitcoin, Zcash, Ergo), and CryptoNote's blocks of
 * 8 bytes in 11 digits. Both use Bitcoin's alphabet, which lacks 0, O, I and l.
 */
#ifndef DAVY_DECODE_WALLET_BASE58_H
#define DAVY_DECODE_WALLET_BASE58_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

bool base58_is(struct str text); /* one or more base58 digits and nothing else */

/*
 * The text as one big-endian number, a leading '1' being a zero byte.
 *
 * returns: bytes written; -1 when a character is no digit or cap bytes do not hold it
 * source:  Bitcoin Core src/base58.cpp; work grows with the square of the length: callers cap it
 */
ptrdiff_t base58_decode(struct str text, uint8_t *out, size_t cap);

/*
 * CryptoNote's form: each 11 digits give 8 bytes, the rest 2,3,5,6,7,9,10 digits give 1..7.
 *
 * returns: bytes written; -1 on a wrong digit, an impossible length, a block over its bytes, or
 *          more than cap
 * source:  CryptoNote standard CNS007, section 3
 */
ptrdiff_t base58_decode_blocks(struct str text, uint8_t *out, size_t cap);

#endif
