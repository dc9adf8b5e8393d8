#include "detect/computing_fields.h"

/*
 * The members below `in`, in the order of the text: nodes lie in that order, so one pass over them
 * is enough, whatever their depth.
 */
struct walk {
	const struct json *doc;
	uint32_t at, end;
	uint32_t ends[JSON_DEPTH_MAX + 2];
	bool is_object[JSON_DEPTH_MAX + 2];
	size_t depth;
};

static void enter(struct walk *walk, uint32_t index)
{
	const struct json_node *node = &walk->doc->nodes[index];

	walk->at = index + 1;
	if (node->kind < JSON_ARRAY || walk->depth == JSON_DEPTH_MAX + 2)
		return;
	walk->ends[walk->depth] = node->after;
	walk->is_object[walk->depth++] = node->kind == JSON_OBJECT;
}

static void walk_begin(struct walk *walk, struct json_value in)
{
	walk->depth = 0;
	walk->doc = in.json;
	if (json_exists(in))
		enter(walk, in.index);
}

/* The next member with this name; JSON_NONE at the end. */
static struct json_value walk_next(struct walk *walk, struct str name)
{
	while (walk->depth > 0) {
		size_t top = walk->depth - 1;
		bool is_object = walk->is_object[top];
		uint32_t value = walk->at + (is_object ? 1 : 0);
		if (value >= walk->ends[top]) {
			walk->at = walk->ends[top];
			walk->depth--;
			continue;
		}
		struct json_value key = {walk->doc, walk->at}, found = {walk->doc, value};
		enter(walk, value);
		if (is_object && str_equal_nocase(json_raw_text(key), name))
			return found;
	}
	return (struct json_value){0};
}

/* A log that writes every parameter as {"value": ...}. */
static struct json_value unwrap(struct json_value v)
{
	struct json_value inner = json_member(v, STR("value"));

	return json_kind(v) == JSON_OBJECT && json_is_scalar(inner) ? inner : v;
}

struct json_value computing_member(struct json_value in, const char *names)
{
	struct str left = str_from(names), name;
	struct walk walk;

	while (left.len > 0) {
		(void)str_cut(left, '|', &name, &left);
		walk_begin(&walk, in);
		struct json_value found = walk_next(&walk, name);
		if (json_exists(found))
			return unwrap(found);
	}
	return (struct json_value){0};
}

/* "2", 2, "500m" */
static bool quantity(struct json_value v, double *out)
{
	struct str text = json_raw_text(v);
	double number;

	if (!json_is_scalar(v))
		return false;
	bool is_milli = text.len > 1 && text.at[text.len - 1] == 'm';
	if (!str_to_double(is_milli ? str_sub(text, 0, text.len - 1) : text, &number) ||
	    !(number >= 0 && number <= 1e6))
		return false;
	*out = is_milli ? number / 1000 : number;
	return true;
}

bool computing_sum(struct json_value in, const char *name, double *out)
{
	struct walk walk;
	struct json_value at;
	double one, sum = 0;
	bool is_any = false;

	walk_begin(&walk, in);
	while (json_exists(at = walk_next(&walk, str_from(name)))) {
		if (!quantity(unwrap(at), &one))
			continue;
		sum += one;
		is_any = true;
	}
	if (is_any)
		*out = sum;
	return is_any;
}

static struct str text_of(struct json_value v, struct computing_scratch *scratch)
{
	struct str text =
		json_text(v, scratch->text + scratch->used, sizeof(scratch->text) - scratch->used);

	if (text.at == scratch->text + scratch->used)
		scratch->used += text.len;
	return text;
}

struct str computing_text(const struct record_act *act, struct computing_scratch *scratch,
			  const char *names)
{
	struct json_value v = computing_member(computing_body(act, scratch), names);

	if (!json_is_scalar(v))
		v = computing_member(act->response, names);
	return json_is_scalar(v) ? text_of(v, scratch) : (struct str){0};
}

bool computing_count(const struct record_act *act, struct computing_scratch *scratch,
		     const char *names, uint64_t *out)
{
	uint64_t number;

	if (!json_to_u64(computing_member(computing_body(act, scratch), names), &number) &&
	    !json_to_u64(computing_member(act->response, names), &number))
		return false;
	*out = number < COMPUTING_COUNT_MAX ? number : COMPUTING_COUNT_MAX;
	return true;
}

/* The text is taken apart once for an act: a later call finds it as it was left. */
struct json_value computing_body(const struct record_act *act, struct computing_scratch *scratch)
{
	struct json_value body = act->request;
	struct json_value inner = computing_member(body, "requestbody");

	if (json_exists(inner))
		body = inner;
	if (json_kind(body) != JSON_STRING)
		return body;
	if (scratch->has_inner)
		return json_root(&scratch->inner);
	/* what does not fit is cut off and read as far as it goes */
	struct str text = json_text(body, scratch->inner_text, sizeof(scratch->inner_text));
	scratch->inner = (struct json){.nodes = scratch->nodes, .cap = COMPUTING_NODES};
	scratch->has_inner = true;
	(void)json_read(&scratch->inner, text);
	return json_root(&scratch->inner);
}
