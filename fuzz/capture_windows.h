/* For the harnesses of captures: read one input through windows of a given size. */
#ifndef DAVY_FUZZ_CAPTURE_WINDOWS_H
#define DAVY_FUZZ_CAPTURE_WINDOWS_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "decode/capture/capture.h"

struct read_result {
	struct capture_counters counters;
	uint64_t sum; /* over all that was handed out */
};

static inline void read_windows(const uint8_t *at, size_t len, size_t chunk,
				struct read_result *out)
{
	static struct capture_reader reader;
	enum decoded found = NEED_MORE;
	struct frame frame;

	*out = (struct read_result){0};
	capture_reader_init(&reader);
	for (size_t fed = 0, start = 0; found != UNSUPPORTED; start = fed) {
		start -= capture_unread(&reader).len;
		fed = len - fed < chunk ? len : fed + chunk;
		capture_feed(&reader, str_of(at + start, fed - start), fed == len);
		while ((found = capture_next(&reader, &frame)) == DECODED || found == MALFORMED) {
			out->sum = out->sum * 31 + frame.offset;
			for (size_t i = 0; found == DECODED && i < frame.bytes.len; i++)
				out->sum = out->sum * 31 + (uint8_t)frame.bytes.at[i];
		}
		if (fed == len)
			break;
	}
	out->counters = *capture_counters(&reader);
}

/* One window or many must come to the same, and no byte may be handed out more than twice. */
static inline void check_windows(const uint8_t *at, size_t len)
{
	struct read_result whole, pieces;

	read_windows(at, len, len ? len : 1, &whole);
	read_windows(at, len, 1 + len % 61, &pieces);
	if (memcmp(&whole, &pieces, sizeof(whole)) != 0)
		abort();
	if (whole.counters.bytes > 2 * len || whole.counters.skipped_bytes > len)
		abort();
}

#endif
