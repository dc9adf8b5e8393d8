/*
 * Pieces of both sides (pieces.h) through all carriers, with little room for messages. What is told
 * must be readable while it is told, what is held must be accounted and bounded, and all of it
 * given back.
 */
#include "decode/flow/conversation.h"
#include "said.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

enum {
	SCRATCH_MOST = 4096,
	NODES_MOST = 256,
	/* two messages or parts of them a layer, and the windows of WebSocket's and HTTP's deflate
	 */
	CONVERSATION_BYTES_MOST = 4 * 1024 * 1024,
};

static void take(void *context, struct conversation *conversation, struct observation *seen)
{
	struct flow_view view = {0};

	assert(conversation_owner(conversation) == context);
	touch(seen->quote);
	if (seen->kind == OBSERVE_MINING)
		check_said(seen->mining);
	else
		assert(seen->kind == OBSERVE_NOISE_SHAPE && seen->noise);
	conversation_describe(conversation, &view);
	assert(view.carrier_count <= CARRIERS_MAX);
	for (uint8_t i = 0; i < view.carrier_count; i++)
		assert(view.carriers[i] < CARRIER_COUNT);
	touch(view.target);
	touch(view.server_name);
	touch(view.forwarded_for);
}

static void name(void *context, struct conversation *conversation, int server_side, struct str text)
{
	assert(conversation_owner(conversation) == context);
	assert(server_side == 0 || server_side == 1);
	touch(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct conversation_host host = {.take = take, .name = name, .context = &host};
	struct reader in = reader_of(str_of(at, len));
	instant now = instant_at(1, 0);
	struct piece piece;

	if (conversation_host_init(&host) != 0)
		return 0;
	host.node_count = NODES_MOST;
	host.scratch.cap = SCRATCH_MOST;
	struct conversation *conversation = conversation_new(&host, &host);
	for (; piece_next(&in, &piece); piece_fini(&piece)) {
		now.ns += 1000000;
		if (conversation_interest(conversation) == INTEREST_NONE)
			continue;
		if (piece.is_lost)
			conversation_gap(conversation, piece.side, piece.len);
		else if (piece.len > 0)
			conversation_feed(conversation, piece.side, piece.bytes, now);
		assert(host.bytes_used > 0 && host.bytes_used < CONVERSATION_BYTES_MOST);
	}
	conversation_end(conversation, now);
	conversation_free(conversation);
	assert(host.bytes_used == 0);
	conversation_host_fini(&host);
	return 0;
}
