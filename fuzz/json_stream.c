/* However a stream is cut into pieces, the same messages come out of it. First byte: their size. */
#include <assert.h>

#include "decode/flow/json_stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static void take(struct buf *out, struct str message)
{
	assert(message.len > 0 && message.len <= JSON_MESSAGE_MAX);
	buf_printf(out, "%zu:", message.len);
	buf_add(out, message);
}

/* The messages, each after its length; then how much was passed over. */
static void cut(struct str stream, size_t step, struct buf *out)
{
	struct json_stream json = {0};
	struct str message;

	while (stream.len > 0) {
		json_stream_feed(&json, str_sub(stream, 0, step));
		while (json_stream_next(&json, &message))
			take(out, message);
		stream = str_skip(stream, step);
	}
	if (json_stream_flush(&json, &message))
		take(out, message);
	buf_printf(out, " %lu", (unsigned long)json.passed_over);
	json_stream_gap(&json);
	assert(!json_stream_flush(&json, &message));
	json_stream_fini(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct buf whole = {0}, pieces = {0};
	struct str stream = str_of(at + 1, len - 1);

	if (len < 2)
		return 0;
	cut(stream, stream.len, &whole);
	cut(stream, (size_t)at[0] + 1, &pieces);
	assert(str_equal(buf_view(&whole), buf_view(&pieces)));
	buf_clear(&pieces);
	cut(stream, 1, &pieces);
	assert(str_equal(buf_view(&whole), buf_view(&pieces)));
	buf_fini(&whole);
	buf_fini(&pieces);
	return 0;
}
