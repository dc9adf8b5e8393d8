/* decode/wallet: any bytes as a login. What is found must lie inside it. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "decode/wallet/wallet.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static void assert_inside(struct str part, struct str whole)
{
	assert(part.len == 0 ||
	       (part.at >= whole.at && part.at + part.len <= whole.at + whole.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	const struct str login = str_of(at, len);
	struct buf words = {0};
	struct wallet wallet;

	if (wallet_recognise(login, &wallet))
		assert(wallet.kind != WALLET_NONE && wallet.has_checksum == wallet.checksum_ok);
	else
		assert(!wallet.checksum_ok);
	assert_inside(wallet.address, login);
	assert_inside(wallet.scheme, login);
	assert_inside(wallet.worker, login);
	assert_inside(wallet.payment_id, login);
	assert_inside(wallet.difficulty, login);
	buf_add_wallet(&words, &wallet);
	buf_fini(&words);
	return 0;
}
