/*
 * WebSocket, after its upgrade or from the middle: the payloads of its messages, one after the
 * other, are the inner stream.
 */
#include <stdlib.h>

#include "decode/flow/layer.h"

enum { KEPT = 32 * 1024 };

struct sides {
	struct websocket_stream stream[2];
	bool is_begun[2];
	char *kept[2];
	void *inflater[2];
	bool has_upgrade;
	int client;
	struct websocket_deflate deflate;
};

void layer_websocket_begin(struct layer *layer, int client, const struct websocket_deflate *deflate)
{
	struct sides *sides = layer->state;

	sides->has_upgrade = true;
	sides->client = client;
	sides->deflate = *deflate;
}

/* In mid-connection the client is the one whose frames are masked, and compression is possible. */
static void guess_upgrade(struct sides *sides, int side, struct str bytes)
{
	bool masked = bytes.len >= 2 && (bytes.at[1] & 0x80);

	sides->client = masked ? side : !side;
	sides->deflate = (struct websocket_deflate){
		.is_on = true, .client_window_bits = 15, .server_window_bits = 15};
}

static bool begin_side(struct sides *sides, int side)
{
	bool inflates = sides->deflate.is_on;

	sides->kept[side] = malloc(KEPT);
	sides->inflater[side] = inflates ? malloc(INFLATER_MEMORY(15)) : NULL;
	if (!sides->kept[side] || (inflates && !sides->inflater[side]))
		return false;
	struct websocket_settings settings = {.is_from_client = side == sides->client,
					      .deflate = sides->deflate,
					      .is_midstream = !sides->has_upgrade,
					      .kept = sides->kept[side],
					      .kept_max = KEPT,
					      .inflater = sides->inflater[side],
					      .inflater_size = inflates ? INFLATER_MEMORY(15) : 0};
	websocket_stream_init(&sides->stream[side], &settings);
	sides->is_begun[side] = true;
	return true;
}

static void websocket_feed(struct conversation *c, struct layer *layer, int side, struct str bytes)
{
	struct sides *sides = layer->state;
	struct websocket_message message;
	enum decoded decoded;

	if (!sides->has_upgrade && !sides->is_begun[0] && !sides->is_begun[1])
		guess_upgrade(sides, side, bytes);
	if (!sides->is_begun[side] && !begin_side(sides, side)) {
		c->is_dead = true;
		return;
	}
	websocket_stream_feed(&sides->stream[side], bytes);
	while (!c->is_dead &&
	       (decoded = websocket_stream_next(&sides->stream[side], &message)) != NEED_MORE) {
		if (decoded == MALFORMED) {
			c->host->malformed++;
			c->is_dead = true;
		} else if (decoded == DECODED && message.opcode <= WEBSOCKET_BINARY) {
			layer_inner(c, layer, side, message.payload);
		} else if (decoded == UNSUPPORTED) {
			c->other_messages++;
		}
	}
}

static void websocket_gap(struct conversation *c, struct layer *layer, int side, uint32_t missing)
{
	(void)layer, (void)side, (void)missing;
	c->is_dead = true; /* out of step; the next segment that begins a frame opens it again */
}

static void websocket_fini(struct layer *layer)
{
	struct sides *sides = layer->state;

	for (int side = 0; side < 2; side++) {
		free(sides->kept[side]);
		free(sides->inflater[side]);
	}
}

static size_t websocket_size(const struct layer *layer)
{
	const struct sides *sides = layer->state;
	size_t size = 0;

	for (int side = 0; side < 2; side++)
		size += (sides->kept[side] ? KEPT : 0) +
			(sides->inflater[side] ? INFLATER_MEMORY(15) : 0);
	return size;
}

const struct layer_kind layer_websocket = {.carrier = CARRIER_WEBSOCKET,
					   .state_size = sizeof(struct sides),
					   .feed = websocket_feed,
					   .gap = websocket_gap,
					   .fini = websocket_fini,
					   .size = websocket_size};
