#include "decode/capture/pcapng.h"

enum block_type {
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET = 2, /* obsolete */
	BLOCK_SIMPLE_PACKET = 3,
	BLOCK_NAMES = 4,
	BLOCK_STATISTICS = 5,
	BLOCK_ENHANCED_PACKET = 6,
	BLOCK_SECRETS = 10,
	BLOCK_SECTION = 0x0a0d0d0a, /* the same in both byte orders */
};

enum {
	OPTION_END = 0,
	OPTION_RESOLUTION = 9,
	OPTION_TIME_OFFSET = 14,
	BYTE_ORDER_MARK = 0x1a2b3c4d,
	BLOCK_OVERHEAD = 12, /* type, length, and the length again */
	/* Out of step only shorter blocks are believed, so that a look-ahead stays short. */
	BLOCK_BELIEVED_MAX = 1024 * 1024,
	RESOLUTION_DEFAULT = 6,
};

struct block {
	uint32_t type, len;
	bool is_big_endian; /* differs from the section's only for a section header */
};

static bool read_16(struct reader *in, bool is_big_endian, uint16_t *out)
{
	return is_big_endian ? read_be16(in, out) : read_le16(in, out);
}

static bool read_32(struct reader *in, bool is_big_endian, uint32_t *out)
{
	return is_big_endian ? read_be32(in, out) : read_le32(in, out);
}

/* The byte order of a section, by its mark: DECODED, NEED_MORE, MALFORMED. */
static enum decoded byte_order_read(struct reader in, bool *is_big_endian)
{
	uint32_t mark;

	if (!read_le32(&in, &mark))
		return NEED_MORE;
	*is_big_endian = mark != BYTE_ORDER_MARK;
	return mark == BYTE_ORDER_MARK || mark == __builtin_bswap32(BYTE_ORDER_MARK) ? DECODED
										     : MALFORMED;
}

/* Type and length; `in` is left behind them. */
static enum decoded block_start(bool is_big_endian, struct reader *in, struct block *out)
{
	struct reader at = *in, body = *in;

	out->is_big_endian = is_big_endian;
	if (!read_32(&at, out->is_big_endian, &out->type) || !read_skip(&body, 8))
		return NEED_MORE;
	if (out->type == BLOCK_SECTION) {
		enum decoded order = byte_order_read(body, &out->is_big_endian);
		if (order != DECODED)
			return order;
	}
	if (!read_32(&at, out->is_big_endian, &out->len))
		return NEED_MORE;
	*in = at;
	return out->len >= BLOCK_OVERHEAD && out->len % 4 == 0 ? DECODED : MALFORMED;
}

/* A whole block: `in` is left behind it, `body` is what lies between the lengths. */
static enum decoded block_read(bool is_big_endian, struct reader *in, size_t len_max,
			       struct block *out, struct reader *body)
{
	struct reader at = *in;
	struct str inside;
	uint32_t len_again;
	enum decoded started = block_start(is_big_endian, &at, out);

	if (started != DECODED)
		return started;
	if (out->len > len_max)
		return MALFORMED;
	if (!read_span(&at, out->len - BLOCK_OVERHEAD, &inside) ||
	    !read_32(&at, out->is_big_endian, &len_again))
		return NEED_MORE;
	if (len_again != out->len)
		return MALFORMED;
	*body = reader_of(inside);
	*in = at;
	return DECODED;
}

enum decoded pcapng_header(struct reader in)
{
	uint32_t type;
	bool is_big_endian;

	if (!read_le32(&in, &type))
		return NEED_MORE;
	if (type != BLOCK_SECTION)
		return UNSUPPORTED;
	if (!read_skip(&in, 4))
		return NEED_MORE;
	enum decoded order = byte_order_read(in, &is_big_endian);
	return order == MALFORMED ? UNSUPPORTED : order;
}

enum decoded pcapng_is_header(struct reader in)
{
	struct block block;
	struct reader body;
	enum decoded result = pcapng_header(in);

	if (result == UNSUPPORTED)
		return MALFORMED;
	if (result != DECODED)
		return result;
	return block_read(false, &in, BLOCK_BELIEVED_MAX, &block, &body);
}

static instant time_clamped(__int128 ns)
{
	if (ns > INT64_MAX)
		return (instant){INT64_MAX};
	return (instant){ns < INT64_MIN ? INT64_MIN : (int64_t)ns};
}

/* At most 2^64 * 10^9 < 2^94: nothing here overflows 128 bits. */
instant pcapng_time(uint64_t units, uint8_t resolution, int64_t offset_s)
{
	unsigned exponent = resolution & 0x7f;
	unsigned __int128 ns = (unsigned __int128)units * 1000000000;

	if (resolution & 0x80) {
		ns >>= exponent;
	} else {
		for (; exponent > 0 && ns > 0; exponent--)
			ns /= 10;
	}
	return time_clamped((__int128)ns + (__int128)offset_s * 1000000000);
}

static instant interface_time(const struct pcapng_interface *interface, uint64_t units)
{
	if (interface->offset_s == 0 && units < INT64_MAX / 1000) {
		if (interface->resolution == 6)
			return (instant){(int64_t)units * 1000};
		if (interface->resolution == 9)
			return (instant){(int64_t)units};
	}
	return pcapng_time(units, interface->resolution, interface->offset_s);
}

static void interface_option(struct pcapng_interface *interface, bool is_big_endian, uint16_t code,
			     struct reader value)
{
	uint8_t resolution;
	uint64_t offset;

	if (code == OPTION_RESOLUTION && read_u8(&value, &resolution))
		interface->resolution = resolution;
	if (code == OPTION_TIME_OFFSET && read_le64(&value, &offset))
		interface->offset_s = (int64_t)(is_big_endian ? __builtin_bswap64(offset) : offset);
}

/* An option that runs over the block's end, ends the options: what came before still counts. */
static void interface_options(struct pcapng_interface *interface, bool is_big_endian,
			      struct reader in)
{
	uint16_t code, len;
	struct str value;

	while (read_16(&in, is_big_endian, &code) && read_16(&in, is_big_endian, &len) &&
	       code != OPTION_END && read_span(&in, len, &value)) {
		interface_option(interface, is_big_endian, code, reader_of(value));
		if (!read_skip(&in, -len & 3u))
			return;
	}
}

static enum decoded interface_add(struct pcapng *pcapng, struct reader body)
{
	struct pcapng_interface interface = {.resolution = RESOLUTION_DEFAULT};

	if (!read_16(&body, pcapng->is_big_endian, &interface.link) || !read_skip(&body, 2) ||
	    !read_32(&body, pcapng->is_big_endian, &interface.snaplen))
		return MALFORMED;
	interface_options(&interface, pcapng->is_big_endian, body);
	if (pcapng->interface_count < PCAPNG_INTERFACES_MAX)
		pcapng->interfaces[pcapng->interface_count] = interface;
	if (pcapng->interface_count < UINT32_MAX)
		pcapng->interface_count++;
	return DECODED;
}

/* Fields of a packet block; what is left of `in` begins with the captured bytes. */
struct packet_fields {
	uint32_t interface, caplen, len;
	uint64_t units;
	bool has_time;
};

static bool packet_fields_read(bool is_big_endian, uint32_t type, struct reader *in,
			       struct packet_fields *out)
{
	uint32_t high, low;
	uint16_t interface;

	*out = (struct packet_fields){.has_time = type != BLOCK_SIMPLE_PACKET};
	if (type == BLOCK_SIMPLE_PACKET) {
		out->caplen = UINT32_MAX; /* settled by wire length, snaplen and block */
		return read_32(in, is_big_endian, &out->len);
	}
	if (type == BLOCK_PACKET) {
		if (!read_16(in, is_big_endian, &interface) || !read_skip(in, 2))
			return false;
		out->interface = interface;
	} else if (!read_32(in, is_big_endian, &out->interface)) {
		return false;
	}
	if (!read_32(in, is_big_endian, &high) || !read_32(in, is_big_endian, &low) ||
	    !read_32(in, is_big_endian, &out->caplen) || !read_32(in, is_big_endian, &out->len))
		return false;
	out->units = (uint64_t)high << 32 | low;
	return true;
}

/*
 * The frame in a packet block's body. With `is_cut` the body may end early.
 *
 * returns: DECODED, MALFORMED, or UNSUPPORTED: of an interface that was declared but not kept.
 */
static enum decoded packet_read(const struct pcapng *pcapng, const struct capture_window *window,
				uint32_t type, struct reader body, bool is_cut, struct frame *out)
{
	struct packet_fields fields;

	if (!packet_fields_read(pcapng->is_big_endian, type, &body, &fields) ||
	    fields.interface >= pcapng->interface_count)
		return MALFORMED;
	if (fields.interface >= PCAPNG_INTERFACES_MAX)
		return UNSUPPORTED;
	const struct pcapng_interface *interface = &pcapng->interfaces[fields.interface];
	size_t left = reader_left(&body);
	if (!fields.has_time) {
		fields.caplen = fields.len;
		if (interface->snaplen > 0 && interface->snaplen < fields.caplen)
			fields.caplen = interface->snaplen;
		if (left < fields.caplen)
			fields.caplen = (uint32_t)left;
	}
	if (fields.caplen > CAPTURE_FRAME_MAX || (left < fields.caplen && !is_cut))
		return MALFORMED;
	out->bytes = str_sub(reader_rest(&body), 0, fields.caplen);
	/* A simple packet has no time: it is shown at the one before it. */
	out->at = fields.has_time ? interface_time(interface, fields.units) : window->last;
	out->wire_len = fields.len;
	out->link = interface->link;
	out->offset = capture_window_offset(window);
	return DECODED;
}

static bool is_packet(uint32_t type)
{
	return type == BLOCK_ENHANCED_PACKET || type == BLOCK_SIMPLE_PACKET || type == BLOCK_PACKET;
}

static void section_begin(struct pcapng *pcapng, struct capture_window *window,
			  const struct block *block)
{
	pcapng->is_big_endian = block->is_big_endian;
	pcapng->interface_count = 0;
	window->counters.headers++;
	window->has_last = false;
	window->last = (instant){0};
}

/* What a whole block says: DECODED: a packet; UNSUPPORTED: none that is handed out; MALFORMED. */
static enum decoded block_take(struct pcapng *pcapng, struct capture_window *window,
			       const struct block *block, struct reader body, struct frame *out)
{
	enum decoded result = DECODED;

	if (is_packet(block->type)) {
		result = packet_read(pcapng, window, block->type, body, false, out);
		window->counters.unsupported += result == UNSUPPORTED;
		return result;
	}
	if (block->type == BLOCK_SECTION)
		section_begin(pcapng, window, block);
	else if (block->type == BLOCK_INTERFACE)
		result = interface_add(pcapng, body);
	return result == DECODED ? UNSUPPORTED : result;
}

enum decoded pcapng_next(struct pcapng *pcapng, struct capture_window *window, struct frame *out,
			 bool *is_lost)
{
	struct block block;
	struct reader body, in = window->in;
	enum decoded result =
		block_read(pcapng->is_big_endian, &in, PCAPNG_BLOCK_MAX, &block, &body);

	out->offset = capture_window_offset(window);
	*is_lost = result == MALFORMED;
	if (result != DECODED)
		return result;
	result = block_take(pcapng, window, &block, body, out);
	if (result == DECODED)
		capture_window_take(window, in, out);
	window->in = in;
	window->keep = in.at; /* its length was right: nothing to look for inside it */
	return result;
}

enum decoded pcapng_cut(const struct pcapng *pcapng, struct capture_window *window,
			struct frame *out)
{
	struct reader in = window->in;
	struct block block;

	if (block_start(pcapng->is_big_endian, &in, &block) != DECODED || !is_packet(block.type) ||
	    block.len > PCAPNG_BLOCK_MAX)
		return MALFORMED;
	if (packet_read(pcapng, window, block.type, in, true, out) != DECODED)
		return MALFORMED;
	in.at = in.end;
	capture_window_take(window, in, out);
	return DECODED;
}

static bool is_believed(const struct pcapng *pcapng, const struct block *block, struct reader body)
{
	struct packet_fields fields;

	switch (block->type) {
	case BLOCK_PACKET:
	case BLOCK_SIMPLE_PACKET:
	case BLOCK_ENHANCED_PACKET:
		return packet_fields_read(pcapng->is_big_endian, block->type, &body, &fields) &&
		       fields.interface < pcapng->interface_count &&
		       (!fields.has_time || fields.caplen <= reader_left(&body));
	case BLOCK_INTERFACE:
	case BLOCK_NAMES:
	case BLOCK_STATISTICS:
	case BLOCK_SECRETS:
	case BLOCK_SECTION:
		return true;
	default:
		return false;
	}
}

enum decoded pcapng_is_block(const struct pcapng *pcapng, const struct capture_window *window,
			     struct reader at)
{
	struct block block;
	struct reader body, whole = at;
	enum decoded result = block_start(pcapng->is_big_endian, &at, &block);

	/* Most places are no block by their type alone: said before more bytes are asked for. */
	if (result == DECODED && block.type > BLOCK_SECRETS && block.type != BLOCK_SECTION)
		return MALFORMED;
	if (result == DECODED)
		result = block_read(pcapng->is_big_endian, &whole, BLOCK_BELIEVED_MAX, &block,
				    &body);
	if (result == NEED_MORE)
		return window->is_last ? MALFORMED : NEED_MORE;
	return result == DECODED && is_believed(pcapng, &block, body) ? DECODED : MALFORMED;
}
