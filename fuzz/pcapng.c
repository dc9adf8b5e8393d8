/* Any bytes as the blocks of a pcapng section that has one interface. */
#include "capture_windows.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	static const uint32_t start[] = {0x0a0d0d0a, 28, 0x1a2b3c4d, 1, UINT32_MAX, UINT32_MAX,
					 28,	     1,	 20,	     1, 0,	    20};
	uint8_t *whole = malloc(sizeof(start) + len);

	if (!whole)
		return 0;
	memcpy(whole, start, sizeof(start));
	memcpy(whole + sizeof(start), at, len);
	check_windows(whole, sizeof(start) + len);
	free(whole);
	return 0;
}
