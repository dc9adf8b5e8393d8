#include "decode/flow/flow.h"

#include <string.h>

static uint64_t be64(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return __builtin_bswap64(value);
}

/* As bytes of the address, then the port. */
static bool comes_first(const struct endpoint *a, const struct endpoint *b)
{
	for (size_t i = 0; i < sizeof(a->address.bytes); i += 8) {
		uint64_t one = be64(a->address.bytes + i), other = be64(b->address.bytes + i);
		if (one != other)
			return one < other;
	}
	return a->port <= b->port;
}

int flow_key_of(const struct packet *packet, struct flow_key *key)
{
	bool source_first = comes_first(&packet->source, &packet->destination);
	const struct endpoint *low = source_first ? &packet->source : &packet->destination;
	const struct endpoint *high = source_first ? &packet->destination : &packet->source;

	*key = (struct flow_key){.ends = {low->address, high->address},
				 .ports = {low->port, high->port},
				 .protocol = packet->protocol};
	return source_first ? 0 : 1;
}

void flow_describe(const struct flow *flow, instant last_seen, struct flow_view *view)
{
	*view = (struct flow_view){.key = &flow->key,
				   .initiator = flow->initiator,
				   .first_seen = {flow->first_ns},
				   .last_seen = last_seen,
				   .tunnels = flow->tunnels,
				   .doubts = flow->doubts};
	for (int side = 0; side < 2; side++) {
		view->ends[side] = (struct endpoint){flow->key.ends[side], flow->key.ports[side]};
		view->bytes[side] = flow->bytes[side];
		view->packets[side] = flow->packets[side];
		view->acknowledged[side] = flow->acknowledged >> side & 1;
	}
}
