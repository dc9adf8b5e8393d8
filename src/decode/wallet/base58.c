#include "decode/wallet/base58.h"

#include <string.h>

static int digit_of(char c)
{
	if (c >= '1' && c <= '9')
		return c - '1';
	if (c >= 'A' && c <= 'H')
		return c - 'A' + 9;
	if (c >= 'J' && c <= 'N')
		return c - 'J' + 17;
	if (c >= 'P' && c <= 'Z')
		return c - 'P' + 22;
	if (c >= 'a' && c <= 'k')
		return c - 'a' + 33;
	if (c >= 'm' && c <= 'z')
		return c - 'm' + 44;
	return -1;
}

bool base58_is(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (digit_of(text.at[i]) < 0)
			return false;
	return text.len > 0;
}

ptrdiff_t base58_decode(struct str text, uint8_t *out, size_t cap)
{
	size_t zeros = 0, used = 0; /* out[cap - used ..] holds the number so far */

	while (zeros < text.len && text.at[zeros] == '1')
		zeros++;
	for (size_t i = zeros; i < text.len; i++) {
		const int digit = digit_of(text.at[i]);
		unsigned carry = (unsigned)digit;

		if (digit < 0)
			return -1;
		for (size_t k = 0; k < used; k++) {
			carry += 58u * out[cap - 1 - k];
			out[cap - 1 - k] = (uint8_t)carry;
			carry >>= 8;
		}
		if (carry > 0) {
			if (used == cap)
				return -1;
			out[cap - 1 - used++] = (uint8_t)carry;
		}
	}
	if (zeros + used > cap)
		return -1;
	memmove(out + zeros, out + cap - used, used);
	memset(out, 0, zeros);
	return (ptrdiff_t)(zeros + used);
}

static bool decode_block(struct str digits, uint8_t *out, size_t bytes)
{
	uint64_t number = 0;

	for (size_t i = 0; i < digits.len; i++) {
		const int digit = digit_of(digits.at[i]);
		if (digit < 0 || __builtin_mul_overflow(number, 58, &number) ||
		    __builtin_add_overflow(number, (uint64_t)digit, &number))
			return false;
	}
	if (bytes < 8 && number >> (8 * bytes) != 0)
		return false;
	for (size_t i = 0; i < bytes; i++)
		out[i] = (uint8_t)(number >> (8 * (bytes - 1 - i)));
	return true;
}

ptrdiff_t base58_decode_blocks(struct str text, uint8_t *out, size_t cap)
{
	/* bytes in a block of so many digits; 0: there is no such block */
	static const uint8_t bytes_of[12] = {0, 0, 1, 2, 0, 3, 4, 5, 0, 6, 7, 8};
	size_t written = 0;

	while (text.len > 0) {
		const struct str block = str_sub(text, 0, 11);
		const size_t bytes = bytes_of[block.len];
		if (bytes == 0 || written + bytes > cap ||
		    !decode_block(block, out + written, bytes))
			return -1;
		written += bytes;
		text = str_skip(text, block.len);
	}
	return (ptrdiff_t)written;
}
