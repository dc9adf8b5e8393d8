/* decode/memory: any bytes as memory, read in pieces; whatever is found must lie in what was read.
 */
#include <assert.h>

#include "decode/memory/pads.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

enum { PAGES_MOST = 1100 }; /* two pads of 2 MiB and what is around them */

/* Each byte of the input is a page: of that seed's noise, or (even) of one byte over and over. */
static void fill(char page[PAD_PAGE_BYTES], uint8_t seed)
{
	uint64_t x = seed;

	for (size_t i = 0; i < PAD_PAGE_BYTES; i++) {
		x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		page[i] = (char)(seed % 2 ? x >> 56 : seed);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	static char pages[256][PAD_PAGE_BYTES];
	static bool is_filled;
	struct pad_finder finder = {0};

	for (unsigned i = 0; !is_filled && i < 256; i++)
		fill(pages[i], (uint8_t)i);
	is_filled = true;
	if (len > PAGES_MOST)
		len = PAGES_MOST;
	for (size_t i = 0; i < len; i++) {
		/* now and then a piece that does not follow, or is cut */
		uint64_t address = (i + (at[i] > 250)) * PAD_PAGE_BYTES;
		pad_finder_read(&finder, str_of(pages[at[i]], PAD_PAGE_BYTES - (at[i] == 249)),
				address);
	}
	pad_finder_end(&finder);
	assert(finder.count <= PADS_MAX && finder.bytes == 0);
	for (size_t i = 0; i < finder.count; i++) {
		const struct memory_pad *pad = &finder.pads[i];
		assert(pad->bytes > 0 && pad->address + pad->bytes <= (len + 1) * PAD_PAGE_BYTES);
		assert(i == 0 || finder.pads[i - 1].address <= pad->address);
	}
	return 0;
}
