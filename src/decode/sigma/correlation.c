/* `correlation`: which rules, grouped by what, how many within how long. */
#include <string.h>

#include "decode/sigma/reading.h"

static const char *const types[] = {
	[SIGMA_EVENT_COUNT] = "event_count",
	[SIGMA_VALUE_COUNT] = "value_count",
	[SIGMA_TEMPORAL] = "temporal",
	[SIGMA_TEMPORAL_ORDERED] = "temporal_ordered",
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
		     "write event_count, value_count, temporal or temporal_ordered",
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

static void narrow(struct sigma_reading *r, struct yaml key, struct sigma_correlation *out,
		   uint64_t number)
{
	struct str word = yaml_text(key);
	char shown[SIGMA_SHOWN_MAX];

	if (str_equal(word, STR("gte")) || str_equal(word, STR("eq")))
		out->least = number > out->least ? number : out->least;
	else if (str_equal(word, STR("gt")))
		out->least = number + 1 > out->least ? number + 1 : out->least;
	if (str_equal(word, STR("lte")) || str_equal(word, STR("eq")))
		out->most = number < out->most ? number : out->most;
	else if (str_equal(word, STR("lt")))
		out->most = number - 1 < out->most ? number - 1 : out->most;
	else if (!str_equal(word, STR("gte")) && !str_equal(word, STR("gt")))
		sigma_refuse(r, key, "write gt, gte, lt, lte or eq, and `field` for value_count",
			     "a condition has no %s", sigma_show(word, shown));
}

static void read_number(struct sigma_reading *r, struct yaml key, struct sigma_correlation *out)
{
	uint64_t number;

	if (!str_to_u64(yaml_text(yaml_value_of(key)), &number) || number > UINT32_MAX)
		sigma_refuse(r, yaml_value_of(key), "write a whole number",
			     "this is no number to count to");
	else if (number == 0 && str_equal(yaml_text(key), STR("lt")))
		sigma_refuse(r, key, "write a greater one", "nothing is less than 0");
	else
		narrow(r, key, out, number);
}

static void read_condition(struct sigma_reading *r, struct yaml at, struct sigma_correlation *out)
{
	bool is_told = false;

	out->least = 1;
	out->most = UINT64_MAX;
	for (struct yaml key = yaml_first(at); yaml_kind(key) && !r->is_refused;
	     key = yaml_next_in(at, key)) {
		if (str_equal(yaml_text(key), STR("field"))) {
			out->field_count =
				read_texts(r, yaml_value_of(key), out->fields, SIGMA_KEYS_MAX);
			continue;
		}
		read_number(r, key, out);
		is_told = true;
	}
	if (!is_told && !r->is_refused)
		sigma_refuse(r, at, "write `gte: 10`, or what it takes",
			     "the condition does not say how many it takes");
	else if (out->least > out->most && !r->is_refused)
		sigma_refuse(r, at, "turn the numbers round", "no number is in this range");
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
		out->most = UINT64_MAX;
	} else {
		sigma_refuse(r, map, "write `condition: {gte: 10}`, or what it takes",
			     "this correlation has no condition");
	}
	if (is_temporal && !r->is_refused &&
	    (out->most < out->rule_count || out->least > out->rule_count))
		sigma_refuse(r, at, "write `gte:` and at most the number of rules",
			     "this condition cannot be held against these rules");
	if (out->type == SIGMA_TEMPORAL_ORDERED && !r->is_refused && out->least < out->rule_count)
		sigma_refuse(r, at, "leave the condition out, or write temporal",
			     "temporal_ordered takes all of its rules");
	if (out->type == SIGMA_VALUE_COUNT && out->field_count == 0 && !r->is_refused)
		sigma_refuse(r, yaml_kind(at) ? at : map, "write `field: NAME` into the condition",
			     "value_count does not say which field's values are counted");
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
	*out = (struct sigma_correlation){.most = UINT64_MAX, .generates = generates};
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
