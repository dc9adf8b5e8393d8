/* base64 (RFC 4648) in texts of others: commands that hide what they run, data of secrets. */
#ifndef DAVY_DETECT_CLUSTER_BASE64_TEXT_H
#define DAVY_DETECT_CLUSTER_BASE64_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

bool base64_is(struct str text); /* nothing but digits of either alphabet, and = at the end */
/* As much as fits; stops at what is no base64. Returns how many bytes. */
size_t base64_decode(struct str text, char *out, size_t cap);

#endif
