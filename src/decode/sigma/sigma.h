/*
 * Sigma rules as text -> structs that say the same without YAML: what is compared with which field
 * and how these comparisons are joined. By Sigma's specification 2.1 (rules, modifiers,
 * correlations and filters), https://github.com/SigmaHQ/sigma-specification.
 *
 * What a rule asks for and Davy cannot do is refused with its place and a remedy, never passed
 * over: a rule that is loaded means here what its author wrote. What is only odd is a warning.
 *
 * Rules are configuration, but many come from strangers: texts are bounded, nothing here recurses
 * on them, and expressions are only accepted when they need no backtracking.
 */
#ifndef DAVY_DECODE_SIGMA_SIGMA_H
#define DAVY_DECODE_SIGMA_SIGMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/instant.h"
#include "base/str.h"
#include "model/endpoint.h"
#include "model/finding.h"

enum {
	SIGMA_FILE_MAX = 1 << 20,
	SIGMA_RULES_MAX = 65536,
	SIGMA_ATOMS_MAX = 16384, /* of one rule */
	SIGMA_STEPS_MAX = 65536, /* of one rule, with selections named more than once */
	SIGMA_LINKS_MAX = 64,	 /* rules of one correlation */
	SIGMA_KEYS_MAX = 8,	 /* fields a correlation groups by */
	SIGMA_FILTERS_MAX = 1024,
};

/* -- what is wrong with rules -- */

struct sigma_problem {
	struct str file;
	uint32_t line, column; /* from 1; 0: of the file as a whole */
	bool is_refusal;       /* the rule is not there; else it is, and means what it says */
	struct str what, remedy;
};

struct sigma_teller {
	void (*tell)(struct sigma_teller *teller, const struct sigma_problem *problem);
};

/* -- rules -- */

enum sigma_match {
	SIGMA_TEXT,	  /* the whole value is `parts` */
	SIGMA_EXPRESSION, /* `text` is found in it */
	SIGMA_NETWORK,	  /* it is an address in network/prefix */
	SIGMA_LESS,	  /* it is a number, compared with `number` */
	SIGMA_LESS_EQUAL,
	SIGMA_GREATER,
	SIGMA_GREATER_EQUAL,
	SIGMA_EQUAL,  /* the same, for a part of a date */
	SIGMA_EXISTS, /* the field is there, whatever it holds */
	SIGMA_NULL,   /* it is not there, or null */
	SIGMA_FIELD,  /* the value of the field named `text` is (at `place` in) it */
};

enum sigma_part_kind {
	SIGMA_LITERAL,
	SIGMA_ANY,  /* * */
	SIGMA_ONE,  /* ?: one character */
	SIGMA_DASH, /* one of - / en dash, em dash, horizontal bar */
};

struct sigma_part {
	enum sigma_part_kind kind;
	struct str text; /* of a literal; may be any bytes */
};

/* Instead of a number in the field, this one of the date in it. */
enum sigma_time {
	SIGMA_NO_TIME,
	SIGMA_MINUTE,
	SIGMA_HOUR,
	SIGMA_DAY,
	SIGMA_WEEK, /* of ISO 8601: 1 to 53 */
	SIGMA_MONTH,
	SIGMA_YEAR
};

enum sigma_place { SIGMA_WHOLE, SIGMA_STARTS, SIGMA_ENDS, SIGMA_CONTAINS };

/* One comparison. */
struct sigma_atom {
	enum sigma_match match;
	struct str field; /* empty: any value of the record */
	struct str text;  /* as it is written: for people, and for some of the above */
	const struct sigma_part *parts;
	size_t part_count;
	bool is_cased;	 /* letters must be the same; else ASCII letters need not */
	bool has_number; /* SIGMA_TEXT: equal numbers are equal, too */
	double number;
	enum sigma_time time;
	uint32_t flags; /* enum pattern_flag */
	enum sigma_place place;
	struct address network;
	uint8_t prefix; /* of 128 */
	uint32_t line, column;
};

enum sigma_op { SIGMA_ATOM, SIGMA_AND, SIGMA_OR, SIGMA_NOT };

/* The condition, in the order of evaluation: what is joined comes before the step that joins it. */
struct sigma_step {
	enum sigma_op op;
	uint32_t operand; /* index of the atom; how many are joined */
};

struct sigma_logsource {
	struct str category, product, service;
};

enum sigma_correlation_type {
	SIGMA_EVENT_COUNT,
	SIGMA_VALUE_COUNT,
	SIGMA_TEMPORAL,
	SIGMA_TEMPORAL_ORDERED,
	SIGMA_VALUE_SUM, /* from here on: of the numbers in a field */
	SIGMA_VALUE_MAX,
	SIGMA_VALUE_MIN,
	SIGMA_VALUE_AVERAGE,
};

enum sigma_bound_kind {
	SIGMA_BOUND_GT,
	SIGMA_BOUND_GTE,
	SIGMA_BOUND_LT,
	SIGMA_BOUND_LTE,
	SIGMA_BOUND_EQ,
	SIGMA_BOUND_NEQ,
	SIGMA_BOUNDS
};

struct sigma_bound {
	enum sigma_bound_kind kind;
	double number;
};

struct sigma_alias {
	struct str name, rule,
		field; /* in records that matched `rule`, the name means this field */
};

struct sigma_correlation {
	enum sigma_correlation_type type;
	struct str rule_names[SIGMA_LINKS_MAX]; /* ids or names */
	uint32_t rules[SIGMA_LINKS_MAX];	/* indexes, once sigma_rules_join has run */
	size_t rule_count;
	struct str group_by[SIGMA_KEYS_MAX];
	size_t group_count;
	/* value_count: whose values are counted, together; of numbers one */
	struct str fields[SIGMA_KEYS_MAX];
	size_t field_count;
	const struct sigma_alias *aliases;
	size_t alias_count;
	duration timespan;
	struct sigma_bound bounds[SIGMA_BOUNDS]; /* that all must hold of what is counted */
	size_t bound_count;
	uint64_t least; /* of what is counted, for the bounds to hold at all */
	/* A window is as early as `least` is reached; else windows follow each other, and are
	 * judged once they are over. */
	bool is_early;
	bool generates; /* the rules named are told for themselves, too */
};

struct sigma_rule {
	struct str path, id, name, title, author, license, description;
	struct str falsepositives; /* the first that is named */
	uint32_t line;
	enum severity severity;
	enum verdict verdict;
	struct str techniques[FINDING_TECHNIQUES_MAX];
	size_t technique_count;
	struct sigma_logsource logsource;
	const struct sigma_atom *atoms;
	size_t atom_count;
	const struct sigma_step *steps; /* none for a correlation */
	size_t step_count;
	struct sigma_correlation *correlation; /* NULL: a rule about one record */
	bool is_silent; /* a correlation is built from it, and does not generate it */
};

/* A document that leaves records out of rules; they have its condition, too, once all are read. */
struct sigma_filter {
	struct sigma_rule rule;	 /* its title, place, log source, and what a record must meet */
	const struct str *names; /* ids or names of rules */
	size_t name_count;
	bool is_for_all; /* rules of its log source */
	bool is_gone;	 /* none of its rules is there */
};

struct sigma_rules {
	struct sigma_rule *at;
	size_t count, cap;
	struct sigma_filter *filters;
	size_t filter_count, filter_cap;
	struct arena texts;
	uint64_t documents, refused, warnings;
};

/* Values for %name% under the modifier `expand`. */
struct sigma_placeholder {
	struct str name;
	const struct str *values;
	size_t count;
};

struct sigma_placeholders {
	const struct sigma_placeholder *at;
	size_t count;
};

/* bytes: the most that texts of rules may take; 0: 64 MiB. 0 or -ENOMEM */
must_check int sigma_rules_init(struct sigma_rules *rules, size_t bytes);
void sigma_rules_fini(struct sigma_rules *rules);

/*
 * Read all documents of one file; what is wrong goes to the teller, the good ones are added.
 *
 * file:         as it is named to people; copied
 * placeholders: may be NULL
 * returns:      0, also when all were refused; -ENOMEM: there is no room for more rules
 */
must_check int sigma_rules_read(struct sigma_rules *rules, struct str file, struct str text,
				const struct sigma_placeholders *placeholders,
				struct sigma_teller *teller);

/*
 * After the last file: filters are added to the rules they name, correlations find theirs, and
 * both lose their place with a message when they do not; ids that are there twice are told. Call
 * once.
 */
void sigma_rules_join(struct sigma_rules *rules, struct sigma_teller *teller);

/* What a correlation's field is called in records that `rule` holds for. */
struct str sigma_alias_of(const struct sigma_correlation *correlation, struct str field,
			  const struct sigma_rule *rule);

static inline bool sigma_correlation_is_of_numbers(const struct sigma_correlation *correlation)
{
	return correlation->type >= SIGMA_VALUE_SUM;
}
/* Whether the condition holds of so many, or of this sum, average ... */
bool sigma_correlation_allows(const struct sigma_correlation *correlation, double amount);

/* A file of placeholders: `name: [value, ...]` for each. 0; -EINVAL told; -ENOMEM */
must_check int sigma_placeholders_read(struct str file, struct str text, struct arena *texts,
				       struct sigma_placeholders *out, struct sigma_teller *teller);

/* -- what rules call things, and where they are in a record -- */

struct sigma_field_paths {
	struct str field;
	const struct str *paths; /* the field is all of them */
	size_t count;
};

struct sigma_prefix {
	struct str before, after; /* a field that begins with `before` is the path `after` + rest */
};

enum { SIGMA_LOGSOURCES_MAX = 16, SIGMA_MAPPINGS_MAX = 64 };

struct sigma_mapping {
	struct str file, title;
	struct sigma_logsource logsources[SIGMA_LOGSOURCES_MAX];
	size_t logsource_count;
	uint32_t kinds; /* bits 1 << enum record_kind */
	const struct sigma_field_paths *fields;
	size_t field_count;
	const struct sigma_prefix *prefixes;
	size_t prefix_count;
	bool ignores_key_case;
};

/* 0; -EINVAL: told, and not to be used; -ENOMEM */
must_check int sigma_mapping_read(struct str file, struct str text, struct arena *texts,
				  struct sigma_mapping *out, struct sigma_teller *teller);

/*
 * Which mappings a rule with this log source is for: those with the most words among the ones whose
 * words the rule all says; where there is none, those that say all the rule's words.
 *
 * serves:  `count` places, at most SIGMA_MAPPINGS_MAX
 * returns: how many
 */
size_t sigma_mappings_for(const struct sigma_mapping *mappings, size_t count,
			  const struct sigma_logsource *logsource, bool *serves);

/* Tells of each rule that no mapping serves: it is good, and nothing is held against it. */
void sigma_rules_find_sources(struct sigma_rules *rules, const struct sigma_mapping *mappings,
			      size_t count, struct sigma_teller *teller);

/*
 * The paths of a rule's field: views into the mapping, or one path made in `texts`.
 *
 * single:  where the one path goes when the field is not listed
 * returns: how many are at *out; 0: no memory
 */
size_t sigma_mapping_paths(const struct sigma_mapping *mapping, struct str field,
			   struct arena *texts, struct str *single, const struct str **out);

#endif
