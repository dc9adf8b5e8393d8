#include "detect/cluster/base64_text.h"

#include <sodium.h>

enum { QUAD = 4, QUAD_BYTES = 3 };

static struct str without_padding(struct str text)
{
	while (text.len > 0 && text.at[text.len - 1] == '=')
		text.len--;
	return text;
}

bool base64_is(struct str text)
{
	text = without_padding(text);
	for (size_t i = 0; i < text.len; i++)
		if (base64_digit(text.at[i]) < 0)
			return false;
	return text.len > 0;
}

/*
 * base64(1) gives what it has read before it complains, and so does this: the last quad counts
 * only when it is whole, or ends as base64 ends.
 */
size_t base64_decode(struct str text, char *out, size_t cap)
{
	const bool is_url = str_find_byte(text, '-') >= 0 || str_find_byte(text, '_') >= 0;
	const int variant = is_url ? sodium_base64_VARIANT_URLSAFE_NO_PADDING
				   : sodium_base64_VARIANT_ORIGINAL_NO_PADDING;
	size_t len = 0, tail = 0;

	text = str_sub(without_padding(text), 0, cap / QUAD_BYTES * QUAD);
	struct str whole = str_sub(text, 0, text.len / QUAD * QUAD);
	if (whole.len > 0 && sodium_base642bin((unsigned char *)out, cap, whole.at, whole.len, NULL,
					       &len, NULL, variant) != 0)
		return 0;
	struct str rest = str_skip(text, whole.len);
	if (rest.len > 1 && sodium_base642bin((unsigned char *)out + len, cap - len, rest.at,
					      rest.len, NULL, &tail, NULL, variant) == 0)
		len += tail;
	return len;
}
