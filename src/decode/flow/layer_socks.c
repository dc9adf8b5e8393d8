/* SOCKS: what both sides say is kept until the proxy opens the way; then a first look begins anew.
 */
#include <string.h>

#include "base/buf.h"
#include "decode/app/socks.h"
#include "decode/flow/layer.h"

enum { DIALOGUE_MAX = 4096 };

struct socks {
	int client; /* side + 1; 0: not known yet */
	bool is_through[2];
	struct buf said[2]; /* until both are through */
};

static void note_target(struct conversation *c, const struct socks_target *target)
{
	struct buf text = {0};

	if (target->has_address) {
		struct endpoint end = {target->address, target->port};
		buf_add_endpoint(&text, &end);
	} else {
		buf_printf(&text, "%.*s:%u", STR_ARG(target->name), target->port);
	}
	conversation_set(c->target, &c->target_len, buf_view(&text));
	buf_fini(&text);
}

static void pass_on(struct conversation *c, struct layer *layer, int side, size_t inner)
{
	struct socks *socks = layer->state;

	if (socks->is_through[side])
		return;
	socks->is_through[side] = true;
	layer_inner(c, layer, side, str_skip(buf_view(&socks->said[side]), inner));
}

/*
 * What is behind the dialogue is the inner stream of its side. A client's side is through with its
 * request, for the proxy's may not be captured; the proxy's reply is still to be taken off then.
 */
static void open_inner(struct conversation *c, struct layer *layer,
		       const struct socks_dialogue *dialogue)
{
	struct socks *socks = layer->state;
	int client = socks->client - 1;

	layer->carrier = dialogue->version == 4 ? CARRIER_SOCKS4 : CARRIER_SOCKS5;
	if (dialogue->has_request)
		note_target(c, &dialogue->request.target);
	if (dialogue->has_client_inner)
		pass_on(c, layer, client, dialogue->client_inner);
	if (dialogue->has_server_inner)
		pass_on(c, layer, !client, dialogue->server_inner);
	if (socks->is_through[0] && socks->is_through[1]) {
		buf_fini(&socks->said[0]);
		buf_fini(&socks->said[1]);
	}
}

static void socks_feed(struct conversation *c, struct layer *layer, int side, struct str bytes)
{
	struct socks *socks = layer->state;
	struct socks_dialogue dialogue;

	if (socks->is_through[side]) {
		layer_inner(c, layer, side, bytes);
		return;
	}
	if (!socks->client)
		socks->client = side + 1;
	socks->said[side].limit = DIALOGUE_MAX;
	buf_add(&socks->said[side], bytes);
	int client = socks->client - 1;
	enum decoded decoded = socks_dialogue_read(buf_view(&socks->said[client]),
						   buf_view(&socks->said[!client]), &dialogue);
	if (decoded == DECODED && !dialogue.is_refused)
		open_inner(c, layer, &dialogue);
	else if (decoded != NEED_MORE || socks->said[side].failed)
		c->is_dead = true;
}

static void socks_gap(struct conversation *c, struct layer *layer, int side, uint32_t missing)
{
	struct socks *socks = layer->state;

	(void)missing;
	if (!socks->is_through[side])
		c->is_dead = true; /* what follows the hole is looked at as if it stood alone */
}

static void socks_fini(struct layer *layer)
{
	struct socks *socks = layer->state;

	buf_fini(&socks->said[0]);
	buf_fini(&socks->said[1]);
}

static size_t socks_size(const struct layer *layer)
{
	const struct socks *socks = layer->state;

	return socks->said[0].cap + socks->said[1].cap;
}

const struct layer_kind layer_socks = {.carrier = CARRIER_SOCKS5,
				       .state_size = sizeof(struct socks),
				       .feed = socks_feed,
				       .gap = socks_gap,
				       .fini = socks_fini,
				       .size = socks_size};
