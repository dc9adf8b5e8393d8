/*
 * The "login" dialect of CryptoNote coins (Monero: XMRig, xmr-stak, their pools and proxies) and
 * Grin's, which shares its words.
 *
 * login, submit and job are everyday words, so a word alone says little: what makes a message
 * specific is its set of fields (blob + job_id + target; job_id + nonce + 64 hex of result;
 * pre_pow). Source: XMRig's network client and xmrig-proxy's doc/STRATUM.md; Grin's stratum.md.
 */
#include "decode/mining/dialogue.h"

enum {
	CRYPTONOTE = DIALECT_BIT(DIALECT_CRYPTONOTE),
	GRIN = DIALECT_BIT(DIALECT_GRIN),
};

/* A job object: blob, job_id, target (CryptoNote) or pre_pow, difficulty (Grin). */
static bool read_job(const struct rpc *rpc, struct json_value job, struct mining_message *out)
{
	struct str blob = rpc_member_text(rpc, job, STR("blob"));
	struct str pre_pow = rpc_member_text(rpc, job, STR("pre_pow"));

	out->job_id = rpc_member_text(rpc, job, STR("job_id"));
	out->algorithm = rpc_member_text(rpc, job, STR("algo"));
	out->seed_hash = rpc_member_text(rpc, job, STR("seed_hash"));
	out->target = rpc_member_text(rpc, job, STR("target"));
	if (!json_to_u64(json_member(job, STR("height")), &out->height))
		out->height = 0;
	if (text_is_hex(pre_pow, 100, 8192) && out->job_id.len > 0) {
		out->dialects = GRIN;
		out->difficulty = rpc_difficulty(json_member(job, STR("difficulty")));
	} else if (text_is_hex(blob, 40, 8192) && out->job_id.len > 0 &&
		   text_is_hex(out->target, 2, 64)) {
		out->dialects = CRYPTONOTE;
	} else {
		return false;
	}
	out->act = ACT_JOB;
	out->from_pool = true;
	out->is_specific = true;
	return true;
}

static bool agent_is_of_a_miner(struct str agent)
{
	static const struct str names[] = {STR("xmr"),	STR("miner"),	 STR("mining"),
					   STR("rig"),	STR("cpuminer"), STR("cast"),
					   STR("stak"), STR("hash"),	 STR("nodejs-pool")};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (str_find_nocase(agent, names[i]) >= 0)
			return true;
	return false;
}

static bool read_login(const struct rpc *rpc, struct mining_message *out)
{
	struct json_value params = rpc->params;
	bool has_pass = json_exists(json_member(params, STR("pass")));

	out->login = rpc_member_text(rpc, params, STR("login"));
	if (out->login.len == 0)
		return false;
	out->agent = rpc_member_text(rpc, params, STR("agent"));
	out->worker = rpc_member_text(rpc, params, STR("rigid"));
	out->algorithm = rpc_item_text(rpc, json_member(params, STR("algo")), 0);
	if (!has_pass && out->agent.len == 0)
		return false;
	out->act = ACT_LOGIN;
	out->dialects = CRYPTONOTE | GRIN;
	bool lists_algorithms = json_kind(json_member(params, STR("algo"))) == JSON_ARRAY;
	if (lists_algorithms)
		out->dialects = CRYPTONOTE;
	else if (str_find_nocase(out->agent, STR("grin")) >= 0 ||
		 str_starts_nocase(out->login, STR("grin1")))
		out->dialects = GRIN;
	out->is_specific = lists_algorithms || (has_pass && agent_is_of_a_miner(out->agent));
	return true;
}

static bool read_submit(const struct rpc *rpc, struct mining_message *out)
{
	struct json_value params = rpc->params, pow = json_member(params, STR("pow"));
	struct str nonce = rpc_member_text(rpc, params, STR("nonce"));
	struct str result = rpc_member_text(rpc, params, STR("result"));

	out->job_id = rpc_member_text(rpc, params, STR("job_id"));
	out->algorithm = rpc_member_text(rpc, params, STR("algo"));
	if (out->job_id.len == 0 || nonce.len == 0)
		return false;
	if (json_kind(pow) == JSON_ARRAY && json_count(pow) >= 20)
		out->dialects = GRIN; /* a Cuckoo cycle: 42 edges */
	else if (text_is_hex(nonce, 2, 16) && text_is_hex(result, 64, 64))
		out->dialects = CRYPTONOTE;
	else
		return false;
	out->act = ACT_SHARE;
	out->is_specific = true;
	out->share_print = share_print(out->job_id, nonce, result);
	return true;
}

static bool read_status(const struct rpc *rpc, struct mining_message *out)
{
	struct str status = rpc_member_text(rpc, rpc->result, STR("status"));

	if (!str_equal_nocase(status, STR("KEEPALIVED")) && !str_equal_nocase(status, STR("OK")))
		return false;
	out->act = ACT_ANSWER;
	out->answers = str_equal_nocase(status, STR("KEEPALIVED")) ? ACT_KEEPALIVE : ACT_NONE;
	out->is_specific = out->answers == ACT_KEEPALIVE;
	out->from_pool = true;
	return true;
}

/* Without a request in sight, {"status":"OK"} is anybody's reply: it counts inside a session only.
 */
static bool read_reply(const struct dialect_input *in, struct mining_message *out)
{
	const struct rpc *rpc = in->rpc;
	struct json_value job = json_member(rpc->result, STR("job"));

	if (read_job(rpc, job, out)) {
		out->answers = ACT_LOGIN;
		return true;
	}
	if (read_job(rpc, rpc->result, out)) {
		out->answers = ACT_ASK_WORK;
		return true;
	}
	if (in->request && !(in->request->dialects & (CRYPTONOTE | GRIN)))
		return false;
	if (!in->request && !(in->dialects & (CRYPTONOTE | GRIN)))
		return false;
	return read_status(rpc, out);
}

/* A pool and a miner of one hand may call their methods as they like; the fields give them away. */
static bool read_by_fields(const struct rpc *rpc, struct mining_message *out)
{
	if (rpc->method.len == 0) /* other dialects have no method at all */
		return false;
	if (read_job(rpc, rpc->params, out))
		return true;
	*out = (struct mining_message){0};
	if (read_submit(rpc, out))
		return true;
	*out = (struct mining_message){0};
	return false;
}

bool cryptonote_read(const struct dialect_input *in, struct mining_message *out)
{
	const struct rpc *rpc = in->rpc;

	if (rpc->is_reply)
		return read_reply(in, out);
	if (str_equal(rpc->method, STR("login")))
		return read_login(rpc, out);
	if (str_equal(rpc->method, STR("submit")))
		return read_submit(rpc, out);
	if (str_equal(rpc->method, STR("job")))
		return read_job(rpc, rpc->params, out);
	if (str_equal(rpc->method, STR("keepalived")))
		*out = (struct mining_message){.act = ACT_KEEPALIVE, .dialects = CRYPTONOTE};
	else if (str_equal(rpc->method, STR("getjobtemplate")))
		*out = (struct mining_message){.act = ACT_ASK_WORK, .dialects = GRIN};
	else if (str_equal(rpc->method, STR("getjob")) && (in->dialects & CRYPTONOTE))
		*out = (struct mining_message){.act = ACT_ASK_WORK, .dialects = CRYPTONOTE};
	return out->act != ACT_NONE || read_by_fields(rpc, out);
}
