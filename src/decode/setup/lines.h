/* Lines and words of set-up files: inside this folder only. */
#ifndef DAVY_DECODE_SETUP_LINES_H
#define DAVY_DECODE_SETUP_LINES_H

#include "base/str.h"

static inline bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\v' || c == '\f';
}

/* The next word between blanks; false and an empty one at the end. */
static inline bool take_word(struct str *rest, struct str *word)
{
	size_t len = 0;

	*rest = str_trim(*rest);
	while (len < rest->len && !is_blank(rest->at[len]))
		len++;
	*word = str_sub(*rest, 0, len);
	*rest = str_trim(str_skip(*rest, len));
	return len > 0;
}

#endif
