/*
 * Ethereum's getwork spoken over a connection or HTTP: eth_submitLogin, eth_getWork,
 * eth_submitWork, eth_submitHashrate. Source: the Ethereum JSON-RPC specification, Dwarfpool's
 * eth-proxy. A node's everyday calls (eth_call, eth_blockNumber ...) are not in here.
 */
#include "decode/mining/dialogue.h"

enum { ETH_PROXY = DIALECT_BIT(DIALECT_ETH_PROXY) };

/* Work: header hash, seed hash, boundary (and height), each 32 bytes of hex. */
static bool read_work(const struct rpc *rpc, struct mining_message *out)
{
	size_t count = json_count(rpc->result);

	if (json_kind(rpc->result) != JSON_ARRAY || count < 3 || count > 5)
		return false;
	for (size_t i = 0; i < 3; i++)
		if (!text_is_hex(rpc_item_text(rpc, rpc->result, i), i == 2 ? 1 : 64, 64))
			return false;
	*out = (struct mining_message){.act = ACT_JOB,
				       .answers = ACT_ASK_WORK,
				       .dialects = ETH_PROXY,
				       .from_pool = true,
				       .is_specific = true,
				       .job_id = rpc_item_text(rpc, rpc->result, 0),
				       .seed_hash = rpc_item_text(rpc, rpc->result, 1),
				       .target = rpc_item_text(rpc, rpc->result, 2)};
	if (!str_hex_to_u64(rpc_item_text(rpc, rpc->result, 3), &out->height))
		out->height = 0;
	return true;
}

static bool read_submit(const struct rpc *rpc, struct mining_message *out)
{
	struct str nonce = rpc_item_text(rpc, rpc->params, 0),
		   header = rpc_item_text(rpc, rpc->params, 1);
	struct str mix = rpc_item_text(rpc, rpc->params, 2);

	out->act = ACT_SHARE;
	out->job_id = header;
	out->is_specific = text_is_hex(nonce, 1, 16) && text_is_hex(header, 64, 64);
	out->share_print = share_print(header, nonce, mix);
	return true;
}

static bool read_hashrate(const struct rpc *rpc, struct mining_message *out)
{
	struct str rate = rpc_item_text(rpc, rpc->params, 0);
	uint64_t low;

	out->act = ACT_HASHRATE;
	if (str_starts_nocase(rate, STR("0x")))
		rate = str_skip(rate, 2);
	if (rate.len > 16) /* sent as 32 bytes */
		rate = str_skip(rate, rate.len - 16);
	if (str_hex_to_u64(rate, &low))
		out->hashrate_per_s = (double)low;
	return true;
}

bool eth_proxy_read(const struct dialect_input *in, struct mining_message *out)
{
	const struct rpc *rpc = in->rpc;

	if (rpc->is_reply)
		return read_work(rpc, out);
	out->dialects = ETH_PROXY;
	out->worker = rpc_member_text(rpc, rpc->root, STR("worker"));
	if (str_equal(rpc->method, STR("eth_submitLogin")) ||
	    str_equal(rpc->method, STR("eth_login"))) {
		out->act = ACT_LOGIN;
		out->login = rpc_item_text(rpc, rpc->params, 0);
		out->is_specific = out->login.len > 0;
		return true;
	}
	if (str_equal(rpc->method, STR("eth_getWork"))) {
		out->act = ACT_ASK_WORK;
		return true;
	}
	if (str_equal(rpc->method, STR("eth_submitWork")))
		return read_submit(rpc, out);
	if (str_equal(rpc->method, STR("eth_submitHashrate")))
		return read_hashrate(rpc, out);
	return false;
}
