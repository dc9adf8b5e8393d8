/* The capture reader on any bytes. */
#include "capture_windows.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	check_windows(at, len);
	return 0;
}
