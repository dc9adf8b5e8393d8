#include "detect/cluster/key_ids.h"

#include <string.h>

#include "detect/cluster/base64_text.h"

enum { STRINGS_MOST = 4096, DECODED_MOST = 8 * 1024 };

static bool is_id_byte(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

void key_ids_add(struct key_ids *ids, struct str id)
{
	uint32_t at = ids->count;
	int order = 1;

	if (id.len != KEY_ID_LEN)
		return;
	while (at > 0 && (order = memcmp(ids->at[at - 1], id.at, KEY_ID_LEN)) > 0)
		at--;
	if (at > 0 && order == 0)
		return;
	if (at == KEY_IDS_MAX)
		return;
	if (ids->count == KEY_IDS_MAX)
		ids->count--;
	memmove(ids->at[at + 1], ids->at[at], (ids->count - at) * sizeof(ids->at[0]));
	memcpy(ids->at[at], id.at, KEY_ID_LEN);
	ids->at[at][KEY_ID_LEN] = '\0';
	ids->count++;
}

void key_ids_join(struct key_ids *ids, const struct key_ids *other)
{
	for (uint32_t i = 0; i < other->count; i++)
		key_ids_add(ids, str_of(other->at[i], KEY_ID_LEN));
}

static void find_in(struct key_ids *ids, struct str text, struct str prefix)
{
	size_t from = 0;
	ptrdiff_t found;

	while ((found = str_find(str_skip(text, from), prefix)) >= 0) {
		size_t start = from + (size_t)found, end = start;
		while (end < text.len && end - start <= KEY_ID_LEN && is_id_byte(text.at[end]))
			end++;
		if (end - start == KEY_ID_LEN && (start == 0 || !is_id_byte(text.at[start - 1])))
			key_ids_add(ids, str_sub(text, start, KEY_ID_LEN));
		from = start + prefix.len;
	}
}

static void find_both(struct key_ids *ids, struct str text)
{
	find_in(ids, text, STR("AKIA"));
	find_in(ids, text, STR("ASIA"));
}

void key_ids_find(struct key_ids *ids, struct json_value value)
{
	const struct json *json = value.json;
	char decoded[DECODED_MOST];

	if (!json_exists(value))
		return;
	find_both(ids, json_raw_text(value));
	/* nodes of a document lie one after another, children behind their parent */
	uint32_t end = json->nodes[value.index].after, strings = 0;
	for (uint32_t i = value.index; i < end && strings < STRINGS_MOST; i++) {
		const struct json_node *node = &json->nodes[i];
		if (node->kind != JSON_STRING || node->len < KEY_ID_LEN || node->has_escape)
			continue;
		struct str text = str_sub(json->text, node->start, node->len);
		if (!base64_is(text))
			continue;
		strings++;
		find_both(ids, str_of(decoded, base64_decode(text, decoded, sizeof(decoded))));
	}
}
