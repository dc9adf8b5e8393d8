/*
 * A stream that turns into gzip, side by side: EthereumStratum/2.0.0 with encoding "gzip", where
 * everything after the hello is compressed. What comes out is text again.
 */
#include <stdlib.h>

#include "decode/flow/layer.h"

enum { OUTPUT_MAX = 16 << 20 };

struct gzip {
	struct inflater *inflaters[2]; /* each the start of its own block; NULL: not needed yet */
	bool is_packed[2];	       /* inside of a member; else between them, or plain text */
};

struct inflater *layer_inflater_new(enum inflater_format format, uint64_t output_max)
{
	struct inflater_settings settings = {
		.format = format, .output_max = output_max, .ratio_max = 1000};
	void *memory = malloc(LAYER_INFLATER_BYTES);
	struct inflater *inflater =
		memory ? inflater_init(memory, LAYER_INFLATER_BYTES, &settings) : NULL;

	if (!inflater)
		free(memory);
	return inflater;
}

static void feed_text(struct conversation *c, struct layer *layer, int side, struct str bytes)
{
	uint8_t inner = (uint8_t)(layer->depth + 1);

	if (c->depth <= inner)
		layer_push(c, layer, &layer_text);
	layer_inner(c, layer, side, bytes);
}

/* Between members: one begins here, or text that is not compressed. False: no memory. */
static bool begin_member(struct gzip *gzip, int side, struct str bytes)
{
	gzip->is_packed[side] = bytes.at[0] == '\x1f';
	if (!gzip->is_packed[side])
		return true;
	if (gzip->inflaters[side])
		inflater_reset(gzip->inflaters[side]);
	else
		gzip->inflaters[side] = layer_inflater_new(INFLATER_GZIP, OUTPUT_MAX);
	return gzip->inflaters[side] != NULL;
}

/* What is left of `bytes` behind the member. */
static struct str inflate_member(struct conversation *c, struct layer *layer, int side,
				 struct str bytes)
{
	struct gzip *gzip = layer->state;
	struct inflater *inflater = gzip->inflaters[side];
	enum decoded decoded;
	char out[4096];
	size_t len;

	while (!c->is_dead &&
	       (decoded = inflater_next(inflater, &bytes, out, sizeof(out), &len)) == DECODED)
		feed_text(c, layer, side, str_of(out, len));
	if (!c->is_dead && decoded != NEED_MORE)
		c->is_dead = true;
	if (inflater_is_done(inflater))
		gzip->is_packed[side] = false;
	return bytes;
}

/* Each message may be a member of its own, and each member a segment. */
static void gzip_feed(struct conversation *c, struct layer *layer, int side, struct str bytes)
{
	struct gzip *gzip = layer->state;

	while (bytes.len > 0 && !c->is_dead) {
		if (!gzip->is_packed[side] && !begin_member(gzip, side, bytes)) {
			c->is_dead = true;
		} else if (!gzip->is_packed[side]) {
			feed_text(c, layer, side, bytes);
			return;
		} else {
			bytes = inflate_member(c, layer, side, bytes);
		}
	}
}

static void gzip_gap(struct conversation *c, struct layer *layer, int side, uint32_t missing)
{
	(void)layer, (void)side, (void)missing;
	c->is_dead = true; /* nothing after a hole can be inflated */
}

static void gzip_fini(struct layer *layer)
{
	struct gzip *gzip = layer->state;

	free(gzip->inflaters[0]);
	free(gzip->inflaters[1]);
}

static size_t gzip_size(const struct layer *layer)
{
	const struct gzip *gzip = layer->state;

	return (size_t)LAYER_INFLATER_BYTES *
	       ((gzip->inflaters[0] != NULL) + (gzip->inflaters[1] != NULL));
}

const struct layer_kind layer_gzip = {.carrier = CARRIER_GZIP,
				      .state_size = sizeof(struct gzip),
				      .feed = gzip_feed,
				      .gap = gzip_gap,
				      .fini = gzip_fini,
				      .size = gzip_size};
