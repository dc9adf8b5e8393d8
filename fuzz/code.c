/* Foreign machine code: read from any place, counted, looped, told. First two bytes: the sample. */
#include <assert.h>
#include <string.h>

#include "decode/code/code.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	static struct code_reader *reader;
	struct code_counts all, part;
	struct code_loop loop = {0, 0};
	int code;

	if (!reader)
		reader = code_reader_new(CODE_X86_64, &code);
	assert(reader);
	if (len < 2)
		return 0;
	size_t sampled = (size_t)at[0] << 8 | at[1];
	struct str bytes = str_of(at + 2, len - 2);
	size_t read = bytes.len < CODE_READ_MAX ? bytes.len : CODE_READ_MAX;

	code_read(reader, bytes, sampled);
	code_count(reader, 0, CODE_READ_MAX, &all);
	assert(all.bytes + all.invalid_bytes <= read + 15 && all.instructions <= all.bytes);
	code_count_path(reader, 64, &part);
	assert(part.instructions <= 64);
	if (code_find_loop(reader, 0, &loop)) {
		assert(loop.from < loop.to && loop.to <= read);
		code_count(reader, loop.from, loop.to, &part);
		assert(part.instructions > 0 && part.instructions <= all.instructions);
	}
	char text[24];
	size_t size = code_text(reader, bytes, 0x1000, text, sizeof(text));
	assert(size <= bytes.len && memchr(text, 0, sizeof(text)));
	return 0;
}
