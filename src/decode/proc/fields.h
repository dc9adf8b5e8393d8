/*
 * Lines and columns of the kernel's texts in /proc: inside this folder only.
 *
 * The kernel writes them, but names and paths in them are a process's own choice, and a file may be
 * cut off anywhere: a line that is not what it should be is passed over, never guessed at.
 */
#ifndef DAVY_DECODE_PROC_FIELDS_H
#define DAVY_DECODE_PROC_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* The next line without its end; false when nothing is left. The last may lack its end. */
static inline bool next_line(struct str *rest, struct str *line)
{
	if (rest->len == 0)
		return false;
	(void)str_cut(*rest, '\n', line, rest);
	return true;
}

/* The next word between blanks; false at the end of the line. */
static inline bool next_word(struct str *rest, struct str *word)
{
	while (rest->len && (rest->at[0] == ' ' || rest->at[0] == '\t'))
		*rest = str_skip(*rest, 1);
	size_t len = 0;
	while (len < rest->len && rest->at[len] != ' ' && rest->at[len] != '\t')
		len++;
	*word = str_sub(*rest, 0, len);
	*rest = str_skip(*rest, len);
	return len > 0;
}

static inline bool skip_words(struct str *rest, unsigned count)
{
	struct str word;

	while (count--)
		if (!next_word(rest, &word))
			return false;
	return true;
}

must_check static inline bool next_number(struct str *rest, uint64_t *out)
{
	struct str word;

	return next_word(rest, &word) && str_to_u64(word, out);
}

/* A number that may be negative; saturates at the ends of int64_t. */
must_check static inline bool next_signed(struct str *rest, int64_t *out)
{
	struct str word;
	uint64_t value;

	if (!next_word(rest, &word))
		return false;
	bool is_negative = word.at[0] == '-';
	if (!str_to_u64(str_skip(word, is_negative), &value))
		return false;
	if (value > INT64_MAX)
		value = INT64_MAX;
	*out = is_negative ? -(int64_t)value : (int64_t)value;
	return true;
}

#endif
