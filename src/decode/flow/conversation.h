/*
 * What is said on one TCP connection: the stack of carriers is unwrapped, and messages of mining
 * sessions are handed on.
 *
 *     bytes of a side -> first look -> HTTP -> WebSocket -> first look -> JSON text -> dialogue ->
 * message
 *
 * A layer is one carrier; it takes bytes of either side and hands what it carries to the layer
 * inside it, where a first look decides anew what that is. So any carrier may carry any other, to
 * CONVERSATION_LAYERS.
 *
 * A conversation costs memory, so it is opened only for what may matter and closed as soon as it
 * does not (conversation_interest); what it holds is accounted in the budget.
 */
#ifndef DAVY_DECODE_FLOW_CONVERSATION_H
#define DAVY_DECODE_FLOW_CONVERSATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/json.h"
#include "model/observation.h"

enum { CONVERSATION_LAYERS = 6, CONVERSATION_SPARES = 11 };

struct conversation;

/* Shared by all conversations of a process: scratch memory, the budget, and where messages go. */
struct conversation_host {
	struct arena scratch; /* reset for each message */
	struct json_node *nodes;
	uint32_t node_count;
	size_t bytes_used; /* by all conversations */
	/* Memory of conversations that ended, for the next ones: by size, a list in the blocks. */
	struct conversation_spare {
		void *first;
		uint32_t count;
	} spares[CONVERSATION_SPARES];
	uint64_t messages, malformed, oversized;
	/* A message of a mining session, or a hidden stream's shape; `seen` is complete but for the
	 * flow. */
	void (*take)(void *context, struct conversation *conversation, struct observation *seen);
	/* A name that an address is called by: TLS SNI, HTTP Host. */
	void (*name)(void *context, struct conversation *conversation, int server_side,
		     struct str name);
	void *context;
};

must_check int conversation_host_init(struct conversation_host *host); /* 0 or -ENOMEM */
void conversation_host_fini(struct conversation_host *host);

/* owner: the caller's own, given back by conversation_owner (the flow). NULL: out of memory. */
struct conversation *conversation_new(struct conversation_host *host, void *owner);
void conversation_free(struct conversation *conversation);
void *conversation_owner(const struct conversation *conversation);

/* Where the outermost carrier's state lies, for asking the memory for it: not to be read. */
struct str conversation_state(const struct conversation *conversation);

/* The next bytes of a side, in order. */
void conversation_feed(struct conversation *conversation, int side, struct str bytes, instant at);
/* `missing` bytes of a side were lost by the capture. */
void conversation_gap(struct conversation *conversation, int side, uint32_t missing);
/* The connection ended: what is pending is read as it is. */
void conversation_end(struct conversation *conversation, instant at);

enum conversation_interest {
	INTEREST_OPEN,	 /* not decided */
	INTEREST_MINING, /* has carried mining messages */
	INTEREST_NONE,	 /* nothing for us: close it */
};
enum conversation_interest conversation_interest(const struct conversation *conversation);

/* Carriers so far, the target asked of a proxy, names: for the flow's view. */
void conversation_describe(const struct conversation *conversation, struct flow_view *view);

enum opening {
	OPENING_OF_NOTHING, /* a conversation that begins so would be closed at once */
	OPENING_IS_ALL,	    /* the same, but it names the other side: TLS */
	OPENING_MAY_MATTER,
};
/*
 * What a conversation would be worth whose first bytes are this payload.
 *
 * name: with OPENING_IS_ALL, what the other side is called, or empty; a view into payload or
 *       scratch
 */
enum opening opening_judge(struct str payload, struct arena *scratch, struct str *name);

/*
 * Might this segment, of a connection that nobody listens to, begin something that matters? Cheap
 * enough for every segment of every connection; wrong in the safe direction.
 */
bool segment_may_matter(struct str payload);

#endif
