/*
 * TLS: the names said in clear are noted, the rest is nobody's business.
 *
 * The name is the one the client asks for (SNI). A client that asks for none, as XMRig does, leaves
 * those in the server's certificate, which TLS 1.2 and older show.
 */
#include "base/buf.h"
#include "decode/app/tls.h"
#include "decode/flow/layer.h"

enum { NAMES_OF_CERTIFICATE = 4, SERVER_BYTES_MAX = 16 * 1024 };

struct tls {
	struct buf pending[2];
	int client; /* side + 1; 0: no hello read yet */
};

static void tell_name(struct conversation *c, int server, struct str name)
{
	if (name.len == 0)
		return;
	if (c->name_len == 0)
		conversation_set(c->name, &c->name_len, name);
	if (c->host->name)
		c->host->name(c->host->context, c, server, name);
}

static void read_client(struct conversation *c, struct tls *tls, int side)
{
	struct tls_client_hello hello;

	arena_reset(&c->host->scratch);
	enum decoded decoded =
		tls_client_hello_read(buf_view(&tls->pending[side]), &c->host->scratch, &hello);
	if (decoded == NEED_MORE)
		return;
	if (decoded != DECODED || hello.server_name.len > 0)
		c->is_dead = true;
	if (decoded != DECODED)
		return;
	tls->client = side + 1;
	tell_name(c, !side, hello.server_name); /* a view into what is freed next */
	buf_fini(&tls->pending[side]);
}

static void read_server(struct conversation *c, struct tls *tls, int side)
{
	struct tls_server_flight flight;

	arena_reset(&c->host->scratch);
	enum decoded decoded =
		tls_server_flight_read(buf_view(&tls->pending[side]), &c->host->scratch, &flight);
	if (decoded == NEED_MORE)
		return;
	c->is_dead = true;
	if (decoded != DECODED || !flight.has_certificate)
		return;
	tell_name(c, side, flight.certificate.subject);
	for (size_t i = 0; i < flight.certificate.dns_count && i < NAMES_OF_CERTIFICATE; i++)
		tell_name(c, side, flight.certificate.dns[i]);
}

static void tls_feed(struct conversation *c, struct layer *layer, int side, struct str bytes)
{
	struct tls *tls = layer->state;

	if (tls->client == side + 1)
		return; /* key exchange and all that follows */
	tls->pending[side].limit = tls->client ? SERVER_BYTES_MAX : TLS_HELLO_MAX;
	buf_add(&tls->pending[side], bytes);
	if (tls->pending[side].failed)
		c->is_dead = true;
	else if (tls->client)
		read_server(c, tls, side);
	else
		read_client(c, tls, side);
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
