#include "decode/flow/spoken.h"

#include <endian.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/hash.h"

enum {
	WORD = sizeof(uint64_t),
	WORDS = SPOKEN_BYTES / WORD,
	ROUND = WORD * WORD, /* bytes whose parities are one word */
};

_Static_assert(SPOKEN_BYTES % ROUND == 0 && ROUND / WORD == sizeof(uint64_t),
	       "a round's parities are one word, which never lies about the end");

void spoken_key_init(struct spoken_key *key, uint64_t seed)
{
	for (unsigned i = 0; i < SPOKEN_KEY_WORDS; i++)
		key->picks[i] = hash_bytes(&i, sizeof(i), seed);
	key->picks[SPOKEN_KEY_WORDS] = key->picks[0];
}

/* The parities of a word's bytes, the first in the lowest bit; `at` is the word's number. */
static uint8_t parities(const struct spoken_key *key, uint32_t at, uint64_t word)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	word &= key->picks[at % SPOKEN_KEY_WORDS];
	word ^= word >> 4;
	word ^= word >> 2;
	word ^= word >> 1;
	word &= UINT64_C(0x0101010101010101);
	/* each byte's bit travels to its own place in the highest byte */
	return (uint8_t)(word * UINT64_C(0x0102040810204080) >> 56);
}

/* Of two words side by side, the first of which has the number `at`. */
static inline unsigned parities_of_two(const struct spoken_key *key, uint32_t at, const char *bytes)
{
#ifdef __SSE2__
	const __m128i *picks = (const void *)&key->picks[at % SPOKEN_KEY_WORDS];
	__m128i words = _mm_and_si128(_mm_loadu_si128((const void *)bytes), _mm_loadu_si128(picks));

	/* what crosses from a byte into the next one stays below the bits that are still summed */
	words = _mm_xor_si128(words, _mm_slli_epi16(words, 4));
	words = _mm_xor_si128(words, _mm_slli_epi16(words, 2));
	words = _mm_xor_si128(words, _mm_slli_epi16(words, 1));
	return (unsigned)_mm_movemask_epi8(words);
#else
	uint64_t words[2];

	memcpy(words, bytes, sizeof(words));
	return parities(key, at, words[0]) | (unsigned)parities(key, at + 1, words[1]) << 8;
#endif
}

/* A word's share of some bytes: `count` of them from its place `at % WORD` on. */
struct share {
	size_t count;
	uint8_t mask, bits; /* of the word's places: which are these bytes', and their parities */
};

static struct share share_of(const struct spoken_key *key, uint32_t at, struct str bytes)
{
	uint32_t place = at % WORD;
	size_t count = bytes.len < WORD - place ? bytes.len : WORD - place;
	uint64_t word = 0;

	memcpy((char *)&word + place, bytes.at, count);
	return (struct share){.count = count,
			      .mask = (uint8_t)(((1u << count) - 1) << place),
			      .bits = parities(key, at / WORD, word)};
}

static uint8_t *kept(const struct spoken *spoken, uint32_t at)
{
	return (uint8_t *)&spoken->bits[at / WORD % WORDS];
}

static void keep_two(struct spoken *spoken, uint32_t word, unsigned both)
{
	spoken->bits[word % WORDS] = (uint8_t)both;
	spoken->bits[(word + 1) % WORDS] = (uint8_t)(both >> 8);
}

/* As many pairs of whole words as there are; `at` is where one may begin. How many bytes. */
static size_t note_words(struct spoken *spoken, const struct spoken_key *key, uint32_t at,
			 struct str bytes)
{
	size_t done = 0;
	uint32_t word = at / WORD;

	/* from where the key begins anew eight words go by without asking for their places */
	for (; bytes.len - done >= 2 * WORD && word % WORD != 0; done += 2 * WORD, word += 2)
		keep_two(spoken, word, parities_of_two(key, word, bytes.at + done));
	for (; bytes.len - done >= ROUND; done += ROUND, word += WORD) {
		uint64_t bits = 0;
		for (uint32_t i = 0; i < WORD; i += 2)
			bits |= (uint64_t)parities_of_two(key, i, bytes.at + done + i * WORD)
				<< i * WORD;
		bits = htole64(bits);
		memcpy(&spoken->bits[word % WORDS], &bits, sizeof(bits));
	}
	for (; bytes.len - done >= 2 * WORD; done += 2 * WORD, word += 2)
		keep_two(spoken, word, parities_of_two(key, word, bytes.at + done));
	return done;
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
	spoken->known += (uint32_t)bytes.len;
	if (spoken->known > SPOKEN_BYTES)
		spoken->known = SPOKEN_BYTES;
	for (struct share share; bytes.len > 0; bytes = str_skip(bytes, share.count)) {
		if (at % (2 * WORD) == 0) {
			size_t words = note_words(spoken, key, at, bytes);
			at += (uint32_t)words;
			bytes = str_skip(bytes, words);
		}
		share = share_of(key, at, bytes);
		uint8_t *bits = kept(spoken, at);
		*bits = (uint8_t)((*bits & ~share.mask) | (share.bits & share.mask));
		at += (uint32_t)share.count;
	}
}

/* What of the bytes lies before `next`, and not further back than is known. */
static struct str overlap(const struct spoken *spoken, uint32_t *at, struct str bytes)
{
	int64_t begin = (int32_t)(*at - spoken->next), end = begin + (int64_t)bytes.len;

	if (end > 0)
		bytes.len -= (size_t)(end < (int64_t)bytes.len ? end : (int64_t)bytes.len);
	if (begin < -(int64_t)spoken->known) {
		size_t before = (size_t)(-(int64_t)spoken->known - begin);
		before = before < bytes.len ? before : bytes.len;
		*at += (uint32_t)before;
		bytes = str_skip(bytes, before);
	}
	return bytes;
}

bool spoken_differs(const struct spoken *spoken, const struct spoken_key *key, uint32_t at,
		    struct str bytes)
{
	bytes = overlap(spoken, &at, bytes);
	while (bytes.len > 0) {
		struct share share = share_of(key, at, bytes);
		if ((*kept(spoken, at) ^ share.bits) & share.mask)
			return true;
		at += (uint32_t)share.count;
		bytes = str_skip(bytes, share.count);
	}
	return false;
}
