#include "decode/record/act_field.h"

#include <string.h>

#include "decode/record/fields.h"

struct str act_text(struct json_value value, struct arena *scratch)
{
	enum json_kind kind = json_kind(value);

	if (kind != JSON_STRING && kind != JSON_NUMBER)
		return (struct str){0};
	struct str text = json_text(value, NULL, 0);
	if (text.at) /* a view: there are no escapes */
		return text;
	size_t cap = json_raw_text(value).len;
	if (cap > ACT_TEXT_MAX)
		cap = ACT_TEXT_MAX;
	char *copy = arena_take(scratch, cap);
	return copy ? json_text(value, copy, cap) : (struct str){0};
}

struct str act_member(struct json_value object, struct str key, struct arena *scratch)
{
	return act_text(json_member(object, key), scratch);
}

struct str act_either(struct str first, struct str second)
{
	return first.len > 0 ? first : second;
}

/* "20261122T100000Z", as CloudTrail wrote it once -> RFC 3339 */
static bool spread_out(struct str text, char out[static 20])
{
	static const char form[] = "dddd-dd-ddTdd:dd:ddZ";
	size_t from = 0;

	if (text.len != 16 || text.at[8] != 'T')
		return false;
	for (size_t i = 0; i < 20; i++)
		out[i] = form[i] == '-' || form[i] == ':' ? form[i] : text.at[from++];
	return true;
}

instant act_time(struct json_value value)
{
	char copy[48], spread[20];
	instant at;

	if (json_kind(value) != JSON_STRING)
		return (instant){0};
	struct str text = json_text(value, copy, sizeof(copy));
	if (time_from_text(text, &at))
		return at;
	if (spread_out(text, spread) && instant_parse(str_of(spread, sizeof(spread)), &at))
		return at;
	return (instant){0};
}

instant act_epoch(struct json_value value)
{
	uint64_t seconds;

	return json_to_u64(value, &seconds) ? time_from_number(seconds) : (instant){0};
}

void act_set_source(struct record_act *act, struct str text)
{
	struct endpoint ends;

	act->source = text;
	act->has_address = address_from_text(text, &act->address);
	if (act->has_address || !endpoint_parse(text, &ends))
		return;
	act->has_address = true;
	act->address = ends.address;
	if (text.at[0] == '[')
		str_cut(str_skip(text, 1), ']', &act->source, &text);
	else
		str_cut(text, ':', &act->source, &text);
}

void act_add_resource(struct record_act *act, struct str type, struct str name)
{
	if (name.len == 0 || act->resource_count == RECORD_RESOURCES_MAX)
		return;
	for (size_t i = 0; i < act->resource_count; i++)
		if (str_equal(act->resources[i].type, type) &&
		    str_equal(act->resources[i].name, name))
			return;
	act->resources[act->resource_count++] = (struct record_resource){type, name};
}

enum record_outcome act_status_outcome(uint64_t status)
{
	if (status == 401 || status == 403)
		return OUTCOME_DENIED;
	return status >= 400 ? OUTCOME_FAILED : OUTCOME_DONE;
}

bool act_cut_last(struct str s, char separator, struct str *head, struct str *tail)
{
	const char *found = s.len > 0 ? memrchr(s.at, separator, s.len) : NULL;

	*head = s;
	*tail = (struct str){0};
	if (!found)
		return false;
	size_t at = (size_t)(found - s.at);
	*head = str_sub(s, 0, at);
	*tail = str_skip(s, at + 1);
	return true;
}

static struct str in_case(struct str s, char first, char last, struct arena *scratch)
{
	size_t i = 0;

	while (i < s.len && !(s.at[i] >= first && s.at[i] <= last))
		i++;
	if (i == s.len)
		return s;
	struct str part = str_sub(s, 0, ACT_TEXT_MAX);
	char *copy = arena_take(scratch, part.len);
	if (!copy)
		return s;
	memcpy(copy, part.at, part.len);
	for (; i < part.len; i++)
		if (copy[i] >= first && copy[i] <= last)
			copy[i] ^= 0x20;
	return str_of(copy, part.len);
}

struct str act_upper(struct str s, struct arena *scratch)
{
	return in_case(s, 'a', 'z', scratch);
}

struct str act_lower(struct str s, struct arena *scratch)
{
	return in_case(s, 'A', 'Z', scratch);
}

struct str act_pair_value(const struct act_pair *pairs, size_t count, struct str key)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal(pairs[i].key, key))
			return pairs[i].value;
	return (struct str){0};
}

bool act_is_instance_id(struct str text)
{
	struct str digits = str_skip(text, 2);

	return str_starts(text, STR("i-")) && digits.len >= 8 && digits.len <= 17 &&
	       str_is_hex(digits);
}

struct json_value act_capital_member(struct json_value object, struct str key)
{
	struct json_value member = json_member(object, key);
	char capital[40];

	if (json_exists(member) || key.len == 0 || key.len > sizeof(capital))
		return member;
	memcpy(capital, key.at, key.len);
	capital[0] ^= 0x20;
	return json_member(object, str_of(capital, key.len));
}

struct str act_join(struct str first, char between, struct str second, struct arena *scratch)
{
	if (first.len > ACT_TEXT_MAX || second.len > ACT_TEXT_MAX)
		return (struct str){0};
	char *joined = arena_take(scratch, first.len + 1 + second.len);
	if (!joined)
		return (struct str){0};
	if (first.len > 0)
		memcpy(joined, first.at, first.len);
	joined[first.len] = between;
	if (second.len > 0)
		memcpy(joined + first.len + 1, second.at, second.len);
	return str_of(joined, first.len + 1 + second.len);
}
