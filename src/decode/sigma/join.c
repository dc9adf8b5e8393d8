/* After all files: which rules a correlation means, and whether an id stands for one rule only. */
#include <stdlib.h>
#include <string.h>

#include "decode/sigma/reading.h"

enum { CHAIN_MAX = 8 };

static int by_name(const void *a, const void *b)
{
	const struct sigma_named *one = a, *other = b;
	int order = str_compare(one->name, other->name);

	return order ? order : one->rule < other->rule ? -1 : one->rule > other->rule;
}

static void tell(struct sigma_rules *rules, struct sigma_teller *teller, uint32_t rule,
		 const char *remedy, const char *format, struct str word)
{
	char shown[SIGMA_SHOWN_MAX];
	struct sigma_reading r = {.file = rules->at[rule].path, .teller = teller};

	sigma_refuse_at(&r, rules->at[rule].line, 1, remedy, format, sigma_show(word, shown));
}

/* The rule of that id or name, or UINT32_MAX. */
uint32_t sigma_names_find(const struct sigma_names *names, struct str name)
{
	size_t low = 0, high = names->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (str_compare(names->at[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < names->count && str_equal(names->at[low].name, name) ? names->at[low].rule
									  : UINT32_MAX;
}

/* Marks the second of two with one id, whose findings could not be told apart. */
static void refuse_doubles(struct sigma_rules *rules, const struct sigma_names *names, bool *gone,
			   struct sigma_teller *teller)
{
	for (size_t i = 1; i < names->count; i++) {
		const struct sigma_named *first = &names->at[i - 1], *second = &names->at[i];
		if (!str_equal(first->name, second->name) || first->rule == second->rule)
			continue;
		gone[second->rule] = true;
		tell(rules, teller, second->rule, "give it another one, or name the file once",
		     "another rule has the id or name %s already", second->name);
	}
}

static void find_links(struct sigma_rules *rules, const struct sigma_names *names, bool *gone,
		       struct sigma_teller *teller)
{
	for (uint32_t i = 0; i < rules->count; i++) {
		struct sigma_correlation *c = rules->at[i].correlation;
		for (size_t l = 0; c && l < c->rule_count && !gone[i]; l++) {
			c->rules[l] = sigma_names_find(names, c->rule_names[l]);
			const bool is_there = c->rules[l] != UINT32_MAX && c->rules[l] != i;
			const bool has_fields = is_there && !rules->at[c->rules[l]].correlation;
			if (is_there && (has_fields || !sigma_correlation_is_of_numbers(c)))
				continue;
			gone[i] = true;
			if (is_there)
				tell(rules, teller, i, "name rules about single records",
				     "a correlation has no field with numbers: %s",
				     c->rule_names[l]);
			else
				tell(rules, teller, i,
				     "load the file it is in together with this one",
				     "no rule has the id or name %s", c->rule_names[l]);
		}
	}
}

/*
 * How far from rules about single records each correlation is; what is refused, or in a circle,
 * never gets there.
 */
static void check_chains(struct sigma_rules *rules, bool *gone, struct sigma_teller *teller)
{
	bool *is_good = calloc(rules->count + 1, sizeof(*is_good));

	for (size_t i = 0; is_good && i < rules->count; i++)
		is_good[i] = !rules->at[i].correlation && !gone[i];
	for (int round = 0; is_good && round < CHAIN_MAX; round++)
		for (size_t i = 0; i < rules->count; i++) {
			const struct sigma_correlation *c = rules->at[i].correlation;
			bool is_whole = c && !gone[i];
			for (size_t l = 0; is_whole && l < c->rule_count; l++)
				is_whole = is_good[c->rules[l]];
			is_good[i] |= is_whole;
		}
	for (uint32_t i = 0; i < rules->count; i++)
		if (!gone[i] && (!is_good || !is_good[i])) {
			gone[i] = true;
			tell(rules, teller, i, "mend the rules it names; at most 8 in a chain",
			     "this correlation rests on rules that were refused, or on itself: %s",
			     rules->at[i].title);
		}
	free(is_good);
}

static void mark_silent(struct sigma_rules *rules, const bool *gone)
{
	bool *generated = calloc(rules->count + 1, sizeof(*generated));

	for (size_t i = 0; i < rules->count; i++) {
		const struct sigma_correlation *c = rules->at[i].correlation;
		for (size_t l = 0; c && !gone[i] && l < c->rule_count; l++) {
			rules->at[c->rules[l]].is_silent = true;
			if (generated && c->generates)
				generated[c->rules[l]] = true;
		}
	}
	for (size_t i = 0; generated && i < rules->count; i++)
		rules->at[i].is_silent &= !generated[i];
	free(generated);
}

/* What is gone makes room; links are moved along. */
static void close_gaps(struct sigma_rules *rules, const bool *gone, uint32_t *places)
{
	size_t kept = 0;

	for (size_t i = 0; i < rules->count; i++) {
		places[i] = (uint32_t)kept;
		if (gone[i])
			rules->refused++;
		else
			rules->at[kept++] = rules->at[i];
	}
	rules->count = kept;
	for (size_t i = 0; i < kept; i++) {
		struct sigma_correlation *c = rules->at[i].correlation;
		for (size_t l = 0; c && l < c->rule_count; l++)
			c->rules[l] = places[c->rules[l]];
	}
}

static void list_names(const struct sigma_rules *rules, struct sigma_names *names)
{
	for (uint32_t i = 0; i < rules->count; i++) {
		const struct sigma_rule *rule = &rules->at[i];
		names->at[names->count++] = (struct sigma_named){rule->id, i};
		if (rule->name.len > 0 && !str_equal(rule->name, rule->id))
			names->at[names->count++] = (struct sigma_named){rule->name, i};
	}
	qsort(names->at, names->count, sizeof(*names->at), by_name);
}

static bool join(struct sigma_rules *rules, struct sigma_names *names, bool *gone, uint32_t *places,
		 struct sigma_teller *teller)
{
	list_names(rules, names);
	refuse_doubles(rules, names, gone, teller);
	if (!sigma_filters_join(rules, names, gone, teller))
		return false;
	find_links(rules, names, gone, teller);
	check_chains(rules, gone, teller);
	mark_silent(rules, gone);
	close_gaps(rules, gone, places);
	return true;
}

void sigma_rules_join(struct sigma_rules *rules, struct sigma_teller *teller)
{
	struct sigma_names names = {calloc(2 * rules->count + 1, sizeof(*names.at)), 0};
	bool *gone = calloc(rules->count + 1, sizeof(*gone));
	uint32_t *places = calloc(rules->count + 1, sizeof(*places));

	if (!names.at || !gone || !places || !join(rules, &names, gone, places, teller)) {
		/* rules whose links are not known are no rules */
		rules->refused += rules->count;
		rules->count = 0;
	}
	free(names.at);
	free(gone);
	free(places);
}

struct str sigma_alias_of(const struct sigma_correlation *correlation, struct str field,
			  const struct sigma_rule *rule)
{
	for (size_t i = 0; i < correlation->alias_count; i++) {
		const struct sigma_alias *alias = &correlation->aliases[i];
		if (str_equal(alias->name, field) &&
		    (str_equal(alias->rule, rule->name) || str_equal(alias->rule, rule->id)))
			return alias->field;
	}
	return field;
}

void sigma_rules_find_sources(struct sigma_rules *rules, const struct sigma_mapping *mappings,
			      size_t count, struct sigma_teller *teller)
{
	char product[SIGMA_SHOWN_MAX], service[SIGMA_SHOWN_MAX], category[SIGMA_SHOWN_MAX];
	bool serves[SIGMA_MAPPINGS_MAX];

	count = count < SIGMA_MAPPINGS_MAX ? count : SIGMA_MAPPINGS_MAX;
	for (size_t i = 0; i < rules->count; i++) {
		const struct sigma_rule *rule = &rules->at[i];
		const struct sigma_logsource *source = &rule->logsource;
		struct sigma_reading r = {.file = rule->path, .teller = teller};
		if (rule->correlation || sigma_mappings_for(mappings, count, source, serves) > 0)
			continue;
		sigma_warn_at(&r, rule->line, 1,
			      "write a mapping for it, or correct the rule's log source",
			      "no log that is read here has product \"%s\", service \"%s\", "
			      "category \"%s\": the rule can never hold",
			      sigma_show(source->product, product),
			      sigma_show(source->service, service),
			      sigma_show(source->category, category));
		rules->warnings++;
	}
}
