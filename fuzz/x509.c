#include "decode/app/x509.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct x509_names names;
	volatile char sink = 0;

	(void)x509_names_read(str_of(bytes, len), &names);
	for (size_t i = 0; i < names.dns_count; i++)
		sink ^= names.dns[i].at[names.dns[i].len - 1];
	return 0;
}
