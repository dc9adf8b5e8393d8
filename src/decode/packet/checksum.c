#include "decode/packet/packet.h"

#include "base/reader.h"

/* The ones' complement sum of RFC 1071, not yet complemented; an odd byte is padded. */
static uint32_t add_words(uint32_t sum, struct str bytes)
{
	struct reader in = reader_of(bytes);
	uint64_t wide = sum;
	uint32_t word;
	uint16_t half;
	uint8_t last;

	while (read_be32(&in, &word))
		wide += (word >> 16) + (word & 0xffff);
	if (read_be16(&in, &half))
		wide += half;
	if (read_u8(&in, &last))
		wide += (uint32_t)last << 8;
	while (wide >> 16)
		wide = (wide & 0xffff) + (wide >> 16);
	return (uint32_t)wide;
}

/* An IPv4 address counts without the constant part that stands for its kind. */
static struct str counted_bytes(const struct address *address)
{
	return address_is_v4(address) ? str_of(address->bytes + 12, 4) : str_of(address->bytes, 16);
}

enum checksum packet_tcp_checksum(const struct packet *packet)
{
	enum { FIELD_AT = 16 };
	struct reader in = reader_of(packet->segment);
	uint16_t field;

	if (packet->protocol != PROTOCOL_TCP || packet->payload.len < packet->payload_len ||
	    !read_skip(&in, FIELD_AT) || !read_be16(&in, &field))
		return CHECKSUM_UNKNOWN;
	uint32_t sum = add_words(PROTOCOL_TCP + (uint32_t)packet->segment.len,
				 counted_bytes(&packet->source.address));
	sum = add_words(sum, counted_bytes(&packet->destination.address));
	if (add_words(sum, packet->segment) == 0xffff)
		return CHECKSUM_RIGHT;
	return field == 0 || field == sum ? CHECKSUM_UNKNOWN : CHECKSUM_WRONG;
}
