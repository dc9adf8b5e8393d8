/*
 * Work asked of a coin node: getwork (Bitcoin, before 2013, and its heirs) and getblocktemplate
 * with submitblock (BIP 22, 23; Monero's daemon RPC in XMRig's solo mode).
 */
#include "decode/mining/dialogue.h"

enum {
	GETWORK = DIALECT_BIT(DIALECT_GETWORK),
	TEMPLATE = DIALECT_BIT(DIALECT_GETBLOCKTEMPLATE),
};

static bool read_getwork_reply(const struct rpc *rpc, struct mining_message *out)
{
	struct str block = rpc_member_text(rpc, rpc->result, STR("data"));
	struct str target = rpc_member_text(rpc, rpc->result, STR("target"));

	if (!text_is_hex(block, 160, 512) || !text_is_hex(target, 64, 64))
		return false;
	*out = (struct mining_message){.act = ACT_JOB,
				       .answers = ACT_ASK_WORK,
				       .dialects = GETWORK,
				       .from_pool = true,
				       .is_specific = true,
				       .job_id = str_sub(block, 8, 64),
				       .target = target};
	return true;
}

static bool read_template_reply(const struct rpc *rpc, struct mining_message *out)
{
	struct json_value result = rpc->result;
	struct str previous = rpc_member_text(rpc, result, STR("previousblockhash"));
	struct str blob = rpc_member_text(rpc, result, STR("blocktemplate_blob"));
	bool is_bitcoin = text_is_hex(previous, 64, 64) &&
			  (json_exists(json_member(result, STR("bits"))) ||
			   json_exists(json_member(result, STR("transactions"))) ||
			   json_exists(json_member(result, STR("target"))));

	if (!is_bitcoin && !text_is_hex(blob, 40, 1 << 20))
		return false;
	*out = (struct mining_message){.act = ACT_JOB,
				       .answers = ACT_ASK_WORK,
				       .dialects = TEMPLATE,
				       .from_pool = true,
				       .is_specific = true,
				       .job_id = is_bitcoin ? previous : str_sub(blob, 0, 64),
				       .seed_hash = rpc_member_text(rpc, result, STR("seed_hash")),
				       .algorithm = is_bitcoin ? (struct str){0} : STR("rx/0")};
	if (!json_to_u64(json_member(result, STR("height")), &out->height))
		out->height = 0;
	return true;
}

static bool read_getwork(const struct rpc *rpc, struct mining_message *out)
{
	struct str solved = rpc_item_text(rpc, rpc->params, 0);

	*out = (struct mining_message){.act = ACT_ASK_WORK, .dialects = GETWORK};
	if (text_is_hex(solved, 160, 512)) {
		out->act = ACT_SHARE;
		out->is_specific = true;
		out->share_print = share_print(solved, (struct str){0}, (struct str){0});
	}
	return true;
}

static bool read_getblocktemplate(const struct rpc *rpc, struct mining_message *out)
{
	struct json_value request =
		json_kind(rpc->params) == JSON_OBJECT ? rpc->params : json_item(rpc->params, 0);

	*out = (struct mining_message){.act = ACT_ASK_WORK, .dialects = TEMPLATE};
	out->login = rpc_member_text(rpc, request, STR("wallet_address"));
	out->is_specific = out->login.len > 0;
	return true;
}

static bool read_submitblock(const struct rpc *rpc, struct mining_message *out)
{
	struct str block = rpc_item_text(rpc, rpc->params, 0);

	if (!text_is_hex(block, 160, 1 << 24))
		return false;
	*out = (struct mining_message){.act = ACT_SHARE, .dialects = TEMPLATE, .is_specific = true};
	out->share_print = share_print(block, (struct str){0}, (struct str){0});
	return true;
}

bool node_work_read(const struct dialect_input *in, struct mining_message *out)
{
	const struct rpc *rpc = in->rpc;

	if (rpc->is_reply)
		return read_getwork_reply(rpc, out) || read_template_reply(rpc, out);
	if (str_equal(rpc->method, STR("getwork")) || str_equal(rpc->method, STR("getworkex")))
		return read_getwork(rpc, out);
	if (str_equal(rpc->method, STR("getblocktemplate")) ||
	    str_equal(rpc->method, STR("get_block_template")))
		return read_getblocktemplate(rpc, out);
	if (str_equal(rpc->method, STR("submitblock")) ||
	    str_equal(rpc->method, STR("submit_block")))
		return read_submitblock(rpc, out);
	return false;
}
