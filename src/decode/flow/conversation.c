#include "decode/flow/conversation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "decode/app/http.h"
#include "decode/app/websocket.h"
#include "decode/flow/layer.h"
#include "decode/mining/duino.h"
#include "decode/mining/stratum_v2.h"

enum {
	SCRATCH = 128 * 1024,
	NODES = 4096,
	/* A conversation that has said nothing about mining for so long is closed; it is opened
	 * again by the next segment that looks like it (segment_may_matter). */
	OTHER_MESSAGES_MOST = 64,
	BYTES_MOST = 512 * 1024,
	BYTES_MOST_MINING = 16 * 1024 * 1024,
	BLOCK_UNIT = 128,
	SPARE_MOST = 256, /* of each size: more than come and go together */
};

/* Blocks of memory come and go with every connection: they are kept by size and used again. */
static struct conversation_spare *spares_of(struct conversation_host *host, size_t size)
{
	size_t class = (size + BLOCK_UNIT - 1) / BLOCK_UNIT;

	return class < CONVERSATION_SPARES ? &host->spares[class] : NULL;
}

static void *take_block(struct conversation_host *host, size_t size)
{
	struct conversation_spare *spare = spares_of(host, size);
	void *block = spare ? spare->first : NULL;

	if (!block)
		return malloc((size + BLOCK_UNIT - 1) / BLOCK_UNIT * BLOCK_UNIT);
	memcpy(&spare->first, block, sizeof(spare->first));
	spare->count--;
	return block;
}

static void give_block(struct conversation_host *host, void *block, size_t size)
{
	struct conversation_spare *spare = spares_of(host, size);

	if (!block)
		return;
	if (!spare || spare->count == SPARE_MOST) {
		free(block);
		return;
	}
	memcpy(block, &spare->first, sizeof(spare->first));
	spare->first = block;
	spare->count++;
}

int conversation_host_init(struct conversation_host *host)
{
	int r = arena_init(&host->scratch, SCRATCH);

	if (r < 0)
		return r;
	host->nodes = calloc(NODES, sizeof(*host->nodes));
	host->node_count = NODES;
	if (!host->nodes) {
		arena_fini(&host->scratch);
		return -ENOMEM;
	}
	return 0;
}

void conversation_host_fini(struct conversation_host *host)
{
	arena_fini(&host->scratch);
	free(host->nodes);
	host->nodes = NULL;
	for (size_t i = 0; i < CONVERSATION_SPARES; i++) {
		for (void *block = host->spares[i].first, *next; block; block = next) {
			memcpy(&next, block, sizeof(next));
			free(block);
		}
		host->spares[i] = (struct conversation_spare){0};
	}
}

static bool layer_init(struct conversation *c, uint8_t depth, const struct layer_kind *kind)
{
	struct layer *layer = &c->layers[depth];

	*layer = (struct layer){.kind = kind, .depth = depth, .carrier = (uint8_t)kind->carrier};
	if (kind->state_size > 0) {
		layer->state = take_block(c->host, kind->state_size);
		if (!layer->state) {
			c->is_dead = true;
			return false;
		}
		memset(layer->state, 0, kind->state_size);
	}
	c->depth = (uint8_t)(depth + 1);
	return true;
}

static void layers_drop(struct conversation *c, uint8_t from)
{
	while (c->depth > from) {
		struct layer *layer = &c->layers[--c->depth];
		if (layer->kind->fini)
			layer->kind->fini(layer);
		give_block(c->host, layer->state, layer->kind->state_size);
		layer->state = NULL;
	}
}

struct conversation *conversation_new(struct conversation_host *host, void *owner)
{
	struct conversation *c = take_block(host, sizeof(*c));

	if (!c)
		return NULL;
	memset(c, 0, offsetof(struct conversation, target)); /* the texts have their lengths */
	c->host = host;
	c->owner = owner;
	c->http_client = -1;
	if (!layer_init(c, 0, &layer_first_look)) {
		give_block(host, c, sizeof(*c));
		return NULL;
	}
	c->accounted = sizeof(*c);
	host->bytes_used += c->accounted;
	return c;
}

void conversation_free(struct conversation *c)
{
	if (!c)
		return;
	layers_drop(c, 0);
	c->host->bytes_used -= c->accounted;
	give_block(c->host, c, sizeof(*c));
}

void *conversation_owner(const struct conversation *c)
{
	return c->owner;
}

struct str conversation_state(const struct conversation *c)
{
	return str_of(c->layers[0].state, c->layers[0].kind->state_size);
}

static void account(struct conversation *c)
{
	size_t used = sizeof(*c);

	for (uint8_t i = 0; i < c->depth; i++) {
		const struct layer *layer = &c->layers[i];
		used += layer->kind->state_size +
			(layer->kind->size ? layer->kind->size(layer) : 0);
	}
	c->host->bytes_used += used - c->accounted;
	c->accounted = used;
}

struct layer *layer_replace(struct conversation *c, struct layer *layer,
			    const struct layer_kind *kind)
{
	uint8_t depth = layer->depth;

	layers_drop(c, depth);
	return layer_init(c, depth, kind) ? &c->layers[depth] : NULL;
}

struct layer *layer_push(struct conversation *c, struct layer *outer, const struct layer_kind *kind)
{
	uint8_t depth = (uint8_t)(outer->depth + 1);

	layers_drop(c, depth);
	if (depth >= CONVERSATION_LAYERS) {
		c->is_dead = true;
		return NULL;
	}
	return layer_init(c, depth, kind) ? &c->layers[depth] : NULL;
}

void layer_feed(struct conversation *c, struct layer *layer, int side, struct str bytes)
{
	if (layer && bytes.len > 0 && !c->is_dead)
		layer->kind->feed(c, layer, side, bytes);
}

void layer_inner(struct conversation *c, struct layer *layer, int side, struct str bytes)
{
	uint8_t inner = (uint8_t)(layer->depth + 1);

	if (bytes.len == 0 || c->is_dead)
		return;
	layer_feed(c,
		   c->depth > inner ? &c->layers[inner] : layer_push(c, layer, &layer_first_look),
		   side, bytes);
}

void conversation_feed(struct conversation *c, int side, struct str bytes, instant at)
{
	c->now = at;
	c->bytes_since += bytes.len;
	layer_feed(c, &c->layers[0], side, bytes);
	account(c);
}

void conversation_gap(struct conversation *c, int side, uint32_t missing)
{
	for (uint8_t i = 0; i < c->depth && !c->is_dead; i++)
		if (c->layers[i].kind->gap)
			c->layers[i].kind->gap(c, &c->layers[i], side, missing);
	account(c);
}

void conversation_end(struct conversation *c, instant at)
{
	c->now = at;
	for (uint8_t i = 0; i < c->depth && !c->is_dead; i++)
		if (c->layers[i].kind->end)
			c->layers[i].kind->end(c, &c->layers[i]);
}

enum conversation_interest conversation_interest(const struct conversation *c)
{
	if (c->is_dead)
		return INTEREST_NONE;
	if (c->mining_messages > 0)
		return c->bytes_since > BYTES_MOST_MINING ? INTEREST_NONE : INTEREST_MINING;
	return c->other_messages > OTHER_MESSAGES_MOST || c->bytes_since > BYTES_MOST
		       ? INTEREST_NONE
		       : INTEREST_OPEN;
}

void conversation_set(char *to, uint16_t *len, struct str text)
{
	text = str_sub(text, 0, CONVERSATION_TEXT_MAX);
	if (text.len > 0)
		memcpy(to, text.at, text.len);
	*len = (uint16_t)text.len;
}

void conversation_describe(const struct conversation *c, struct flow_view *view)
{
	view->carrier_count = 0;
	view->carriers[view->carrier_count++] = CARRIER_TCP;
	for (uint8_t i = 0; i < c->depth; i++)
		if (c->layers[i].carrier != CARRIER_COUNT && view->carrier_count < CARRIERS_MAX)
			view->carriers[view->carrier_count++] = c->layers[i].carrier;
	view->target = (struct str){c->target, c->target_len};
	view->server_name = (struct str){c->name, c->name_len};
	view->forwarded_for = (struct str){c->forwarded, c->forwarded_len};
}

void conversation_message(struct conversation *c, int side, const struct mining_message *message,
			  struct str quote)
{
	struct observation seen = {.kind = OBSERVE_MINING,
				   .at = c->now,
				   .side = side,
				   .quote = quote,
				   .mining = message};

	c->mining_messages++;
	c->bytes_since = 0;
	c->host->messages++;
	c->host->take(c->host->context, c, &seen);
}

static void read_value(struct conversation *c, int side, struct json_value value, struct str quote)
{
	struct mining_message message;

	if (dialogue_read(&c->dialogue, side, value, &c->host->scratch, &message))
		conversation_message(c, side, &message, quote);
	else
		c->other_messages++;
}

void conversation_json(struct conversation *c, int side, struct str text)
{
	enum { BATCH_MOST = 64 };
	struct json doc = {.nodes = c->host->nodes, .cap = c->host->node_count};
	int items = 0;

	arena_reset(&c->host->scratch);
	if (json_read(&doc, text) == 0)
		return;
	c->host->malformed += doc.flaws != 0;
	struct json_value root = json_root(&doc);
	if (json_kind(root) != JSON_ARRAY) {
		read_value(c, side, root, text);
		return;
	}
	for (struct json_value v = json_first(root);
	     json_kind(v) == JSON_OBJECT && items < BATCH_MOST; items++) {
		read_value(c, side, v, json_raw_text(v));
		v = json_next(v);
	}
	c->other_messages += items == 0;
}

void conversation_line(struct conversation *c, int side, struct str line)
{
	struct mining_message message;

	if (str_trim(line).len == 0)
		return;
	if (duino_read(&c->dialogue, side, line, &message))
		conversation_message(c, side, &message, line);
	else
		c->other_messages++;
}

static bool may_precede_json(uint8_t c)
{
	return c <= ' ' || c >= 0x7f || c == '{' || c == '}' || c == ',';
}

static bool may_follow_brace(uint8_t c)
{
	return c == '"' || c == '\'' || c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* A { or [ where a message may begin, followed by what may follow it. */
static bool begins_json(struct str payload)
{
	enum { LOOK = 1024 };
	struct str look = str_sub(payload, 0, LOOK);
	const uint8_t *bytes = (const uint8_t *)look.at;
	const uint8_t *last = bytes + look.len - 1;

	if (bytes[0] == '[')
		return look.len < 2 || bytes[1] == '{' || bytes[1] == ' ' || bytes[1] == '\n' ||
		       bytes[1] == '\r';
	if (bytes[0] == '{' && (look.len < 2 || may_follow_brace(bytes[1])))
		return true;
	/* each segment of each connection comes here: memchr is the fastest there is */
	for (const uint8_t *at = bytes + 1; at <= last; at++) {
		at = memchr(at, '{', (size_t)(last - at) + 1);
		if (!at)
			return false;
		if (may_precede_json(at[-1]) && (at == last || may_follow_brace(at[1])))
			return true;
	}
	return false;
}

bool segment_may_matter(struct str payload)
{
	if (payload.len == 0)
		return false;
	switch (payload.at[0]) {
	case 'P': /* POST, PUT */
	case 'G':
	case 'C':
		if (http_starts(payload))
			return true;
		break;
	case 'J': /* Duino-Coin's JOB */
		if (duino_starts(payload))
			return true;
		break;
	case '\x81':
	case '\x82':
	case '\xc1':
	case '\xc2':
		if (websocket_starts_midstream(payload))
			return true;
		break;
	case '\0':
		if (stratum_v2_starts(payload))
			return true;
		break;
	default:
		break;
	}
	return begins_json(payload);
}
