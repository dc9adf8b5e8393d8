/*
 * What a mining session travels in: proxies in front, HTTP or WebSocket around each message. A
 * carrier is a stack of layers, the outermost first; a channel is one side's end of it. No I/O:
 * bytes from the wire go in at one end, messages come out at the other, and back.
 *
 *     wire bytes -> lab_channel_feed -> [socks5] -> [websocket] -> lab_channel_receive -> actor
 *
 * TLS is not here: it is made by real stunnel around the drill's sockets.
 */
#ifndef DAVY_LAB_CARRIER_H
#define DAVY_LAB_CARRIER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "lab/dialect.h"

enum lab_layer {
	LAB_LAYER_WEBSOCKET,	     /* RFC 6455 */
	LAB_LAYER_WEBSOCKET_DEFLATE, /* RFC 7692, contexts kept between messages */
	LAB_LAYER_WEBSOCKET_FRESH,   /* RFC 7692, a new context for each message */
	LAB_LAYER_HTTP,		     /* each message of the miner a POST, each answer a 200 */
	LAB_LAYER_SOCKS4,
	LAB_LAYER_SOCKS4A,
	LAB_LAYER_SOCKS5,	   /* RFC 1928, no authentication: XMRig's own */
	LAB_LAYER_SOCKS5_PASSWORD, /* RFC 1929 */
	LAB_LAYER_CONNECT,	   /* RFC 9110, 9.3.6 */
	LAB_LAYERS,
};

enum { LAB_CARRIER_DEPTH = 4 };

struct lab_carrier {
	enum lab_layer layers[LAB_CARRIER_DEPTH];
	unsigned count; /* 0: plain TCP */
};

/* "plain", or layers joined by "+", the outermost first: "socks5+websocket". */
must_check bool lab_carrier_parse(struct str name, struct lab_carrier *out);
void lab_carrier_add_name(const struct lab_carrier *carrier, struct buf *out);
const char *lab_layer_name(enum lab_layer layer);
bool lab_layer_is_proxy(enum lab_layer layer);

/* Puts the HTTP or WebSocket inside that the dialect cannot do without. False: no room. */
must_check bool lab_carrier_complete(struct lab_carrier *carrier,
				     const struct lab_dialect *dialect);
/* NULL when the dialect can travel so, else one sentence why not. */
const char *lab_carrier_refusal(const struct lab_carrier *carrier,
				const struct lab_dialect *dialect);
bool lab_carrier_is_request_reply(const struct lab_carrier *carrier);

/* Carriers worth running every test with. */
extern const char *const lab_carrier_names[];
extern const size_t lab_carrier_count;

struct lab_channel_settings {
	struct lab_carrier carrier;
	enum lab_side side;
	uint64_t seed;
	bool is_binary;	 /* WebSocket frames: binary, not text */
	struct str host; /* of the pool, as the proxies and HTTP name it */
	uint16_t port;
	struct str agent;	  /* User-Agent; empty: a browser's */
	struct str path;	  /* empty: "/" */
	struct str user;	  /* "user:password" for HTTP Basic; empty: none */
	bool has_getwork_headers; /* X-Mining-Extensions, X-Long-Polling */
};

struct lab_channel;

/* settings: the texts are copied. returns 0, -ENOMEM, or -EINVAL for a carrier too deep. */
must_check int lab_channel_new(const struct lab_channel_settings *settings,
			       struct lab_channel **out);
void lab_channel_free(struct lab_channel *channel); /* NULL is allowed */

void lab_channel_connected(struct lab_channel *channel);     /* TCP is up */
bool lab_channel_is_open(const struct lab_channel *channel); /* all handshakes are done */
bool lab_channel_has_failed(const struct lab_channel *channel);

void lab_channel_feed(struct lab_channel *channel, struct str bytes);	    /* from the wire */
bool lab_channel_receive(struct lab_channel *channel, struct buf *message); /* for the actor */
void lab_channel_send(struct lab_channel *channel, struct str message);	    /* from the actor */
/* Appends what belongs into the next single write to the socket. */
bool lab_channel_take(struct lab_channel *channel, struct buf *bytes);

#endif
