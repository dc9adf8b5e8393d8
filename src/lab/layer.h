/* One layer of a carrier, for the files that make them. Private to src/lab. */
#ifndef DAVY_LAB_LAYER_H
#define DAVY_LAB_LAYER_H

#include <zlib.h>

#include "lab/carrier.h"
#include "lab/random.h"

struct layer;

/* One side of a kind of layer. */
struct layer_end {
	void (*open)(struct layer *l); /* what is below is open; NULL: nothing to say */
	/* From below: returns how much was understood, 0 to wait for more. */
	size_t (*hear)(struct layer *l, struct str bytes);
	/* From above, once open; NULL: handed down as it is. */
	void (*send)(struct layer *l, struct str message);
};

struct layer {
	const struct layer_end *end;
	enum lab_layer kind;
	unsigned index;
	unsigned step; /* the layer's own */
	bool is_open;
	struct lab_channel *channel;
	struct buf in;
	struct buf message; /* a WebSocket message in parts */
	bool message_is_packed;
	bool has_zlib;
	z_stream deflate, inflate;
	char expected[32];
};

const struct lab_channel_settings *lab_layer_settings(const struct layer *l);
struct lab_random *lab_layer_random(struct layer *l);
void lab_layer_up(struct layer *l, struct str message); /* to what is inside */
void lab_layer_down(struct layer *l, struct str bytes); /* to what is around, or the wire */
/* The same of what was put together, which is used up; a buf that failed fails the layer. */
void lab_layer_say(struct layer *l, struct buf *bytes);
void lab_layer_opened(struct layer *l);
void lab_layer_failed(struct layer *l);
/* After a proxy's handshake everything passes: takes all. */
size_t lab_layer_pass(struct layer *l, struct str bytes);

const struct layer_end *lab_websocket_end(enum lab_side side);
const struct layer_end *lab_http_end(enum lab_side side);
const struct layer_end *lab_socks4_end(enum lab_side side);
const struct layer_end *lab_socks5_end(enum lab_side side);
const struct layer_end *lab_connect_end(enum lab_side side);

/* The length of an HTTP head with its empty line, or 0 when it is not all there. */
size_t lab_http_head_len(struct str bytes);
/* The value of a header, without blanks; the empty str when it is not there. */
struct str lab_http_header(struct str head, struct str name);

/* RFC 6455, 1.3: the answer to a Sec-WebSocket-Key, NUL-terminated. */
void lab_websocket_accept(struct str key, char accept[32]);

#endif
