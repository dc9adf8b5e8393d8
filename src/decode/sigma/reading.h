/* A rule while it is read. For this folder. */
#ifndef DAVY_DECODE_SIGMA_READING_H
#define DAVY_DECODE_SIGMA_READING_H

#include "base/yaml.h"
#include "decode/sigma/sigma.h"

/* A growing array; what is in it is copied into the rule at its end. */
struct sigma_atoms {
	struct sigma_atom *at;
	size_t count, cap;
};

struct sigma_steps {
	struct sigma_step *at;
	size_t count, cap;
};

struct sigma_reading {
	struct arena *texts;
	struct str file;
	const struct sigma_placeholders *placeholders;
	struct sigma_teller *teller;
	bool is_refused; /* this rule */
	bool is_out_of_memory;
	uint64_t warnings;
	/* of the rule at hand */
	struct sigma_atoms atoms;
	struct sigma_steps steps;
	void *scratch; /* value.c's */
};

void sigma_reading_fini(struct sigma_reading *r);

/* The rule is refused, or only warned of; `at` says where. */
void sigma_refuse(struct sigma_reading *r, struct yaml at, const char *remedy, const char *format,
		  ...) printf_like(4, 5);
void sigma_warn(struct sigma_reading *r, struct yaml at, const char *remedy, const char *format,
		...) printf_like(4, 5);
/* At a column of a condition's text. */
void sigma_refuse_at(struct sigma_reading *r, uint32_t line, uint32_t column, const char *remedy,
		     const char *format, ...) printf_like(5, 6);
void sigma_warn_at(struct sigma_reading *r, uint32_t line, uint32_t column, const char *remedy,
		   const char *format, ...) printf_like(5, 6);

/* Foreign text for a message: printable, short, in a caller's array. */
enum { SIGMA_SHOWN_MAX = 96 };
const char *sigma_show(struct str text, char shown[SIGMA_SHOWN_MAX]);

void *sigma_take(struct sigma_reading *r, size_t size); /* arena; NULL notes it */
void sigma_add_step(struct sigma_reading *r, struct yaml at, enum sigma_op op, uint32_t operand);
void sigma_add_atom(struct sigma_reading *r, struct yaml at, const struct sigma_atom *atom);

/* "field|modifier|modifier" with its value or values: adds atoms, and steps that join them. */
void sigma_read_item(struct sigma_reading *r, struct yaml key, struct yaml value);
/* A list of keywords: any of them. */
void sigma_read_keywords(struct sigma_reading *r, struct yaml list);

/* The map `detection` with its condition: r->atoms and r->steps are the rule's then. */
void sigma_read_detection(struct sigma_reading *r, struct yaml detection);

/* The same of a filter, where `rules` is no selection; what it selects nothing of must pass. */
void sigma_read_filter_detection(struct sigma_reading *r, struct yaml filter);
/* All of a filter but what rules have, too. */
void sigma_read_filter(struct sigma_reading *r, struct yaml root, struct sigma_filter *out);

/* Rules by id and name. */
struct sigma_named {
	struct str name;
	uint32_t rule;
};

struct sigma_names {
	struct sigma_named *at; /* sorted */
	size_t count;
};

uint32_t sigma_names_find(const struct sigma_names *names, struct str name); /* or UINT32_MAX */

/* Adds each filter to its rules. False: no memory; gone: rules that have no room for theirs. */
must_check bool sigma_filters_join(struct sigma_rules *rules, const struct sigma_names *names,
				   bool *gone, struct sigma_teller *teller);

/* A named selection, whose steps are ready to be copied. */
struct sigma_selection {
	struct str name;
	struct yaml at;
	const struct sigma_step *steps;
	size_t step_count;
	bool is_used;
};

/* Adds the steps of one condition. */
void sigma_read_condition(struct sigma_reading *r, struct yaml at,
			  struct sigma_selection *selections, size_t count);

void sigma_read_correlation(struct sigma_reading *r, struct yaml map, struct sigma_correlation *out,
			    bool generates);

/* "a*b*" with * for any characters, as in `1 of selection_*` */
bool sigma_name_matches(struct str name, struct str pattern);

/* Bytes -> base64 in the arena. */
struct str sigma_base64(struct sigma_reading *r, struct str bytes);
enum sigma_utf16 { SIGMA_UTF16LE, SIGMA_UTF16BE, SIGMA_UTF16_MARK };
struct str sigma_utf16(struct sigma_reading *r, struct str text, enum sigma_utf16 order);

#endif
