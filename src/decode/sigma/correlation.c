/* `correlation`: which rules, grouped by what, how many within how long. */
#include <math.h>
#include <string.h>

#include "decode/sigma/reading.h"

static const char *const types[] = {
	[SIGMA_EVENT_COUNT] = "event_count", [SIGMA_VALUE_COUNT] = "value_count",
	[SIGMA_TEMPORAL] = "temporal",	     [SIGMA_TEMPORAL_ORDERED] = "temporal_ordered",
	[SIGMA_VALUE_SUM] = "value_sum",     [SIGMA_VALUE_MAX] = "value_max",
	[SIGMA_VALUE_MIN] = "value_min",     [SIGMA_VALUE_AVERAGE] = "value_avg",
};
enum { TYPES = sizeof(types) / sizeof(*types) };

static void read_type(struct sigma_reading *r, struct yaml map, struct sigma_correlation *out)
{
	struct yaml at = yaml_member(map, STR("type"));
	char shown[SIGMA_SHOWN_MAX];

	for (int i = 0; i < TYPES; i++)
		if (str_equal(yaml_text(at), str_from(types[i]))) {
			out->type = (enum sigma_correlation_type)i;
			return;
		}
	sigma_refuse(r, yaml_kind(at) ? at : map,
		     "write event_count, value_count, value_sum, value_max, value_min, value_avg, "
		     "temporal or temporal_ordered",
		     "correlations of type %s are not supported",
		     yaml_kind(at) ? sigma_show(yaml_text(at), shown) : "(none)");
}

/* A text or a list of them; how many. */
static size_t read_texts(struct sigma_reading *r, struct yaml at, struct str *out, size_t most)
{
	size_t count = 0;

	if (yaml_kind(at) == YAML_SINGLE && yaml_text(at).len > 0) {
		out[count++] = yaml_text(at);
		return count;
	}
	for (struct yaml one = yaml_first(at); yaml_kind(one) && !r->is_refused;
	     one = yaml_next_in(at, one)) {
		if (yaml_kind(one) != YAML_SINGLE || yaml_text(one).len == 0)
			sigma_refuse(r, one, "write a list of names", "this is no name");
		else if (count == most)
			sigma_refuse(r, one, "make several correlations of it",
				     "there are more than %zu of these", most);
		else
			out[count++] = yaml_text(one);
	}
	return count;
}

static void read_timespan(struct sigma_reading *r, struct yaml map, struct sigma_correlation *out)
{
	static const struct {
		char unit;
		uint64_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	struct yaml at = yaml_member(map, STR("timespan"));
	struct str text = yaml_text(at);
	uint64_t number;

	for (size_t i = 0; i < sizeof(units) / sizeof(*units) && text.len > 1; i++)
		if (text.at[text.len - 1] == units[i].unit &&
		    str_to_u64(str_sub(text, 0, text.len - 1), &number) && number > 0 &&
		    number <= 3650 * UINT64_C(86400) / units[i].seconds) {
			out->timespan = DURATION_S(number * units[i].seconds);
			return;
		}
	sigma_refuse(r, yaml_kind(at) ? at : map, "write a number and s, m, h or d: 90m",
		     "timespan is missing, or no span of time up to ten years");
}

static const char *const bound_names[] = {
	[SIGMA_BOUND_GT] = "gt",   [SIGMA_BOUND_GTE] = "gte", [SIGMA_BOUND_LT] = "lt",
	[SIGMA_BOUND_LTE] = "lte", [SIGMA_BOUND_EQ] = "eq",   [SIGMA_BOUND_NEQ] = "neq",
};

static bool holds(const struct sigma_bound *bound, double amount)
{
	switch (bound->kind) {
	case SIGMA_BOUND_GT:
		return amount > bound->number;
	case SIGMA_BOUND_GTE:
		return amount >= bound->number;
	case SIGMA_BOUND_LT:
		return amount < bound->number;
	case SIGMA_BOUND_LTE:
		return amount <= bound->number;
	case SIGMA_BOUND_EQ:
		return amount == bound->number;
	default:
		return amount != bound->number;
	}
}

bool sigma_correlation_allows(const struct sigma_correlation *correlation, double amount)
{
	for (size_t i = 0; i < correlation->bound_count; i++)
		if (!holds(&correlation->bounds[i], amount))
			return false;
	return true;
}

/* Each word at most once: YAML refuses a key that is there twice. */
static void read_bound(struct sigma_reading *r, struct yaml key, struct sigma_correlation *out)
{
	struct yaml value = yaml_value_of(key);
	char shown[SIGMA_SHOWN_MAX];
	uint64_t whole;
	double number;

	for (int i = 0; i < SIGMA_BOUNDS; i++) {
		if (!str_equal(yaml_text(key), str_from(bound_names[i])))
			continue;
		if (!str_to_double(yaml_text(value), &number) || !isfinite(number))
			sigma_refuse(r, value, "write a number",
				     "this is no number to compare with");
		else if (!sigma_correlation_is_of_numbers(out) &&
			 (!str_to_u64(yaml_text(value), &whole) || whole > UINT32_MAX))
			sigma_refuse(r, value, "write a whole number",
				     "this is no number to count to");
		else
			out->bounds[out->bound_count++] =
				(struct sigma_bound){(enum sigma_bound_kind)i, number};
		return;
	}
	sigma_refuse(r, key,
		     "write gt, gte, lt, lte, eq or neq, and `field` for the types value_...",
		     "a condition has no %s", sigma_show(yaml_text(key), shown));
}

/* Of counts: the least that can be enough, and whether more of them never is too much. */
static void find_least(struct sigma_reading *r, struct yaml at, struct sigma_correlation *out)
{
	const bool is_temporal = out->type == SIGMA_TEMPORAL;
	/* nobody counts to what no window can hold; of rules there are so many */
	const uint64_t end = is_temporal ? out->rule_count : (uint64_t)UINT32_MAX + 2;
	double most = (double)end;

	out->least = 1; /* a window has a record */
	out->is_early = true;
	for (size_t i = 0; i < out->bound_count; i++) {
		const struct sigma_bound *bound = &out->bounds[i];
		const uint64_t number = (uint64_t)bound->number;
		if (bound->kind == SIGMA_BOUND_GTE || bound->kind == SIGMA_BOUND_EQ)
			out->least = number > out->least ? number : out->least;
		else if (bound->kind == SIGMA_BOUND_GT)
			out->least = number + 1 > out->least ? number + 1 : out->least;
		if (bound->kind == SIGMA_BOUND_LTE || bound->kind == SIGMA_BOUND_EQ)
			most = fmin(most, bound->number);
		else if (bound->kind == SIGMA_BOUND_LT)
			most = fmin(most, bound->number - 1);
		out->is_early &= bound->kind != SIGMA_BOUND_NEQ;
	}
	out->is_early &= most >= (double)end;
	if ((double)out->least > most ||
	    ((double)out->least == most && !sigma_correlation_allows(out, most)))
		sigma_refuse(r, at,
			     is_temporal
				     ? "write `gte:` and at most the number of rules"
				     : "turn the numbers round; a window has at least one record",
			     is_temporal ? "this condition cannot be held against these rules"
					 : "no number is in this range");
}

static void read_condition(struct sigma_reading *r, struct yaml at, struct sigma_correlation *out)
{
	for (struct yaml key = yaml_first(at); yaml_kind(key) && !r->is_refused;
	     key = yaml_next_in(at, key)) {
		if (str_equal(yaml_text(key), STR("field")))
			out->field_count =
				read_texts(r, yaml_value_of(key), out->fields, SIGMA_KEYS_MAX);
		else
			read_bound(r, key, out);
	}
	if (out->bound_count == 0 && !r->is_refused)
		sigma_refuse(r, at, "write `gte: 10`, or what it takes",
			     "the condition does not say how many it takes");
	else if (!sigma_correlation_is_of_numbers(out) && !r->is_refused)
		find_least(r, at, out);
}

static void check_fields(struct sigma_reading *r, struct yaml at, struct sigma_correlation *out)
{
	const char *type = types[out->type];

	if (sigma_correlation_is_of_numbers(out) && out->field_count != 1)
		sigma_refuse(r, at, "write `field: NAME` into the condition",
			     "%s does not say whose numbers it is about, of one field", type);
	else if (out->type == SIGMA_VALUE_COUNT && out->field_count == 0)
		sigma_refuse(r, at, "write `field: NAME` into the condition",
			     "value_count does not say which field's values are counted");
	else if (out->type != SIGMA_VALUE_COUNT && !sigma_correlation_is_of_numbers(out) &&
		 out->field_count > 0)
		sigma_refuse(r, at, "take it out, or write value_count",
			     "%s looks at no field, and one is named", type);
}

/* Without a condition, all rules must be there, as the specification has it for these two. */
static void read_conditions(struct sigma_reading *r, struct yaml map, struct sigma_correlation *out)
{
	const bool is_temporal = out->type == SIGMA_TEMPORAL || out->type == SIGMA_TEMPORAL_ORDERED;
	struct yaml at = yaml_member(map, STR("condition"));

	if (yaml_kind(at) == YAML_MAP) {
		read_condition(r, at, out);
	} else if (yaml_kind(at)) {
		sigma_refuse(r, at,
			     "leave it out when all rules must be there, or write `gte: NUMBER`",
			     "a condition of names is not supported in a correlation");
	} else if (is_temporal) {
		out->least = out->rule_count;
		out->is_early = true;
	} else {
		sigma_refuse(r, map, "write `condition: {gte: 10}`, or what it takes",
			     "this correlation has no condition");
	}
	if (out->type == SIGMA_TEMPORAL_ORDERED && !r->is_refused &&
	    (out->least < out->rule_count ||
	     !sigma_correlation_allows(out, (double)out->rule_count)))
		sigma_refuse(r, at, "leave the condition out, or write temporal",
			     "temporal_ordered takes all of its rules");
	if (!r->is_refused)
		check_fields(r, yaml_kind(at) ? at : map, out);
}

static void read_alias(struct sigma_reading *r, struct yaml key, struct sigma_alias *aliases,
		       size_t *count, size_t most)
{
	struct yaml map = yaml_value_of(key);

	for (struct yaml rule = yaml_first(map); yaml_kind(rule) && !r->is_refused;
	     rule = yaml_next_in(map, rule)) {
		struct yaml field = yaml_value_of(rule);
		if (yaml_kind(field) != YAML_SINGLE || yaml_text(field).len == 0)
			sigma_refuse(r, field, "write the name of a field",
				     "this is no field's name");
		else if (*count < most)
			aliases[(*count)++] = (struct sigma_alias){yaml_text(key), yaml_text(rule),
								   yaml_text(field)};
	}
	if (yaml_kind(map) != YAML_MAP)
		sigma_refuse(r, map, "write `RULE: FIELD` below it", "this alias names no rules");
}

static void read_aliases(struct sigma_reading *r, struct yaml map, struct sigma_correlation *out)
{
	struct yaml at = yaml_member(map, STR("aliases"));
	size_t most = 0, count = 0;

	if (!yaml_kind(at))
		return;
	for (struct yaml key = yaml_first(at); yaml_kind(key); key = yaml_next_in(at, key))
		most += yaml_count(yaml_value_of(key));
	struct sigma_alias *aliases = sigma_take(r, (most + 1) * sizeof(*aliases));
	for (struct yaml key = yaml_first(at); aliases && yaml_kind(key) && !r->is_refused;
	     key = yaml_next_in(at, key))
		read_alias(r, key, aliases, &count, most);
	out->aliases = aliases;
	out->alias_count = count;
}

static void check_keys(struct sigma_reading *r, struct yaml map)
{
	static const char *const known[] = {"type",    "rules",	    "group-by", "timespan",
					    "aliases", "condition", "generate"};
	char shown[SIGMA_SHOWN_MAX];

	for (struct yaml key = yaml_first(map); yaml_kind(key) && !r->is_refused;
	     key = yaml_next_in(map, key)) {
		bool is_known = false;
		for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
			is_known |= str_equal(yaml_text(key), str_from(known[i]));
		if (!is_known)
			sigma_refuse(r, key, "take it out", "%s in a correlation is not supported",
				     sigma_show(yaml_text(key), shown));
	}
}

void sigma_read_correlation(struct sigma_reading *r, struct yaml map, struct sigma_correlation *out,
			    bool generates)
{
	*out = (struct sigma_correlation){.generates = generates};
	check_keys(r, map);
	if (!r->is_refused)
		read_type(r, map, out);
	if (!r->is_refused)
		out->rule_count = read_texts(r, yaml_member(map, STR("rules")), out->rule_names,
					     SIGMA_LINKS_MAX);
	if (!r->is_refused && out->rule_count == 0)
		sigma_refuse(r, map, "name them by id or name", "this correlation has no rules");
	if (!r->is_refused)
		out->group_count = read_texts(r, yaml_member(map, STR("group-by")), out->group_by,
					      SIGMA_KEYS_MAX);
	if (!r->is_refused)
		read_timespan(r, map, out);
	if (!r->is_refused)
		read_conditions(r, map, out);
	if (!r->is_refused)
		read_aliases(r, map, out);
	bool says = false;
	if (yaml_is_truth(yaml_member(map, STR("generate")), &says))
		out->generates |= says;
}
