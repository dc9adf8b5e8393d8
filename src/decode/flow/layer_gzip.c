/*
 * A stream that turns into gzip, side by side: EthereumStratum/2.0.0 with encoding "gzip", where
 * everything after the hello is compressed. What comes out is text again.
 */
#include <stdlib.h>

#include "decode/app/inflater.h"
#include "decode/flow/layer.h"

enum { OUTPUT_MAX = 16 << 20, RATIO_MAX = 1000 };

struct gzip {
	struct inflater *inflaters[2]; /* each the start of its own block */
	bool is_plain[2];	       /* this side went on without compression */
};

static struct inflater *inflater_new(void)
{
	struct inflater_settings settings = {
		.format = INFLATER_GZIP, .output_max = OUTPUT_MAX, .ratio_max = RATIO_MAX};
	void *memory = malloc(INFLATER_MEMORY(15));
	struct inflater *inflater =
		memory ? inflater_init(memory, INFLATER_MEMORY(15), &settings) : NULL;

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

static void gzip_feed(struct conversation *c, struct layer *layer, int side, struct str bytes)
{
	struct gzip *gzip = layer->state;
	char out[4096];
	size_t len;

	if (!gzip->inflaters[side] && !gzip->is_plain[side]) {
		gzip->is_plain[side] = bytes.at[0] == '{';
		gzip->inflaters[side] = gzip->is_plain[side] ? NULL : inflater_new();
	}
	if (!gzip->inflaters[side]) {
		feed_text(c, layer, side, bytes);
		return;
	}
	enum decoded decoded;
	while (!c->is_dead && (decoded = inflater_next(gzip->inflaters[side], &bytes, out,
						       sizeof(out), &len)) == DECODED)
		feed_text(c, layer, side, str_of(out, len));
	if (!c->is_dead && decoded != NEED_MORE)
		c->is_dead = true;
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

	return (size_t)INFLATER_MEMORY(15) *
	       ((gzip->inflaters[0] != NULL) + (gzip->inflaters[1] != NULL));
}

const struct layer_kind layer_gzip = {.carrier = CARRIER_GZIP,
				      .state_size = sizeof(struct gzip),
				      .feed = gzip_feed,
				      .gap = gzip_gap,
				      .fini = gzip_fini,
				      .size = gzip_size};
