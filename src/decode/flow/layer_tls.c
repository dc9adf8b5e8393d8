/* TLS: the name in the hello is noted, the rest is nobody's business. */
#include "base/buf.h"
#include "decode/app/tls.h"
#include "decode/flow/layer.h"

struct tls {
	struct buf pending[2];
};

static void read_hello(struct conversation *c, struct tls *tls, int side)
{
	struct tls_client_hello hello;
	enum decoded decoded;

	arena_reset(&c->host->scratch);
	decoded = tls_client_hello_read(buf_view(&tls->pending[side]), &c->host->scratch, &hello);
	if (decoded == NEED_MORE)
		return;
	if (decoded == DECODED && hello.server_name.len > 0) {
		conversation_set(c->name, &c->name_len, hello.server_name);
		if (c->host->name)
			c->host->name(c->host->context, c, !side, hello.server_name);
	}
	c->is_dead = true;
}

static void tls_feed(struct conversation *c, struct layer *layer, int side, struct str bytes)
{
	struct tls *tls = layer->state;

	tls->pending[side].limit = TLS_HELLO_MAX;
	buf_add(&tls->pending[side], bytes);
	if (tls->pending[side].failed) {
		c->is_dead = true;
		return;
	}
	read_hello(c, tls, side);
}

static void tls_gap(struct conversation *c, struct layer *layer, int side, uint32_t missing)
{
	(void)layer, (void)side, (void)missing;
	c->is_dead = true;
}

static void tls_fini(struct layer *layer)
{
	struct tls *tls = layer->state;

	buf_fini(&tls->pending[0]);
	buf_fini(&tls->pending[1]);
}

static size_t tls_size(const struct layer *layer)
{
	const struct tls *tls = layer->state;

	return tls->pending[0].cap + tls->pending[1].cap;
}

const struct layer_kind layer_tls = {.carrier = CARRIER_TLS,
				     .state_size = sizeof(struct tls),
				     .feed = tls_feed,
				     .gap = tls_gap,
				     .fini = tls_fini,
				     .size = tls_size};
