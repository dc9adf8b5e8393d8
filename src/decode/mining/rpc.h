/*
 * A JSON message as the mining dialects use it: JSON-RPC 1.0 and 2.0 with liberties (a reply that
 * repeats the method, a notification with an id, params as array, object or missing).
 */
#ifndef DAVY_DECODE_MINING_RPC_H
#define DAVY_DECODE_MINING_RPC_H

#include "base/arena.h"
#include "base/json.h"

struct rpc {
	struct json_value root, params, result, error, id;
	struct str method; /* escapes undone; empty: none */
	bool is_reply;	   /* has a result or an error that is not null, or no method */
	bool is_refusal;   /* of a reply: an error, or the result false */
	uint32_t id_hash;  /* of the id's meaning: 1 and "1" are the same; 0: no id, or null */
	struct arena *scratch;
};

/* Reads an object; false when `root` is none. Texts with escapes are undone into scratch. */
bool rpc_read(struct json_value root, struct arena *scratch, struct rpc *out);

/* The meaning of a scalar as text, escapes undone into the rpc's scratch; {0} otherwise. */
struct str rpc_text(const struct rpc *rpc, struct json_value v);
struct str rpc_member_text(const struct rpc *rpc, struct json_value object, struct str key);
struct str rpc_item_text(const struct rpc *rpc, struct json_value array, size_t index);

/* How hard a share is, in whatever unit; 0, which is none, for what is no number above it. */
double rpc_difficulty(struct json_value value);

/* Hex of `min` to `max` digits, with or without 0x. */
bool text_is_hex(struct str text, size_t min, size_t max);

#endif
