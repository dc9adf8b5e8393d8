#include "base/str.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct str str_from(const char *text)
{
	return (struct str){text, text ? strlen(text) : 0};
}

bool str_equal_nocase(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || strncasecmp(a.at, b.at, a.len) == 0);
}

bool str_starts_nocase(struct str s, struct str prefix)
{
	return s.len >= prefix.len && str_equal_nocase(str_sub(s, 0, prefix.len), prefix);
}

bool str_ends(struct str s, struct str suffix)
{
	return s.len >= suffix.len && str_equal(str_skip(s, s.len - suffix.len), suffix);
}

int str_compare(struct str a, struct str b)
{
	size_t shared = a.len < b.len ? a.len : b.len;
	int order = shared ? memcmp(a.at, b.at, shared) : 0;

	if (order != 0)
		return order;
	return a.len < b.len ? -1 : a.len > b.len;
}

ptrdiff_t str_find(struct str s, struct str text)
{
	if (text.len == 0)
		return 0;
	const char *found = s.len ? memmem(s.at, s.len, text.at, text.len) : NULL;
	return found ? found - s.at : -1;
}

ptrdiff_t str_find_nocase(struct str s, struct str text)
{
	for (size_t i = 0; i + text.len <= s.len; i++)
		if (str_equal_nocase(str_sub(s, i, text.len), text))
			return (ptrdiff_t)i;
	return -1;
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str str_trim(struct str s)
{
	while (s.len > 0 && is_space(s.at[0]))
		s = str_skip(s, 1);
	while (s.len > 0 && is_space(s.at[s.len - 1]))
		s.len--;
	return s;
}

bool str_cut(struct str s, char separator, struct str *head, struct str *tail)
{
	ptrdiff_t at = str_find_byte(s, separator);

	if (at < 0) {
		*head = s;
		*tail = str_skip(s, s.len);
		return false;
	}
	*head = str_sub(s, 0, (size_t)at);
	*tail = str_skip(s, (size_t)at + 1);
	return true;
}

struct str str_file_name(struct str path)
{
	for (size_t i = path.len; i > 0; i--)
		if (path.at[i - 1] == '/')
			return str_skip(path, i);
	return path;
}

bool str_to_u64(struct str s, uint64_t *out)
{
	uint64_t value = 0;

	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] < '0' || s.at[i] > '9')
			return false;
		if (__builtin_mul_overflow(value, 10u, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(s.at[i] - '0'), &value))
			return false;
	}
	*out = value;
	return true;
}

bool str_to_double(struct str s, double *out)
{
	char text[64];
	char *end;

	if (s.len == 0 || s.len >= sizeof(text))
		return false;
	for (size_t i = 0; i < s.len; i++) /* strtod takes "inf", "nan", hex and blanks too */
		if (!strchr("0123456789+-.eE", s.at[i]) || s.at[i] == '\0')
			return false;
	memcpy(text, s.at, s.len);
	text[s.len] = '\0';
	*out = strtod(text, &end);
	return end == text + s.len;
}

int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

int base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	return c == '/' || c == '_' ? 63 : -1;
}

int str_percent_byte(struct str s, size_t at)
{
	if (s.len < 3 || at > s.len - 3 || s.at[at] != '%')
		return -1;
	int high = hex_digit(s.at[at + 1]), low = hex_digit(s.at[at + 2]);
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

bool str_hex_to_u64(struct str s, uint64_t *out)
{
	uint64_t value = 0;

	if (str_starts_nocase(s, STR("0x")))
		s = str_skip(s, 2);
	if (s.len > 16 || !str_is_hex(s))
		return false;
	for (size_t i = 0; i < s.len; i++)
		value = value << 4 | (uint64_t)hex_digit(s.at[i]);
	*out = value;
	return true;
}

bool str_is_hex(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (hex_digit(s.at[i]) < 0)
			return false;
	return s.len > 0;
}

ptrdiff_t str_decode_hex(struct str s, uint8_t *out, size_t cap)
{
	if (s.len % 2 != 0 || s.len / 2 > cap)
		return -1;
	for (size_t i = 0; i < s.len / 2; i++) {
		int high = hex_digit(s.at[2 * i]), low = hex_digit(s.at[2 * i + 1]);
		if (high < 0 || low < 0)
			return -1;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return (ptrdiff_t)(s.len / 2);
}
