#include "decode/packet/packet.h"

#include <endian.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/reader.h"

enum { BLOCK = 32 };

/* The sum's halves, carries brought round. */
static uint16_t fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static uint64_t sum_of_words(const char *at, size_t words)
{
	uint64_t sum = 0;
	uint32_t word;

	for (size_t i = 0; i < words; i++) {
		memcpy(&word, at + i * sizeof(word), sizeof(word));
		sum += word;
	}
	return sum;
}

#ifdef __SSE2__
/* Of so many times 32 bytes. Four sums side by side, which nothing has to wait for. */
static uint64_t sum_of_blocks(const char *at, size_t blocks)
{
	const __m128i zero = _mm_setzero_si128();
	__m128i low = zero, high = zero;
	uint64_t sums[2];

	for (size_t i = 0; i < blocks; i++, at += BLOCK) {
		__m128i one = _mm_loadu_si128((const void *)at);
		__m128i two = _mm_loadu_si128((const void *)(at + BLOCK / 2));
		low = _mm_add_epi64(low, _mm_unpacklo_epi32(one, zero));
		high = _mm_add_epi64(high, _mm_unpackhi_epi32(one, zero));
		low = _mm_add_epi64(low, _mm_unpacklo_epi32(two, zero));
		high = _mm_add_epi64(high, _mm_unpackhi_epi32(two, zero));
	}
	_mm_storeu_si128((void *)sums, _mm_add_epi64(low, high));
	return sums[0] + sums[1];
}
#else
static uint64_t sum_of_blocks(const char *at, size_t blocks)
{
	return sum_of_words(at, blocks * (BLOCK / sizeof(uint32_t)));
}
#endif

/*
 * The ones' complement sum of RFC 1071, not yet complemented; an odd byte is padded. The order of
 * bytes within words only turns the sum's own (section 2.B there), so that they are read as the
 * machine likes them, four at a time: no packet has so many that the sum overflows.
 */
static uint16_t sum_of(struct str bytes)
{
	size_t blocks = bytes.len / BLOCK, words = bytes.len % BLOCK / sizeof(uint32_t);
	const char *rest = bytes.at + blocks * BLOCK;
	uint32_t last = 0;

	memcpy(&last, rest + words * sizeof(last), bytes.len % sizeof(last));
	return be16toh(fold(sum_of_blocks(bytes.at, blocks) + sum_of_words(rest, words) + last));
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
