#include "decode/flow/tunnel_ends.h"

#include <string.h>

#include "base/hash.h"

enum { IS_TUNNEL = 1, IS_BELIEVED = 2, IS_REVERSED = 4, FLAGS = 7 };

static bool is_within(const struct address *address, const struct mirror *mirror)
{
	unsigned bytes = mirror->prefix / 8, bits = mirror->prefix % 8;

	if (memcmp(address->bytes, mirror->address.bytes, bytes) != 0)
		return false;
	return bits == 0 ||
	       (address->bytes[bytes] ^ mirror->address.bytes[bytes]) >> (8 - bits) == 0;
}

bool mirrors_believe(const struct mirrors *mirrors, const struct address *source)
{
	if (!mirrors)
		return false;
	for (uint8_t i = 0; i < mirrors->count; i++)
		if (is_within(source, &mirrors->at[i]))
			return true;
	return mirrors->believes_all;
}

static uint32_t word_of(const struct packet_outer *outer, uint64_t seed)
{
	struct packet_outer sorted = *outer;
	bool is_reversed = memcmp(&outer->from, &outer->to, sizeof(outer->from)) > 0;

	if (is_reversed)
		sorted = (struct packet_outer){.from = outer->to, .to = outer->from};
	uint32_t hash = (uint32_t)hash_bytes(&sorted, sizeof(sorted), seed);
	return (hash & ~(uint32_t)FLAGS) | IS_TUNNEL | (is_reversed ? IS_REVERSED : 0u);
}

struct tunnel tunnel_of(const struct packet *packet, const struct mirrors *mirrors, uint64_t seed)
{
	uint8_t kept =
		packet->outer_count < PACKET_OUTERS_MAX ? packet->outer_count : PACKET_OUTERS_MAX;

	if (kept == 0)
		return (struct tunnel){0};
	for (uint8_t i = 0; i < kept; i++)
		if (!mirrors_believe(mirrors, &packet->outers[i].from))
			return (struct tunnel){word_of(&packet->outers[i], seed),
					       &packet->outers[i].from};
	/* mirrors only, as far as we kept count: the outermost is the one to tell of */
	bool is_all = kept == packet->outer_count || mirrors->believes_all;
	return (struct tunnel){word_of(&packet->outers[0], seed) | (is_all ? IS_BELIEVED : 0u),
			       &packet->outers[0].from};
}

enum tunnel_answer tunnel_answers(uint32_t said, uint32_t acknowledged)
{
	uint32_t all = said & acknowledged;

	if (said == 0 && acknowledged == 0)
		return TUNNEL_ANSWERS;
	if ((said ^ acknowledged) == IS_REVERSED)
		return TUNNEL_ANSWERS;
	if ((said == 0 || said & IS_BELIEVED) && (acknowledged == 0 || acknowledged & IS_BELIEVED))
		return TUNNEL_IS_MIRRORED;
	return all & IS_TUNNEL && said == acknowledged ? TUNNEL_ONE_END : TUNNEL_ELSEWHERE;
}
