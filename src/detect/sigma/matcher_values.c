/* The values of one record, held against the tables; what holds is marked and wakes its rules. */
#include <string.h>

#include "detect/sigma/matcher_parts.h"

enum { AGREEMENTS_MAX = 1 << 16 }; /* pairs of values in one comparison of two fields */

static void mark_one(struct matcher *m, uint32_t number)
{
	const struct predicate *predicate = &m->predicates[number];

	if (m->holds[number] == m->record)
		return;
	m->holds[number] = m->record;
	for (uint32_t i = 0; i < predicate->rule_count; i++) {
		const uint32_t program = m->woken[predicate->rules + i];
		if (m->is_open[program] == m->record)
			continue;
		m->is_open[program] = m->record;
		m->queue[m->queued++] = program;
	}
}

static void mark(struct matcher *m, uint32_t number)
{
	for (; number != WORD_NONE; number = m->predicates[number].also)
		mark_one(m, number);
}

static void mark_found(void *context, uint32_t number)
{
	mark(context, number);
}

struct str matcher_text(struct matcher *m, struct json_value value)
{
	const struct str raw = json_raw_text(value);

	if (!value.json->nodes[value.index].has_escape)
		return raw;
	buf_clear(&m->text);
	if (!buf_reserve(&m->text, 2 * raw.len + 8)) {
		m->is_undecided = true;
		return (struct str){0};
	}
	return json_text(value, m->text.at, m->text.cap);
}

/* -- one text against one field -- */

static void look_up(struct matcher *m, uint32_t number, const struct field *field, struct str text)
{
	if (text.len > field->longest)
		return;
	if (field->cased_texts > 0)
		mark(m, words_find(&m->values, 2 * number + 1, text));
	if (field->texts == 0)
		return;
	buf_clear(&m->folded);
	if (!buf_reserve(&m->folded, text.len + 1)) {
		m->is_undecided = true;
		return;
	}
	mark(m, words_find(&m->values, 2 * number, words_fold(text, m->folded.at)));
}

static bool compares(const struct number *number, double value)
{
	switch (number->match) {
	case SIGMA_LESS:
		return value < number->value;
	case SIGMA_LESS_EQUAL:
		return value <= number->value;
	case SIGMA_GREATER:
		return value > number->value;
	case SIGMA_GREATER_EQUAL:
		return value >= number->value;
	default:
		/* beyond 2^53 two whole numbers may be one double: there the text alone counts */
		return value == number->value && value < 0x1p53 && value > -0x1p53;
	}
}

static void compare_number(struct matcher *m, const struct field *field, struct str text)
{
	double value;

	if (text.len == 0 || !strchr("0123456789+-.", text.at[0]) || !str_to_double(text, &value))
		return;
	for (size_t i = 0; i < field->number_count; i++)
		if (compares(&field->numbers[i], value)) /* alone: `also` are those of one text */
			mark_one(m, field->numbers[i].predicate);
}

static void compare_date(struct matcher *m, const struct field *field, struct str text)
{
	double value;

	for (size_t i = 0; i < field->date_count; i++)
		if (matcher_time_of(text, field->dates[i].time, &value) &&
		    compares(&field->dates[i], value))
			mark_one(m, field->dates[i].predicate);
}

/* Networks of one prefix are sorted: the first that is not before the address' own. */
static size_t find_network(const struct field *field, size_t from, size_t to,
			   const struct address *address)
{
	while (from < to) {
		const size_t middle = from + (to - from) / 2;
		if (memcmp(field->networks[middle].address.bytes, address->bytes, 16) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static void hold_networks(struct matcher *m, const struct field *field, struct str text)
{
	struct address address;

	if (text.len == 0 || text.len > ENDPOINT_TEXT_MAX || !address_parse(text, &address))
		return;
	const bool is_v4 = address_is_v4(&address);
	for (size_t from = 0; from < field->network_count;) {
		const uint8_t prefix = field->networks[from].prefix;
		size_t to = from;
		while (to < field->network_count && field->networks[to].prefix == prefix)
			to++;
		const struct address first = matcher_first_address(&address, prefix);
		for (size_t i = find_network(field, from, to, &first);
		     i < to && address_equal(&field->networks[i].address, &first); i++)
			if (field->networks[i].is_v4 == is_v4)
				mark(m, field->networks[i].predicate);
		from = to;
	}
}

static void hold_text(struct matcher *m, uint32_t number, struct str text)
{
	const struct field *field = &m->fields[number];

	mark(m, field->any);
	if (field->texts + field->cased_texts > 0)
		look_up(m, number, field, text);
	if (field->number_count > 0)
		compare_number(m, field, text);
	if (field->date_count > 0)
		compare_date(m, field, text);
	if (field->network_count > 0)
		hold_networks(m, field, text);
	if (field->patterns && text.len >= field->shortest)
		pattern_set_match(field->patterns, m->scratch, text, mark_found, m);
}

/* -- keywords: any value of the record -- */

static void wake(void *context, uint32_t number)
{
	*(bool *)context = true;
}

/* Most records have nothing of what keywords ask for, and one look at their text tells. */
static bool may_hold(struct matcher *m, const struct field *field)
{
	bool is_awake = false;

	if (!field->is_sieve || field->any != WORD_NONE)
		return true;
	if (field->patterns)
		pattern_set_match(field->patterns, m->scratch, json_raw_text(m->whole), wake,
				  &is_awake);
	return is_awake;
}

/* Values that are written with escapes are not what the text shows: they are always looked at. */
static void hold_keyword(struct matcher *m, uint32_t node, bool is_awake)
{
	const struct json_node *at = &m->whole.json->nodes[node];

	if (at->kind != JSON_NULL && at->kind < JSON_ARRAY && (is_awake || at->has_escape))
		hold_text(m, FIELD_ANY, matcher_text(m, (struct json_value){m->whole.json, node}));
}

static void hold_keywords(struct matcher *m)
{
	const struct json_node *nodes = m->whole.json->nodes;
	uint32_t ends[JSON_DEPTH_MAX + 1], depth = 0, node = m->whole.index;
	bool is_object[JSON_DEPTH_MAX + 1];
	const uint32_t end = nodes[node].after;
	const bool is_awake = may_hold(m, &m->fields[FIELD_ANY]);

	while (node < end) {
		while (depth > 0 && node >= ends[depth - 1])
			depth--;
		if (depth > 0 && is_object[depth - 1])
			node++; /* past the key */
		if (nodes[node].kind >= JSON_ARRAY && depth <= JSON_DEPTH_MAX) {
			ends[depth] = nodes[node].after;
			is_object[depth++] = nodes[node].kind == JSON_OBJECT;
		} else {
			hold_keyword(m, node, is_awake);
		}
		node++;
	}
}

/* -- the record -- */

static void hold_value(struct matcher *m, const struct path_value *found)
{
	const struct json_value value = {m->whole.json, found->node};
	const enum json_kind kind = json_kind(value);
	struct str text = {0};

	if (kind >= JSON_ARRAY)
		return;
	if (kind != JSON_NULL)
		text = matcher_text(m, value);
	for (uint32_t i = m->path_starts[found->path]; i < m->path_starts[found->path + 1]; i++) {
		const uint32_t field = m->path_fields[i];
		if (kind == JSON_NULL)
			mark(m, m->fields[field].null);
		else
			hold_text(m, field, text);
	}
}

static bool exists(const struct matcher *m, const struct field *field)
{
	for (uint32_t i = 0; i < field->path_count; i++)
		if (m->paths.seen[m->field_paths[field->paths + i]] == m->paths.record)
			return true;
	return false;
}

void matcher_hold_values(struct matcher *m)
{
	for (uint32_t i = 0; i < m->paths.value_count; i++)
		hold_value(m, &m->paths.values[i]);
	for (uint32_t i = 0; i < m->existing_count; i++) {
		const struct field *field = &m->fields[m->existing[i]];
		if (exists(m, field))
			mark(m, field->exists);
	}
	if (m->fields[FIELD_ANY].first != WORD_NONE && json_exists(m->whole))
		hold_keywords(m);
}

/* -- two fields -- */

static bool is_of(const struct matcher *m, const struct field *field, uint32_t path)
{
	for (uint32_t i = 0; i < field->path_count; i++)
		if (m->field_paths[field->paths + i] == path)
			return true;
	return false;
}

static bool agrees(const struct sigma_atom *atom, struct str text, struct str part)
{
	if (part.len > text.len)
		return false;
	switch (atom->place) {
	case SIGMA_CONTAINS:
		return atom->is_cased ? str_find(text, part) >= 0
				      : str_find_nocase(text, part) >= 0;
	case SIGMA_ENDS:
		text = str_skip(text, text.len - part.len);
		break;
	case SIGMA_STARTS:
		text = str_sub(text, 0, part.len);
		break;
	default:
		break;
	}
	return atom->is_cased ? str_equal(text, part) : str_equal_nocase(text, part);
}

static bool value_agrees(struct matcher *m, const struct predicate *predicate, struct str part,
			 uint32_t *tries)
{
	const struct field *field = &m->fields[predicate->field];

	for (uint32_t i = 0; i < m->paths.value_count && *tries < AGREEMENTS_MAX; i++) {
		const struct path_value *found = &m->paths.values[i];
		const struct json_value value = {m->whole.json, found->node};
		if (!json_is_scalar(value) || !is_of(m, field, found->path))
			continue;
		++*tries;
		if (agrees(predicate->atom, matcher_text(m, value), part))
			return true;
	}
	return false;
}

bool matcher_fields_agree(struct matcher *m, const struct predicate *predicate)
{
	const struct field *other = &m->fields[predicate->other];
	uint32_t tries = 0;

	for (uint32_t i = 0; i < m->paths.value_count; i++) {
		const struct path_value *found = &m->paths.values[i];
		const struct json_value value = {m->whole.json, found->node};
		if (!json_is_scalar(value) || !is_of(m, other, found->path))
			continue;
		buf_clear(&m->folded); /* the other text must stay while this one is read */
		buf_add(&m->folded, matcher_text(m, value));
		if (m->folded.failed) {
			m->is_undecided = true;
			return false;
		}
		if (value_agrees(m, predicate, buf_view(&m->folded), &tries))
			return true;
	}
	return false;
}
