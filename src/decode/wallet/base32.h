/*
 * The base-32 address codes with a BCH checksum: bech32 and bech32m (30 bits), and the 40-bit
 * code of Bitcoin Cash that Kaspa and Conflux took over.
 */
#ifndef DAVY_DECODE_WALLET_BASE32_H
#define DAVY_DECODE_WALLET_BASE32_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum { BASE32_TEXT_MAX = 512 };

enum bech32_form { BECH32_NONE, BECH32_FIRST, BECH32_M };

struct bech32 {
	struct str prefix;     /* the human-readable part, in the case it was written in */
	enum bech32_form form; /* BECH32_NONE: the checksum is of neither */
	uint8_t values[BASE32_TEXT_MAX]; /* 5 bits each, the six of the checksum left out */
	size_t count;
};

/*
 * Split and check a bech32 or bech32m text of at most BASE32_TEXT_MAX characters. The 90-character
 * limit of BIP 173 is the caller's: Zcash does without it.
 *
 * returns: false when the text has not the form (no '1', wrong characters, mixed case, too short)
 * source:  BIP 173, BIP 350
 */
bool bech32_read(struct str text, struct bech32 *out);

/*
 * Values of a 40-bit-checksum payload, its checksum included.
 *
 * alphabet: 32 lower-case characters
 * returns:  count of values; 0 on a character not in the alphabet, mixed case, or over cap
 */
size_t base32_values(struct str payload, const char *alphabet, uint8_t *values, size_t cap);

/*
 * Whether prefix, a zero and the values leave the 40-bit polynomial at 0.
 *
 * source: the Bitcoin Cash address specification (cashaddr.md), section Checksum
 */
bool base32_checksum_40(struct str prefix, const uint8_t *values, size_t count);

/*
 * Regroup 5-bit values into bytes; left-over bits must be fewer than 5 and zero.
 *
 * returns: bytes written, or -1
 */
ptrdiff_t base32_to_bytes(const uint8_t *values, size_t count, uint8_t *out, size_t cap);

extern const char bech32_alphabet[33];

#endif
