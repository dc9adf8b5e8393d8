#include "decode/mining/dialogue.h"

#include "base/hash.h"

static const struct dialect_reader dialects[] = {
	{stratum_read}, {cryptonote_read}, {eth_proxy_read}, {node_work_read}, {browser_read},
};

uint64_t share_print(struct str job, struct str nonce, struct str rest)
{
	uint64_t hash = hash_bytes(job.at, job.len, 3);

	hash = hash_bytes(nonce.at, nonce.len, hash);
	hash = hash_bytes(rest.at, rest.len, hash);
	return hash ? hash : 1;
}

static void remember(struct dialogue *dialogue, int side, const struct rpc *rpc,
		     const struct mining_message *message)
{
	if (rpc->id_hash == 0 || rpc->is_reply || message->from_pool)
		return;
	dialogue->requests[dialogue->next++ % DIALOGUE_REQUESTS] =
		(struct dialogue_request){.id_hash = rpc->id_hash,
					  .dialects = message->dialects,
					  .act = (uint8_t)message->act,
					  .side = (uint8_t)side};
}

/* The newest request of the other side with the reply's id: ids are reused by some miners. */
static const struct dialogue_request *find_request(const struct dialogue *dialogue, int side,
						   const struct rpc *rpc)
{
	for (uint32_t i = 1; i <= DIALOGUE_REQUESTS && i <= dialogue->next; i++) {
		const struct dialogue_request *request =
			&dialogue->requests[(dialogue->next - i) % DIALOGUE_REQUESTS];
		if (request->id_hash == rpc->id_hash && request->id_hash && request->side != side)
			return request;
	}
	return NULL;
}

void dialogue_note(struct dialogue *dialogue, const struct mining_message *message)
{
	if (message->dialects == 0)
		return;
	uint32_t both = dialogue->dialects & message->dialects;
	/* what contradicts all before it starts anew: a connection may change hands inside a tunnel
	 */
	dialogue->dialects = both ? both : message->dialects;
}

static void read_refusal_text(const struct rpc *rpc, struct mining_message *out)
{
	struct json_value text = json_member(rpc->error, STR("message"));

	if (json_kind(rpc->error) == JSON_ARRAY)
		text = json_item(rpc->error, 1);
	else if (json_kind(rpc->result) == JSON_ARRAY)
		text = json_item(rpc->result, 1);
	else if (json_kind(rpc->result) == JSON_STRING)
		text = rpc->result;
	if (!json_exists(text) && json_is_scalar(rpc->error))
		text = rpc->error;
	out->error = rpc_text(rpc, text);
}

/* BIP 22: submitblock is answered with null, or with the reason of the refusal as a text. */
static bool is_block_refused(const struct dialect_input *in)
{
	return in->request->act == ACT_SHARE &&
	       in->request->dialects == DIALECT_BIT(DIALECT_GETBLOCKTEMPLATE) &&
	       json_kind(in->rpc->result) == JSON_STRING;
}

/* A reply whose request we know: what it answers, and yes or no. */
static bool read_plain_reply(const struct dialect_input *in, struct mining_message *out)
{
	if (!in->rpc->is_reply || !in->request)
		return false;
	if (out->act == ACT_NONE)
		out->act = ACT_ANSWER;
	out->answers = (enum mining_act)in->request->act;
	out->from_pool = true;
	if (out->dialects == 0)
		out->dialects = in->request->dialects;
	out->refused = in->rpc->is_refusal || is_block_refused(in);
	if (out->refused)
		read_refusal_text(in->rpc, out);
	return true;
}

static bool read_one(struct dialogue *dialogue, int side, const struct rpc *rpc,
		     struct mining_message *out)
{
	struct dialect_input in = {.rpc = rpc,
				   .dialects = dialogue->dialects,
				   .heard = (enum mining_act)dialogue->last[!side]};
	bool known = false;

	*out = (struct mining_message){0};
	if (rpc->is_reply)
		in.request = find_request(dialogue, side, rpc);
	for (size_t i = 0; i < sizeof(dialects) / sizeof(*dialects) && !known; i++) {
		*out = (struct mining_message){0};
		known = dialects[i].read(&in, out);
	}
	if (!known)
		*out = (struct mining_message){0};
	known |= read_plain_reply(&in, out);
	if (!known)
		return false;
	remember(dialogue, side, rpc, out);
	dialogue->last[side] = (uint8_t)out->act;
	dialogue_note(dialogue, out);
	return true;
}

bool dialogue_read(struct dialogue *dialogue, int side, struct json_value value,
		   struct arena *scratch, struct mining_message *out)
{
	struct rpc rpc;

	if (!rpc_read(value, scratch, &rpc))
		return false;
	if (read_one(dialogue, side, &rpc, out))
		return true;
	/* parsers differ in which of two equal keys they take: try the other method too */
	struct json_value again =
		json_member_again(json_member(value, STR("method")), STR("method"));
	if (!json_exists(again))
		return false;
	rpc.method = rpc_text(&rpc, again);
	if (!read_one(dialogue, side, &rpc, out))
		return false;
	out->duplicate_keys = true;
	return true;
}
