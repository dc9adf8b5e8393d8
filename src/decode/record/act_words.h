/*
 * For the tests of this folder: what was told of a record, as words on one line, those of empty
 * fields left out. "!" behind the source: its address was understood.
 *
 * Not a decoder: it is compiled into tests only.
 */
#ifndef DAVY_DECODE_RECORD_ACT_WORDS_H
#define DAVY_DECODE_RECORD_ACT_WORDS_H

#include <stddef.h>

/* NUL-terminated, valid until the next call. ' is as good as " in `text`. */
const char *act_words(const char *text);

struct act_case {
	const char *name, *text, *words;
};

/* Each case's words are as wanted; prints the name and both of the first that differs. */
void act_check(const struct act_case *cases, size_t count);

#endif
