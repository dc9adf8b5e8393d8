/*
 * The condition: words and parentheses -> steps. By precedence with a stack of our own (or, and,
 * not, least binding first), so that no nesting in a rule becomes nesting here.
 */
#include <string.h>

#include "decode/sigma/reading.h"

enum { OPEN_MAX = 64 };

enum open { OPEN_PARENTHESIS, OPEN_OR, OPEN_AND, OPEN_NOT }; /* the higher binds first */

struct parse {
	struct sigma_reading *r;
	struct yaml at;
	struct str text;
	size_t next;	 /* in text */
	size_t token_at; /* where the token at hand begins */
	struct sigma_selection *selections;
	size_t count;
	enum open open[OPEN_MAX];
	size_t depth;
	bool has_operand; /* an operand came last: an operator is next */
};

static void refuse(struct parse *p, const char *remedy, const char *what, struct str word)
{
	const struct yaml_node *node = yaml_node(p->at);
	/* of a text over several lines only the first is counted */
	const uint32_t column = node->column + !node->is_plain + (uint32_t)p->token_at;
	char shown[SIGMA_SHOWN_MAX];

	if (!p->r->is_refused)
		sigma_refuse_at(p->r, node->line, column, remedy, what, sigma_show(word, shown));
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* A word, "(" or ")"; empty at the end. */
static struct str take_token(struct parse *p)
{
	while (p->next < p->text.len && is_blank(p->text.at[p->next]))
		p->next++;
	size_t start = p->next;
	p->token_at = start;
	if (start < p->text.len && memchr("()|", p->text.at[start], 3))
		p->next++;
	else
		while (p->next < p->text.len && !is_blank(p->text.at[p->next]) &&
		       !memchr("()|", p->text.at[p->next], 3))
			p->next++;
	return str_sub(p->text, start, p->next - start);
}

static struct str peek_token(struct parse *p)
{
	const size_t next = p->next, at = p->token_at;
	struct str token = take_token(p);

	p->next = next;
	p->token_at = at;
	return token;
}

static void add_selection(struct parse *p, struct sigma_selection *selection)
{
	selection->is_used = true;
	for (size_t i = 0; i < selection->step_count; i++)
		sigma_add_step(p->r, p->at, selection->steps[i].op, selection->steps[i].operand);
}

static bool is_meant(struct str name, struct str pattern, bool is_them)
{
	const bool is_hidden = str_starts(name, STR("_"));

	if (is_them)
		return !is_hidden;
	return (!is_hidden || str_starts(pattern, STR("_"))) && sigma_name_matches(name, pattern);
}

/* "1 of X", "any of X", "all of X": `of` is next. */
static void take_quantity(struct parse *p, struct str quantity)
{
	const bool is_all = str_equal_nocase(quantity, STR("all"));
	uint32_t found = 0;

	take_token(p);
	struct str pattern = take_token(p);
	const bool is_them = str_equal_nocase(pattern, STR("them"));
	if (!is_all && !str_equal(quantity, STR("1")) && !str_equal_nocase(quantity, STR("any"))) {
		refuse(p, "write `1 of` or `all of`", "%s of something cannot be asked for",
		       quantity);
		return;
	}
	for (size_t i = 0; i < p->count; i++)
		if (is_meant(p->selections[i].name, pattern, is_them)) {
			add_selection(p, &p->selections[i]);
			found++;
		}
	if (found == 0)
		refuse(p, "name selections that are there", "no selection is called %s",
		       pattern.len ? pattern : STR("(nothing)"));
	else if (found > 1)
		sigma_add_step(p->r, p->at, is_all ? SIGMA_AND : SIGMA_OR, found);
}

static void take_name(struct parse *p, struct str name)
{
	for (size_t i = 0; i < p->count; i++)
		if (str_equal(p->selections[i].name, name)) {
			add_selection(p, &p->selections[i]);
			return;
		}
	refuse(p,
	       str_find_byte(name, '*') >= 0 ? "write `1 of` or `all of` before it"
					     : "name a selection that is there",
	       "no selection is called %s", name);
}

static void push(struct parse *p, enum open what, struct str token)
{
	if (p->depth == OPEN_MAX)
		refuse(p, "make selections of its parts", "this condition is nested too deep: %s",
		       token);
	else
		p->open[p->depth++] = what;
}

static void close_one(struct parse *p)
{
	const enum open what = p->open[--p->depth];

	if (what == OPEN_NOT)
		sigma_add_step(p->r, p->at, SIGMA_NOT, 1);
	else if (what != OPEN_PARENTHESIS)
		sigma_add_step(p->r, p->at, what == OPEN_AND ? SIGMA_AND : SIGMA_OR, 2);
}

static void take_operator(struct parse *p, enum open what, struct str token)
{
	if (!p->has_operand) {
		refuse(p, "write a selection before it", "nothing is before %s", token);
		return;
	}
	while (p->depth > 0 && p->open[p->depth - 1] >= what)
		close_one(p);
	push(p, what, token);
	p->has_operand = false;
}

static void take_close(struct parse *p, struct str token)
{
	while (p->depth > 0 && p->open[p->depth - 1] != OPEN_PARENTHESIS)
		close_one(p);
	if (p->depth == 0 || !p->has_operand)
		refuse(p, "write as many ( as )", "nothing is closed by %s", token);
	else
		p->depth--;
}

static void take_operand(struct parse *p, struct str token)
{
	if (p->has_operand) {
		refuse(p, "write `and` or `or` between them", "nothing joins %s to what is before",
		       token);
		return;
	}
	if (str_equal(token, STR("("))) {
		push(p, OPEN_PARENTHESIS, token);
		return;
	}
	if (str_equal_nocase(token, STR("not"))) {
		push(p, OPEN_NOT, token);
		return;
	}
	if (str_equal_nocase(peek_token(p), STR("of")))
		take_quantity(p, token);
	else
		take_name(p, token);
	p->has_operand = true;
}

static void take(struct parse *p, struct str token)
{
	if (str_equal(token, STR("|")))
		refuse(p, "write a correlation rule (type event_count or value_count) for it",
		       "counting in a condition is of old Sigma and not supported: %s", token);
	else if (str_equal(token, STR(")")))
		take_close(p, token);
	else if (str_equal_nocase(token, STR("and")))
		take_operator(p, OPEN_AND, token);
	else if (str_equal_nocase(token, STR("or")))
		take_operator(p, OPEN_OR, token);
	else
		take_operand(p, token);
}

void sigma_read_condition(struct sigma_reading *r, struct yaml at,
			  struct sigma_selection *selections, size_t count)
{
	struct parse p = {
		.r = r, .at = at, .text = yaml_text(at), .selections = selections, .count = count};
	struct str token;

	if (yaml_kind(at) != YAML_SINGLE) {
		sigma_refuse(r, at, "write it as one text", "this is no condition");
		return;
	}
	while (!r->is_refused && (token = take_token(&p)).len > 0)
		take(&p, token);
	if (!p.has_operand)
		refuse(&p, "write a selection at its end", "the condition is not complete%s",
		       (struct str){0});
	while (p.depth > 0 && !r->is_refused) {
		if (p.open[p.depth - 1] == OPEN_PARENTHESIS)
			refuse(&p, "write as many ) as (", "a ( is not closed%s", (struct str){0});
		close_one(&p);
	}
}
