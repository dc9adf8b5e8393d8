/* Stratum V2: its clear frames, and the shape of its encrypted form (no content to see there). */
#include "base/buf.h"
#include "decode/flow/layer.h"
#include "decode/mining/stratum_v2.h"

enum { FRAMES_PENDING_MAX = 128 * 1024 };

struct frames {
	struct buf pending[2];
};

static void frames_feed(struct conversation *c, struct layer *layer, int side, struct str bytes)
{
	struct frames *frames = layer->state;
	struct buf *pending = &frames->pending[side];
	struct mining_message message;

	pending->limit = FRAMES_PENDING_MAX;
	buf_add(pending, bytes);
	struct reader in = reader_of(buf_view(pending));
	enum decoded decoded = DECODED;
	while (!c->is_dead && !pending->failed) {
		struct str before = reader_rest(&in);
		decoded = stratum_v2_next(&in, &message);
		if (decoded != DECODED)
			break;
		arena_reset(&c->host->scratch);
		dialogue_note(&c->dialogue, &message);
		if (message.act != ACT_NONE)
			conversation_message(c, side, &message,
					     str_sub(before, 0, before.len - reader_left(&in)));
	}
	if (decoded == MALFORMED || pending->failed) {
		c->host->malformed++;
		c->is_dead =
			true; /* out of step; the next segment that begins a frame opens it again */
		return;
	}
	buf_consume(pending, pending->len - reader_left(&in));
}

static void frames_gap(struct conversation *c, struct layer *layer, int side, uint32_t missing)
{
	struct frames *frames = layer->state;

	(void)c, (void)missing;
	buf_clear(&frames->pending[side]);
}

static void frames_fini(struct layer *layer)
{
	struct frames *frames = layer->state;

	buf_fini(&frames->pending[0]);
	buf_fini(&frames->pending[1]);
}

static size_t frames_size(const struct layer *layer)
{
	const struct frames *frames = layer->state;

	return frames->pending[0].cap + frames->pending[1].cap;
}

const struct layer_kind layer_stratum_v2 = {.carrier = CARRIER_COUNT,
					    .state_size = sizeof(struct frames),
					    .feed = frames_feed,
					    .gap = frames_gap,
					    .fini = frames_fini,
					    .size = frames_size};

struct noise {
	struct turns turns;
	struct noise_shape shape;
	uint32_t uncounted; /* bytes of the side that speaks, less than a record */
	int speaker;
};

/* A segment is a record or more; where segments are smaller, so many bytes are one. */
static uint32_t records_in(struct noise *noise, int side, size_t len)
{
	enum { RECORD_LEAST = 22 + 16 + 1 };

	if (side != noise->speaker)
		noise->uncounted = 0;
	noise->speaker = side;
	noise->uncounted += (uint32_t)len;
	if (noise->uncounted < RECORD_LEAST)
		return 0;
	noise->uncounted = 0;
	return 1;
}

static void noise_feed(struct conversation *c, struct layer *layer, int side, struct str bytes)
{
	struct noise *noise = layer->state;

	turns_add(&noise->turns, side, bytes);
	noise->shape.client = noise->turns.side[0];
	enum noise_guess guess = turns_guess(&noise->turns);
	if (guess == NOISE_NO) {
		c->is_dead = true;
		return;
	}
	if (guess == NOISE_SETUP_DONE) {
		uint32_t records = records_in(noise, side, bytes.len);
		if (!noise->shape.setup_acknowledged) /* the opening's own two */
			noise->shape.records_up = noise->shape.records_down = 1;
		else if (side == noise->shape.client)
			noise->shape.records_up += records;
		else
			noise->shape.records_down += records;
		noise->shape.setup_acknowledged = true;
	}
	if (guess < NOISE_HANDSHAKE)
		return;
	struct observation seen = {
		.kind = OBSERVE_NOISE_SHAPE, .at = c->now, .side = side, .noise = &noise->shape};
	c->mining_messages++;
	c->host->take(c->host->context, c, &seen);
}

const struct layer_kind layer_noise = {
	.carrier = CARRIER_COUNT, .state_size = sizeof(struct noise), .feed = noise_feed};
