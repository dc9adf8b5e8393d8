#include "detect/sigma/engine.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "detect/sigma/rule_groups.h"
#include "detect/sigma/hits.h"
#include "detect/sigma/matcher.h"

enum {
	FINDINGS_DEFAULT = 16384,
	GROUPS_DEFAULT = 65536,
	EVENTS_DEFAULT = 131072,
	VALUE_MAX = 512,
	VALUES_MOST = 256, /* of one record, for one correlation */
	NOBODY = UINT32_MAX,
};

/* From a rule to a correlation that is built on it, with the fields as this log has them. */
struct link {
	uint32_t correlation, position;
	uint32_t next; /* of the same rule; NOBODY: the last */
	uint32_t groups[SIGMA_KEYS_MAX], values[SIGMA_KEYS_MAX];
};

struct source {
	const struct sigma_mapping *mapping;
	struct matcher *matcher;
	struct link *links;
	uint32_t link_count;
	uint32_t *first_links; /* by rule */
	bool *serves;	       /* by rule */
};

struct sigma_engine {
	const struct sigma_rules *rules;
	struct source *sources;
	size_t source_count;
	struct hits *hits;
	struct rule_groups *groups;
	uint64_t seed;
	uint64_t *hit_in; /* by rule: the record it last held for, as two mappings may be for one
			     log */
	struct sigma_engine_counters counters;
};

static int add_rules(struct sigma_engine *engine, struct source *source)
{
	for (uint32_t i = 0; i < engine->rules->count; i++)
		if (source->serves[i] && matcher_add_rule(source->matcher, i) < 0)
			return -ENOMEM;
	return 0;
}

/* Which rules are for which logs. */
static int find_sources(struct sigma_engine *engine, const struct sigma_mapping *mappings)
{
	bool serves[SIGMA_MAPPINGS_MAX];

	for (size_t s = 0; s < engine->source_count; s++) {
		engine->sources[s].mapping = &mappings[s];
		engine->sources[s].serves = calloc(engine->rules->count + 1, sizeof(bool));
		if (!engine->sources[s].serves)
			return -ENOMEM;
	}
	for (size_t i = 0; i < engine->rules->count; i++) {
		const struct sigma_rule *rule = &engine->rules->at[i];
		if (rule->correlation)
			continue;
		(void)sigma_mappings_for(mappings, engine->source_count, &rule->logsource, serves);
		for (size_t s = 0; s < engine->source_count; s++)
			engine->sources[s].serves[i] = serves[s];
	}
	return 0;
}

static int add_fields(struct source *source, const struct sigma_rule *rule,
		      const struct sigma_correlation *c, const struct str *names, size_t count,
		      uint32_t *out)
{
	for (size_t i = 0; i < count; i++) {
		const int field =
			matcher_add_field(source->matcher, sigma_alias_of(c, names[i], rule));
		if (field < 0)
			return field;
		out[i] = (uint32_t)field;
	}
	return 0;
}

static int add_link(struct sigma_engine *engine, struct source *source, uint32_t correlation,
		    uint32_t position)
{
	const struct sigma_correlation *c = engine->rules->at[correlation].correlation;
	const uint32_t rule = c->rules[position];
	const struct sigma_rule *at = &engine->rules->at[rule];
	struct link *link = &source->links[source->link_count];

	if (!source->serves[rule])
		return 0;
	*link = (struct link){.correlation = correlation,
			      .position = position,
			      .next = source->first_links[rule]};
	if (add_fields(source, at, c, c->group_by, c->group_count, link->groups) < 0 ||
	    add_fields(source, at, c, c->fields, c->field_count, link->values) < 0)
		return -ENOMEM;
	source->first_links[rule] = source->link_count++;
	return 0;
}

static int add_links(struct sigma_engine *engine, struct source *source)
{
	const struct sigma_rules *rules = engine->rules;
	size_t most = 0;

	for (size_t i = 0; i < rules->count; i++)
		most += rules->at[i].correlation ? rules->at[i].correlation->rule_count : 0;
	source->links = calloc(most + 1, sizeof(*source->links));
	source->first_links = malloc((rules->count + 1) * sizeof(*source->first_links));
	if (!source->links || !source->first_links)
		return -ENOMEM;
	for (size_t i = 0; i < rules->count; i++)
		source->first_links[i] = NOBODY;
	for (uint32_t i = 0; i < rules->count; i++)
		for (uint32_t l = 0;
		     rules->at[i].correlation && l < rules->at[i].correlation->rule_count; l++)
			if (add_link(engine, source, i, l) < 0)
				return -ENOMEM;
	return 0;
}

static int open_source(struct sigma_engine *engine, struct source *source, struct error *why)
{
	int result = matcher_new(engine->rules, source->mapping, engine->seed, &source->matcher);

	if (result == 0)
		result = add_rules(engine, source);
	if (result == 0)
		result = add_links(engine, source);
	if (result < 0)
		return error_set(why, result, "no memory for rules");
	return matcher_seal(source->matcher, why);
}

static int open_all(struct sigma_engine *engine, const struct sigma_engine_settings *settings,
		    const struct sigma_mapping *mappings, struct error *why)
{
	const uint32_t findings = settings->findings ? settings->findings : FINDINGS_DEFAULT;
	int result = hits_new(engine->rules, findings, settings->seed, &engine->hits);

	engine->seed = settings->seed;
	if (result == 0)
		result = rule_groups_new(engine->rules,
					 settings->groups ? settings->groups : GROUPS_DEFAULT,
					 settings->events ? settings->events : EVENTS_DEFAULT,
					 settings->seed, &engine->groups);
	if (result < 0)
		return error_set(why, result, "no memory for what rules find");
	result = find_sources(engine, mappings);
	if (result < 0)
		return error_set(why, result, "no memory for rules");
	for (size_t i = 0; i < engine->source_count && result == 0; i++)
		result = open_source(engine, &engine->sources[i], why);
	return result;
}

int sigma_engine_new(const struct sigma_rules *rules, const struct sigma_mapping *mappings,
		     size_t mapping_count, const struct sigma_engine_settings *settings,
		     struct sigma_engine **out, struct error *why)
{
	struct sigma_engine *engine = calloc(1, sizeof(*engine));

	if (!engine)
		return error_set(why, -ENOMEM, "no memory for rules");
	engine->rules = rules;
	engine->source_count =
		mapping_count < SIGMA_MAPPINGS_MAX ? mapping_count : SIGMA_MAPPINGS_MAX;
	engine->sources = calloc(mapping_count + 1, sizeof(*engine->sources));
	engine->hit_in = calloc(rules->count + 1, sizeof(*engine->hit_in));
	int result = engine->sources && engine->hit_in
			     ? open_all(engine, settings, mappings, why)
			     : error_set(why, -ENOMEM, "no memory for rules");
	if (result < 0) {
		sigma_engine_free(engine);
		return result;
	}
	*out = engine;
	return 0;
}

void sigma_engine_free(struct sigma_engine *engine)
{
	if (!engine)
		return;
	for (size_t i = 0; engine->sources && i < engine->source_count; i++) {
		matcher_free(engine->sources[i].matcher);
		free(engine->sources[i].links);
		free(engine->sources[i].first_links);
		free(engine->sources[i].serves);
	}
	free(engine->sources);
	free(engine->hit_in);
	hits_free(engine->hits);
	rule_groups_free(engine->groups);
	free(engine);
}

/* -- records -- */

/* The values number `index` of these fields; false: the record has fewer of one. */
static bool join_values(const struct source *source, const uint32_t *fields, size_t count,
			size_t index, struct buf *out)
{
	char scratch[VALUE_MAX];
	struct str value;

	buf_clear(out);
	for (size_t i = 0; i < count; i++) {
		if (!matcher_value(source->matcher, fields[i], index, scratch, sizeof(scratch),
				   &value))
			return false;
		if (i > 0)
			buf_add_byte(out, GROUP_SEPARATOR);
		/* what parts values is no part of one */
		for (size_t k = 0; k < value.len && k < VALUE_MAX; k++)
			buf_add_byte(out, value.at[k] == GROUP_SEPARATOR ? ' ' : value.at[k]);
	}
	return !out->failed;
}

/* What of the values counts for the correlation; false: nothing, as no number does for a sum. */
static bool read_value(const struct sigma_engine *engine, const struct sigma_correlation *c,
		       struct str text, uint64_t *out)
{
	double number;

	if (!sigma_correlation_is_of_numbers(c)) {
		*out = hash_bytes(text.at, text.len, engine->seed);
		return true;
	}
	if (!str_to_double(text, &number) || !isfinite(number))
		return false;
	memcpy(out, &number, sizeof(*out));
	return true;
}

static void take_link(struct sigma_engine *engine, const struct source *source,
		      const struct link *link, const struct record *record)
{
	CLEANUP(buf_fini) struct buf group = {0};
	CLEANUP(buf_fini) struct buf values = {0};
	const struct sigma_correlation *c = engine->rules->at[link->correlation].correlation;
	uint32_t index = 0;
	uint64_t value;

	if (!join_values(source, link->groups, c->group_count, 0, &group))
		return;
	/* one event for each value that is counted; else one for the record */
	while (index < VALUES_MOST &&
	       join_values(source, link->values, c->field_count, index, &values)) {
		const struct rule_hit hit = {link->correlation, link->position, index++,
					     buf_view(&group)};
		if (read_value(engine, c, buf_view(&values), &value))
			rule_groups_add(engine->groups, &hit, value, record);
		if (c->field_count == 0)
			return;
	}
}

static void take_links(struct sigma_engine *engine, const struct source *source, uint32_t rule,
		       const struct record *record)
{
	for (uint32_t l = source->first_links[rule]; l != NOBODY; l = source->links[l].next)
		take_link(engine, source, &source->links[l], record);
}

static void take_hit(struct sigma_engine *engine, const struct source *source, uint32_t rule,
		     const struct record *record)
{
	const struct sigma_atom *reasons[HIT_REASONS_MAX];

	if (engine->hit_in[rule] == engine->counters.records)
		return;
	engine->hit_in[rule] = engine->counters.records;
	engine->counters.hits++;
	if (source->first_links[rule] != NOBODY)
		take_links(engine, source, rule, record);
	if (engine->rules->at[rule].is_silent)
		return;
	const size_t count = matcher_reasons(source->matcher, rule, reasons, HIT_REASONS_MAX);
	hits_add(engine->hits, rule, record, reasons, count);
}

static bool is_for(const struct source *source, const struct record *record)
{
	return source->mapping->kinds & RECORD_WANTS(record->kind) && json_exists(record->whole);
}

void sigma_engine_take(struct sigma_engine *engine, const struct record *record)
{
	struct matcher_hits found;

	engine->counters.records++;
	for (size_t i = 0; i < engine->source_count; i++) {
		const struct source *source = &engine->sources[i];
		if (!is_for(source, record))
			continue;
		matcher_take(source->matcher, record->whole, &found);
		engine->counters.undecided += found.is_undecided;
		for (size_t k = 0; k < found.count; k++)
			take_hit(engine, source, found.rules[k], record);
	}
}

size_t sigma_engine_match(struct sigma_engine *engine, const struct record *record, uint32_t *out,
			  size_t most)
{
	struct matcher_hits found;
	size_t count = 0;

	for (size_t i = 0; i < engine->source_count; i++) {
		if (!is_for(&engine->sources[i], record))
			continue;
		matcher_take(engine->sources[i].matcher, record->whole, &found);
		for (size_t k = 0; k < found.count && count < most; k++)
			out[count++] = found.rules[k];
	}
	return count;
}

void sigma_engine_report(struct sigma_engine *engine, instant now, struct arena *scratch,
			 struct record_teller *teller)
{
	hits_report(engine->hits, scratch, teller);
	rule_groups_report(engine->groups, now, scratch, teller);
}

struct sigma_engine_counters sigma_engine_counters(const struct sigma_engine *engine)
{
	struct sigma_engine_counters out = engine->counters;

	for (size_t i = 0; i < engine->source_count; i++) {
		const struct matcher_counters part = matcher_counters(engine->sources[i].matcher);
		out.looked_at += part.looked_at;
		out.rules += part.rules;
		out.always += part.always;
		out.comparisons += part.comparisons;
		out.patterns += part.patterns;
	}
	out.forgotten = hits_forgotten(engine->hits) + rule_groups_forgotten(engine->groups);
	return out;
}
