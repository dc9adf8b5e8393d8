/*
 * HTTP/1 as a carrier: JSON in bodies, a WebSocket after an upgrade, anything after CONNECT.
 *
 * Bodies that begin like no JSON are passed over without being kept. A connection that only
 * fetches pages is given up after a few of them; its next request that may matter opens it again.
 */
#include <stdlib.h>
#include <string.h>

#include "decode/app/http.h"
#include "decode/flow/json_stream.h"
#include "decode/flow/layer.h"

enum { METHODS_QUEUED = 8, PLAIN_MOST = 8, INFLATED_MAX = 1 << 20, AHEAD_MAX = 16384 };

enum body_use { BODY_UNDECIDED, BODY_JSON, BODY_PASSED_OVER };

struct direction {
	struct buf head;
	size_t searched;
	bool in_body,
		is_lost; /* lost: bytes were missing, waiting for a segment that begins a head */
	enum body_use use;
	struct http_body body;
	struct json_stream json;
	struct inflater *inflater; /* for a compressed body; its memory is this block */
};

struct http {
	struct direction directions[2];
	char methods[METHODS_QUEUED][8]; /* of requests not answered yet */
	uint8_t methods_head, methods_count;
	bool tunnels; /* CONNECT or an upgrade: what follows is inside */
	bool inner_open[2];
	bool awaits_upgrade; /* asked for, not answered yet */
	struct buf ahead;    /* of the client, captured before the answer to its upgrade */
	uint32_t plain;	     /* messages without anything for us, in a row */
};

static void queue_method(struct http *http, struct str method)
{
	uint8_t slot = (uint8_t)((http->methods_head + http->methods_count) % METHODS_QUEUED);

	if (http->methods_count == METHODS_QUEUED)
		return;
	method = str_sub(method, 0, sizeof(http->methods[0]) - 1);
	memset(http->methods[slot], 0, sizeof(http->methods[0]));
	memcpy(http->methods[slot], method.at, method.len);
	http->methods_count++;
}

static struct str next_method(struct http *http)
{
	struct str method;

	if (http->methods_count == 0)
		return (struct str){0};
	method = str_from(http->methods[http->methods_head]);
	http->methods_head = (uint8_t)((http->methods_head + 1) % METHODS_QUEUED);
	http->methods_count--;
	return method;
}

static void note_request(struct conversation *c, const struct http_head *head, int side)
{
	struct str forwarded = head->x_forwarded_for.len ? head->x_forwarded_for : head->forwarded;

	c->http_client = side;
	if (forwarded.len == 0)
		forwarded = head->via;
	conversation_set(c->forwarded, &c->forwarded_len, forwarded);
	if (str_equal(head->method, STR("CONNECT"))) {
		conversation_set(c->target, &c->target_len, head->target);
		return;
	}
	struct str host, port;
	str_cut(head->host, ':', &host, &port);
	conversation_set(c->name, &c->name_len, host);
	if (host.len > 0 && c->host->name)
		c->host->name(c->host->context, c, !side, host);
}

static void open_tunnel(struct conversation *c, struct layer *layer, const struct http_head *head)
{
	struct http *http = layer->state;

	http->tunnels = true;
	layer->carrier = head->is_request ? CARRIER_CONNECT : layer->carrier;
	if (!head->is_request && head->status == 101 && head->upgrade_websocket) {
		layer->carrier = CARRIER_COUNT; /* the WebSocket speaks for itself */
		struct layer *inner = layer_push(c, layer, &layer_websocket);
		struct websocket_deflate deflate =
			websocket_extensions_read(head->sec_websocket_extensions);
		if (inner)
			layer_websocket_begin(inner, c->http_client, &deflate);
	}
}

/* NULL: not compressed, or no memory. */
static struct inflater *inflater_for(struct str encoding)
{
	if (str_equal_nocase(encoding, STR("gzip")) || str_equal_nocase(encoding, STR("x-gzip")))
		return layer_inflater_new(INFLATER_GZIP, INFLATED_MAX);
	if (str_equal_nocase(encoding, STR("deflate")))
		return layer_inflater_new(INFLATER_DEFLATE, INFLATED_MAX);
	return NULL;
}

/* What a head means for this connection. */
static void take_head(struct conversation *c, struct layer *layer, int side,
		      const struct http_head *head)
{
	struct http *http = layer->state;
	struct direction *d = &http->directions[side];
	struct str method = {0};

	if (head->is_request) {
		note_request(c, head, side);
		queue_method(http, head->method);
		http->awaits_upgrade = head->upgrade_websocket;
	} else {
		method = next_method(http);
		http->awaits_upgrade &= head->status < 200 && head->status != 101;
	}
	http_body_begin(&d->body, head, method);
	d->in_body = true;
	d->use = BODY_UNDECIDED;
	json_stream_fini(&d->json);
	d->json = (struct json_stream){0};
	free(d->inflater);
	d->inflater = inflater_for(head->content_encoding);
	bool is_plain =
		head->is_request && str_equal(head->method, STR("GET")) && !head->upgrade_websocket;
	http->plain = is_plain ? http->plain + 1 : head->is_request ? 0 : http->plain;
	if (d->body.is_tunnel || (head->is_request && str_equal(head->method, STR("CONNECT"))))
		open_tunnel(c, layer, head);
}

static void take_json(struct conversation *c, struct direction *d, int side, struct str bytes)
{
	struct str message;

	json_stream_feed(&d->json, bytes);
	while (!c->is_dead && json_stream_next(&d->json, &message))
		conversation_json(c, side, message);
}

static void take_piece(struct conversation *c, struct direction *d, int side, struct str piece)
{
	if (d->use == BODY_UNDECIDED) {
		struct str start = str_trim(piece);
		if (start.len == 0)
			return;
		d->use = start.at[0] == '{' || start.at[0] == '[' || (uint8_t)start.at[0] >= 0x80
				 ? BODY_JSON
				 : BODY_PASSED_OVER;
	}
	if (d->use == BODY_JSON)
		take_json(c, d, side, piece);
}

/* Of a body that may yet be passed over only the beginning is unpacked: that tells. */
static void take_body(struct conversation *c, struct direction *d, int side, struct str piece)
{
	enum { BEGINNING = 32 };
	char out[4096];
	size_t len, room = d->use == BODY_UNDECIDED ? BEGINNING : sizeof(out);

	if (!d->inflater) {
		take_piece(c, d, side, piece);
		return;
	}
	while (!c->is_dead && d->use != BODY_PASSED_OVER &&
	       inflater_next(d->inflater, &piece, out, room, &len) == DECODED) {
		take_piece(c, d, side, str_of(out, len));
		room = sizeof(out);
	}
	if (d->use == BODY_PASSED_OVER) {
		free(d->inflater);
		d->inflater = NULL;
	}
}

static void end_body(struct conversation *c, struct direction *d, int side)
{
	struct str message;

	d->in_body = false;
	if (d->use == BODY_JSON && json_stream_flush(&d->json, &message))
		conversation_json(c, side, message);
}

/* Bytes of a body; returns what is left for the next head. */
static struct str feed_body(struct conversation *c, struct direction *d, int side, struct str bytes)
{
	struct str piece;

	while (d->in_body && !c->is_dead) {
		enum decoded decoded = http_body_next(&d->body, &bytes, &piece);
		if (decoded == NEED_MORE)
			return bytes;
		if (decoded != DECODED) {
			c->host->malformed++;
			d->in_body = false;
			d->is_lost = true;
			return (struct str){0};
		}
		if (piece.len > 0)
			take_body(c, d, side, piece);
		if (d->body.is_done)
			end_body(c, d, side);
	}
	return bytes;
}

/* Most heads come in one piece and are read where they are. */
static bool take_whole_head(struct conversation *c, struct layer *layer, int side,
			    struct str *bytes)
{
	struct http_head head;
	size_t consumed;

	if (http_head_read(str_sub(*bytes, 0, HTTP_HEAD_MAX), &consumed, &head) != DECODED)
		return false;
	*bytes = str_skip(*bytes, consumed);
	take_head(c, layer, side, &head);
	return true;
}

/* Collects a head; true when one was read and `bytes` is what follows it. */
static bool feed_head(struct conversation *c, struct layer *layer, int side, struct str *bytes)
{
	struct direction *d = &((struct http *)layer->state)->directions[side];
	struct http_head head;
	size_t before = d->head.len, end;

	if (before == 0 && take_whole_head(c, layer, side, bytes))
		return true;
	d->head.limit = HTTP_HEAD_MAX + 4096;
	buf_add(&d->head, str_sub(*bytes, 0, HTTP_HEAD_MAX));
	end = http_head_end(buf_view(&d->head), d->searched);
	d->searched = d->head.len;
	if (end == 0) {
		*bytes = (struct str){0};
		if (d->head.len >= HTTP_HEAD_MAX || d->head.failed ||
		    !http_starts(buf_view(&d->head)))
			c->is_dead = true;
		return false;
	}
	size_t consumed;
	if (http_head_read(buf_view(&d->head), &consumed, &head) != DECODED) {
		c->is_dead = true;
		return false;
	}
	*bytes = str_skip(*bytes, consumed - before);
	take_head(c, layer, side, &head);
	buf_clear(&d->head);
	d->searched = 0;
	return true;
}

/* A tap does not always see the two directions in the order of their causes. */
static bool comes_ahead(const struct http *http, int side, int client, struct str bytes)
{
	return http->awaits_upgrade && side == client && http->directions[side].head.len == 0 &&
	       (http->ahead.len > 0 || !http_starts(bytes));
}

static void hold_ahead(struct conversation *c, struct http *http, struct str bytes)
{
	http->ahead.limit = AHEAD_MAX;
	buf_add(&http->ahead, bytes);
	if (http->ahead.failed)
		c->is_dead = true;
}

static void release_ahead(struct conversation *c, struct layer *layer)
{
	struct http *http = layer->state;

	if (http->awaits_upgrade || http->ahead.len == 0)
		return;
	struct buf ahead = http->ahead;
	http->ahead = (struct buf){0};
	if (http->tunnels) {
		http->inner_open[c->http_client] = true;
		layer_inner(c, layer, c->http_client, buf_view(&ahead));
	}
	buf_fini(&ahead);
}

/* After CONNECT or an upgrade: a side's bytes are inside once its own head is over. */
static bool is_inside(const struct http *http, int side)
{
	const struct direction *d = &http->directions[side];

	return http->tunnels && d->head.len == 0 && http->inner_open[side];
}

static void http_feed(struct conversation *c, struct layer *layer, int side, struct str bytes)
{
	struct http *http = layer->state;
	struct direction *d = &http->directions[side];

	if (d->is_lost) {
		if (!http_starts(bytes))
			return;
		d->is_lost = false;
	}
	while (bytes.len > 0 && !c->is_dead) {
		if (is_inside(http, side)) {
			layer_inner(c, layer, side, bytes);
			return;
		}
		if (d->in_body) {
			bytes = feed_body(c, d, side, bytes);
		} else if (comes_ahead(http, side, c->http_client, bytes)) {
			hold_ahead(c, http, bytes);
			return;
		} else if (feed_head(c, layer, side, &bytes)) {
			http->inner_open[side] = http->tunnels;
		} else {
			return;
		}
		if (http->tunnels && !d->in_body)
			http->inner_open[side] = true;
		if (d->in_body && d->body.is_tunnel)
			d->in_body = false;
		release_ahead(c, layer);
	}
	if (http->plain > PLAIN_MOST && c->mining_messages == 0)
		c->is_dead = true;
}

static void http_gap(struct conversation *c, struct layer *layer, int side, uint32_t missing)
{
	struct http *http = layer->state;
	struct direction *d = &http->directions[side];

	(void)c, (void)missing;
	if (http->tunnels && http->inner_open[side])
		return;
	buf_clear(&d->head);
	d->searched = 0;
	d->in_body = false;
	d->is_lost = true;
}

static void http_end(struct conversation *c, struct layer *layer)
{
	struct http *http = layer->state;

	for (int side = 0; side < 2; side++)
		if (http->directions[side].in_body)
			end_body(c, &http->directions[side], side);
}

static void http_fini(struct layer *layer)
{
	struct http *http = layer->state;

	buf_fini(&http->ahead);
	for (int side = 0; side < 2; side++) {
		buf_fini(&http->directions[side].head);
		json_stream_fini(&http->directions[side].json);
		free(http->directions[side].inflater);
	}
}

static size_t http_size(const struct layer *layer)
{
	const struct http *http = layer->state;
	size_t size = http->ahead.cap;

	for (int side = 0; side < 2; side++)
		size += http->directions[side].head.cap + http->directions[side].json.pending.cap +
			(http->directions[side].inflater ? LAYER_INFLATER_BYTES : 0);
	return size;
}

const struct layer_kind layer_http = {.carrier = CARRIER_HTTP,
				      .state_size = sizeof(struct http),
				      .feed = http_feed,
				      .gap = http_gap,
				      .end = http_end,
				      .fini = http_fini,
				      .size = http_size};
