#include "lab/carrier.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lab/layer.h"

enum { TEXT_MAX = 512 };

struct lab_channel {
	struct lab_channel_settings settings;
	struct lab_random random;
	struct layer layers[LAB_CARRIER_DEPTH];
	bool is_open, has_failed;
	struct buf received, outgoing; /* each piece after its length as 8 bytes */
	struct buf texts;
};

static const struct {
	const char *name;
	const struct layer_end *(*end)(enum lab_side side);
	bool is_proxy;
} kinds[LAB_LAYERS] = {
	[LAB_LAYER_WEBSOCKET] = {"websocket", lab_websocket_end, false},
	[LAB_LAYER_WEBSOCKET_DEFLATE] = {"websocket-deflate", lab_websocket_end, false},
	[LAB_LAYER_WEBSOCKET_FRESH] = {"websocket-fresh", lab_websocket_end, false},
	[LAB_LAYER_HTTP] = {"http", lab_http_end, false},
	[LAB_LAYER_SOCKS4] = {"socks4", lab_socks4_end, true},
	[LAB_LAYER_SOCKS4A] = {"socks4a", lab_socks4_end, true},
	[LAB_LAYER_SOCKS5] = {"socks5", lab_socks5_end, true},
	[LAB_LAYER_SOCKS5_PASSWORD] = {"socks5-password", lab_socks5_end, true},
	[LAB_LAYER_CONNECT] = {"connect", lab_connect_end, true},
};

const char *const lab_carrier_names[] = {
	"plain",
	"websocket",
	"websocket-deflate",
	"websocket-fresh",
	"http",
	"socks4",
	"socks4a",
	"socks5",
	"socks5-password",
	"connect",
	"connect+socks5",
	"socks5+websocket",
	"socks4a+http",
	"connect+http",
	"connect+websocket-deflate",
	"socks5+connect+socks4",
};
const size_t lab_carrier_count = sizeof(lab_carrier_names) / sizeof(*lab_carrier_names);

const char *lab_layer_name(enum lab_layer layer)
{
	return layer < LAB_LAYERS ? kinds[layer].name : "";
}

bool lab_layer_is_proxy(enum lab_layer layer)
{
	return layer < LAB_LAYERS && kinds[layer].is_proxy;
}

bool lab_carrier_parse(struct str name, struct lab_carrier *out)
{
	struct str part;

	*out = (struct lab_carrier){0};
	if (str_equal(name, STR("plain")))
		return true;
	for (bool has_more = true; has_more;) {
		unsigned kind = 0;
		has_more = str_cut(name, '+', &part, &name);
		while (kind < LAB_LAYERS && !str_equal(part, str_from(kinds[kind].name)))
			kind++;
		if (kind == LAB_LAYERS || out->count == LAB_CARRIER_DEPTH)
			return false;
		out->layers[out->count++] = (enum lab_layer)kind;
	}
	return true;
}

void lab_carrier_add_name(const struct lab_carrier *carrier, struct buf *out)
{
	if (carrier->count == 0)
		buf_add(out, STR("plain"));
	for (unsigned i = 0; i < carrier->count; i++)
		buf_printf(out, "%s%s", i ? "+" : "", lab_layer_name(carrier->layers[i]));
}

/* The innermost layer when it is no proxy, else LAB_LAYERS. */
static enum lab_layer innermost(const struct lab_carrier *carrier)
{
	if (carrier->count == 0 || lab_layer_is_proxy(carrier->layers[carrier->count - 1]))
		return LAB_LAYERS;
	return carrier->layers[carrier->count - 1];
}

bool lab_carrier_complete(struct lab_carrier *carrier, const struct lab_dialect *dialect)
{
	if (dialect->native == LAB_NATIVE_TCP || innermost(carrier) != LAB_LAYERS)
		return true;
	if (carrier->count == LAB_CARRIER_DEPTH)
		return false;
	carrier->layers[carrier->count++] =
		dialect->native == LAB_NATIVE_HTTP ? LAB_LAYER_HTTP : LAB_LAYER_WEBSOCKET;
	return true;
}

const char *lab_carrier_refusal(const struct lab_carrier *carrier,
				const struct lab_dialect *dialect)
{
	enum lab_layer inner = innermost(carrier);
	bool is_websocket = inner <= LAB_LAYER_WEBSOCKET_FRESH;

	for (unsigned i = 0; i + 1 < carrier->count; i++)
		if (!lab_layer_is_proxy(carrier->layers[i]))
			return "HTTP and WebSocket can only be the innermost layer";
	if (inner == LAB_LAYER_HTTP && !dialect->can_poll)
		return "over HTTP the pool could not push its jobs";
	if (dialect->native == LAB_NATIVE_HTTP && inner != LAB_LAYER_HTTP)
		return "this dialect is made of HTTP requests";
	if (dialect->native == LAB_NATIVE_WEBSOCKET && !is_websocket)
		return "this dialect is made of WebSocket messages";
	return NULL;
}

bool lab_carrier_is_request_reply(const struct lab_carrier *carrier)
{
	return innermost(carrier) == LAB_LAYER_HTTP;
}

/* The texts are kept in one block; views move over when it is complete. */
static bool copy_texts(struct lab_channel *channel)
{
	struct lab_channel_settings *s = &channel->settings;
	struct str *texts[] = {&s->host, &s->agent, &s->path, &s->user};
	size_t at = 0;

	for (unsigned i = 0; i < 4; i++)
		buf_add(&channel->texts, str_sub(*texts[i], 0, TEXT_MAX));
	if (channel->texts.failed)
		return false;
	for (unsigned i = 0; i < 4; i++) {
		*texts[i] = str_sub(buf_view(&channel->texts), at,
				    texts[i]->len < TEXT_MAX ? texts[i]->len : TEXT_MAX);
		at += texts[i]->len;
	}
	return true;
}

int lab_channel_new(const struct lab_channel_settings *settings, struct lab_channel **out)
{
	if (settings->carrier.count > LAB_CARRIER_DEPTH)
		return -EINVAL;
	struct lab_channel *channel = calloc(1, sizeof(*channel));
	if (!channel)
		return -ENOMEM;
	channel->settings = *settings;
	if (!copy_texts(channel)) {
		lab_channel_free(channel);
		return -ENOMEM;
	}
	channel->random.state = settings->seed * 4 + 2 + settings->side;
	for (unsigned i = 0; i < settings->carrier.count; i++) {
		struct layer *l = &channel->layers[i];
		l->kind = settings->carrier.layers[i];
		l->end = kinds[l->kind].end(settings->side);
		l->index = i;
		l->channel = channel;
	}
	*out = channel;
	return 0;
}

void lab_channel_free(struct lab_channel *channel)
{
	if (!channel)
		return;
	for (unsigned i = 0; i < LAB_CARRIER_DEPTH; i++) {
		struct layer *l = &channel->layers[i];
		buf_fini(&l->in);
		buf_fini(&l->message);
		if (l->has_zlib) {
			deflateEnd(&l->deflate);
			inflateEnd(&l->inflate);
		}
	}
	buf_fini(&channel->received);
	buf_fini(&channel->outgoing);
	buf_fini(&channel->texts);
	free(channel);
}

static void put_piece(struct buf *queue, struct str piece)
{
	uint64_t len = piece.len;

	buf_add_bytes(queue, &len, sizeof(len));
	buf_add(queue, piece);
}

static bool take_piece(struct buf *queue, struct buf *out)
{
	uint64_t len;

	if (queue->failed || queue->len < sizeof(len))
		return false;
	memcpy(&len, queue->at, sizeof(len));
	buf_add(out, str_sub(buf_view(queue), sizeof(len), len));
	buf_consume(queue, sizeof(len) + len);
	return true;
}

/* Hands bytes to the layer, which may hand on what it makes of them; queued until understood. */
static void layer_feed(struct layer *l, struct str bytes)
{
	buf_add(&l->in, bytes);
	for (size_t used = 1; used > 0 && l->in.len > 0 && !l->channel->has_failed;) {
		used = l->end->hear(l, buf_view(&l->in));
		buf_consume(&l->in, used);
	}
	if (l->in.failed)
		lab_layer_failed(l);
}

static void layer_send(struct layer *l, struct str message)
{
	if (l->end->send)
		l->end->send(l, message);
	else
		lab_layer_down(l, message);
}

const struct lab_channel_settings *lab_layer_settings(const struct layer *l)
{
	return &l->channel->settings;
}

struct lab_random *lab_layer_random(struct layer *l)
{
	return &l->channel->random;
}

void lab_layer_up(struct layer *l, struct str message)
{
	struct lab_channel *channel = l->channel;

	if (l->index + 1 < channel->settings.carrier.count)
		layer_feed(&channel->layers[l->index + 1], message);
	else
		put_piece(&channel->received, message);
}

void lab_layer_down(struct layer *l, struct str bytes)
{
	if (l->index > 0)
		layer_send(&l->channel->layers[l->index - 1], bytes);
	else
		put_piece(&l->channel->outgoing, bytes);
}

void lab_layer_say(struct layer *l, struct buf *bytes)
{
	if (bytes->failed)
		lab_layer_failed(l);
	else
		lab_layer_down(l, buf_view(bytes));
	buf_fini(bytes);
}

static void open_layer(struct lab_channel *channel, unsigned index)
{
	if (index == channel->settings.carrier.count)
		channel->is_open = true;
	else if (channel->layers[index].end->open)
		channel->layers[index].end->open(&channel->layers[index]);
}

void lab_layer_opened(struct layer *l)
{
	l->is_open = true;
	open_layer(l->channel, l->index + 1);
}

void lab_layer_failed(struct layer *l)
{
	l->channel->has_failed = true;
}

size_t lab_layer_pass(struct layer *l, struct str bytes)
{
	lab_layer_up(l, bytes);
	return bytes.len;
}

void lab_channel_connected(struct lab_channel *channel)
{
	open_layer(channel, 0);
}

bool lab_channel_is_open(const struct lab_channel *channel)
{
	return channel->is_open;
}

bool lab_channel_has_failed(const struct lab_channel *channel)
{
	return channel->has_failed || channel->received.failed || channel->outgoing.failed;
}

void lab_channel_feed(struct lab_channel *channel, struct str bytes)
{
	if (channel->settings.carrier.count > 0)
		layer_feed(&channel->layers[0], bytes);
	else
		put_piece(&channel->received, bytes);
}

bool lab_channel_receive(struct lab_channel *channel, struct buf *message)
{
	return take_piece(&channel->received, message);
}

void lab_channel_send(struct lab_channel *channel, struct str message)
{
	unsigned count = channel->settings.carrier.count;

	if (count > 0)
		layer_send(&channel->layers[count - 1], message);
	else
		put_piece(&channel->outgoing, message);
}

bool lab_channel_take(struct lab_channel *channel, struct buf *bytes)
{
	return take_piece(&channel->outgoing, bytes);
}
