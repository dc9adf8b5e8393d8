/*
 * HTTP/1.1 (RFC 9112) as miners and their pools use it: a POST for each message of the miner on one
 * connection that is kept, answered in order; and CONNECT (RFC 9110, 9.3.6) to get through a proxy.
 */
#include <sodium.h>

#include "lab/layer.h"

enum { USER_MAX = 512 };

size_t lab_http_head_len(struct str bytes)
{
	ptrdiff_t end = str_find(bytes, STR("\r\n\r\n"));

	return end < 0 ? 0 : (size_t)end + 4;
}

struct str lab_http_header(struct str head, struct str name)
{
	struct str line, field, value;

	for (bool has_more = true; has_more;) {
		has_more = str_cut(head, '\n', &line, &head);
		if (str_cut(line, ':', &field, &value) && str_equal_nocase(field, name))
			return str_trim(value);
	}
	return (struct str){0};
}

/* The length of the body: by Content-Length, or the decoded chunks; false while not all is there.
 */
static bool take_chunks(struct str bytes, struct buf *body, size_t *used)
{
	*used = 0;
	for (;;) {
		struct str line, rest;
		uint64_t size;
		if (!str_cut(bytes, '\n', &line, &rest) || !str_hex_to_u64(str_trim(line), &size) ||
		    rest.len < 2 || rest.len - 2 < size)
			return false;
		buf_add(body, str_sub(rest, 0, size));
		*used += bytes.len - rest.len + size + 2;
		if (size == 0)
			return true;
		bytes = str_skip(rest, size + 2);
	}
}

/* One whole message from the start of `bytes`: its body, and the bytes it took; 0 to wait. */
static size_t take_message(struct str bytes, struct buf *body)
{
	size_t head_len = lab_http_head_len(bytes), chunks;
	uint64_t length = 0;

	if (head_len == 0)
		return 0;
	struct str head = str_sub(bytes, 0, head_len), rest = str_skip(bytes, head_len);
	if (str_equal_nocase(lab_http_header(head, STR("Transfer-Encoding")), STR("chunked")))
		return take_chunks(rest, body, &chunks) ? head_len + chunks : 0;
	if (!str_to_u64(lab_http_header(head, STR("Content-Length")), &length) || rest.len < length)
		return 0;
	buf_add(body, str_sub(rest, 0, length));
	return head_len + length;
}

static size_t hear(struct layer *l, struct str bytes)
{
	struct buf body = {0};
	size_t used = take_message(bytes, &body);

	if (body.failed)
		lab_layer_failed(l);
	else if (used > 0)
		lab_layer_up(l, buf_view(&body));
	buf_fini(&body);
	return used;
}

static void open_at_once(struct layer *l)
{
	lab_layer_opened(l);
}

static void post(struct layer *l, struct str message)
{
	const struct lab_channel_settings *s = lab_layer_settings(l);
	char user[sodium_base64_ENCODED_LEN(USER_MAX, sodium_base64_VARIANT_ORIGINAL)];
	struct buf m = {0};

	buf_printf(&m, "POST %.*s HTTP/1.1\r\nHost: %.*s:%u\r\n",
		   STR_ARG(s->path.len ? s->path : STR("/")), STR_ARG(s->host), s->port);
	if (s->user.len > 0 && s->user.len <= USER_MAX) {
		sodium_bin2base64(user, sizeof(user), (const unsigned char *)s->user.at,
				  s->user.len, sodium_base64_VARIANT_ORIGINAL);
		buf_printf(&m, "Authorization: Basic %s\r\n", user);
	}
	buf_add_text(&m, "Accept: */*\r\nContent-Type: application/json\r\n");
	if (s->has_getwork_headers)
		buf_add_text(&m, "X-Mining-Extensions: longpoll midstate rollntime submitold\r\n");
	if (s->agent.len > 0)
		buf_printf(&m, "User-Agent: %.*s\r\n", STR_ARG(s->agent));
	buf_printf(&m, "Content-Length: %zu\r\n\r\n", message.len);
	buf_add(&m, message);
	lab_layer_say(l, &m);
}

/* A third of the answers come in chunks, as from a server that does not know their length. */
static void answer(struct layer *l, struct str message)
{
	struct buf m = {0};

	buf_add_text(&m, "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\n"
			 "Content-Type: application/json\r\nConnection: keep-alive\r\n");
	if (lab_layer_settings(l)->has_getwork_headers)
		buf_add_text(&m, "X-Long-Polling: /lp\r\nX-Roll-NTime: expire=120\r\n");
	if (lab_random_chance(lab_layer_random(l), 33)) {
		size_t half = message.len / 2 + 1;
		buf_add_text(&m, "Transfer-Encoding: chunked\r\n\r\n");
		for (; message.len > 0; message = str_skip(message, half)) {
			struct str part = str_sub(message, 0, half);
			buf_printf(&m, "%zx\r\n", part.len);
			buf_add(&m, part);
			buf_add_text(&m, "\r\n");
		}
		buf_add_text(&m, "0\r\n\r\n");
	} else {
		buf_printf(&m, "Content-Length: %zu\r\n\r\n", message.len);
		buf_add(&m, message);
	}
	lab_layer_say(l, &m);
}

const struct layer_end *lab_http_end(enum lab_side side)
{
	static const struct layer_end client = {open_at_once, hear, post};
	static const struct layer_end server = {open_at_once, hear, answer};

	return side == LAB_MINER ? &client : &server;
}

/* CONNECT */

static void connect_open(struct layer *l)
{
	const struct lab_channel_settings *s = lab_layer_settings(l);
	struct buf m = {0};

	buf_printf(&m, "CONNECT %.*s:%u HTTP/1.1\r\nHost: %.*s:%u\r\n", STR_ARG(s->host), s->port,
		   STR_ARG(s->host), s->port);
	if (lab_random_chance(lab_layer_random(l), 50))
		buf_add_text(&m, "Proxy-Connection: Keep-Alive\r\n");
	buf_add_text(&m, "\r\n");
	lab_layer_say(l, &m);
}

static size_t connect_hear_reply(struct layer *l, struct str bytes)
{
	size_t head_len = lab_http_head_len(bytes);

	if (l->is_open)
		return lab_layer_pass(l, bytes);
	if (head_len == 0)
		return 0;
	if (!str_starts(bytes, STR("HTTP/1.1 200")))
		lab_layer_failed(l);
	else
		lab_layer_opened(l);
	return head_len;
}

static size_t connect_hear_request(struct layer *l, struct str bytes)
{
	size_t head_len = lab_http_head_len(bytes);

	if (l->is_open)
		return lab_layer_pass(l, bytes);
	if (head_len == 0)
		return 0;
	if (!str_starts(bytes, STR("CONNECT "))) {
		lab_layer_failed(l);
		return head_len;
	}
	lab_layer_down(l, STR("HTTP/1.1 200 Connection established\r\n\r\n"));
	lab_layer_opened(l);
	return head_len;
}

const struct layer_end *lab_connect_end(enum lab_side side)
{
	static const struct layer_end client = {connect_open, connect_hear_reply, NULL};
	static const struct layer_end server = {NULL, connect_hear_request, NULL};

	return side == LAB_MINER ? &client : &server;
}
