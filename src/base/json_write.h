/*
 * Writing JSON into a buf: commas and escapes are kept right here and nowhere else.
 *
 *     struct json_writer w = {.out = &out};
 *     json_open(&w, '{'); json_key(&w, "port"); json_number(&w, 3333); json_close(&w, '}');
 *
 * Strings are hostile bytes: what is no UTF-8 is written as U+FFFD, controls as \u00XX, so the
 * output is always valid JSON and never holds a raw control character.
 */
#ifndef DAVY_BASE_JSON_WRITE_H
#define DAVY_BASE_JSON_WRITE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/instant.h"
#include "base/str.h"

struct json_writer {
	struct buf *out;
	bool needs_comma;
};

void json_open(struct json_writer *w, char bracket);  /* '{' or '[' */
void json_close(struct json_writer *w, char bracket); /* '}' or ']' */
void json_key(struct json_writer *w, const char *key);
void json_key_view(struct json_writer *w, struct str key); /* a key that is a view */
void json_string(struct json_writer *w, struct str text);
void json_integer(struct json_writer *w, int64_t value);
void json_unsigned(struct json_writer *w, uint64_t value);
void json_double(struct json_writer *w,
		 double value); /* shortest of 15 digits; NaN and inf: null */
void json_bool(struct json_writer *w, bool value);
void json_null(struct json_writer *w);
void json_instant(struct json_writer *w, instant at);
void json_raw(struct json_writer *w, struct str json); /* a finished JSON value */

/* key and value in one; the string form leaves out an empty value */
void json_key_string(struct json_writer *w, const char *key, struct str text);
void json_key_unsigned(struct json_writer *w, const char *key, uint64_t value);
void json_key_double(struct json_writer *w, const char *key, double value);

#endif
