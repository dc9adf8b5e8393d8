/*
 * Logs of clouds and clusters, whatever their form: the first byte says how large the pieces are.
 * Whatever they are, the same records come out of them, all memory that is handed out can be read,
 * and what is read stays inside of what was fed.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/hash.h"
#include "decode/record/record_stream.h"
#include "model/record_excerpt.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct seen {
	uint64_t records, bad, hash;
};

static void take_all(struct record_stream *stream, size_t size, struct seen *seen)
{
	enum record_stream_state state;
	struct record record;
	struct error why;

	while ((state = record_stream_next(stream, &record, &why)) != RECORD_STREAM_MORE) {
		CLEANUP(buf_fini) struct buf excerpt = {0};

		if (state == RECORD_STREAM_BAD) {
			seen->bad++;
			continue;
		}
		assert(record.offset <= size && record.line >= 1);
		assert(record.text.len <= size - record.offset);
		record_excerpt(&record, &excerpt);
		uint64_t mixed = hash_bytes(excerpt.at, excerpt.len, seen->hash);
		mixed = hash_bytes(record.id.at, record.id.len, mixed + record.offset);
		seen->hash = hash_bytes(record.text.at, record.text.len, mixed);
		seen->records++;
	}
}

static struct seen read_all(struct record_stream *stream, struct str text, size_t step)
{
	struct seen seen = {0};

	if (record_stream_begin(stream, STR("f"), (struct str){0}, NULL) < 0)
		abort();
	for (size_t at = 0; at < text.len; at += step) {
		record_stream_feed(stream, str_sub(text, at, step));
		take_all(stream, text.len, &seen);
	}
	record_stream_end(stream);
	take_all(stream, text.len, &seen);
	return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct record_stream *stream; /* its memory is made once */
	const struct record_stream_settings settings = {.record_max = 4096, .node_max = 512};

	if (size == 0 || (!stream && record_stream_new(&settings, &stream) < 0))
		return 0;
	struct str text = str_of(bytes + 1, size - 1);
	struct seen whole = read_all(stream, text, size);
	struct seen pieces = read_all(stream, text, 1 + bytes[0]);
	assert(whole.records == pieces.records && whole.bad == pieces.bad &&
	       whole.hash == pieces.hash);
	record_stream_is_log(text);
	return 0;
}
