/*
 * Inflate in pieces and within bounds: gzip and zlib bodies, permessage-deflate messages.
 *
 * All memory is the caller's one block; nothing is allocated. What comes out is limited in size
 * and in ratio to what went in, counted anew for each message.
 */
#ifndef DAVY_DECODE_APP_INFLATER_H
#define DAVY_DECODE_APP_INFLATER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "decode/decoded.h"

enum inflater_format {
	INFLATER_RAW,	  /* permessage-deflate */
	INFLATER_GZIP,	  /* also several members one after the other */
	INFLATER_DEFLATE, /* HTTP's "deflate": zlib by the book, raw by some servers; told apart */
};

struct inflater_settings {
	enum inflater_format format;
	unsigned window_bits; /* 8..15; 0: 15 */
	uint64_t output_max;  /* per message; 0: no limit */
	unsigned ratio_max;   /* output per input byte past INFLATER_RATIO_FREE; 0: no limit */
};

enum {
	INFLATER_RATIO_FREE = 64 * 1024, /* output before the ratio is looked at */
	INFLATER_STATE = 9 * 1024,	 /* zlib's state and ours */
};

/* Bytes of memory for a window of so many bits: 41 KiB for 15. */
#define INFLATER_MEMORY(window_bits) (INFLATER_STATE + (1 << (window_bits)))

enum inflater_fault {
	INFLATER_FINE,
	INFLATER_CORRUPT,
	INFLATER_HISTORY, /* refers to bytes before those we saw, or to a dictionary */
	INFLATER_LIMIT,	  /* output_max or ratio_max passed */
};

struct inflater;

/*
 * memory:  aligned for any type; it is the inflater's until the caller takes it back, there is
 *          nothing to free
 * returns: NULL when `cap` is too small for the window, or the settings make no sense
 */
struct inflater *inflater_init(void *memory, size_t cap, const struct inflater_settings *settings);

/*
 * Inflate from `in` (consumed from the front) into out[cap].
 *
 * returns: DECODED: *len bytes, 1 or more; NEED_MORE: `in` is used up, or the stream is done;
 *          MALFORMED: corrupt; UNSUPPORTED: history or limit; the last two stay until a reset
 */
enum decoded inflater_next(struct inflater *inflater, struct str *in, void *out, size_t cap,
			   size_t *len);

/* A new message of the same stream: the limits count anew, the window is kept (context takeover).
 */
void inflater_next_message(struct inflater *inflater);
/* Begin as if new, with an empty window. */
void inflater_reset(struct inflater *inflater);

enum inflater_fault inflater_fault(const struct inflater *inflater);
bool inflater_is_done(const struct inflater *inflater); /* the end of a gzip or zlib stream */

#endif
