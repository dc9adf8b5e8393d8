#include "decode/packet/packet.h"

#include <endian.h>
#include <string.h>

#include "base/reader.h"

/* The sum's halves, carries brought round. */
static uint16_t fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/*
 * The ones' complement sum of RFC 1071, not yet complemented; an odd byte is padded. The order of
 * bytes within words only turns the sum's own (section 2.B there), so that they are read as the
 * machine likes them, eight at a time.
 */
static uint16_t sum_of(struct str bytes)
{
	uint64_t sum = 0, carries = 0, word, block[4];

	for (; bytes.len >= sizeof(block); bytes = str_skip(bytes, sizeof(block))) {
		memcpy(block, bytes.at, sizeof(block));
		for (size_t i = 0; i < 4; i++)
			carries += __builtin_add_overflow(sum, block[i], &sum);
	}
	for (; bytes.len >= sizeof(word); bytes = str_skip(bytes, sizeof(word))) {
		memcpy(&word, bytes.at, sizeof(word));
		carries += __builtin_add_overflow(sum, word, &sum);
	}
	word = 0;
	memcpy(&word, bytes.at, bytes.len);
	carries += __builtin_add_overflow(sum, word, &sum);
	return be16toh(fold((uint64_t)fold(sum) + fold(carries)));
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
	uint16_t sum = fold(PROTOCOL_TCP + packet->segment.len +
			    sum_of(counted_bytes(&packet->source.address)) +
			    sum_of(counted_bytes(&packet->destination.address)));
	if (fold((uint64_t)sum + sum_of(packet->segment)) == 0xffff)
		return CHECKSUM_RIGHT;
	return field == 0 || field == sum ? CHECKSUM_UNKNOWN : CHECKSUM_WRONG;
}
