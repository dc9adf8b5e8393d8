/* First byte: which side the stream is of. */
#include "decode/app/tls.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static char memory[TLS_SCRATCH];
	struct arena scratch = {.at = memory, .cap = sizeof(memory)};
	struct tls_client_hello hello;
	struct tls_server_flight flight;
	char ja4[TLS_JA4_SIZE];

	if (len == 0)
		return 0;
	struct str stream = str_of(bytes + 1, len - 1);
	(void)tls_is_certain(stream);
	if (bytes[0] & 1)
		(void)tls_server_flight_read(stream, &scratch, &flight);
	else if (tls_client_hello_read(stream, &scratch, &hello) == DECODED)
		tls_ja4(&hello, 't', ja4);
	return 0;
}
