/*
 * How a list of ours is written: comments that say what it is ("# name: ..."), then its entries,
 * one a line. A # begins a comment anywhere; after the first entry comments say nothing more of the
 * list.
 */
#ifndef DAVY_LISTS_LIST_TEXT_H
#define DAVY_LISTS_LIST_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"

enum list_key { LIST_NAME, LIST_SOURCE, LIST_DATE, LIST_LICENCE, LIST_KEYS };

struct list_text {
	const char *noun, *entry; /* what refusals call it: "list" of "entry" */
	const char *file;
	struct error *why;
	size_t said_max; /* bytes of what it says under one key */
	size_t line_max; /* bytes; 0: any */
	/* An entry, never empty; 0 or a negative errno with `why` filled. */
	int (*take)(void *context, struct str entry);
	void *context;
	/* as far as it is read */
	uint32_t line;
	bool has_begun;
	struct str said[LIST_KEYS]; /* views of the text */
};

/* All lines of a text, or one after another. 0, -EINVAL with file and line, or what `take` says. */
must_check int list_text_read(struct list_text *in, struct str text);
must_check int list_text_line(struct list_text *in, struct str line);
/* From now on it has entries: -EINVAL unless it has said all that a list must say. */
must_check int list_text_begin(struct list_text *in);

/* -EINVAL, and where it is wrong. */
int list_text_refuse(const struct list_text *in, const char *what);

#endif
