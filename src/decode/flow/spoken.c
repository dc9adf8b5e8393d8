#include "decode/flow/spoken.h"

#include "base/hash.h"

void spoken_key_init(struct spoken_key *key, uint64_t seed)
{
	for (unsigned value = 0; value < sizeof(key->bits); value++) {
		uint8_t byte = (uint8_t)value;
		key->bits[value] = (uint8_t)hash_bytes(&byte, sizeof(byte), seed);
	}
}

static unsigned bit_of(const struct spoken_key *key, uint32_t at, char byte)
{
	return key->bits[(uint8_t)byte] >> at % 8 & 1u;
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
	for (size_t i = 0; i < bytes.len; i++, at++) {
		uint8_t *eight = &spoken->bits[at % SPOKEN_BYTES / 8];
		*eight = (uint8_t)((*eight & ~(1u << at % 8)) | bit_of(key, at, bytes.at[i])
									<< at % 8);
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
