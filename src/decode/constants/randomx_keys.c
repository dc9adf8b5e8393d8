#include "decode/constants/randomx_keys.h"

#include <sodium.h>
#include <string.h>

void randomx_keys_make(uint8_t keys[RANDOMX_KEYS][RANDOMX_KEY_BYTES])
{
	static const struct {
		const char *sentence;
		size_t bytes;
	} sources[] = {
		{"RandomX AesGenerator1R keys", 64},	 {"RandomX AesGenerator4R keys 0-3", 64},
		{"RandomX AesGenerator4R keys 4-7", 64}, {"RandomX AesHash1R state", 64},
		{"RandomX AesHash1R xkeys", 32},
	};
	uint8_t *at = keys[0];

	for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++) {
		crypto_generichash(at, sources[i].bytes, (const uint8_t *)sources[i].sentence,
				   strlen(sources[i].sentence), NULL, 0);
		at += sources[i].bytes;
	}
}
