/*
 * Capture files, whatever their format: bytes in, frames out. Pure: no I/O, no allocation.
 *
 *     capture_reader_init(&reader);
 *     capture_feed(&reader, whole_file, true);
 *     while ((found = capture_next(&reader, &frame)) == DECODED || found == MALFORMED) ...
 *
 * A capture that arrives in pieces is fed in windows: after NEED_MORE, the next window begins with
 * the bytes capture_unread() names, then the new ones. Frames are views into the window they came
 * from.
 *
 * Damage is skipped: after MALFORMED the reader looks for the next place where the capture goes on
 * sensibly and counts what it passed over. Captures that were concatenated are read through, also
 * of different formats.
 */
#ifndef DAVY_DECODE_CAPTURE_CAPTURE_H
#define DAVY_DECODE_CAPTURE_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "decode/capture/frame.h"
#include "decode/capture/pcap.h"
#include "decode/capture/pcapng.h"
#include "decode/capture/window.h"
#include "decode/decoded.h"

/* No NEED_MORE while a window of this size is unread: what a caller's buffer must be able to hold.
 */
enum { CAPTURE_WINDOW_MAX = PCAPNG_BLOCK_MAX + CAPTURE_FRAME_MAX };

enum capture_format { CAPTURE_UNKNOWN, CAPTURE_PCAP, CAPTURE_PCAPNG };

struct capture_reader {
	struct pcap pcap; /* zeroed while another format is read, or while out of step */
	struct capture_window window;
	enum capture_format format;
	bool is_lost;		/* out of step: looking for a place to go on */
	uint64_t lost_at;	/* offset of the damage, with is_lost */
	uint64_t searched_to;	/* offset up to which bytes were searched a second time */
	struct pcap pcap_aside; /* the file's header, while `pcap` is zeroed because of is_lost */
	struct pcapng pcapng;
};

/*
 * Which format begins here?
 *
 * returns: DECODED; NEED_MORE: a few more bytes will tell; UNSUPPORTED: no capture
 */
enum decoded capture_recognise(struct str start, enum capture_format *format);

void capture_reader_init(struct capture_reader *reader);

/* What the next window must begin with. */
struct str capture_unread(const struct capture_reader *reader);

/* The next window; is_last: nothing comes after it. May be the same bytes again with is_last. */
void capture_feed(struct capture_reader *reader, struct str window, bool is_last);

/* capture_next for everything but a usual pcap record. */
enum decoded capture_next_unusual(struct capture_reader *reader, struct frame *out);

/*
 * The next frame.
 *
 * returns: DECODED: `out` holds a frame, valid until the next feed.
 *          NEED_MORE: the window is used up; with is_last that is the end.
 *          MALFORMED: damage at out->offset; call again to go on behind it.
 *          UNSUPPORTED: this is no capture; nothing will follow.
 */
must_check static inline enum decoded capture_next(struct capture_reader *reader, struct frame *out)
{
	if (pcap_next_usual(&reader->pcap, &reader->window, out))
		return DECODED;
	return capture_next_unusual(reader, out);
}

static inline const struct capture_counters *capture_counters(const struct capture_reader *reader)
{
	return &reader->window.counters;
}

#endif
