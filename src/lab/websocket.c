/*
 * WebSocket (RFC 6455): the upgrade, masked frames from the client, messages in one or several
 * frames, pings; and permessage-deflate (RFC 7692) with and without keeping the context.
 */
#include <sodium.h>
#include <string.h>

#include "base/reader.h"
#include "lab/layer.h"

enum opcode { OPCODE_CONTINUATION, OPCODE_TEXT, OPCODE_BINARY, OPCODE_PING = 9, OPCODE_PONG };

enum { FIN = 0x80, RSV1 = 0x40, MASKED = 0x80, KEY_TEXT_MAX = 32, MESSAGE_MAX = 1 << 20 };

static bool is_client(const struct layer *l)
{
	return lab_layer_settings(l)->side == LAB_MINER;
}

static bool is_deflating(const struct layer *l)
{
	return l->kind != LAB_LAYER_WEBSOCKET;
}

static const char *extension(const struct layer *l)
{
	switch (l->kind) {
	case LAB_LAYER_WEBSOCKET_DEFLATE:
		return "Sec-WebSocket-Extensions: permessage-deflate\r\n";
	case LAB_LAYER_WEBSOCKET_FRESH:
		return "Sec-WebSocket-Extensions: permessage-deflate; "
		       "server_no_context_takeover; client_no_context_takeover\r\n";
	default:
		return "";
	}
}

static void begin(struct layer *l)
{
	enum { RAW_DEFLATE = -15 };

	if (is_deflating(l)) {
		bool has_deflate = deflateInit2(&l->deflate, Z_DEFAULT_COMPRESSION, Z_DEFLATED,
						RAW_DEFLATE, 8, Z_DEFAULT_STRATEGY) == Z_OK;
		l->has_zlib = has_deflate && inflateInit2(&l->inflate, RAW_DEFLATE) == Z_OK;
		if (has_deflate && !l->has_zlib)
			deflateEnd(&l->deflate);
		if (!l->has_zlib)
			lab_layer_failed(l);
	}
	lab_layer_opened(l);
}

static void request_upgrade(struct layer *l)
{
	const struct lab_channel_settings *s = lab_layer_settings(l);
	struct str browser = STR("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
				 "(KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36");
	uint8_t nonce[16];
	char key[KEY_TEXT_MAX];
	struct buf m = {0};

	lab_random_fill(lab_layer_random(l), nonce, sizeof(nonce));
	sodium_bin2base64(key, sizeof(key), nonce, sizeof(nonce), sodium_base64_VARIANT_ORIGINAL);
	lab_websocket_accept(str_from(key), l->expected);
	buf_printf(&m,
		   "GET %.*s HTTP/1.1\r\nHost: %.*s:%u\r\nConnection: Upgrade\r\n"
		   "Pragma: no-cache\r\nUpgrade: websocket\r\nOrigin: https://%.*s\r\n"
		   "User-Agent: %.*s\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n%s"
		   "\r\n",
		   STR_ARG(s->path.len ? s->path : STR("/")), STR_ARG(s->host), s->port,
		   STR_ARG(s->host), STR_ARG(s->agent.len ? s->agent : browser), key, extension(l));
	lab_layer_say(l, &m);
}

static size_t hear_upgrade(struct layer *l, struct str bytes)
{
	size_t head_len = lab_http_head_len(bytes);
	struct str head = str_sub(bytes, 0, head_len);
	char accept[32];
	struct buf m = {0};

	if (head_len == 0)
		return 0;
	if (is_client(l)) {
		struct str got = lab_http_header(head, STR("Sec-WebSocket-Accept"));
		if (!str_starts(head, STR("HTTP/1.1 101")) ||
		    !str_equal(got, str_from(l->expected)))
			lab_layer_failed(l);
	} else {
		lab_websocket_accept(lab_http_header(head, STR("Sec-WebSocket-Key")), accept);
		buf_printf(&m,
			   "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
			   "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n%s\r\n",
			   accept, extension(l));
		lab_layer_say(l, &m);
	}
	begin(l);
	return head_len;
}

static void add_frame(struct layer *l, struct buf *out, uint8_t first, struct str payload)
{
	uint8_t mask[4] = {0}, mask_bit = is_client(l) ? MASKED : 0;

	buf_add_byte(out, (char)first);
	if (payload.len < 126) {
		buf_add_byte(out, (char)(mask_bit | payload.len));
	} else if (payload.len < 65536) {
		buf_add_byte(out, (char)(mask_bit | 126));
		buf_add_byte(out, (char)(payload.len >> 8));
		buf_add_byte(out, (char)payload.len);
	} else {
		buf_add_byte(out, (char)(mask_bit | 127));
		for (unsigned i = 8; i-- > 0;)
			buf_add_byte(out, (char)((uint64_t)payload.len >> 8 * i));
	}
	if (mask_bit) {
		lab_random_fill(lab_layer_random(l), mask, sizeof(mask));
		buf_add(out, str_of(mask, sizeof(mask)));
	}
	for (size_t i = 0; i < payload.len; i++)
		buf_add_byte(out, (char)(payload.at[i] ^ mask[i % 4]));
}

/* RFC 7692, 7.2.1: deflate, flush, drop the 00 00 ff ff at the end. */
static void pack(struct layer *l, struct str message, struct buf *out)
{
	size_t room = deflateBound(&l->deflate, (uLong)message.len) + 64;

	if (!buf_reserve(out, room))
		return;
	l->deflate.next_in = (uint8_t *)(uintptr_t)message.at;
	l->deflate.avail_in = (uInt)message.len;
	l->deflate.next_out = (uint8_t *)out->at;
	l->deflate.avail_out = (uInt)room;
	if (deflate(&l->deflate, Z_SYNC_FLUSH) != Z_OK || l->deflate.avail_in)
		lab_layer_failed(l);
	out->len = room - l->deflate.avail_out;
	out->len -= out->len >= 4 ? 4 : 0;
	if (l->kind == LAB_LAYER_WEBSOCKET_FRESH)
		deflateReset(&l->deflate);
}

static void unpack(struct layer *l, struct buf *message, struct buf *out)
{
	buf_add(message, STR("\0\0\xff\xff"));
	if (message->failed || !buf_reserve(out, MESSAGE_MAX)) {
		lab_layer_failed(l);
		return;
	}
	l->inflate.next_in = (uint8_t *)message->at;
	l->inflate.avail_in = (uInt)message->len;
	l->inflate.next_out = (uint8_t *)out->at;
	l->inflate.avail_out = MESSAGE_MAX;
	int result = inflate(&l->inflate, Z_SYNC_FLUSH);
	if ((result != Z_OK && result != Z_BUF_ERROR) || l->inflate.avail_in)
		lab_layer_failed(l);
	out->len = MESSAGE_MAX - l->inflate.avail_out;
	if (l->kind == LAB_LAYER_WEBSOCKET_FRESH)
		inflateReset(&l->inflate);
}

/* One message in ten goes in two frames; one of the server's in ten is led by a ping. */
static void send(struct layer *l, struct str message)
{
	uint8_t first = lab_layer_settings(l)->is_binary ? OPCODE_BINARY : OPCODE_TEXT;
	struct buf packed = {0}, m = {0};

	if (is_deflating(l)) {
		pack(l, message, &packed);
		message = buf_view(&packed);
		first |= RSV1;
	}
	if (!is_client(l) && lab_random_chance(lab_layer_random(l), 10))
		add_frame(l, &m, FIN | OPCODE_PING, STR("davy"));
	if (message.len > 16 && lab_random_chance(lab_layer_random(l), 10)) {
		add_frame(l, &m, first, str_sub(message, 0, message.len / 3));
		add_frame(l, &m, FIN | OPCODE_CONTINUATION, str_skip(message, message.len / 3));
	} else {
		add_frame(l, &m, FIN | first, message);
	}
	if (packed.failed)
		lab_layer_failed(l);
	buf_fini(&packed);
	lab_layer_say(l, &m);
}

static void message_complete(struct layer *l)
{
	struct buf plain = {0};

	if (l->message_is_packed) {
		unpack(l, &l->message, &plain);
		lab_layer_up(l, buf_view(&plain));
	} else {
		lab_layer_up(l, buf_view(&l->message));
	}
	buf_fini(&plain);
	buf_clear(&l->message);
}

static void hear_payload(struct layer *l, uint8_t first, struct str payload)
{
	enum opcode opcode = first & 15;
	struct buf m = {0};

	if (opcode == OPCODE_PING) {
		add_frame(l, &m, FIN | OPCODE_PONG, payload);
		lab_layer_say(l, &m);
	} else if (opcode <= OPCODE_BINARY) {
		if (opcode != OPCODE_CONTINUATION)
			l->message_is_packed = first & RSV1;
		buf_add(&l->message, payload);
		if (first & FIN)
			message_complete(l);
	}
}

static size_t hear(struct layer *l, struct str bytes)
{
	struct reader in = reader_of(bytes);
	uint8_t first, second;
	uint64_t len;
	uint16_t len16;
	struct str mask = {0}, masked;
	struct buf payload = {0};

	if (!l->is_open)
		return hear_upgrade(l, bytes);
	if (!read_u8(&in, &first) || !read_u8(&in, &second))
		return 0;
	len = second & 127;
	if (len == 126) {
		if (!read_be16(&in, &len16))
			return 0;
		len = len16;
	} else if (len == 127 && !read_be64(&in, &len)) {
		return 0;
	}
	if (((second & MASKED) && !read_span(&in, 4, &mask)) || !read_span(&in, len, &masked))
		return 0;
	if (!(second & MASKED) == !is_client(l))
		lab_layer_failed(l); /* a client must mask, a server must not */
	for (size_t i = 0; i < len; i++)
		buf_add_byte(&payload, (char)(masked.at[i] ^ (mask.len ? mask.at[i % 4] : 0)));
	if (payload.failed)
		lab_layer_failed(l);
	else
		hear_payload(l, first, buf_view(&payload));
	buf_fini(&payload);
	return bytes.len - reader_left(&in);
}

const struct layer_end *lab_websocket_end(enum lab_side side)
{
	static const struct layer_end client = {request_upgrade, hear, send};
	static const struct layer_end server = {NULL, hear, send};

	return side == LAB_MINER ? &client : &server;
}
