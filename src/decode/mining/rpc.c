#include "decode/mining/rpc.h"

#include <string.h>

#include "base/hash.h"

struct str rpc_text(const struct rpc *rpc, struct json_value v)
{
	if (!json_is_scalar(v))
		return (struct str){0};
	struct str raw = json_raw_text(v);
	if (!memchr(raw.at, '\\', raw.len))
		return json_text(v, NULL, 0);
	char *copy = arena_take(rpc->scratch, raw.len);
	return copy ? json_text(v, copy, raw.len) : (struct str){0};
}

struct str rpc_member_text(const struct rpc *rpc, struct json_value object, struct str key)
{
	return rpc_text(rpc, json_member(object, key));
}

struct str rpc_item_text(const struct rpc *rpc, struct json_value array, size_t index)
{
	return rpc_text(rpc, json_item(array, index));
}

double rpc_difficulty(struct json_value value)
{
	double difficulty;

	return json_to_double(value, &difficulty) && difficulty > 0 ? difficulty : 0;
}

static bool says_something(struct json_value v)
{
	return json_exists(v) && json_kind(v) != JSON_NULL;
}

static uint32_t hash_id(const struct rpc *rpc, struct json_value id)
{
	struct str text = rpc_text(rpc, id);

	return text.len ? (uint32_t)hash_bytes(text.at, text.len, 1) | 1 : 0;
}

/* An error that says "no error": null, false, 0, "", or absent. */
static bool is_error(struct json_value error)
{
	uint64_t code;

	if (!says_something(error) || json_kind(error) == JSON_FALSE)
		return false;
	if (json_to_u64(error, &code))
		return code != 0;
	return json_kind(error) >= JSON_ARRAY ? json_count(error) > 0
					      : json_raw_text(error).len > 0;
}

/* false, "false", or a list that begins with one of them (Conflux: ["false", "why"]). */
static bool is_no(struct json_value result)
{
	if (json_kind(result) == JSON_ARRAY)
		result = json_item(result, 0);
	return json_kind(result) == JSON_FALSE || json_text_is(result, STR("false"));
}

bool rpc_read(struct json_value root, struct arena *scratch, struct rpc *out)
{
	if (json_kind(root) != JSON_OBJECT)
		return false;
	*out = (struct rpc){.root = root, .scratch = scratch};
	out->params = json_member(root, STR("params"));
	out->result = json_member(root, STR("result"));
	out->error = json_member(root, STR("error"));
	out->id = json_member(root, STR("id"));
	out->method = rpc_member_text(out, root, STR("method"));
	out->id_hash = hash_id(out, out->id);
	bool has_error = is_error(out->error);
	/* EIP-1571: an id alone says "done" */
	bool is_bare = json_count(root) == 1 && out->id_hash != 0;
	out->is_reply = out->method.len == 0 ? json_exists(out->result) || has_error || is_bare
					     : says_something(out->result) || has_error;
	out->is_refusal = out->is_reply && (has_error || is_no(out->result));
	return true;
}

bool text_is_hex(struct str text, size_t min, size_t max)
{
	if (str_starts_nocase(text, STR("0x")))
		text = str_skip(text, 2);
	return text.len >= min && text.len <= max && str_is_hex(text);
}
