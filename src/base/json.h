/*
 * Reading JSON tolerantly, into a flat table of nodes the caller owns: no allocation, no recursion.
 *
 * A miner must not hide behind one bad byte that a pool's parser forgives, so nothing is refused:
 * a byte-order mark, bad UTF-8, missing or trailing commas, raw control characters, unquoted
 * words, single quotes, comments and a document that is cut off are all read for what they mean,
 * and noted in `flaws`. Duplicate keys can be walked one by one, for parsers differ in which they
 * take.
 *
 * libsimdjson was measured and is faster, but refuses such text as a whole; two readers with two
 * opinions on the same bytes would be the evasion this one exists to prevent.
 */
#ifndef DAVY_BASE_JSON_H
#define DAVY_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/str.h"

enum json_kind {
	JSON_NONE, /* not there: what every look-up of something absent gives */
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

enum json_flaw {
	JSON_FLAW_CUT = 1 << 0,	      /* ends inside a string, array or object */
	JSON_FLAW_SYNTAX = 1 << 1,    /* commas, colons or brackets not where they belong */
	JSON_FLAW_BARE_WORD = 1 << 2, /* a word without quotes, or quoted by ' */
	JSON_FLAW_CONTROL = 1 << 3,   /* a raw control character inside a string */
	JSON_FLAW_TOO_DEEP = 1 << 4, /* nested deeper than JSON_DEPTH_MAX: the inner part is flat */
	JSON_FLAW_FULL = 1 << 5,     /* more values than nodes: the rest is not there */
	JSON_FLAW_MARK = 1 << 6,     /* begins with a byte-order mark */
	JSON_FLAW_COMMENT = 1 << 7,
};

enum { JSON_DEPTH_MAX = 64 };

struct json_node {
	uint32_t start, len; /* in the text; strings without their quotes, escapes not undone */
	uint32_t after;	     /* index of the node after this one's children */
	uint8_t kind;	     /* enum json_kind */
	bool has_escape;
	bool is_member; /* a value in an object: the node before is its key */
	bool is_last;	/* of its array or object; the root, too */
};

struct json {
	struct str text;
	struct json_node *nodes; /* the caller's */
	uint32_t count, cap;
	uint32_t flaws; /* enum json_flaw */
};

/* A value inside a document; passed by value. index UINT32_MAX: none. */
struct json_value {
	const struct json *json;
	uint32_t index;
};

/*
 * Read the first value in `text` (at most 4 GiB - 1).
 *
 * doc:     nodes and cap set by the caller; the rest is filled in. The views live as long as text.
 * returns: bytes consumed, through the end of the value; 0 when there is no value at all.
 */
size_t json_read(struct json *doc, struct str text);

struct json_value json_root(const struct json *doc);
enum json_kind json_kind(struct json_value v);
bool json_exists(struct json_value v);

/* Members of an object and items of an array; anything else has none. */
struct json_value json_member(struct json_value object, struct str key); /* the first */
struct json_value json_member_again(struct json_value previous,
				    struct str key); /* a duplicate after it */
struct json_value json_item(struct json_value array, size_t index);
size_t json_count(struct json_value container); /* items, or members */
bool json_has_duplicate(struct json_value object, struct str key);
enum { JSON_PICK_MAX = 64 };
/*
 * The first member under each of `keys`, at most JSON_PICK_MAX, in one walk: out[i] does not exist
 * where there is none. For objects of which several members are wanted. The case of ASCII letters
 * is not looked at: of one and the same log, exporters write eventName, EventName and eventname.
 */
void json_pick(struct json_value object, const struct str *keys, size_t count,
	       struct json_value *out);

/* Walk: first child, then next; for objects this gives values, json_key_of their keys. */
struct json_value json_first(struct json_value container);
struct json_value json_next(struct json_value previous);
/* The key of a value reached by json_first/json_next/json_member in an object (still escaped). */
struct json_value json_key_of(struct json_value member);

/* The raw text of any value; strings without quotes, with escapes. */
struct str json_raw_text(struct json_value v);
/*
 * The text of a string, number or bare word with escapes undone; a view into the document when
 * there are none, else into scratch, where the text is cut off at cap. Containers and null give
 * {0}.
 */
struct str json_text(struct json_value v, char *scratch, size_t cap);
bool json_text_is(struct json_value v, struct str text); /* compares meaning: escapes undone */

/* Numbers, also those written as strings; false on anything else. */
must_check bool json_to_u64(struct json_value v, uint64_t *out);
must_check bool json_to_double(struct json_value v, double *out);
bool json_is_true(struct json_value v);	  /* true, "true", 1 */
bool json_is_scalar(struct json_value v); /* string, number, true, false: has a json_text */

#endif
