/*
 * The state of a record_splitter, for the three files it is made of: record_splitter.c (between
 * records, lines, the buffer), splitter_record.c (inside of a record), splitter_damage.c (out of
 * step).
 */
#ifndef DAVY_DECODE_RECORD_SPLITTER_STATE_H
#define DAVY_DECODE_RECORD_SPLITTER_STATE_H

#include "base/buf.h"
#include "decode/record/record_splitter.h"
#include "decode/record/structure.h"

enum {
	KINDS_MAX = 1024, /* brackets nested deeper are counted, not compared */
	PLACES_MAX = 8,	  /* wrappers in wrappers */
	KEY_MAX = 64,
	LOOK_BACK = 512, /* bytes kept before what is still needed: more than SPACES_MAX twice */
	SPACES_MAX = 200,
};

/* Where a record that begins now would be; outside of all of them: between documents. */
enum place {
	PLACE_TOP,
	PLACE_LIST,
	PLACE_MEMBERS, /* of a wrapper, before or after its list */
};

enum doing {
	BETWEEN,
	IN_RECORD,
	IN_PLAIN, /* a record that is a line: its end alone is looked for */
	IN_LINE,
	LOST,
};

enum step { STEP_ON, STEP_MORE, STEP_PIECE };

struct first_key {
	char text[KEY_MAX]; /* with its quotes */
	size_t len;	    /* 0: not known */
};

struct record_splitter {
	struct buf pending;
	size_t record_max;
	uint64_t base;	/* offset of pending.at[0] in the input */
	size_t counted; /* `line` is the line of this byte of pending */
	uint64_t line;
	size_t at;    /* looked at so far */
	size_t start; /* of what is being read: a record, a line */
	enum doing doing;
	bool is_last;

	/* in a record */
	struct structure_carry carry;
	uint32_t depth;
	uint64_t kinds[KINDS_MAX / 64]; /* bit: an object, at each depth */
	bool is_passed_over;		/* a member of a wrapper that holds no records */
	/* a second reading after damage: every place where a record can begin is one */
	uint64_t strict_until;

	/* between records */
	enum place places[PLACES_MAX];
	size_t place_count;
	/* of the first record in this list, for after damage any may be the inside of one; outside
	 * of lists, of the last line */
	struct first_key first_key;
	struct first_key outer_key; /* the same of the outermost list of this document */
	bool is_plain;		    /* outside of lists: the last record was one line */
	bool wants_comma;	    /* in a list, after an item */
	bool in_key, is_escaped;
	char key[KEY_MAX]; /* of a wrapper's member */
	size_t key_len;

	/* out of step: from `start` on is damaged */
	struct record_piece lost;
	struct first_key damaged_key;
	bool is_dropped; /* it became too large: its text is not there any more */

	struct record_piece piece;
};

static inline enum place splitter_place(const struct record_splitter *s)
{
	return s->place_count > 0 ? s->places[s->place_count - 1] : PLACE_TOP;
}

static inline bool splitter_is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* In a document that begins at `from`. False: there are too many of them in one another. */
bool splitter_begin_list(struct record_splitter *s, size_t from);

/* `line` becomes that of this byte. */
void splitter_count_lines_to(struct record_splitter *s, size_t at);

/* splitter_damage.c */

enum beginning {
	BEGINS_NOTHING,
	BEGINS_LINE, /* an item, or a file that was appended */
	BEGINS_ITEM,
	BEGINS_OUTER_ITEM, /* whatever lists damage seemed to begin or end */
	BEGINS_UNKNOWN,	   /* more bytes will tell */
};

/* Where the spaces before `at` begin; not before `from`. */
size_t splitter_before_spaces(const struct record_splitter *s, size_t from, size_t at);
/* Is c the last byte before `at` but for spaces? Then its place is in *at. */
bool splitter_steps_back(const struct record_splitter *s, size_t *at, char c);
/* Of the record that begins at `start`, if its key ends before `end`. */
struct first_key splitter_key_before(const struct record_splitter *s, size_t end);
/* The { at `at`, in what may be a string or the inside of a record that is damaged. */
enum beginning splitter_begins_at(const struct record_splitter *s, size_t at);
/* A record begins there: the lists it lies in are known again. */
void splitter_begin_anew(struct record_splitter *s, enum beginning begins);
enum step splitter_hand_out(struct record_splitter *s, size_t end, enum piece_damage damage);
/* From `start` on is damaged, which shows at `seen`. */
enum step splitter_lose(struct record_splitter *s, size_t seen, enum piece_damage damage);
/* Look for the next place where a record can begin. */
enum step splitter_find_beginning(struct record_splitter *s);
/* What is out of step or too long is not kept for ever. */
void splitter_drop_when_too_large(struct record_splitter *s);

/* splitter_record.c: `at` is on or in a record */
enum step splitter_read_record(struct record_splitter *s);

#endif
