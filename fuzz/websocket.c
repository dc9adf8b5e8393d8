/* First byte: bit 0 mid-stream, bit 1 deflate, bit 2 no takeover, the rest: size of the pieces. */
#include <assert.h>

#include "decode/app/websocket.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static _Alignas(16) char memory[INFLATER_MEMORY(15)];
	static char kept[512];
	struct websocket_stream stream;
	struct websocket_message message;

	if (len == 0)
		return 0;
	struct websocket_settings settings = {
		.deflate = {bytes[0] >> 1 & 1, false, bytes[0] >> 2 & 1, 15, 15},
		.is_midstream = bytes[0] & 1,
		.kept = kept,
		.kept_max = sizeof(kept),
		.inflater = memory,
		.inflater_size = sizeof(memory),
	};
	struct str left = str_of(bytes + 1, len - 1);
	(void)websocket_starts_midstream(left);
	(void)websocket_extensions_read(left);
	websocket_stream_init(&stream, &settings);
	for (; left.len > 0; left = str_skip(left, (bytes[0] >> 3) + 1u)) {
		enum decoded outcome;
		websocket_stream_feed(&stream, str_sub(left, 0, (bytes[0] >> 3) + 1u));
		while ((outcome = websocket_stream_next(&stream, &message)) == DECODED ||
		       outcome == UNSUPPORTED)
			assert(message.payload.len <= message.length || outcome == UNSUPPORTED);
	}
	return 0;
}
