/* What a field's values are held against: texts, numbers, networks and patterns, each in its table.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "detect/sigma/matcher_parts.h"

/* One whole character of UTF-8. */
#define ONE_CHARACTER                                                                \
	"(?:[\\x00-\\x7f]|[\\xc2-\\xdf][\\x80-\\xbf]|[\\xe0-\\xef][\\x80-\\xbf]{2}|" \
	"[\\xf0-\\xf4][\\x80-\\xbf]{3})"
#define ONE_DASH "(?:[\\x2d\\x2f]|\\xe2\\x80[\\x93-\\x95])"

static bool is_literal(const struct sigma_atom *atom)
{
	return atom->part_count == 0 ||
	       (atom->part_count == 1 && atom->parts[0].kind == SIGMA_LITERAL);
}

static bool is_anything(const struct sigma_atom *atom)
{
	return atom->part_count == 1 && atom->parts[0].kind == SIGMA_ANY;
}

static int add_text(struct matcher *m, uint32_t number)
{
	struct predicate *predicate = &m->predicates[number];
	const struct sigma_atom *atom = predicate->atom;
	struct field *field = &m->fields[predicate->field];
	struct str text = atom->part_count ? atom->parts[0].text : (struct str){0};
	const uint32_t tag = 2 * predicate->field + atom->is_cased;

	if (!atom->is_cased) {
		char *folded = arena_take(&m->texts, text.len + 1);
		if (!folded)
			return -ENOMEM;
		text = words_fold(text, folded);
	}
	const uint32_t there = words_find(&m->values, tag, text);
	if (there != WORD_NONE) { /* the same as a text and as a number */
		predicate->also = m->predicates[there].also;
		m->predicates[there].also = number;
		return 0;
	}
	field->longest = text.len > field->longest ? text.len : field->longest;
	if (atom->is_cased)
		field->cased_texts++;
	else
		field->texts++;
	return words_add(&m->values, tag, text, number);
}

struct address matcher_first_address(const struct address *address, unsigned prefix)
{
	struct address out = *address;

	for (unsigned i = 0; i < 16; i++) {
		const unsigned kept = prefix <= 8 * i ? 0 : prefix - 8 * i;
		if (kept < 8)
			out.bytes[i] &= (uint8_t)(0xff << (8 - kept));
	}
	return out;
}

static int by_prefix(const void *a, const void *b)
{
	const struct network *one = a, *other = b;

	if (one->prefix != other->prefix)
		return one->prefix < other->prefix ? -1 : 1;
	return memcmp(one->address.bytes, other->address.bytes, 16);
}

static void add_network(struct matcher *m, uint32_t number)
{
	const struct predicate *predicate = &m->predicates[number];
	const struct sigma_atom *atom = predicate->atom;
	struct field *field = &m->fields[predicate->field];

	field->networks[field->network_count++] =
		(struct network){matcher_first_address(&atom->network, atom->prefix), atom->prefix,
				 str_find_byte(atom->text, ':') < 0, number};
}

/* -- patterns -- */

struct making {
	struct matcher *m;
	struct pattern *patterns;
	size_t count;
	bool is_sieve;
	struct buf expressions; /* one after the other, a NUL behind each */
};

static void add_part(struct buf *out, const struct sigma_part *part)
{
	switch (part->kind) {
	case SIGMA_LITERAL:
		pattern_add_literal(out, part->text);
		break;
	case SIGMA_ANY:
		buf_add_text(out, ".*");
		break;
	case SIGMA_ONE:
		buf_add_text(out, ONE_CHARACTER);
		break;
	case SIGMA_DASH:
		buf_add_text(out, ONE_DASH);
		break;
	}
}

static void add_parts(struct making *x, const struct sigma_atom *atom)
{
	size_t first = 0, end = atom->part_count;
	const bool is_open = atom->parts[0].kind == SIGMA_ANY;
	const bool is_open_ended = atom->parts[end - 1].kind == SIGMA_ANY;

	x->is_sieve &= is_open && is_open_ended;
	if (is_open)
		first++;
	else
		buf_add_text(&x->expressions, "\\A");
	for (; first < end - is_open_ended; first++)
		add_part(&x->expressions, &atom->parts[first]);
	if (!is_open_ended)
		buf_add_text(&x->expressions, "\\z");
}

static void add_pattern(struct making *x, uint32_t number)
{
	const struct sigma_atom *atom = x->m->predicates[number].atom;
	struct pattern *pattern = &x->patterns[x->count++];

	pattern->id = number;
	pattern->flags = atom->flags;
	/* the buffer may move: where it begins, until all are there */
	pattern->expression = (const char *)(uintptr_t)x->expressions.len;
	if (atom->match == SIGMA_EXPRESSION) {
		buf_add(&x->expressions, atom->text);
		x->is_sieve = false;
	} else {
		pattern->flags = PATTERN_DOTALL | (atom->is_cased ? 0 : PATTERN_NOCASE);
		add_parts(x, atom);
	}
	buf_add_byte(&x->expressions, '\0');
}

static int compile(struct making *x, struct field *field, struct error *why)
{
	struct error what = {0};

	if (x->count == 0)
		return 0;
	if (x->expressions.failed)
		return -ENOMEM;
	field->shortest = SIZE_MAX;
	for (size_t i = 0; i < x->count; i++) {
		x->patterns[i].expression =
			x->expressions.at + (uintptr_t)x->patterns[i].expression;
		const size_t least = pattern_least(&x->patterns[i]);
		field->shortest = least < field->shortest ? least : field->shortest;
	}
	int result = pattern_set_new(x->patterns, x->count, &field->patterns, NULL, &what);
	if (result < 0)
		return error_set(why, result,
				 "the rules' values for the field %.100s cannot be compiled "
				 "together: %.200s; take out the rules with the longest "
				 "expressions",
				 field->name.len ? field->name.at : "(any)", what.text);
	field->is_sieve = x->is_sieve;
	x->m->counters.patterns += (uint32_t)x->count;
	return pattern_scratch_grow(&x->m->scratch, field->patterns);
}

/* -- all of one field -- */

static void add_number(struct field *field, const struct sigma_atom *atom, uint32_t number)
{
	const struct number kept = {atom->number, atom->match, atom->time, number};

	if (atom->time == SIGMA_NO_TIME)
		field->numbers[field->number_count++] = kept;
	else
		field->dates[field->date_count++] = kept;
}

static int add_predicate(struct making *x, struct field *field, uint32_t number)
{
	const struct sigma_atom *atom = x->m->predicates[number].atom;

	switch (atom->match) {
	case SIGMA_TEXT:
		if (atom->has_number)
			add_number(field, atom, number);
		if (is_literal(atom) && field != &x->m->fields[FIELD_ANY])
			return add_text(x->m, number);
		if (is_anything(atom)) { /* there may be another, under `cased` */
			x->m->predicates[number].also = field->any;
			field->any = number;
		} else {
			add_pattern(x, number);
		}
		return 0;
	case SIGMA_EXPRESSION:
		add_pattern(x, number);
		return 0;
	case SIGMA_NETWORK:
		add_network(x->m, number);
		return 0;
	case SIGMA_LESS:
	case SIGMA_LESS_EQUAL:
	case SIGMA_GREATER:
	case SIGMA_GREATER_EQUAL:
	case SIGMA_EQUAL:
		add_number(field, atom, number);
		return 0;
	default:
		return 0;
	}
}

static int make_field(struct matcher *m, struct field *field, struct error *why)
{
	struct making x = {.m = m, .is_sieve = true};
	size_t count = 0;
	int result = 0;

	for (uint32_t p = field->first; p != WORD_NONE; p = m->predicates[p].next)
		count++;
	if (count == 0)
		return 0;
	field->numbers = calloc(count, sizeof(*field->numbers));
	field->dates = calloc(count, sizeof(*field->dates));
	field->networks = calloc(count, sizeof(*field->networks));
	x.patterns = calloc(count, sizeof(*x.patterns));
	if (!field->numbers || !field->dates || !field->networks || !x.patterns)
		result = -ENOMEM;
	for (uint32_t p = field->first; p != WORD_NONE && result == 0; p = m->predicates[p].next)
		result = add_predicate(&x, field, p);
	if (result == 0)
		qsort(field->networks, field->network_count, sizeof(*field->networks), by_prefix);
	if (result == 0)
		result = compile(&x, field, why);
	free(x.patterns);
	buf_fini(&x.expressions);
	return result;
}

int matcher_make_tables(struct matcher *m, struct error *why)
{
	m->existing = calloc(m->field_count, sizeof(*m->existing));
	if (!m->existing)
		return error_set(why, -ENOMEM, "no memory for rules");
	for (uint32_t f = 0; f < m->field_count; f++) {
		int result = make_field(m, &m->fields[f], why);
		if (result < 0)
			return result == -ENOMEM ? error_set(why, result, "no memory for rules")
						 : result;
		if (m->fields[f].exists != WORD_NONE)
			m->existing[m->existing_count++] = f;
	}
	return 0;
}
