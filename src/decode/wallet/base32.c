#include "decode/wallet/base32.h"

#include <string.h>

const char bech32_alphabet[33] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_mixed_case(struct str text)
{
	bool upper = false, small = false;

	for (size_t i = 0; i < text.len; i++) {
		upper |= text.at[i] >= 'A' && text.at[i] <= 'Z';
		small |= text.at[i] >= 'a' && text.at[i] <= 'z';
	}
	return upper && small;
}

size_t base32_values(struct str payload, const char *alphabet, uint8_t *values, size_t cap)
{
	if (payload.len > cap || is_mixed_case(payload))
		return 0;
	for (size_t i = 0; i < payload.len; i++) {
		const char *at = memchr(alphabet, lower(payload.at[i]), 32);
		if (!at)
			return 0;
		values[i] = (uint8_t)(at - alphabet);
	}
	return payload.len;
}

static uint32_t polymod_30(uint32_t sum, uint8_t value)
{
	static const uint32_t generator[5] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
					      0x2a1462b3};
	const uint32_t top = sum >> 25;

	sum = (sum & 0x1ffffff) << 5 ^ value;
	for (unsigned i = 0; i < 5; i++)
		if (top >> i & 1)
			sum ^= generator[i];
	return sum;
}

static uint64_t polymod_40(uint64_t sum, uint8_t value)
{
	static const uint64_t generator[5] = {0x98f2bc8e61, 0x79b76d99e2, 0xf33e5fb3c4,
					      0xae2eabe2a8, 0x1e4f43e470};
	const uint64_t top = sum >> 35;

	sum = (sum & 0x07ffffffff) << 5 ^ value;
	for (unsigned i = 0; i < 5; i++)
		if (top >> i & 1)
			sum ^= generator[i];
	return sum;
}

/* The last '1': the prefix may hold more of them, the data may not. */
static size_t separator_of(struct str text)
{
	size_t at = text.len;

	while (at > 0 && text.at[at - 1] != '1')
		at--;
	return at; /* one past the separator; 0: none */
}

bool bech32_read(struct str text, struct bech32 *out)
{
	const size_t past = text.len <= BASE32_TEXT_MAX ? separator_of(text) : 0;
	uint32_t sum = 1;
	size_t count;

	if (past < 2 || text.len - past < 6 || is_mixed_case(text))
		return false;
	count = base32_values(str_skip(text, past), bech32_alphabet, out->values,
			      sizeof(out->values));
	if (count == 0)
		return false;
	out->prefix = str_sub(text, 0, past - 1);
	for (size_t i = 0; i < out->prefix.len; i++)
		sum = polymod_30(sum, (uint8_t)lower(out->prefix.at[i]) >> 5);
	sum = polymod_30(sum, 0);
	for (size_t i = 0; i < out->prefix.len; i++)
		sum = polymod_30(sum, (uint8_t)lower(out->prefix.at[i]) & 31);
	for (size_t i = 0; i < count; i++)
		sum = polymod_30(sum, out->values[i]);
	out->form = sum == 1 ? BECH32_FIRST : sum == 0x2bc830a3 ? BECH32_M : BECH32_NONE;
	out->count = count - 6;
	return true;
}

bool base32_checksum_40(struct str prefix, const uint8_t *values, size_t count)
{
	uint64_t sum = 1;

	for (size_t i = 0; i < prefix.len; i++)
		sum = polymod_40(sum, (uint8_t)lower(prefix.at[i]) & 31);
	sum = polymod_40(sum, 0);
	for (size_t i = 0; i < count; i++)
		sum = polymod_40(sum, values[i]);
	return sum == 1;
}

ptrdiff_t base32_to_bytes(const uint8_t *values, size_t count, uint8_t *out, size_t cap)
{
	uint32_t bits = 0;
	unsigned held = 0;
	size_t written = 0;

	for (size_t i = 0; i < count; i++) {
		bits = (bits << 5 | values[i]) & 0xfff;
		held += 5;
		if (held >= 8) {
			if (written == cap)
				return -1;
			held -= 8;
			out[written++] = (uint8_t)(bits >> held);
		}
	}
	if (held >= 5 || (bits & ((1u << held) - 1)) != 0)
		return -1;
	return (ptrdiff_t)written;
}
