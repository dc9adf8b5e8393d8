/* decode/constants: any bytes as a process's memory. What is found must fit what is promised. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "decode/constants/constants.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	static struct constant_scanner *scanner;
	static struct arena texts;
	struct constant_hit hits[CONSTANT_HITS_MAX];

	if (!scanner &&
	    (constant_scanner_new(&scanner, NULL) != 0 || arena_init(&texts, 65536) != 0))
		return 0;
	arena_reset(&texts);
	constant_scanner_begin(scanner, &texts);
	constant_scanner_scan(scanner, str_of(at, len), 4096);
	size_t count = constant_scanner_hits(scanner, hits);
	assert(count <= CONSTANT_HITS_MAX);
	for (size_t i = 0; i < count; i++)
		assert(hits[i].name && hits[i].text.len <= CONSTANT_TEXT_MAX);
	return 0;
}
