/*
 * Cutting a log into its records without holding more than one of them: bytes in any pieces in,
 * texts of single records out, each with its offset and line.
 *
 * A record is a JSON object: one a line, printed over many lines, one after the other, an item of a
 * list, or an item of the list that the provider's files wrap their records in ("Records",
 * "records", "items", "value", "Events", "logEvents", "entries", "Findings"). What begins with
 * something else is a line of text.
 *
 * Brackets are counted, strings passed over; what is between them is not looked at. Where this
 * shows that the text is damaged (a line end in a string, a letter right after one, brackets that
 * do not match, a record that is cut off or too large), the record ends at the next place where one
 * can begin: a { at the start of a line, or, in a list, "},{" and the same first key. What comes
 * after is read as if nothing had been before, and each byte is looked at no more than a few times.
 */
#ifndef DAVY_DECODE_RECORD_RECORD_SPLITTER_H
#define DAVY_DECODE_RECORD_RECORD_SPLITTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/str.h"

enum { RECORD_SIZE_DEFAULT = 16 * 1024 * 1024 };

enum piece_damage {
	PIECE_WHOLE,
	PIECE_DAMAGED,
	PIECE_CUT,	 /* by the end of the input */
	PIECE_TOO_LARGE, /* passed over: has no text */
};

struct record_piece {
	struct str text;       /* lives until the next record_splitter_feed */
	uint64_t offset, line; /* of its first byte in the input; line from 1 */
	enum piece_damage damage;
	bool is_line; /* a line of text, without its end; else an object */
};

struct record_splitter;

/* record_max: bytes of the largest record that is read; 0: RECORD_SIZE_DEFAULT. 0 or -ENOMEM. */
must_check int record_splitter_new(size_t record_max, struct record_splitter **out);
void record_splitter_free(struct record_splitter *splitter); /* NULL is allowed */
/* Another input begins; the memory is kept. */
void record_splitter_reset(struct record_splitter *splitter);

void record_splitter_feed(struct record_splitter *splitter, struct str bytes);
void record_splitter_end(struct record_splitter *splitter); /* no more bytes will come */
/* False: all that was fed is used up. */
bool record_splitter_next(struct record_splitter *splitter, struct record_piece *out);

/* Is this the key of a list of records in one of the wrappers? */
bool record_splitter_is_wrapper(struct str key);

#endif
