/*
 * What wakes a rule. A cover of a condition is a set of comparisons of which at least one holds
 * whenever the condition does: of an `and` the best cover of its parts, of an `or` all of theirs
 * together, and under `not` the other way round. Null, and fields that agree, cover nothing: they
 * hold without a value being met. A rule without a cover is looked at for each record.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "detect/sigma/matcher_parts.h"

/* A set as a tree of unions. */
struct union_node {
	uint32_t left, right; /* WORD_NONE: a leaf */
	uint32_t predicate;
};

struct cover {
	uint32_t node; /* WORD_NONE: there is none */
	double cost;   /* of how many records it wakes the rule, about, against other covers */
};

struct covers {
	struct cover when_true, when_false;
};

struct pair {
	uint32_t predicate, program;
};

struct indexing {
	struct matcher *m;
	struct union_node *nodes;
	uint32_t count, cap;
	struct covers *stack;
	uint32_t *open; /* when a tree is taken apart */
	struct pair *pairs;
	uint32_t pair_count, pair_cap;
	bool failed;
};

static const struct cover no_cover = {WORD_NONE, INFINITY};

/* A field that may be many things is rarely one of them. */
static double cost_of(const struct matcher *m, const struct predicate *predicate)
{
	const struct field *field = &m->fields[predicate->field];
	const double kinds = 1.0 + field->texts + field->cased_texts;
	const struct sigma_atom *atom = predicate->atom;

	switch (atom->match) {
	case SIGMA_TEXT:
		if (atom->part_count == 0 ||
		    (atom->part_count == 1 && atom->parts[0].kind == SIGMA_LITERAL))
			return 1 / kinds;
		return predicate->field == FIELD_ANY ? 2 : 0.5;
	case SIGMA_EXISTS:
		return 4;
	case SIGMA_EXPRESSION:
		return 1;
	default:
		return 1;
	}
}

static struct cover add_node(struct indexing *x, struct union_node node, double cost)
{
	if (matcher_grow((void **)&x->nodes, x->count, &x->cap, sizeof(*x->nodes), 1) < 0) {
		x->failed = true;
		return no_cover;
	}
	x->nodes[x->count] = node;
	return (struct cover){x->count++, cost};
}

static struct cover leaf(struct indexing *x, uint32_t predicate)
{
	const struct predicate *at = &x->m->predicates[predicate];

	if (at->atom->match == SIGMA_NULL || at->atom->match == SIGMA_FIELD)
		return no_cover;
	return add_node(x, (struct union_node){WORD_NONE, WORD_NONE, predicate}, cost_of(x->m, at));
}

static struct cover both(struct indexing *x, struct cover a, struct cover b)
{
	if (a.node == WORD_NONE || b.node == WORD_NONE)
		return no_cover;
	return add_node(x, (struct union_node){a.node, b.node, 0}, a.cost + b.cost);
}

static struct cover better(struct cover a, struct cover b)
{
	return b.cost < a.cost ? b : a;
}

static struct covers join(struct indexing *x, enum sigma_op op, struct covers a, struct covers b)
{
	if (op == SIGMA_AND)
		return (struct covers){better(a.when_true, b.when_true),
				       both(x, a.when_false, b.when_false)};
	return (struct covers){both(x, a.when_true, b.when_true),
			       better(a.when_false, b.when_false)};
}

static struct cover cover_of(struct indexing *x, const struct program *program)
{
	struct covers *top = x->stack;

	for (uint32_t i = 0; i < program->step_count; i++) {
		const struct sigma_step *step = &x->m->steps[program->steps + i];
		if (step->op == SIGMA_ATOM) {
			*top++ = (struct covers){leaf(x, step->operand), no_cover};
		} else if (step->op == SIGMA_NOT) {
			top[-1] = (struct covers){top[-1].when_false, top[-1].when_true};
		} else {
			for (uint32_t k = 1; k < step->operand; k++) {
				top--;
				top[-1] = join(x, step->op, top[-1], top[0]);
			}
		}
	}
	return x->stack[0].when_true;
}

static void add_pair(struct indexing *x, uint32_t predicate, uint32_t program)
{
	if (matcher_grow((void **)&x->pairs, x->pair_count, &x->pair_cap, sizeof(*x->pairs), 1) <
	    0) {
		x->failed = true;
		return;
	}
	x->pairs[x->pair_count++] = (struct pair){predicate, program};
}

static void take_apart(struct indexing *x, uint32_t root, uint32_t program)
{
	uint32_t depth = 0;

	x->open[depth++] = root;
	while (depth > 0) {
		const struct union_node *node = &x->nodes[x->open[--depth]];
		if (node->left == WORD_NONE) {
			add_pair(x, node->predicate, program);
			continue;
		}
		x->open[depth++] = node->left;
		x->open[depth++] = node->right;
	}
}

/* The programs of each predicate in one run. */
static int list_woken(struct indexing *x)
{
	struct matcher *m = x->m;
	uint32_t at = 0;

	m->woken = calloc(x->pair_count + 1, sizeof(*m->woken));
	if (!m->woken)
		return -ENOMEM;
	for (uint32_t i = 0; i < x->pair_count; i++)
		m->predicates[x->pairs[i].predicate].rule_count++;
	for (uint32_t i = 0; i < m->predicate_count; i++) {
		m->predicates[i].rules = at;
		at += m->predicates[i].rule_count;
		m->predicates[i].rule_count = 0;
	}
	for (uint32_t i = 0; i < x->pair_count; i++) {
		struct predicate *predicate = &m->predicates[x->pairs[i].predicate];
		m->woken[predicate->rules + predicate->rule_count++] = x->pairs[i].program;
	}
	return 0;
}

/* Which atoms speak for a rule: from the end, each step hands its sign to what it joins. */
static void find_speakers(struct matcher *m, const struct program *program, bool *signs)
{
	uint32_t depth = 0;

	signs[depth++] = true;
	for (uint32_t i = program->step_count; i-- > 0;) {
		const struct sigma_step *step = &m->steps[program->steps + i];
		const bool sign = signs[--depth];
		if (step->op == SIGMA_ATOM)
			m->speaks[program->steps + i] = sign;
		const uint32_t parts = step->op == SIGMA_ATOM ? 0 : step->operand;
		for (uint32_t k = 0; k < parts; k++)
			signs[depth++] = step->op == SIGMA_NOT ? !sign : sign;
	}
}

static int index_rules(struct indexing *x)
{
	struct matcher *m = x->m;

	for (uint32_t i = 0; i < m->program_count && !x->failed; i++) {
		const struct program *program = &m->programs[i];
		find_speakers(m, program, m->stack);
		x->count = 0;
		const struct cover cover = cover_of(x, program);
		if (cover.node == WORD_NONE)
			m->always[m->always_count++] = i;
		else
			take_apart(x, cover.node, i);
	}
	return x->failed ? -ENOMEM : list_woken(x);
}

int matcher_index(struct matcher *m)
{
	struct indexing x = {.m = m};
	int result = -ENOMEM;

	m->speaks = calloc(m->step_count + 1, sizeof(*m->speaks));
	m->always = calloc(m->program_count + 1, sizeof(*m->always));
	x.stack = calloc(m->step_count + 1, sizeof(*x.stack));
	x.open = calloc(m->step_count + 2, sizeof(*x.open));
	if (m->speaks && m->always && x.stack && x.open)
		result = index_rules(&x);
	free(x.nodes);
	free(x.stack);
	free(x.open);
	free(x.pairs);
	return result;
}
