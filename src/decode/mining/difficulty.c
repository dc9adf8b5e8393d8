#include "decode/mining/difficulty.h"

#include <math.h>
#include <string.h>

enum { TARGET_BYTES = 32 };

/* 2^256 / (target + 1), the target big-endian; the 53 bits of a double are all that is asked for */
static bool hashes_from_bytes(const uint8_t target[TARGET_BYTES], double *hashes)
{
	double number = 0;
	bool is_zero = true;

	for (unsigned i = 0; i < TARGET_BYTES; i++) {
		number = number * 256 + target[i];
		is_zero &= target[i] == 0;
	}
	if (is_zero)
		return false;
	*hashes = fmax(ldexp(1, 256) / (number + 1), 1);
	return true;
}

static bool from_cryptonote(struct str text, double *hashes)
{
	uint8_t bytes[8];
	const ptrdiff_t len = str_decode_hex(text, bytes, sizeof(bytes));
	uint64_t target = 0;

	if (len != 4 && len != 8)
		return false;
	for (ptrdiff_t i = len; i-- > 0;)
		target = target << 8 | bytes[i];
	if (target == 0)
		return false;
	*hashes = fmax(ldexp(1, (int)(8 * len)) / (double)target, 1);
	return true;
}

static bool from_hex(struct str text, double *hashes)
{
	uint8_t target[TARGET_BYTES] = {0};
	size_t digits;

	if (str_starts_nocase(text, STR("0x")))
		text = str_skip(text, 2);
	digits = text.len;
	if (!str_is_hex(text) || digits > (size_t)TARGET_BYTES * 2)
		return false;
	for (size_t i = 0; i < digits; i++) { /* from the last digit: an odd count is fine */
		const unsigned digit = (unsigned)hex_digit(text.at[digits - 1 - i]);
		target[TARGET_BYTES - 1 - i / 2] |= (uint8_t)(i % 2 ? digit << 4 : digit);
	}
	return hashes_from_bytes(target, hashes);
}

static bool from_decimal(struct str text, double *hashes)
{
	uint8_t target[TARGET_BYTES] = {0};

	if (text.len == 0 || text.len > 78)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		unsigned carry;
		if (text.at[i] < '0' || text.at[i] > '9')
			return false;
		carry = (unsigned)(text.at[i] - '0');
		for (unsigned k = TARGET_BYTES; k-- > 0; carry >>= 8) {
			carry += 10u * target[k];
			target[k] = (uint8_t)carry;
		}
		if (carry > 0)
			return false;
	}
	return hashes_from_bytes(target, hashes);
}

/* One byte of exponent, three of mantissa with a sign bit: mantissa * 256^(exponent - 3). */
static bool from_nbits(struct str text, double *hashes)
{
	uint8_t bits[4];
	double target;
	unsigned mantissa;

	if (str_decode_hex(text, bits, sizeof(bits)) != 4)
		return false;
	mantissa = (unsigned)bits[1] << 16 | (unsigned)bits[2] << 8 | bits[3];
	if (mantissa == 0 || mantissa > 0x7fffff || bits[0] > 34)
		return false;
	target = floor(ldexp(mantissa, 8 * (bits[0] - 3)));
	if (target < 1)
		return false;
	*hashes = fmax(ldexp(1, 256) / (target + 1), 1);
	return true;
}

bool hashes_from_target(enum target_form form, struct str target, double *hashes)
{
	switch (form) {
	case TARGET_CRYPTONOTE:
		return from_cryptonote(target, hashes);
	case TARGET_256_HEX:
		return from_hex(target, hashes);
	case TARGET_256_DECIMAL:
		return from_decimal(target, hashes);
	case TARGET_NBITS:
		return from_nbits(target, hashes);
	}
	return false;
}

static double hashes_at_one(enum difficulty_unit unit)
{
	switch (unit) {
	case DIFFICULTY_HASHES:
		return 1;
	case DIFFICULTY_BITCOIN:
		return 281474976710656.0 / 65535;
	case DIFFICULTY_SCRYPT:
		return 4294967296.0 / 65535;
	case DIFFICULTY_NICEHASH:
	case DIFFICULTY_KASPA:
		return 4294967296.0;
	}
	return 1;
}

/* What is no positive number, or too great to be one, says nothing. */
static double or_nothing(double number)
{
	return isfinite(number) && number > 0 ? number : 0;
}

double hashes_from_difficulty(enum difficulty_unit unit, double difficulty)
{
	return or_nothing(difficulty * hashes_at_one(unit));
}

double difficulty_from_hashes(enum difficulty_unit unit, double hashes)
{
	return or_nothing(hashes / hashes_at_one(unit));
}

bool difficulty_from_target(enum target_form form, enum difficulty_unit unit, struct str target,
			    double *difficulty)
{
	double hashes;

	if (!hashes_from_target(form, target, &hashes))
		return false;
	*difficulty = difficulty_from_hashes(unit, hashes);
	return true;
}
