#include "detect/key_ids.h"

#include <string.h>

enum { BASE64_LEN = 28 }; /* of 20 bytes, without the filling */

static bool is_part(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_id(const char *at)
{
	if (memcmp(at, "AKIA", 4) != 0 && memcmp(at, "ASIA", 4) != 0)
		return false;
	for (int i = 4; i < KEY_ID_LEN; i++)
		if (!is_part(at[i]))
			return false;
	return true;
}

/* 27 digits hold 20 bytes and 2 bits. */
static bool decode_id(struct str text, char id[KEY_ID_LEN + 1])
{
	char bytes[21];
	size_t out = 0;

	if (text.len < BASE64_LEN - 1)
		return false;
	for (size_t i = 0; i + 1 < BASE64_LEN && out < KEY_ID_LEN; i += 4) {
		int a = base64_digit(text.at[i]), b = base64_digit(text.at[i + 1]);
		int c = base64_digit(text.at[i + 2]);
		int d = i + 3 < BASE64_LEN - 1 ? base64_digit(text.at[i + 3]) : 0;
		if (a < 0 || b < 0 || c < 0 || d < 0)
			return false;
		bytes[out++] = (char)(a << 2 | b >> 4);
		bytes[out++] = (char)(b << 4 | c >> 2);
		bytes[out++] = (char)(c << 6 | d);
	}
	memcpy(id, bytes, KEY_ID_LEN);
	id[KEY_ID_LEN] = '\0';
	return is_id(id);
}

bool key_id_next(struct str *text, char id[KEY_ID_LEN + 1])
{
	for (size_t at = 0; at < text->len; at++) {
		struct str here = str_skip(*text, at);
		char before = at > 0 ? text->at[at - 1] : ' ';
		if (here.at[0] != 'A' && here.at[0] != 'Q')
			continue;
		bool is_plain = here.at[0] == 'A' && here.len >= KEY_ID_LEN && !is_part(before) &&
				is_id(here.at) &&
				(here.len == KEY_ID_LEN || !is_part(here.at[KEY_ID_LEN]));
		if (is_plain) {
			memcpy(id, here.at, KEY_ID_LEN);
			id[KEY_ID_LEN] = '\0';
			*text = str_skip(here, KEY_ID_LEN);
			return true;
		}
		bool may_be_coded =
			str_starts(here, STR("QUtJQ")) || str_starts(here, STR("QVNJQ"));
		if (may_be_coded && decode_id(here, id)) {
			*text = str_skip(here, BASE64_LEN - 1);
			return true;
		}
	}
	*text = (struct str){0};
	return false;
}
