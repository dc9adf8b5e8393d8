#include "base/utf8.h"

size_t utf8_decode(struct str s, uint32_t *rune)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};

	if (s.len == 0)
		return 0;
	uint8_t first = (uint8_t)s.at[0];
	size_t len = first < 0x80    ? 1
		     : first >= 0xf0 ? 4
		     : first >= 0xe0 ? 3
		     : first >= 0xc0 ? 2
				     : 0;
	if (len == 0 || len > s.len || first >= 0xf8)
		return 0;
	uint32_t value = len == 1 ? first : first & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if (((uint8_t)s.at[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | ((uint8_t)s.at[i] & 0x3f);
	}
	if (value < smallest[len] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
		return 0;
	*rune = value;
	return len;
}

bool utf8_is_valid(struct str s)
{
	uint32_t rune;

	while (s.len > 0) {
		size_t len = utf8_decode(s, &rune);
		if (len == 0)
			return false;
		s = str_skip(s, len);
	}
	return true;
}

size_t utf8_encode(uint32_t rune, char out[4])
{
	if (rune > 0x10ffff || (rune >= 0xd800 && rune < 0xe000))
		rune = 0xfffd;
	if (rune < 0x80) {
		out[0] = (char)rune;
		return 1;
	}
	size_t len = rune < 0x800 ? 2 : rune < 0x10000 ? 3 : 4;
	for (size_t i = len - 1; i > 0; i--) {
		out[i] = (char)(0x80 | (rune & 0x3f));
		rune >>= 6;
	}
	out[0] = (char)(0xf00u >> len | rune);
	return len;
}
