/* Access-key ids in a text: AKIA or ASIA and 16 capitals and digits, also inside base64. */
#ifndef DAVY_DETECT_KEY_IDS_H
#define DAVY_DETECT_KEY_IDS_H

#include <stdbool.h>

#include "base/str.h"

enum { KEY_ID_LEN = 20 };

/*
 * The next id in `*text`, which is moved behind it. Secrets that stand beside ids are never looked
 * at: only these 20 letters leave the text.
 */
bool key_id_next(struct str *text, char id[KEY_ID_LEN + 1]);

#endif
