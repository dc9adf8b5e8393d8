#include "lab/capture_writer.h"

#include <errno.h>
#include <unistd.h>

enum {
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET = 2,
	BLOCK_SIMPLE_PACKET = 3,
	BLOCK_ENHANCED_PACKET = 6,
	BLOCK_SECTION = 0x0a0d0d0a,
	OPTION_RESOLUTION = 9,
	OPTION_TIME_OFFSET = 14,
	SNAPLEN_DEFAULT = 262144,
};

static void write_16(struct capture_writer *writer, uint16_t value)
{
	if (writer->is_big_endian)
		value = __builtin_bswap16(value);
	buf_add_bytes(writer->out, &value, sizeof(value));
}

static void write_32(struct capture_writer *writer, uint32_t value)
{
	if (writer->is_big_endian)
		value = __builtin_bswap32(value);
	buf_add_bytes(writer->out, &value, sizeof(value));
}

static void write_64(struct capture_writer *writer, uint64_t value)
{
	if (writer->is_big_endian)
		value = __builtin_bswap64(value);
	buf_add_bytes(writer->out, &value, sizeof(value));
}

static void write_padded(struct capture_writer *writer, struct str bytes)
{
	static const char zeroes[4];

	buf_add(writer->out, bytes);
	buf_add_bytes(writer->out, zeroes, -bytes.len & 3);
}

static uint32_t padded(size_t len)
{
	return (uint32_t)((len + 3) & ~(size_t)3);
}

static uint32_t snaplen_of(const struct capture_writer *writer)
{
	return writer->snaplen ? writer->snaplen : SNAPLEN_DEFAULT;
}

void capture_write_pcap_header(struct capture_writer *writer, uint32_t link)
{
	uint32_t magic = writer->is_modified ? 0xa1b2cd34
			 : writer->is_nano   ? 0xa1b23c4d
					     : 0xa1b2c3d4;

	write_32(writer, magic);
	write_16(writer, 2);
	write_16(writer, 4);
	write_32(writer, 0); /* time zone */
	write_32(writer, 0); /* accuracy */
	write_32(writer, snaplen_of(writer));
	write_32(writer, link);
}

void capture_write_pcap_record(struct capture_writer *writer, const struct frame *frame)
{
	int64_t seconds = frame->at.ns / 1000000000, ns = frame->at.ns % 1000000000;
	bool is_nano = writer->is_nano && !writer->is_modified;

	write_32(writer, (uint32_t)seconds);
	write_32(writer, (uint32_t)(is_nano ? ns : ns / 1000));
	write_32(writer, (uint32_t)frame->bytes.len);
	write_32(writer, frame->wire_len);
	if (writer->is_modified) {
		write_32(writer, 2); /* interface index */
		write_16(writer, 0x0800);
		write_16(writer, 0); /* packet type, padding */
	}
	buf_add(writer->out, frame->bytes);
}

static void block_open(struct capture_writer *writer, uint32_t type, size_t body_len)
{
	write_32(writer, type);
	write_32(writer, (uint32_t)body_len + 12);
}

static void block_close(struct capture_writer *writer, size_t body_len)
{
	write_32(writer, (uint32_t)body_len + 12);
}

void capture_write_section(struct capture_writer *writer)
{
	block_open(writer, BLOCK_SECTION, 16);
	write_32(writer, 0x1a2b3c4d);
	write_16(writer, 1);
	write_16(writer, 0);
	write_64(writer, UINT64_MAX); /* section length: not known */
	block_close(writer, 16);
}

void capture_write_interface(struct capture_writer *writer, uint16_t link,
			     const struct capture_clock *clock)
{
	size_t len = 8 + 4;

	len += clock->has_resolution ? 8 : 0;
	len += clock->offset_s ? 12 : 0;
	block_open(writer, BLOCK_INTERFACE, len);
	write_16(writer, link);
	write_16(writer, 0);
	write_32(writer, snaplen_of(writer));
	if (clock->has_resolution) {
		write_16(writer, OPTION_RESOLUTION);
		write_16(writer, 1);
		write_padded(writer, str_of(&clock->resolution, 1));
	}
	if (clock->offset_s) {
		write_16(writer, OPTION_TIME_OFFSET);
		write_16(writer, 8);
		write_64(writer, (uint64_t)clock->offset_s);
	}
	write_32(writer, 0); /* end of options */
	block_close(writer, len);
}

static void packet_write(struct capture_writer *writer, uint64_t units, const struct frame *frame)
{
	write_32(writer, (uint32_t)(units >> 32));
	write_32(writer, (uint32_t)units);
	write_32(writer, (uint32_t)frame->bytes.len);
	write_32(writer, frame->wire_len);
	write_padded(writer, frame->bytes);
}

void capture_write_enhanced(struct capture_writer *writer, uint32_t interface, uint64_t units,
			    const struct frame *frame)
{
	size_t len = 20 + padded(frame->bytes.len);

	block_open(writer, BLOCK_ENHANCED_PACKET, len);
	write_32(writer, interface);
	packet_write(writer, units, frame);
	block_close(writer, len);
}

void capture_write_obsolete(struct capture_writer *writer, uint16_t interface, uint64_t units,
			    const struct frame *frame)
{
	size_t len = 20 + padded(frame->bytes.len);

	block_open(writer, BLOCK_PACKET, len);
	write_16(writer, interface);
	write_16(writer, UINT16_MAX); /* drops: not known */
	packet_write(writer, units, frame);
	block_close(writer, len);
}

void capture_write_simple(struct capture_writer *writer, const struct frame *frame)
{
	struct str bytes = str_sub(frame->bytes, 0, snaplen_of(writer));
	size_t len = 4 + padded(bytes.len);

	block_open(writer, BLOCK_SIMPLE_PACKET, len);
	write_32(writer, frame->wire_len);
	write_padded(writer, bytes);
	block_close(writer, len);
}

void capture_write_block(struct capture_writer *writer, uint32_t type, struct str body)
{
	size_t len = padded(body.len);

	block_open(writer, type, len);
	write_padded(writer, body);
	block_close(writer, len);
}

int capture_write_flush(struct capture_writer *writer, int descriptor)
{
	struct str left = buf_view(writer->out);

	if (writer->out->failed)
		return -ENOMEM;
	while (left.len > 0) {
		ssize_t count = write(descriptor, left.at, left.len);
		if (count < 0 && errno != EINTR)
			return -errno;
		if (count > 0)
			left = str_skip(left, (size_t)count);
	}
	buf_clear(writer->out);
	return 0;
}
