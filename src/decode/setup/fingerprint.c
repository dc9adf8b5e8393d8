#include <string.h>

#include <sodium.h>

#include "decode/setup/setup.h"

enum { KEY_MAX = 4096 }; /* RSA of 16384 bits has 2 KiB */

bool setup_key_fingerprint(struct str base64, char out[SETUP_FINGERPRINT_LEN + 1])
{
	unsigned char key[KEY_MAX], hash[crypto_hash_sha256_BYTES];
	size_t len = 0;

	if (base64.len == 0 ||
	    sodium_base642bin(key, sizeof(key), base64.at, base64.len, NULL, &len, NULL,
			      sodium_base64_VARIANT_ORIGINAL) != 0 ||
	    len < 16)
		return false;
	crypto_hash_sha256(hash, key, len);
	memcpy(out, "SHA256:", 7);
	sodium_bin2base64(out + 7, SETUP_FINGERPRINT_LEN + 1 - 7, hash, sizeof(hash),
			  sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
	return true;
}
