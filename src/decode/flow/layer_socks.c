/* SOCKS: what both sides say is kept until the proxy opens the way; then a first look begins anew.
 */
#include <string.h>

#include "base/buf.h"
#include "decode/app/socks.h"
#include "decode/flow/layer.h"

enum { DIALOGUE_MAX = 4096 };

struct socks {
	int client; /* side + 1; 0: not known yet */
	bool is_open;
	struct buf said[2];
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

static void open_inner(struct conversation *c, struct layer *layer,
		       const struct socks_dialogue *dialogue)
{
	struct socks *socks = layer->state;
	int client = socks->client - 1;

	layer->carrier = dialogue->version == 4 ? CARRIER_SOCKS4 : CARRIER_SOCKS5;
	if (dialogue->has_request)
		note_target(c, &dialogue->request.target);
	socks->is_open = true;
	struct str from_client =
		str_skip(buf_view(&socks->said[client]),
			 dialogue->has_client_inner ? dialogue->client_inner : SIZE_MAX);
	struct str from_server =
		str_skip(buf_view(&socks->said[!client]),
			 dialogue->has_server_inner ? dialogue->server_inner : SIZE_MAX);
	layer_inner(c, layer, client, from_client);
	layer_inner(c, layer, !client, from_server);
	buf_fini(&socks->said[0]);
	buf_fini(&socks->said[1]);
}

static void socks_feed(struct conversation *c, struct layer *layer, int side, struct str bytes)
{
	struct socks *socks = layer->state;
	struct socks_dialogue dialogue;

	if (socks->is_open) {
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

	(void)side, (void)missing;
	if (!socks->is_open)
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
