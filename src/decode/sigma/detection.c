/* `detection`: selections, each made of maps, lists of maps and keywords; and the condition. */
#include <stdlib.h>
#include <string.h>

#include "decode/sigma/reading.h"

enum { SELECTIONS_MAX = 256 };

static void read_map(struct sigma_reading *r, struct yaml map)
{
	uint32_t count = 0;

	for (struct yaml key = yaml_first(map); yaml_kind(key) && !r->is_refused;
	     key = yaml_next_in(map, key), count++)
		sigma_read_item(r, key, yaml_value_of(key));
	if (count == 0)
		sigma_refuse(r, map, "write at least one field", "nothing is asked for here");
	if (count > 1)
		sigma_add_step(r, map, SIGMA_AND, count);
}

static bool is_all_of_kind(struct yaml list, enum yaml_kind kind)
{
	for (struct yaml one = yaml_first(list); yaml_kind(one); one = yaml_next_in(list, one))
		if (yaml_kind(one) != kind)
			return false;
	return true;
}

/* Maps, and among them keywords: one of them is enough. */
static void read_mixed(struct sigma_reading *r, struct yaml list)
{
	uint32_t count = 0;

	for (struct yaml one = yaml_first(list); yaml_kind(one) && !r->is_refused;
	     one = yaml_next_in(list, one), count++) {
		if (yaml_kind(one) == YAML_MAP)
			read_map(r, one);
		else if (yaml_kind(one) == YAML_SINGLE)
			sigma_read_keywords(r, one);
		else
			sigma_refuse(r, one, "write one list of maps or of texts",
				     "a list inside a list means nothing here");
	}
	if (count > 1)
		sigma_add_step(r, list, SIGMA_OR, count);
}

static void read_selection(struct sigma_reading *r, struct yaml at)
{
	switch (yaml_kind(at)) {
	case YAML_MAP:
		read_map(r, at);
		break;
	case YAML_LIST:
		if (is_all_of_kind(at, YAML_SINGLE)) /* an empty list, too: that is refused */
			sigma_read_keywords(r, at);
		else
			read_mixed(r, at);
		break;
	default:
		sigma_read_keywords(r, at);
	}
}

/* Its steps are moved away from those of the rule, for the condition to copy. */
static void keep_selection(struct sigma_reading *r, struct yaml key, struct sigma_selection *out)
{
	read_selection(r, yaml_value_of(key));
	struct sigma_step *kept = sigma_take(r, (r->steps.count + 1) * sizeof(*kept));
	if (kept && r->steps.count > 0)
		memcpy(kept, r->steps.at, r->steps.count * sizeof(*kept));
	*out = (struct sigma_selection){yaml_text(key), key, kept, kept ? r->steps.count : 0,
					false};
	r->steps.count = 0;
}

static void read_conditions(struct sigma_reading *r, struct yaml at,
			    struct sigma_selection *selections, size_t count)
{
	uint32_t conditions = 0;

	if (yaml_kind(at) == YAML_LIST) {
		for (struct yaml one = yaml_first(at); yaml_kind(one) && !r->is_refused;
		     one = yaml_next_in(at, one), conditions++)
			sigma_read_condition(r, one, selections, count);
		if (conditions == 0)
			sigma_refuse(r, at, "write a condition", "this list is empty");
		if (conditions > 1)
			sigma_add_step(r, at, SIGMA_OR, conditions);
		return;
	}
	sigma_read_condition(r, at, selections, count);
}

static void warn_of_unused(struct sigma_reading *r, const struct sigma_selection *selections,
			   size_t count)
{
	char shown[SIGMA_SHOWN_MAX];

	for (size_t i = 0; i < count && !r->is_refused; i++)
		if (!selections[i].is_used && !str_starts(selections[i].name, STR("_")))
			sigma_warn(r, selections[i].at, "name it there, or take it away",
				   "the condition does not use the selection %s",
				   sigma_show(selections[i].name, shown));
}

/* Whether the steps end with true when every comparison is false. */
static bool holds_of_nothing(struct sigma_reading *r)
{
	bool *stack = calloc(r->steps.count + 1, sizeof(*stack)), *top = stack;

	r->is_out_of_memory |= !stack;
	for (size_t i = 0; stack && i < r->steps.count; i++) {
		const struct sigma_step *step = &r->steps.at[i];
		bool all = true, any = false;
		for (uint32_t k = step->op == SIGMA_ATOM ? 0 : step->operand; k > 0; k--) {
			top--;
			all = all && *top;
			any = any || *top;
		}
		*top++ = step->op == SIGMA_AND	 ? all
			 : step->op == SIGMA_OR	 ? any
			 : step->op == SIGMA_NOT ? !all
						 : false;
	}
	const bool holds = stack && stack[0];
	free(stack);
	return holds;
}

/* A filter leaves out what it selects: a record that no selection is about passes it. */
static void check_filter(struct sigma_reading *r, struct yaml at,
			 const struct sigma_selection *selections, size_t count)
{
	static const struct sigma_step single = {SIGMA_ATOM, 0};
	struct sigma_selection *bare = calloc(count + 1, sizeof(*bare));

	r->is_out_of_memory |= !bare;
	for (size_t i = 0; bare && i < count; i++)
		bare[i] = (struct sigma_selection){selections[i].name, selections[i].at, &single, 1,
						   false};
	if (bare)
		sigma_read_condition(r, at, bare, count);
	if (!r->is_refused && !r->is_out_of_memory && !holds_of_nothing(r))
		sigma_refuse(r, at, "write `condition: not NAME OF A SELECTION`",
			     "a filter leaves out what it selects, and this one would leave out "
			     "all else");
	r->steps.count = 0;
	free(bare);
}

static void read_selections(struct sigma_reading *r, struct yaml detection, bool is_filter,
			    struct sigma_selection *selections)
{
	struct yaml condition = yaml_member(detection, STR("condition"));
	size_t count = 0;

	for (struct yaml key = yaml_first(detection); yaml_kind(key) && !r->is_refused;
	     key = yaml_next_in(detection, key)) {
		if (str_equal(yaml_text(key), STR("condition")) ||
		    (is_filter && str_equal(yaml_text(key), STR("rules"))))
			continue;
		if (str_equal(yaml_text(key), STR("timeframe")))
			sigma_refuse(r, key, "write a correlation rule with a timespan",
				     "timeframe is of old Sigma and not supported");
		else if (count == SELECTIONS_MAX)
			sigma_refuse(r, key, "make several rules of it",
				     "a rule has at most %d selections", SELECTIONS_MAX);
		else
			keep_selection(r, key, &selections[count++]);
	}
	if (is_filter && !r->is_refused)
		check_filter(r, condition, selections, count);
	if (!r->is_refused)
		read_conditions(r, condition, selections, count);
	warn_of_unused(r, selections, count);
}

static void read_detection(struct sigma_reading *r, struct yaml detection, bool is_filter)
{
	struct sigma_selection *selections = calloc(SELECTIONS_MAX, sizeof(*selections));

	r->is_out_of_memory |= !selections;
	if (selections)
		read_selections(r, detection, is_filter, selections);
	free(selections);
}

void sigma_read_detection(struct sigma_reading *r, struct yaml detection)
{
	if (yaml_kind(detection) != YAML_MAP)
		sigma_refuse(r, detection, "write selections and a condition below it",
			     "detection is no map");
	else if (!yaml_kind(yaml_member(detection, STR("condition"))))
		sigma_refuse(r, detection, "write `condition: NAME OF A SELECTION`",
			     "detection has no condition");
	else
		read_detection(r, detection, false);
}

void sigma_read_filter_detection(struct sigma_reading *r, struct yaml filter)
{
	struct yaml condition = yaml_member(filter, STR("condition"));

	if (yaml_kind(condition) != YAML_SINGLE)
		sigma_refuse(r, yaml_kind(condition) ? condition : filter,
			     "write `condition: not NAME OF A SELECTION`",
			     "a filter has one condition");
	else
		read_detection(r, filter, true);
}
