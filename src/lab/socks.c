/*
 * SOCKS: version 4 ("SOCKS: A protocol for TCP proxy across firewalls"), 4A ("SOCKS 4A: A simple
 * extension"), 5 (RFC 1928) and its user and password (RFC 1929). Only CONNECT; the server end
 * grants everything, for it never opens a connection itself.
 */
#include <string.h>

#include "base/reader.h"
#include "lab/layer.h"
#include "model/endpoint.h"

static void add_port(struct buf *out, uint16_t port)
{
	buf_add_byte(out, (char)(port >> 8));
	buf_add_byte(out, (char)port);
}

/* 4 and 4A: version, command, port, address, user, and for 4A a host after an address 0.0.0.x. */

static void socks4_open(struct layer *l)
{
	const struct lab_channel_settings *s = lab_layer_settings(l);
	struct address address;
	struct buf m = {0};

	buf_add(&m, STR("\4\1"));
	add_port(&m, s->port);
	if (l->kind == LAB_LAYER_SOCKS4A)
		buf_add(&m, STR("\0\0\0\1"));
	else if (address_parse(s->host, &address) && address_is_v4(&address))
		buf_add(&m, str_of(address.bytes + 12, 4));
	else
		buf_add(&m, STR("\xc6\x33\x64\x14")); /* the miner looked the name up itself */
	buf_add(&m, STR("miner\0"));
	if (l->kind == LAB_LAYER_SOCKS4A) {
		buf_add(&m, s->host);
		buf_add_byte(&m, '\0');
	}
	lab_layer_say(l, &m);
}

static size_t socks4_hear_reply(struct layer *l, struct str bytes)
{
	enum { GRANTED = 0x5a, REPLY_LEN = 8 };

	if (l->is_open)
		return lab_layer_pass(l, bytes);
	if (bytes.len < REPLY_LEN)
		return 0;
	if (bytes.at[0] != 0 || bytes.at[1] != GRANTED)
		lab_layer_failed(l);
	else
		lab_layer_opened(l);
	return REPLY_LEN;
}

static size_t socks4_hear_request(struct layer *l, struct str bytes)
{
	enum { FIXED_LEN = 8 };

	if (l->is_open)
		return lab_layer_pass(l, bytes);
	ptrdiff_t user = str_find_byte(str_skip(bytes, FIXED_LEN), '\0');
	if (bytes.len < FIXED_LEN || user < 0)
		return 0;
	size_t used = FIXED_LEN + (size_t)user + 1;
	if (str_equal(str_sub(bytes, 4, 3), STR("\0\0\0"))) {
		ptrdiff_t host = str_find_byte(str_skip(bytes, used), '\0');
		if (host < 0)
			return 0;
		used += (size_t)host + 1;
	}
	lab_layer_down(l, STR("\0\x5a\0\0\0\0\0\0"));
	lab_layer_opened(l);
	return used;
}

const struct layer_end *lab_socks4_end(enum lab_side side)
{
	static const struct layer_end client = {socks4_open, socks4_hear_reply, NULL};
	static const struct layer_end server = {NULL, socks4_hear_request, NULL};

	return side == LAB_MINER ? &client : &server;
}

/* 5: greeting, perhaps a password, request. */

enum { STEP_GREETING, STEP_PASSWORD, STEP_REQUEST };

static void socks5_open(struct layer *l)
{
	if (l->kind == LAB_LAYER_SOCKS5_PASSWORD)
		lab_layer_down(l, STR("\5\2\0\2"));
	else
		lab_layer_down(l, STR("\5\1\0"));
}

static void socks5_request(struct layer *l)
{
	const struct lab_channel_settings *s = lab_layer_settings(l);
	struct address address;
	struct buf m = {0};

	l->step = STEP_REQUEST;
	buf_add(&m, STR("\5\1\0"));
	if (address_parse(s->host, &address)) {
		bool is_v4 = address_is_v4(&address);
		buf_add_byte(&m, is_v4 ? 1 : 4);
		buf_add(&m, is_v4 ? str_of(address.bytes + 12, 4) : str_of(address.bytes, 16));
	} else {
		buf_add_byte(&m, 3);
		buf_add_byte(&m, (char)s->host.len);
		buf_add(&m, str_sub(s->host, 0, 255));
	}
	add_port(&m, s->port);
	lab_layer_say(l, &m);
}

static size_t socks5_hear_reply(struct layer *l, struct str bytes)
{
	enum { REPLY_LEN = 10 }; /* our server names an IPv4 address */

	if (l->is_open)
		return lab_layer_pass(l, bytes);
	if (bytes.len < (l->step == STEP_REQUEST ? REPLY_LEN : 2))
		return 0;
	if (l->step == STEP_REQUEST) {
		if (bytes.at[1] != 0)
			lab_layer_failed(l);
		else
			lab_layer_opened(l);
		return REPLY_LEN;
	}
	if (l->step == STEP_GREETING && bytes.at[1] == 2) {
		l->step = STEP_PASSWORD;
		lab_layer_down(l, STR("\1\5miner\6secret"));
	} else if (bytes.at[1] == 0) {
		socks5_request(l);
	} else {
		lab_layer_failed(l);
	}
	return 2;
}

/* Reads one request of the client's handshake; 0 while it is not all there. */
static size_t socks5_request_len(const struct layer *l, struct str bytes)
{
	struct reader in = reader_of(bytes);
	uint8_t first = 0, second = 0, kind = 0, len = 0;

	if (!read_u8(&in, &first) || !read_u8(&in, &second))
		return 0;
	if (l->step == STEP_GREETING)
		return read_skip(&in, second) ? 2u + second : 0;
	if (l->step == STEP_PASSWORD)
		return read_skip(&in, second) && read_u8(&in, &len) && read_skip(&in, len)
			       ? 3u + second + len
			       : 0;
	if (!read_skip(&in, 1) || !read_u8(&in, &kind))
		return 0;
	if (kind == 3 && !read_u8(&in, &len))
		return 0;
	size_t address = kind == 3 ? len : kind == 4 ? 16 : 4;
	return read_skip(&in, address + 2) ? 4u + (kind == 3) + address + 2 : 0;
}

static size_t socks5_hear_request(struct layer *l, struct str bytes)
{
	if (l->is_open)
		return lab_layer_pass(l, bytes);
	size_t used = socks5_request_len(l, bytes);
	if (used == 0)
		return 0;
	if (l->step == STEP_GREETING && l->kind == LAB_LAYER_SOCKS5_PASSWORD) {
		l->step = STEP_PASSWORD;
		lab_layer_down(l, STR("\5\2"));
	} else if (l->step == STEP_GREETING) {
		l->step = STEP_REQUEST;
		lab_layer_down(l, STR("\5\0"));
	} else if (l->step == STEP_PASSWORD) {
		l->step = STEP_REQUEST;
		lab_layer_down(l, STR("\1\0"));
	} else {
		lab_layer_down(l, STR("\5\0\0\1\0\0\0\0\0\0"));
		lab_layer_opened(l);
	}
	return used;
}

const struct layer_end *lab_socks5_end(enum lab_side side)
{
	static const struct layer_end client = {socks5_open, socks5_hear_reply, NULL};
	static const struct layer_end server = {NULL, socks5_hear_request, NULL};

	return side == LAB_MINER ? &client : &server;
}
