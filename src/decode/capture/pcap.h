/*
 * pcap records: the classic capture file of tcpdump, in both byte orders, with microseconds or
 * nanoseconds, and Kuznetzov's variant with 24-byte record headers.
 *
 * The usual record is read by the inline function below in a few nanoseconds; whatever is odd about
 * a record sends it to pcap_next, which looks at what follows before it believes it.
 *
 * Source: draft-ietf-opsawg-pcap; "modified pcap" after libpcap's sf-pcap.c.
 */
#ifndef DAVY_DECODE_CAPTURE_PCAP_H
#define DAVY_DECODE_CAPTURE_PCAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/instant.h"
#include "base/reader.h"
#include "decode/capture/frame.h"
#include "decode/capture/window.h"
#include "decode/decoded.h"

enum { PCAP_HEADER_LEN = 24, PCAP_RECORD_LEN = 16, PCAP_RECORD_LEN_MODIFIED = 24 };

struct pcap {
	bool is_big_endian;
	bool has_swapped_lengths; /* before version 2.3: wire length first */
	uint8_t extra_len;	  /* of a record header, after the 16 bytes that all have */
	uint16_t link;		  /* LINKTYPE_* without the FCS bits */
	uint32_t usual_max;	  /* capture length up to which a record needs no second look */
	uint32_t units_per_s;	  /* of a record's fraction */
	uint32_t ns_per_unit;
};

struct pcap_record {
	uint32_t seconds, fraction, caplen, len;
};

/*
 * The file header.
 *
 * returns: DECODED and `in` is behind it; NEED_MORE; UNSUPPORTED when the magic is another one.
 */
enum decoded pcap_header(struct reader *in, struct pcap *out);

/*
 * A file header in the middle of a capture (captures that were concatenated): magic, version 2.x
 * and zeroes where every writer leaves them. A mere magic may be a time stamp.
 *
 * returns: DECODED: yes; MALFORMED: no; NEED_MORE: too few bytes to tell
 */
enum decoded pcap_is_header(struct reader in);

/*
 * The record at the front of the window, however odd.
 *
 * returns: DECODED; NEED_MORE: it goes on behind the window (with is_last: it is cut off), or what
 *          follows must be seen to believe it; MALFORMED: it lies, and nothing was consumed.
 */
enum decoded pcap_next(const struct pcap *pcap, struct capture_window *window, struct frame *out);

/* The part that is there of a record which the end of the capture cuts off; else MALFORMED. */
enum decoded pcap_cut(const struct pcap *pcap, struct capture_window *window, struct frame *out);

/*
 * Could a record begin here? For getting back in step after damage: near in time to the last one,
 * lengths in order, and the record after it plausible too.
 *
 * returns: DECODED: yes; MALFORMED: no; NEED_MORE: the window ends too early to tell
 */
enum decoded pcap_is_record(const struct pcap *pcap, const struct capture_window *window,
			    struct reader at);

must_check static inline bool pcap_record_read(const struct pcap *pcap, struct reader *in,
					       struct pcap_record *out)
{
	struct str header;

	if (!read_span(in, PCAP_RECORD_LEN, &header) || !read_skip(in, pcap->extra_len))
		return false;
	memcpy(out, header.at, sizeof(*out));
	if (pcap->is_big_endian) {
		out->seconds = __builtin_bswap32(out->seconds);
		out->fraction = __builtin_bswap32(out->fraction);
		out->caplen = __builtin_bswap32(out->caplen);
		out->len = __builtin_bswap32(out->len);
	}
	return true;
}

static inline instant pcap_record_time(const struct pcap *pcap, const struct pcap_record *record)
{
	return instant_at(record->seconds, (int64_t)record->fraction * pcap->ns_per_unit);
}

/* Nothing odd about it. A zeroed struct pcap finds every record odd. */
static inline bool pcap_record_is_usual(const struct pcap *pcap, const struct pcap_record *record)
{
	return record->caplen - 1 < pcap->usual_max && record->caplen <= record->len &&
	       record->fraction < pcap->units_per_s;
}

static inline void pcap_frame(const struct pcap *pcap, const struct capture_window *window,
			      const struct pcap_record *record, struct frame *out)
{
	out->at = pcap_record_time(pcap, record);
	out->wire_len = record->len;
	out->link = pcap->link;
	out->offset = capture_window_offset(window);
}

/* The record at the front when it is a usual one and all there; else false, nothing consumed. */
must_check static inline bool pcap_next_usual(const struct pcap *pcap,
					      struct capture_window *window, struct frame *out)
{
	struct reader in = window->in;
	struct pcap_record record;

	if (!pcap_record_read(pcap, &in, &record) || !pcap_record_is_usual(pcap, &record) ||
	    !read_span(&in, record.caplen, &out->bytes))
		return false;
	pcap_frame(pcap, window, &record, out);
	capture_window_take(window, in, out);
	return true;
}

#endif
