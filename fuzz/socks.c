/* First byte: how much of the rest the client said; what is left is the server's. */
#include <assert.h>

#include "decode/app/socks.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct socks_dialogue is;

	if (len == 0)
		return 0;
	struct str all = str_of(bytes + 1, len - 1);
	struct str client = str_sub(all, 0, bytes[0]), server = str_skip(all, bytes[0]);
	(void)socks_client_starts(client);
	(void)socks_server_starts(server);
	(void)socks_dialogue_read(client, server, &is);
	assert(!is.has_client_inner || is.client_inner <= client.len);
	assert(!is.has_server_inner || is.server_inner <= server.len);
	return 0;
}
