#include <assert.h>

#include "decode/app/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void take(void *context, const struct dns_naming *naming)
{
	(void)context;
	assert(naming->name.len <= DNS_NAME_SIZE && naming->owner.len <= DNS_NAME_SIZE);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct reader in = reader_of(str_of(bytes, len));
	struct dns_message message;
	struct str one;

	if (dns_message_read(str_of(bytes, len), &message) == DECODED)
		dns_names_of(&message, take, NULL);
	while (dns_tcp_next(&in, &one) == DECODED)
		if (dns_message_read(one, &message) == DECODED)
			dns_names_of(&message, take, NULL);
	return 0;
}
