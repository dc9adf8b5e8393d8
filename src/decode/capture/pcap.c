#include "decode/capture/pcap.h"

enum {
	MAGIC_MICRO = 0xa1b2c3d4,
	MAGIC_NANO = 0xa1b23c4d,
	MAGIC_MODIFIED = 0xa1b2cd34, /* A. Kuznetzov's patch: interface, protocol, packet type */
};

enum {
	/*
	 * How far apart in time neighbours may be when we are out of step: a damaged stretch can
	 * hide a long gap, yet four random bytes pass with a chance of 1 in 800.
	 */
	NEIGHBOUR_S = 30 * 86400,
};

static bool magic_is_known(uint32_t magic)
{
	return magic == MAGIC_MICRO || magic == MAGIC_NANO || magic == MAGIC_MODIFIED;
}

static uint16_t in_order(const struct pcap *pcap, uint16_t little)
{
	return pcap->is_big_endian ? __builtin_bswap16(little) : little;
}

static uint32_t in_order32(const struct pcap *pcap, uint32_t little)
{
	return pcap->is_big_endian ? __builtin_bswap32(little) : little;
}

enum decoded pcap_header(struct reader *in, struct pcap *out)
{
	struct reader at = *in;
	struct pcap pcap = {0};
	uint32_t magic, zone, accuracy, snaplen, link;
	uint16_t major, minor;

	if (!read_le32(&at, &magic))
		return NEED_MORE;
	pcap.is_big_endian = !magic_is_known(magic);
	magic = in_order32(&pcap, magic);
	if (!magic_is_known(magic))
		return UNSUPPORTED;
	if (!read_le16(&at, &major) || !read_le16(&at, &minor) || !read_le32(&at, &zone) ||
	    !read_le32(&at, &accuracy) || !read_le32(&at, &snaplen) || !read_le32(&at, &link))
		return NEED_MORE;

	snaplen = in_order32(&pcap, snaplen);
	pcap.usual_max = snaplen > 0 && snaplen < CAPTURE_FRAME_MAX ? snaplen : CAPTURE_FRAME_MAX;
	/* The upper half holds the FCS length and reserved bits, which readers must ignore. */
	pcap.link = (uint16_t)in_order32(&pcap, link);
	pcap.extra_len = magic == MAGIC_MODIFIED ? PCAP_RECORD_LEN_MODIFIED - PCAP_RECORD_LEN : 0;
	pcap.units_per_s = magic == MAGIC_NANO ? 1000000000 : 1000000;
	pcap.ns_per_unit = 1000000000 / pcap.units_per_s;
	pcap.has_swapped_lengths = in_order(&pcap, major) == 2 && in_order(&pcap, minor) < 3;
	if (pcap.has_swapped_lengths)
		pcap.usual_max = 0; /* pcap_next knows about them, the inline reader does not */
	*out = pcap;
	*in = at;
	return DECODED;
}

enum decoded pcap_is_header(struct reader in)
{
	struct pcap pcap;
	uint32_t magic, zone, accuracy;
	uint16_t major, minor;
	struct reader fields = in;
	enum decoded result = pcap_header(&in, &pcap);

	if (result == NEED_MORE)
		return NEED_MORE;
	if (result != DECODED || !read_le32(&fields, &magic) || !read_le16(&fields, &major) ||
	    !read_le16(&fields, &minor) || !read_le32(&fields, &zone) ||
	    !read_le32(&fields, &accuracy))
		return MALFORMED;
	return in_order(&pcap, major) == 2 && in_order(&pcap, minor) <= 4 && zone == 0 &&
			       accuracy == 0
		       ? DECODED
		       : MALFORMED;
}

/* pcap_record_read, and the lengths put right of files older than version 2.3. */
static bool record_read(const struct pcap *pcap, struct reader *in, struct pcap_record *out)
{
	if (!pcap_record_read(pcap, in, out))
		return false;
	if (pcap->has_swapped_lengths) {
		uint32_t len = out->caplen;
		out->caplen = out->len;
		out->len = len;
	}
	return true;
}

static bool is_near(int64_t a, int64_t b)
{
	return (a > b ? a - b : b - a) <= NEIGHBOUR_S;
}

/* Every time is plausible before the first record. */
static bool is_near_last(const struct capture_window *window, uint32_t seconds)
{
	return !window->has_last || is_near(seconds, window->last.ns / 1000000000);
}

/* A header that could follow one of time `seconds`, in a file that may be odd in its own ways. */
static bool could_follow(const struct pcap *pcap, const struct pcap_record *record,
			 uint32_t seconds)
{
	return record->caplen <= CAPTURE_FRAME_MAX && record->fraction < pcap->units_per_s &&
	       is_near(record->seconds, seconds);
}

/*
 * Does the capture go on sensibly at `next`, right behind a record of time `seconds`? To end there,
 * even within a record header, is sensible.
 */
static enum decoded goes_on(const struct pcap *pcap, const struct capture_window *window,
			    struct reader next, uint32_t seconds)
{
	struct reader header = next;
	struct pcap_record following;

	if (!record_read(pcap, &next, &following))
		return window->is_last ? DECODED : NEED_MORE;
	if (could_follow(pcap, &following, seconds))
		return DECODED;
	enum decoded is_header = pcap_is_header(header);
	return is_header == NEED_MORE && window->is_last ? MALFORMED : is_header;
}

/* Stretches of zeroes in files that were preallocated and never filled are no empty packets. */
static bool is_blank(const struct pcap_record *record)
{
	return record->seconds == 0 && record->fraction == 0 && record->caplen == 0 &&
	       record->len == 0;
}

enum decoded pcap_next(const struct pcap *pcap, struct capture_window *window, struct frame *out)
{
	struct reader in = window->in;
	struct pcap_record record;

	if (!record_read(pcap, &in, &record))
		return NEED_MORE;
	if (record.caplen > CAPTURE_FRAME_MAX || is_blank(&record))
		return MALFORMED;
	if (!read_span(&in, record.caplen, &out->bytes))
		return NEED_MORE;
	if (!pcap_record_is_usual(pcap, &record)) {
		enum decoded followed = goes_on(pcap, window, in, record.seconds);
		if (followed != DECODED)
			return followed;
	}
	pcap_frame(pcap, window, &record, out);
	capture_window_take(window, in, out);
	return DECODED;
}

enum decoded pcap_cut(const struct pcap *pcap, struct capture_window *window, struct frame *out)
{
	struct reader in = window->in;
	struct pcap_record record;

	if (!record_read(pcap, &in, &record) || record.caplen > CAPTURE_FRAME_MAX ||
	    !is_near_last(window, record.seconds))
		return MALFORMED;
	out->bytes = reader_rest(&in);
	pcap_frame(pcap, window, &record, out);
	in.at = in.end;
	capture_window_take(window, in, out);
	return DECODED;
}

enum decoded pcap_is_record(const struct pcap *pcap, const struct capture_window *window,
			    struct reader at)
{
	struct pcap_record record;

	if (!record_read(pcap, &at, &record))
		return window->is_last ? MALFORMED : NEED_MORE;
	if (record.caplen == 0 || record.caplen > CAPTURE_FRAME_MAX || record.caplen > record.len ||
	    record.fraction >= pcap->units_per_s)
		return MALFORMED;
	if (!is_near_last(window, record.seconds))
		return MALFORMED;
	if (!read_skip(&at, record.caplen))
		return window->is_last ? MALFORMED : NEED_MORE;
	return goes_on(pcap, window, at, record.seconds);
}
