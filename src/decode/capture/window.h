/*
 * The part of a capture that is in memory now, shared by the formats' decoders.
 *
 * A mapped file is one window; a pipe or a growing file is a row of windows, each beginning with
 * what the one before left over. `keep` lies at the last record that was handed out: when the next
 * header turns out to be rubbish, the lie may be in that record's length, and the records it
 * swallowed are looked for inside it.
 */
#ifndef DAVY_DECODE_CAPTURE_WINDOW_H
#define DAVY_DECODE_CAPTURE_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/instant.h"
#include "base/reader.h"
#include "decode/capture/frame.h"

/* No capture length of a network capture is longer: libpcap's and Wireshark's own maximum. */
enum { CAPTURE_FRAME_MAX = 256 * 1024 };

struct capture_counters {
	uint64_t records;	/* frames handed out */
	uint64_t bytes;		/* captured bytes in them */
	uint64_t malformed;	/* places where the capture breaks its format */
	uint64_t skipped_bytes; /* bytes passed over to get back in step */
	uint64_t truncated;	/* records that the end of the capture cuts off */
	uint64_t unsupported; /* frames of an interface beyond PCAPNG_INTERFACES_MAX: not handed out
			       */
	uint64_t headers;     /* file headers or sections: more than 1 in concatenated captures */
	uint64_t first_malformed_offset, truncated_offset; /* valid when the counter is not 0 */
};

struct capture_window {
	struct reader in;    /* what has not been read */
	const uint8_t *keep; /* <= in.at: from here on the bytes are still needed */
	uint64_t end_offset; /* of in.end in the capture */
	bool is_last;	     /* nothing comes after in.end */
	bool has_last;
	instant last; /* time of the last frame under the present file header, with has_last */
	struct capture_counters counters;
};

/* The record between in.at and `rest` is handed out as `frame`. */
static inline void capture_window_take(struct capture_window *window, struct reader rest,
				       const struct frame *frame)
{
	window->keep = window->in.at;
	window->in = rest;
	window->last = frame->at;
	window->has_last = true;
	window->counters.records++;
	window->counters.bytes += frame->bytes.len;
}

static inline uint64_t capture_window_offset(const struct capture_window *window)
{
	return window->end_offset - reader_left(&window->in);
}

#endif
