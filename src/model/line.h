/*
 * The JSON lines of the model, in pieces: what findings and incidents have in common when they are
 * written, and members read back with their types checked.
 *
 * Lines are our own (written here, read from a pipe or the store), but the writer may be a worker
 * that was taken over. So reading is strict: any flaw of syntax or type fails the whole line. Only
 * unknown keys are passed over, for a newer writer may have more. The first failure sticks; what is
 * read after it is empty, so that a reader checks once, at the end.
 */
#ifndef DAVY_MODEL_LINE_H
#define DAVY_MODEL_LINE_H

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/json.h"
#include "base/json_write.h"
#include "model/finding.h"

enum {
	LINE_SCHEMA = 1,
	LINE_MAX_BYTES = 256 * 1024,		       /* longer lines are refused when read */
	LINE_TEXTS_MAX = 64,			       /* texts in one list of a fact */
	LINE_ARENA_BYTES = 24 * LINE_MAX_BYTES + 4096, /* an arena that any line fits into */
};

/* Writing. Empty texts in a list are left out; of two facts with one name the first is written. */
void line_write_text(struct json_writer *w, const char *key, struct str text);
void line_write_optional(struct json_writer *w, const char *key, struct str text); /* or null */
void line_write_instant(struct json_writer *w, const char *key, instant at);
void line_write_confidence(struct json_writer *w, double confidence);
void line_write_texts(struct json_writer *w, const char *key, const struct str *texts,
		      size_t count);
void line_write_facts(struct json_writer *w, const struct facts *facts); /* members only */
void line_write_actions(struct json_writer *w, const struct action *actions, size_t count);

struct line {
	struct json doc;
	struct arena *arena;
	struct error *why;
	int result; /* 0, -EBADMSG or -ENOMEM: the first thing that went wrong */
};

/*
 * Read one line of the kind given.
 *
 * text:    the line without its end; views into it are handed out, so it must outlive them
 * arena:   for nodes and texts with escapes; LINE_ARENA_BYTES is enough for any line
 * returns: 0; -EBADMSG: no JSON object, another kind or a newer schema; -ENOMEM: arena used up
 */
must_check int line_open(struct line *line, struct str text, const char *kind, struct arena *arena,
			 struct error *why);
void line_fail(struct line *line, int result, const char *format, ...) printf_like(3, 4);

/* Members of an object. Absent and null give the empty value; another type fails the line. */
struct json_value line_object(struct line *line, struct json_value object, const char *key);
struct json_value line_array(struct line *line, struct json_value object, const char *key);
struct str line_text(struct line *line, struct json_value object, const char *key);
uint64_t line_number(struct line *line, struct json_value object, const char *key, uint64_t most);
double line_real(struct line *line, struct json_value object, const char *key);
instant line_instant(struct line *line, struct json_value object, const char *key);
size_t line_texts(struct line *line, struct json_value object, const char *key, struct str *out,
		  size_t cap);
/* All members of `object` but those named `except` (may be NULL). */
void line_facts(struct line *line, struct json_value object, const char *except, struct facts *out);
size_t line_actions(struct line *line, struct json_value object, struct action *out, size_t cap);

/* The verdict, severity and confidence that both kinds have; all three must be there. */
void line_judgement(struct line *line, enum verdict *verdict, enum severity *severity,
		    double *confidence);

#endif
