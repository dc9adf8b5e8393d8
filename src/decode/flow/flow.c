#include "decode/flow/flow.h"

#include <string.h>

static int compare_ends(const struct endpoint *a, const struct endpoint *b)
{
	int order = memcmp(a->address.bytes, b->address.bytes, sizeof(a->address.bytes));

	return order ? order : (int)a->port - (int)b->port;
}

int flow_key_of(const struct packet *packet, struct flow_key *key)
{
	bool source_first = compare_ends(&packet->source, &packet->destination) <= 0;
	const struct endpoint *low = source_first ? &packet->source : &packet->destination;
	const struct endpoint *high = source_first ? &packet->destination : &packet->source;

	key->ends[0] = low->address;
	key->ends[1] = high->address;
	key->ports[0] = low->port;
	key->ports[1] = high->port;
	key->protocol = packet->protocol;
	memset(key->zero, 0, sizeof(key->zero));
	return source_first ? 0 : 1;
}

void flow_describe(const struct flow *flow, instant last_seen, struct flow_view *view)
{
	*view = (struct flow_view){.key = &flow->key,
				   .initiator = flow->initiator,
				   .first_seen = {flow->first_ns},
				   .last_seen = last_seen,
				   .tunnels = flow->tunnels};
	for (int side = 0; side < 2; side++) {
		view->ends[side] = (struct endpoint){flow->key.ends[side], flow->key.ports[side]};
		view->bytes[side] = flow->bytes[side];
		view->packets[side] = flow->packets[side];
		view->acknowledged[side] = flow->acknowledged >> side & 1;
	}
}
