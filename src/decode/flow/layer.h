/*
 * Inside of a conversation: what the carriers' files share. Private to decode/flow.
 *
 * A layer kind is a const table; a layer's state is allocated by it and freed with the
 * conversation. feed() gets the bytes of one side and passes on what it carries with layer_inner().
 */
#ifndef DAVY_DECODE_FLOW_LAYER_H
#define DAVY_DECODE_FLOW_LAYER_H

#include "decode/app/inflater.h"
#include "decode/app/websocket.h"
#include "decode/flow/conversation.h"
#include "decode/mining/dialogue.h"

struct layer;

struct layer_kind {
	enum carrier carrier; /* shown in findings; CARRIER_COUNT: nothing to show */
	size_t state_size;
	void (*feed)(struct conversation *c, struct layer *layer, int side, struct str bytes);
	void (*gap)(struct conversation *c, struct layer *layer, int side,
		    uint32_t missing);				  /* NULL: nothing to do */
	void (*end)(struct conversation *c, struct layer *layer); /* NULL: nothing to do */
	void (*fini)(struct layer *layer);	   /* NULL: no memory but the state */
	size_t (*size)(const struct layer *layer); /* heap held beyond the state; NULL: none */
};

struct layer {
	const struct layer_kind *kind;
	uint8_t depth;
	uint8_t carrier; /* the kind's, unless the layer knows better (HTTP that became a tunnel) */
	void *state;
};

enum { CONVERSATION_TEXT_MAX = 256, LAYER_INFLATER_BYTES = INFLATER_MEMORY(15) };

struct conversation {
	struct conversation_host *host;
	void *owner;
	struct layer layers[CONVERSATION_LAYERS];
	uint8_t depth; /* layers in use */
	bool is_dead;  /* nothing here for us */
	instant now;
	uint32_t mining_messages, other_messages;
	uint64_t bytes_since; /* fed since the last mining message */
	size_t accounted;
	struct dialogue dialogue;
	int http_client; /* side, when HTTP was seen; -1 */
	uint16_t target_len, name_len, forwarded_len;
	char target[CONVERSATION_TEXT_MAX], name[CONVERSATION_TEXT_MAX],
		forwarded[CONVERSATION_TEXT_MAX];
};

extern const struct layer_kind layer_first_look, layer_text, layer_http, layer_websocket,
	layer_socks, layer_tls, layer_stratum_v2, layer_noise, layer_gzip;

/* Put a layer of this kind in place of `layer` (and all inside it), or inside it. NULL: too deep,
 * no memory. */
struct layer *layer_replace(struct conversation *c, struct layer *layer,
			    const struct layer_kind *kind);
struct layer *layer_push(struct conversation *c, struct layer *outer,
			 const struct layer_kind *kind);
/* Bytes that `layer` carries; the first call puts a first look inside it. */
void layer_inner(struct conversation *c, struct layer *layer, int side, struct str bytes);
void layer_feed(struct conversation *c, struct layer *layer, int side, struct str bytes);

/*
 * Takes its memory, LAYER_INFLATER_BYTES, from the heap; the block begins with it, so free() frees
 * both. NULL: no memory.
 */
struct inflater *layer_inflater_new(enum inflater_format format, uint64_t output_max);

/* A layer_websocket that follows an upgrade: `client` is the side that asked for it. */
void layer_websocket_begin(struct layer *layer, int client,
			   const struct websocket_deflate *deflate);

/* One whole JSON message, or text line, of a side. */
void conversation_json(struct conversation *c, int side, struct str text);
void conversation_line(struct conversation *c, int side, struct str line);
void conversation_message(struct conversation *c, int side, const struct mining_message *message,
			  struct str quote);
void conversation_set(char *to, uint16_t *len, struct str text);

#endif
