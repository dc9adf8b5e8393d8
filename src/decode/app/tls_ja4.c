/* JA4: a client's software told from what its hello offers, whatever the order it offers it in. */
#include "decode/app/tls.h"

#include <sodium.h>
#include <stdio.h>

enum {
	CODES_MAX = TLS_HELLO_MAX / 2,
	HASH_DIGITS = 12,
	EXTENSION_SERVER_NAME = 0,
	EXTENSION_ALPN = 16,
};

struct codes {
	uint16_t at[CODES_MAX];
	size_t count;
};

static void codes_add(struct codes *codes, uint16_t code)
{
	if (!tls_is_grease(code) && codes->count < CODES_MAX)
		codes->at[codes->count++] = code;
}

static void codes_of_list(struct codes *codes, struct str list)
{
	struct reader in = reader_of(list);
	uint16_t code;

	codes->count = 0;
	while (read_be16(&in, &code))
		codes_add(codes, code);
}

/* Returns how many extensions there are, those left out of the list included. */
static size_t codes_of_extensions(struct codes *codes, struct str extensions)
{
	struct reader in = reader_of(extensions);
	uint16_t type, length;
	size_t total = 0;

	codes->count = 0;
	while (read_be16(&in, &type) && read_be16(&in, &length) && read_skip(&in, length)) {
		total += !tls_is_grease(type);
		if (type != EXTENSION_SERVER_NAME && type != EXTENSION_ALPN)
			codes_add(codes, type);
	}
	return total;
}

/* One pass a byte, least first: as fast for a hostile list of 16,384 codes as for 15. */
static void codes_sort(struct codes *codes)
{
	uint16_t other[CODES_MAX];
	uint16_t *from = codes->at, *to = other;

	for (unsigned shift = 0; shift < 16; shift += 8) {
		size_t place[257] = {0};
		for (size_t i = 0; i < codes->count; i++)
			place[(from[i] >> shift & 0xff) + 1]++;
		for (size_t i = 1; i < 257; i++)
			place[i] += place[i - 1];
		for (size_t i = 0; i < codes->count; i++)
			to[place[from[i] >> shift & 0xff]++] = from[i];
		uint16_t *swap = from;
		from = to;
		to = swap;
	}
}

/* "1301,1302,..." into the hash. */
static void hash_codes(crypto_hash_sha256_state *hash, const struct codes *codes)
{
	char text[8];

	for (size_t i = 0; i < codes->count; i++) {
		int len = snprintf(text, sizeof(text), "%s%04x", i ? "," : "", codes->at[i]);
		crypto_hash_sha256_update(hash, (const unsigned char *)text,
					  (unsigned long long)len);
	}
}

static void hash_text(crypto_hash_sha256_state *hash, char out[HASH_DIGITS + 1])
{
	unsigned char digest[crypto_hash_sha256_BYTES];

	crypto_hash_sha256_final(hash, digest);
	sodium_bin2hex(out, HASH_DIGITS + 1, digest, HASH_DIGITS / 2);
}

static void ciphers_hash(const struct codes *codes, char out[HASH_DIGITS + 1])
{
	crypto_hash_sha256_state hash;

	if (codes->count == 0) {
		memcpy(out, "000000000000", HASH_DIGITS + 1);
		return;
	}
	crypto_hash_sha256_init(&hash);
	hash_codes(&hash, codes);
	hash_text(&hash, out);
}

/* `codes` holds the sorted extensions, and is used up for the signature algorithms. */
static void extensions_hash(struct codes *codes, struct str signatures, char out[HASH_DIGITS + 1])
{
	crypto_hash_sha256_state hash;

	if (codes->count == 0) {
		memcpy(out, "000000000000", HASH_DIGITS + 1);
		return;
	}
	crypto_hash_sha256_init(&hash);
	hash_codes(&hash, codes);
	codes_of_list(codes, signatures);
	if (codes->count > 0)
		crypto_hash_sha256_update(&hash, (const unsigned char *)"_", 1);
	hash_codes(&hash, codes);
	hash_text(&hash, out);
}

static const char *version_text(uint16_t version)
{
	static const struct {
		uint16_t version;
		const char *text;
	} known[] = {
		{0x0304, "13"}, {0x0303, "12"}, {0x0302, "11"}, {0x0301, "10"}, {0x0300, "s3"},
		{0x0002, "s2"}, {0xfeff, "d1"}, {0xfefd, "d2"}, {0xfefc, "d3"},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (known[i].version == version)
			return known[i].text;
	return "00";
}

static bool is_alphanumeric(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* First and last character of the first protocol; of its hex form when one of them is odd. */
static void alpn_text(const struct tls_client_hello *hello, char out[2])
{
	static const char digits[] = "0123456789abcdef";
	struct str name = hello->alpn_count ? hello->alpn[0] : (struct str){0};

	out[0] = out[1] = '0';
	if (name.len == 0)
		return;
	uint8_t first = (uint8_t)name.at[0], last = (uint8_t)name.at[name.len - 1];
	if (is_alphanumeric(first) && is_alphanumeric(last)) {
		out[0] = (char)first;
		out[1] = (char)last;
		return;
	}
	out[0] = digits[first >> 4];
	out[1] = digits[last & 0xf];
}

void tls_ja4(const struct tls_client_hello *hello, char transport, char ja4[TLS_JA4_SIZE])
{
	char ciphers[HASH_DIGITS + 1], extensions[HASH_DIGITS + 1], alpn[2];
	struct codes codes;

	codes_of_list(&codes, hello->ciphers);
	codes_sort(&codes);
	ciphers_hash(&codes, ciphers);
	unsigned cipher_count = codes.count > 99 ? 99 : (unsigned)codes.count;

	size_t total = codes_of_extensions(&codes, hello->extensions);
	codes_sort(&codes);
	extensions_hash(&codes, hello->signature_algorithms, extensions);
	unsigned extension_count = total > 99 ? 99 : (unsigned)total;

	alpn_text(hello, alpn);
	snprintf(ja4, TLS_JA4_SIZE, "%c%s%c%02u%02u%c%c_%s_%s", transport,
		 version_text(hello->version), hello->has_server_name ? 'd' : 'i', cipher_count,
		 extension_count, alpn[0], alpn[1], ciphers, extensions);
}
