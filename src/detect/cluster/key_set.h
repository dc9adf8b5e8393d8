/*
 * Ids of cloud access keys in what a request or an answer carries. An id is evidence and is shown;
 * what belongs to it is secret, and nothing of it leaves this file.
 */
#ifndef DAVY_DETECT_CLUSTER_KEY_SET_H
#define DAVY_DETECT_CLUSTER_KEY_SET_H

#include <stdint.h>

#include "base/json.h"
#include "base/str.h"
#include "detect/key_ids.h"

enum { KEY_SET_MAX = 8 };

/* The lowest ones in the order of bytes, so that it does not matter which came first. */
struct key_set {
	char at[KEY_SET_MAX][KEY_ID_LEN + 1];
	uint32_t count;
};

void key_set_add(struct key_set *ids, struct str id);
void key_set_join(struct key_set *ids, const struct key_set *other);

/* All in the text of a value: AKIA... and ASIA..., also inside of base64, as secrets are kept. */
void key_set_find(struct key_set *ids, struct json_value value);

#endif
