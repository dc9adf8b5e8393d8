#include "detect/sigma/words.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"

enum { PLACES_FIRST = 64 };

void words_fini(struct words *words)
{
	free(words->at);
	*words = (struct words){.seed = words->seed};
}

static uint32_t place_of(const struct words *words, uint32_t tag, struct str text)
{
	const uint64_t hash =
		hash_bytes(text.at, text.len, words->seed ^ tag * UINT64_C(0x9e3779b97f4a7c15));
	uint32_t place = (uint32_t)hash & (words->places - 1);

	while (words->at[place].number != WORD_NONE &&
	       !(words->at[place].tag == tag && str_equal(words->at[place].text, text)))
		place = (place + 1) & (words->places - 1);
	return place;
}

static int grow(struct words *words)
{
	struct words larger = {.seed = words->seed,
			       .places = words->places ? words->places * 2 : PLACES_FIRST};

	larger.at = calloc(larger.places, sizeof(*larger.at));
	if (!larger.at)
		return -ENOMEM;
	for (uint32_t i = 0; i < larger.places; i++)
		larger.at[i].number = WORD_NONE;
	for (uint32_t i = 0; i < words->places; i++) {
		const struct word *old = &words->at[i];
		if (old->number != WORD_NONE)
			larger.at[place_of(&larger, old->tag, old->text)] = *old;
	}
	larger.count = words->count;
	free(words->at);
	*words = larger;
	return 0;
}

int words_add(struct words *words, uint32_t tag, struct str text, uint32_t number)
{
	int result = words->count * 2 >= words->places ? grow(words) : 0;

	if (result < 0)
		return result;
	words->at[place_of(words, tag, text)] = (struct word){text, tag, number};
	words->count++;
	return 0;
}

uint32_t words_find(const struct words *words, uint32_t tag, struct str text)
{
	return words->count ? words->at[place_of(words, tag, text)].number : WORD_NONE;
}

struct str words_fold(struct str text, char *out)
{
	for (size_t i = 0; i < text.len; i++) {
		const char c = text.at[i];
		out[i] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
	}
	return str_of(out, text.len);
}
