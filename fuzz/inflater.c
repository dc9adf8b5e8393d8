/* First byte: the format, and the size of the pieces. */
#include <assert.h>

#include "decode/app/inflater.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static _Alignas(16) char memory[INFLATER_MEMORY(15)];
	struct inflater_settings settings = {.output_max = 1 << 20, .ratio_max = 200};
	char out[300];
	size_t got;

	if (len == 0)
		return 0;
	settings.format = (enum inflater_format)(bytes[0] % 3);
	struct inflater *inflater = inflater_init(memory, sizeof(memory), &settings);
	struct str left = str_of(bytes + 1, len - 1);
	size_t step = (size_t)(bytes[0] >> 2) + 1;
	while (left.len > 0) {
		struct str in = str_sub(left, 0, step);
		size_t given = in.len;
		enum decoded outcome;
		while ((outcome = inflater_next(inflater, &in, out, sizeof(out), &got)) == DECODED)
			assert(got > 0 && got <= sizeof(out));
		if (outcome != NEED_MORE || inflater_is_done(inflater))
			return 0;
		left = str_skip(left, given - in.len);
	}
	return 0;
}
