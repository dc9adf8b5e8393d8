/* The matcher's parts. For this folder. */
#ifndef DAVY_DETECT_SIGMA_MATCHER_PARTS_H
#define DAVY_DETECT_SIGMA_MATCHER_PARTS_H

#include "base/arena.h"
#include "base/patterns.h"
#include "detect/sigma/matcher.h"
#include "detect/sigma/paths.h"
#include "detect/sigma/words.h"

/* One comparison, shared by all rules that make it. */
struct predicate {
	const struct sigma_atom *atom;
	uint32_t field, other;	    /* other: of SIGMA_FIELD */
	uint32_t next;		    /* of its field; WORD_NONE: the last */
	uint32_t also;		    /* holds of the same texts; or WORD_NONE */
	uint32_t rules, rule_count; /* in matcher.woken: who is looked at when it holds */
};

struct network {
	struct address address; /* masked */
	uint8_t prefix;
	bool is_v4;
	uint32_t predicate;
};

struct number {
	double value;
	enum sigma_match match; /* SIGMA_TEXT: equal */
	enum sigma_time time;	/* of a date */
	uint32_t predicate;
};

/* A field as rules name it. */
struct field {
	struct str name;
	uint32_t paths, path_count;	/* in matcher.field_paths */
	uint32_t first;			/* its predicates */
	uint32_t exists, null, any;	/* predicates, or WORD_NONE; any: a value, whichever */
	uint32_t texts, cased_texts;	/* how many it may equal */
	size_t longest;			/* of these */
	struct number *numbers, *dates; /* dates: compared with a part of a date */
	size_t number_count, date_count;
	struct network *networks; /* by prefix, then address */
	size_t network_count;
	struct pattern_set *patterns;
	size_t shortest; /* no pattern holds for less */
	bool is_sieve;	 /* no pattern is bound to a value's ends: a text of many can be tried */
};

/* A rule in this matcher. */
struct program {
	uint32_t rule;
	uint32_t steps, step_count; /* in matcher.steps; operands of atoms are predicates */
};

struct matcher {
	const struct sigma_rules *rules;
	const struct sigma_mapping *mapping;
	struct arena texts; /* made while it is made */
	struct paths paths;
	uint32_t *path_fields, *path_starts; /* which fields a path is of */

	struct field *fields;
	uint32_t field_count, field_cap;
	uint32_t *field_paths;
	uint32_t field_path_count, field_path_cap;
	struct words names;  /* of fields (tag 0), of predicates (tag 1) */
	struct words values; /* tag: 2 * field (folded), + 1 (cased); number: predicate */

	struct predicate *predicates;
	uint32_t predicate_count, predicate_cap;
	struct sigma_step *steps;
	bool *speaks; /* by step: an atom that is not under a `not` */
	uint32_t step_count, step_cap;
	struct program *programs;
	uint32_t program_count, program_cap;
	uint32_t *place_of; /* program of a rule, or WORD_NONE */
	uint32_t *woken;
	uint32_t *always, always_count;
	uint32_t *existing, existing_count; /* fields whose existence is asked for */
	struct pattern_scratch *scratch;

	/* of the record at hand */
	struct json_value whole;
	uint32_t record;
	uint32_t *holds;   /* by predicate: the record it held in */
	uint32_t *is_open; /* by program: the record it was queued in */
	uint32_t *queue, queued;
	uint32_t *hits;
	bool *stack;
	struct buf text, folded;
	bool is_undecided;
	struct matcher_counters counters;
};

enum { FIELD_ANY = 0 }; /* the field for keywords: all values of the record */

must_check int matcher_grow(void **at, uint32_t count, uint32_t *cap, size_t size, uint32_t extra);

/* matcher_index.c: what wakes which rule. 0 or -ENOMEM */
must_check int matcher_index(struct matcher *m);
/* matcher_tables.c: the tables of values. 0, -ENOMEM, -EINVAL */
must_check int matcher_make_tables(struct matcher *m, struct error *why);
/* Of the network that the address is in. */
struct address matcher_first_address(const struct address *address, unsigned prefix);
/* matcher_values.c: marks what holds for the record, and queues rules. */
void matcher_hold_values(struct matcher *m);
/* The text of a value, escapes undone; in m->text when there were any. */
struct str matcher_text(struct matcher *m, struct json_value value);
/* A part of the date that begins the text; false: it has none. */
bool matcher_time_of(struct str text, enum sigma_time time, double *out);
bool matcher_fields_agree(struct matcher *m, const struct predicate *predicate);

#endif
