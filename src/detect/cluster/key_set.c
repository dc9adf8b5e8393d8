#include "detect/cluster/key_set.h"

#include <string.h>

#include "detect/cluster/base64_text.h"

enum { STRINGS_MOST = 4096, DECODED_MOST = 8 * 1024 };

void key_set_add(struct key_set *ids, struct str id)
{
	uint32_t at = ids->count;
	int order = 1;

	if (id.len != KEY_ID_LEN)
		return;
	while (at > 0 && (order = memcmp(ids->at[at - 1], id.at, KEY_ID_LEN)) > 0)
		at--;
	if (at > 0 && order == 0)
		return;
	if (at == KEY_SET_MAX)
		return;
	if (ids->count == KEY_SET_MAX)
		ids->count--;
	memmove(ids->at[at + 1], ids->at[at], (ids->count - at) * sizeof(ids->at[0]));
	memcpy(ids->at[at], id.at, KEY_ID_LEN);
	ids->at[at][KEY_ID_LEN] = '\0';
	ids->count++;
}

void key_set_join(struct key_set *ids, const struct key_set *other)
{
	for (uint32_t i = 0; i < other->count; i++)
		key_set_add(ids, str_of(other->at[i], KEY_ID_LEN));
}

static void find_in(struct key_set *ids, struct str text)
{
	char id[KEY_ID_LEN + 1];

	while (key_id_next(&text, id))
		key_set_add(ids, str_of(id, KEY_ID_LEN));
}

void key_set_find(struct key_set *ids, struct json_value value)
{
	const struct json *json = value.json;
	char decoded[DECODED_MOST];

	if (!json_exists(value))
		return;
	find_in(ids, json_raw_text(value));
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
		find_in(ids, str_of(decoded, base64_decode(text, decoded, sizeof(decoded))));
	}
}
