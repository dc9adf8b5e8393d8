/*
 * 802.11 data frames in clear, and the headers capture drivers put before them.
 *
 * Encrypted frames, management and control frames, and fragments are UNSUPPORTED. Of several
 * packets aggregated in one frame (A-MSDU) the first is decoded: a frame gives one packet.
 */
#include "decode/packet/layers.h"

enum {
	CONTROL_TYPE = 0x0f, /* version and type of the first byte */
	CONTROL_DATA = 0x08, /* version 0, type 2 */
	CONTROL_NO_DATA = 0x40,
	CONTROL_QOS = 0x80,
	/* the second byte */
	FLAG_TO_AND_FROM = 0x03,
	FLAG_MORE_FRAGMENTS = 0x04,
	FLAG_PROTECTED = 0x40,
	FLAG_HIGH_THROUGHPUT = 0x80,
	QOS_AGGREGATE = 0x80,
};

/* Address 4, QoS and HT control, and a radio's padding, where there are such. */
static bool skip_optional(struct layers *at, uint8_t control, uint8_t flags, bool *is_aggregate)
{
	uint8_t qos = 0;
	size_t len = 24;

	if ((flags & FLAG_TO_AND_FROM) == FLAG_TO_AND_FROM) {
		if (!read_skip(&at->in, 6))
			return false;
		len += 6;
	}
	if (control & CONTROL_QOS) {
		if (!read_u8(&at->in, &qos) || !read_skip(&at->in, 1))
			return false;
		len += 2;
		if (flags & FLAG_HIGH_THROUGHPUT) {
			if (!read_skip(&at->in, 4))
				return false;
			len += 4;
		}
	}
	*is_aggregate = qos & QOS_AGGREGATE;
	bool is_padded = at->wifi_quirks & WIFI_HEADER_PADDED;
	at->wifi_quirks = 0; /* they were this header's */
	return !is_padded || read_skip(&at->in, -len & 3);
}

enum layer wifi_take(struct layers *at)
{
	uint8_t control, flags;
	uint16_t sequence;
	bool is_aggregate;

	if (!read_u8(&at->in, &control) || !read_u8(&at->in, &flags))
		return LAYER_MALFORMED;
	bool is_rewritten = at->wifi_quirks & WIFI_REWRITTEN;
	if (is_rewritten && (control & CONTROL_TYPE) != CONTROL_DATA) {
		uint8_t first = control;
		control = flags;
		flags = first;
	}
	if ((control & CONTROL_TYPE) != CONTROL_DATA || control & CONTROL_NO_DATA ||
	    flags & (FLAG_PROTECTED | FLAG_MORE_FRAGMENTS))
		return LAYER_UNSUPPORTED;
	/* duration, three addresses, sequence control */
	if (!read_skip(&at->in, 20) || !read_le16(&at->in, &sequence) ||
	    !skip_optional(at, control, flags, &is_aggregate))
		return LAYER_MALFORMED;
	if (sequence & 0x0f && !is_rewritten) /* a later fragment */
		return LAYER_UNSUPPORTED;
	if (is_aggregate) {
		uint16_t len;
		if (!read_skip(&at->in, 12) || !read_be16(&at->in, &len))
			return LAYER_MALFORMED;
		layers_limit(at, len);
	}
	return LAYER_LLC;
}

/*
 * Of radiotap's fields only the flags matter; before them can only be the 8-byte aligned timer.
 * source: radiotap.org, "Flags" and "TSFT"
 */
enum layer radiotap_take(struct layers *at)
{
	enum { HAS_TIMER = 1, HAS_FLAGS = 2, MORE_WORDS = 31, PADDED = 0x20, BAD_CHECKSUM = 0x40 };
	struct reader fixed = at->in;
	struct str whole;
	uint16_t len;
	uint32_t first, word;
	uint8_t flags;

	if (!read_skip(&fixed, 2) || !read_le16(&fixed, &len) || !read_span(&at->in, len, &whole))
		return LAYER_MALFORMED;
	struct reader fields = reader_of(whole);
	if (!read_skip(&fields, 4) || !read_le32(&fields, &first))
		return LAYER_MALFORMED;
	for (word = first; word >> MORE_WORDS;)
		if (!read_le32(&fields, &word))
			return LAYER_MALFORMED;
	if (!(first & HAS_FLAGS))
		return LAYER_WIFI;
	if (first & HAS_TIMER) {
		size_t padding = (reader_left(&fields) - whole.len) & 7;
		if (!read_skip(&fields, padding + 8))
			return LAYER_MALFORMED;
	}
	if (!read_u8(&fields, &flags) || flags & BAD_CHECKSUM)
		return LAYER_MALFORMED;
	if (flags & PADDED)
		at->wifi_quirks |= WIFI_HEADER_PADDED;
	return LAYER_WIFI;
}

/* Prism's header is in the order of the capturing host, AVS's in network order; both say a length.
 */
enum layer prism_take(struct layers *at)
{
	enum { PRISM_LEN = 144, AVS = 0x80211000, AVS_MASK = 0xfffff000 };
	uint32_t magic, len;

	if (!read_be32(&at->in, &magic) || !read_be32(&at->in, &len))
		return LAYER_MALFORMED;
	if ((magic & (uint32_t)AVS_MASK) != (uint32_t)AVS)
		len = PRISM_LEN;
	if (len < 8 || !read_skip(&at->in, len - 8))
		return LAYER_MALFORMED;
	return LAYER_WIFI;
}
