/*
 * Filters: documents that leave records out of rules they name. By the specification a filter's
 * condition is one more that a record must meet; `condition: not selection` leaves out what the
 * selection means. The specification's own example writes `selection` and means the same, so a
 * condition that keeps only what is selected is refused: nobody can tell what its author meant.
 */
#include <stdlib.h>
#include <string.h>

#include "decode/sigma/reading.h"

/* -- reading -- */

static void read_targets(struct sigma_reading *r, struct yaml filter, struct sigma_filter *out)
{
	struct yaml at = yaml_member(filter, STR("rules"));
	const struct str text = yaml_text(at);
	const size_t most = yaml_kind(at) == YAML_LIST ? yaml_count(at) : 1;
	struct str *names = sigma_take(r, (most ? most : 1) * sizeof(*names));

	if (!names)
		return;
	out->is_for_all = yaml_kind(at) == YAML_SINGLE && (str_equal_nocase(text, STR("any")) ||
							   str_equal_nocase(text, STR("all")));
	out->names = names;
	if (yaml_kind(at) == YAML_SINGLE && text.len > 0 && !out->is_for_all)
		names[out->name_count++] = text;
	for (struct yaml one = yaml_first(at); yaml_kind(at) == YAML_LIST && yaml_kind(one);
	     one = yaml_next_in(at, one)) {
		if (yaml_kind(one) == YAML_SINGLE && yaml_text(one).len > 0)
			names[out->name_count++] = yaml_text(one);
		else if (!r->is_refused)
			sigma_refuse(r, one, "write a list of ids or names", "this is no rule");
	}
	if (out->name_count == 0 && !out->is_for_all && !r->is_refused)
		sigma_refuse(r, yaml_kind(at) ? at : filter,
			     "write `rules:` with their ids or names, or `rules: any`",
			     "this filter does not say which rules it is for");
}

void sigma_read_filter(struct sigma_reading *r, struct yaml root, struct sigma_filter *out)
{
	static const char *const alone[] = {"detection", "correlation"};
	struct yaml filter = yaml_member(root, STR("filter"));

	for (size_t i = 0; i < sizeof(alone) / sizeof(*alone); i++)
		if (yaml_kind(yaml_member(root, str_from(alone[i]))) && !r->is_refused)
			sigma_refuse(r, filter, "put it into a document of its own, behind ---",
				     "a filter is no part of a rule");
	if (yaml_kind(filter) != YAML_MAP && !r->is_refused)
		sigma_refuse(r, filter, "write rules, selection and condition below it",
			     "filter is no map");
	if (!r->is_refused)
		read_targets(r, filter, out);
	if (!r->is_refused)
		sigma_read_filter_detection(r, filter);
}

/* -- which rules -- */

struct filters_at_work {
	struct sigma_rules *rules;
	const uint32_t *targets; /* of one filter after another, sorted */
	const size_t *starts;	 /* of filter i: starts[i] to starts[i + 1] */
};

static void say(struct sigma_rules *rules, struct sigma_teller *teller, size_t filter,
		bool is_refusal, const char *remedy, const char *format, struct str word)
{
	char shown[SIGMA_SHOWN_MAX];
	struct sigma_filter *at = &rules->filters[filter];
	struct sigma_reading r = {.file = at->rule.path, .teller = teller};

	(is_refusal ? sigma_refuse_at : sigma_warn_at)(&r, at->rule.line, 1, remedy, format,
						       sigma_show(word, shown));
	rules->refused += is_refusal;
	rules->warnings += !is_refusal;
	at->is_gone |= is_refusal;
}

/* The log the filter is about: its words are all the rule's words, too. */
static bool is_about(const struct sigma_filter *filter, const struct sigma_rule *rule)
{
	const struct sigma_logsource *own = &filter->rule.logsource, *its = &rule->logsource;

	return !rule->correlation &&
	       (own->category.len == 0 || str_equal_nocase(own->category, its->category)) &&
	       (own->product.len == 0 || str_equal_nocase(own->product, its->product)) &&
	       (own->service.len == 0 || str_equal_nocase(own->service, its->service));
}

/* What it names, and cannot be filtered, is told; the rest goes to `out`. How many. */
static size_t find_targets(struct sigma_rules *rules, size_t filter,
			   const struct sigma_names *names, struct sigma_teller *teller,
			   uint32_t *out)
{
	const struct sigma_filter *at = &rules->filters[filter];
	size_t count = 0;

	for (size_t i = 0; i < at->name_count; i++) {
		const uint32_t rule = sigma_names_find(names, at->names[i]);
		if (rule == UINT32_MAX)
			say(rules, teller, filter, false,
			    "load the file it is in, too, or take it out",
			    "no rule has the id or name %s", at->names[i]);
		else if (rules->at[rule].correlation)
			say(rules, teller, filter, false, "name the rules it is built on",
			    "records are left out of rules about records, and not of the "
			    "correlation %s",
			    at->names[i]);
		else if (!is_about(at, &rules->at[rule]))
			say(rules, teller, filter, false, "correct the log source of the filter",
			    "the filter is for another log than the rule %s", at->names[i]);
		else
			out[count++] = rule;
	}
	return count;
}

static int by_number(const void *a, const void *b)
{
	const uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;

	return one < other ? -1 : one > other;
}

static bool is_for(const struct filters_at_work *work, size_t filter, uint32_t rule)
{
	const struct sigma_filter *at = &work->rules->filters[filter];
	const size_t start = work->starts[filter], count = work->starts[filter + 1] - start;

	if (at->is_gone)
		return false;
	if (at->is_for_all)
		return is_about(at, &work->rules->at[rule]);
	return count > 0 &&
	       bsearch(&rule, work->targets + start, count, sizeof(rule), by_number) != NULL;
}

/* -- adding them -- */

static void append(struct sigma_rule *to, const struct sigma_rule *from, struct sigma_atom *atoms,
		   struct sigma_step *steps)
{
	const uint32_t base = (uint32_t)to->atom_count;

	if (from->atom_count > 0)
		memcpy(atoms + base, from->atoms, from->atom_count * sizeof(*atoms));
	for (size_t i = 0; i < from->step_count; i++) {
		struct sigma_step step = from->steps[i];
		step.operand += step.op == SIGMA_ATOM ? base : 0;
		steps[to->step_count++] = step;
	}
	to->atom_count += from->atom_count;
}

/* The rule as it was, and all filters that are for it; false: there is no room. */
static bool filter_rule(const struct filters_at_work *work, uint32_t number)
{
	struct sigma_rules *rules = work->rules;
	struct sigma_rule *rule = &rules->at[number];
	struct sigma_rule filtered = *rule;
	size_t atom_count = rule->atom_count, step_count = rule->step_count + 1;
	uint32_t filters = 0;

	for (size_t f = 0; f < rules->filter_count; f++) {
		const struct sigma_rule *filter = &rules->filters[f].rule;
		if (!is_for(work, f, number))
			continue;
		atom_count += filter->atom_count;
		step_count += filter->step_count;
		filters++;
	}
	if (filters == 0)
		return true;
	if (atom_count > SIGMA_ATOMS_MAX || step_count > SIGMA_STEPS_MAX)
		return false;
	struct sigma_atom *atoms = arena_take(&rules->texts, atom_count * sizeof(*atoms));
	struct sigma_step *steps = arena_take(&rules->texts, step_count * sizeof(*steps));
	if (!atoms || !steps)
		return false;
	filtered.atom_count = filtered.step_count = 0;
	append(&filtered, rule, atoms, steps);
	for (size_t f = 0; f < rules->filter_count; f++)
		if (is_for(work, f, number))
			append(&filtered, &rules->filters[f].rule, atoms, steps);
	steps[filtered.step_count++] = (struct sigma_step){SIGMA_AND, filters + 1};
	filtered.atoms = atoms;
	filtered.steps = steps;
	*rule = filtered;
	return true;
}

static void filter_rules(const struct filters_at_work *work, bool *gone,
			 struct sigma_teller *teller)
{
	char shown[SIGMA_SHOWN_MAX];

	for (uint32_t i = 0; i < work->rules->count; i++) {
		const struct sigma_rule *rule = &work->rules->at[i];
		if (gone[i] || rule->correlation || filter_rule(work, i))
			continue;
		struct sigma_reading r = {.file = rule->path, .teller = teller};
		gone[i] = true;
		sigma_refuse_at(&r, rule->line, 1,
				"name fewer rules in filters, or write shorter ones",
				"there is no room for all filters of the rule %s",
				sigma_show(rule->title, shown));
	}
}

bool sigma_filters_join(struct sigma_rules *rules, const struct sigma_names *names, bool *gone,
			struct sigma_teller *teller)
{
	size_t most = 0, count = 0;

	for (size_t f = 0; f < rules->filter_count; f++)
		most += rules->filters[f].name_count;
	uint32_t *targets = calloc(most + 1, sizeof(*targets));
	size_t *starts = calloc(rules->filter_count + 1, sizeof(*starts));
	const bool has_room = targets && starts;
	for (size_t f = 0; has_room && f < rules->filter_count; f++) {
		const size_t found = find_targets(rules, f, names, teller, targets + count);
		if (found == 0 && !rules->filters[f].is_for_all)
			say(rules, teller, f, true, "see what is told of the rules it names",
			    "there is no rule that this filter could be for: %s",
			    rules->filters[f].rule.title);
		qsort(targets + count, found, sizeof(*targets), by_number);
		starts[f + 1] = count += found;
	}
	const struct filters_at_work work = {rules, targets, starts};
	if (has_room && rules->filter_count > 0)
		filter_rules(&work, gone, teller);
	free(targets);
	free(starts);
	return has_room;
}
