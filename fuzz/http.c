/* A head and its body; the first byte says how long the pieces of the body are. */
#include <assert.h>

#include "decode/app/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct http_head head;
	struct http_body body;
	struct str piece;
	char user[64];
	size_t consumed, step = len ? bytes[0] + 1u : 1;

	if (len == 0 || http_head_read(str_of(bytes + 1, len - 1), &consumed, &head) != DECODED)
		return 0;
	(void)http_header(&head, STR("X-Any"));
	(void)http_basic_user(&head, user, sizeof(user));
	struct str left = str_skip(str_of(bytes + 1, len - 1), consumed);
	http_body_begin(&body, &head, bytes[0] & 1 ? STR("GET") : STR(""));
	while (left.len > 0 && !body.is_done) {
		struct str in = str_sub(left, 0, step);
		size_t given = in.len;
		enum decoded outcome;
		while ((outcome = http_body_next(&body, &in, &piece)) == DECODED && piece.len > 0)
			assert(piece.len <= given);
		if (outcome == MALFORMED)
			return 0;
		left = str_skip(left, given - in.len);
	}
	return 0;
}
