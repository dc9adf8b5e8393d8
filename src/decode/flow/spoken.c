#include "decode/flow/spoken.h"

#include <string.h>

#include "base/hash.h"

enum { WORD = sizeof(uint64_t) };

void spoken_key_init(struct spoken_key *key, uint64_t seed)
{
	for (unsigned i = 0; i < SPOKEN_KEY_WORDS; i++)
		key->picks[i] = hash_bytes(&i, sizeof(i), seed);
}

static uint64_t picks_at(const struct spoken_key *key, uint32_t at)
{
	return key->picks[at / WORD % SPOKEN_KEY_WORDS];
}

static unsigned bit_of(const struct spoken_key *key, uint32_t at, char byte)
{
	uint64_t picked = picks_at(key, at) >> 8 * (at % WORD) & (uint8_t)byte;

	return (unsigned)__builtin_parity((unsigned)picked);
}

/* The parities of eight bytes at once, the first in the lowest bit; `at` is a multiple of eight. */
static uint8_t bits_of(const struct spoken_key *key, uint32_t at, const char *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, WORD);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	word &= picks_at(key, at);
	word ^= word >> 4;
	word ^= word >> 2;
	word ^= word >> 1;
	word &= UINT64_C(0x0101010101010101);
	/* each byte's bit travels to its own place in the highest byte */
	return (uint8_t)(word * UINT64_C(0x0102040810204080) >> 56);
}

void spoken_note(struct spoken *spoken, const struct spoken_key *key, uint32_t at, struct str bytes)
{
	if (at != spoken->next)
		spoken->known = 0;
	spoken->next = at + (uint32_t)bytes.len;
	if (bytes.len > SPOKEN_BYTES) {
		at += (uint32_t)bytes.len - SPOKEN_BYTES;
		bytes = str_skip(bytes, bytes.len - SPOKEN_BYTES);
	}
	for (size_t i = 0; i < bytes.len;) {
		uint8_t *eight = &spoken->bits[at % SPOKEN_BYTES / 8];
		if (at % WORD == 0 && bytes.len - i >= WORD) {
			*eight = bits_of(key, at, bytes.at + i);
			i += WORD, at += WORD;
		} else {
			*eight = (uint8_t)((*eight & ~(1u << at % 8)) | bit_of(key, at, bytes.at[i])
										<< at % 8);
			i++, at++;
		}
	}
	spoken->known += (uint32_t)bytes.len;
	if (spoken->known > SPOKEN_BYTES)
		spoken->known = SPOKEN_BYTES;
}

bool spoken_differs(const struct spoken *spoken, const struct spoken_key *key, uint32_t at,
		    struct str bytes)
{
	for (size_t i = 0; i < bytes.len; i++, at++) {
		uint32_t back = spoken->next - at; /* 1: the last byte */
		if (back == 0 || back > spoken->known)
			continue;
		if ((spoken->bits[at % SPOKEN_BYTES / 8] >> at % 8 & 1u) !=
		    bit_of(key, at, bytes.at[i]))
			return true;
	}
	return false;
}
