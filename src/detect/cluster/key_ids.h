/*
 * Ids of cloud access keys in what a request or an answer carries. An id is evidence and is shown;
 * what belongs to it is secret, and nothing of it leaves this file.
 */
#ifndef DAVY_DETECT_CLUSTER_KEY_IDS_H
#define DAVY_DETECT_CLUSTER_KEY_IDS_H

#include <stdint.h>

#include "base/json.h"
#include "base/str.h"

enum { KEY_IDS_MAX = 8, KEY_ID_LEN = 20 };

/* The lowest ones in the order of bytes, so that it does not matter which came first. */
struct key_ids {
	char at[KEY_IDS_MAX][KEY_ID_LEN + 1];
	uint32_t count;
};

void key_ids_add(struct key_ids *ids, struct str id);
void key_ids_join(struct key_ids *ids, const struct key_ids *other);

/* All in the text of a value: AKIA... and ASIA..., also inside of base64, as secrets are kept. */
void key_ids_find(struct key_ids *ids, struct json_value value);

#endif
