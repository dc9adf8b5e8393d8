#include "decode/record/fields.h"

#include <string.h>

/* A zone is at most this long, and so is what is appended where there is none. */
enum { TIME_TEXT_MAX = 48 };

/* What an instant can hold, in seconds: into the year 2261. */
#define SECONDS_END UINT64_C(9200000000)

struct str field_text(struct json_value v, struct arena *scratch)
{
	struct str raw = json_raw_text(v);

	if (!json_is_scalar(v) || raw.len == 0 || str_equal(raw, STR("-")))
		return (struct str){0};
	if (str_find_byte(raw, '\\') < 0)
		return raw;
	char *copy = arena_take(scratch, raw.len);
	return copy ? json_text(v, copy, raw.len) : (struct str){0};
}

bool field_address(struct json_value v, struct address *out)
{
	return json_kind(v) == JSON_STRING && address_from_text(json_raw_text(v), out);
}

bool field_port(struct json_value v, uint16_t *out)
{
	uint64_t port;

	if (!json_to_u64(v, &port) || port > UINT16_MAX)
		return false;
	*out = (uint16_t)port;
	return true;
}

bool field_time(struct json_value v, instant *out)
{
	return json_is_scalar(v) && time_from_text(json_raw_text(v), out);
}

bool time_from_text(struct str text, instant *out)
{
	char with_zone[TIME_TEXT_MAX + 1];
	uint64_t number;

	if (number_from_text(text, &number)) {
		*out = time_from_number(number);
		return true;
	}
	if (instant_parse(text, out))
		return true;
	if (text.len == 0 || text.len >= TIME_TEXT_MAX)
		return false;
	memcpy(with_zone, text.at, text.len);
	with_zone[text.len] = 'Z';
	return instant_parse(str_of(with_zone, text.len + 1), out);
}

instant time_from_number(uint64_t number)
{
	if (number < SECONDS_END)
		return instant_at((int64_t)number, 0);
	return (instant){number < SECONDS_END * 1000 ? (int64_t)(number * 1000000) : 0};
}

static bool v4_from_text(struct str text, struct address *out)
{
	uint8_t bytes[4];
	unsigned value = 0, digits = 0, count = 0;

	for (size_t i = 0; i < text.len; i++) {
		unsigned digit = (unsigned char)text.at[i] - (unsigned)'0';
		if (digit <= 9) {
			value = value * 10 + digit;
			if (++digits > 3 || value > 255)
				return false;
			continue;
		}
		if (text.at[i] != '.' || digits == 0 || count == 3)
			return false;
		bytes[count++] = (uint8_t)value;
		value = digits = 0;
	}
	if (count != 3 || digits == 0)
		return false;
	bytes[3] = (uint8_t)value;
	*out = address_v4_bytes(bytes);
	return true;
}

bool address_from_text(struct str text, struct address *out)
{
	return v4_from_text(text, out) || address_parse(text, out);
}
