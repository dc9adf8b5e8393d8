/*
 * getwork over a line-based TCP connection, named after the program eth-proxy. Sources:
 * open-ethereum-pool docs/STRATUM.md; the node's own methods (ethereum.org JSON-RPC,
 * eth_getWork, eth_submitWork, eth_submitHashrate). Over HTTP there is no login: the path of the
 * URL names the account, and the miner only polls.
 */
#include "lab/actor.h"

enum { VARIANT_ETHMINER, VARIANT_CLAYMORE };

static const struct lab_variant variants[] = {
	[VARIANT_ETHMINER] = {"ethminer", LAB_COIN_ETHEREUM, {"ethminer-0.18.0"}},
	[VARIANT_CLAYMORE] = {"claymore", LAB_COIN_ETHEREUM, {"eth-proxy"}},
};

enum { ID_LOGIN = 1, ID_WORK = 3, ID_SHARE = 4, ID_RATE = 6 };

static void ask_for_work(struct lab_actor *a)
{
	if (a->settings.variant == VARIANT_CLAYMORE)
		lab_say(a,
			"{'worker':'','jsonrpc':'2.0','params':[],'id':%u,'method':'eth_getWork'}",
			ID_WORK);
	else
		lab_say(a, "{'id':%u,'jsonrpc':'2.0','method':'eth_getWork','params':[]}", ID_WORK);
}

static void start(struct lab_actor *a)
{
	a->poll_interval = DURATION_S(10);
	if (a->settings.is_request_reply) {
		lab_logged_in(a);
		ask_for_work(a);
	} else if (a->settings.variant == VARIANT_CLAYMORE) {
		lab_say(a,
			"{'worker':'%s','jsonrpc':'2.0','params':['%s','x'],'id':%u,"
			"'method':'eth_submitLogin'}",
			a->worker, a->wallet, ID_LOGIN);
	} else {
		lab_say(a,
			"{'id':%u,'jsonrpc':'2.0','method':'eth_submitLogin','worker':'%s',"
			"'params':['%s.%s']}",
			ID_LOGIN, a->worker, a->wallet, a->worker);
	}
}

static void submit_rate(struct lab_actor *a)
{
	lab_say(a,
		"{'id':%u,'jsonrpc':'2.0','method':'eth_submitHashrate','params':['0x%s','0x%s']}",
		ID_RATE, lab_zeros_hex(a, 28, 4), lab_hex(a, 32));
}

static void poll(struct lab_actor *a)
{
	if (a->outcome.state != LAB_STATE_WORKING)
		return;
	if (a->step++ % 2)
		submit_rate(a);
	ask_for_work(a);
}

static void take_work(struct lab_actor *a, struct json_value work)
{
	LAB_KEEP(a->header, lab_value_text(a, json_item(work, 0)));
	lab_got_job(a);
}

static void miner_hear(struct lab_actor *a, struct json_value message)
{
	struct json_value result = lab_member(message, "result");

	if (json_kind(result) == JSON_ARRAY) {
		take_work(a, result);
	} else if (lab_id(message) == ID_LOGIN) {
		if (lab_is_error(message)) {
			lab_refused(a);
			return;
		}
		lab_logged_in(a);
		ask_for_work(a);
	} else if (lab_id(message) == ID_SHARE) {
		lab_answered(a, !lab_is_error(message));
	} else if (a->settings.is_request_reply && lab_is_error(message)) {
		lab_refused(a);
	}
}

/* [nonce of 8 bytes, header hash, mix digest] */
static void share(struct lab_actor *a)
{
	lab_say(a,
		"{'id':%u,'jsonrpc':'2.0','method':'eth_submitWork','params':['0x%s','%s','0x%s']%"
		"s%s%s}",
		ID_SHARE, lab_hex(a, 8), a->header, lab_hex(a, 32),
		a->settings.is_request_reply ? "" : ",\"worker\":\"",
		a->settings.is_request_reply ? "" : a->worker,
		a->settings.is_request_reply ? "" : "\"");
	lab_sent_share(a);
}

/* [header hash, seed hash, boundary] */
static const char *work(struct lab_actor *a)
{
	if (!a->seed[0]) {
		LAB_KEEP(a->seed, lab_hex(a, 32));
		LAB_KEEP(a->target, lab_zeros_hex(a, 4, 28));
	}
	if (!a->header[0])
		LAB_KEEP(a->header, lab_hex(a, 32));
	return lab_text(a, "[\"0x%s\",\"0x%s\",\"0x%s\"]", a->header, a->seed, a->target);
}

static void job(struct lab_actor *a)
{
	LAB_KEEP(a->header, lab_hex(a, 32));
	if (!a->settings.is_request_reply)
		lab_say(a, "{'jsonrpc':'2.0','id':0,'result':%s}", work(a));
}

static void answer_work(struct lab_actor *a, const char *id)
{
	if (a->settings.is_request_reply) {
		if (!lab_admits(a)) {
			lab_say(a,
				"{'id':%s,'jsonrpc':'2.0','result':null,'error':{'code':-1,"
				"'message':'Invalid login'}}",
				id);
			return;
		}
		if (lab_random_chance(&a->random, 60))
			a->header[0] = '\0'; /* a new block */
	}
	lab_say(a, "{'jsonrpc':'2.0','id':%s,'result':%s}", id, work(a));
}

static void answer_login(struct lab_actor *a, const char *id)
{
	if (!lab_admits(a)) {
		lab_say(a,
			"{'id':%s,'jsonrpc':'2.0','result':null,'error':{'code':-1,"
			"'message':'Invalid login'}}",
			id);
		return;
	}
	lab_say(a, "{'jsonrpc':'2.0','id':%s,'result':true}", id);
	lab_begin_jobs(a);
}

static void pool_hear(struct lab_actor *a, struct json_value message)
{
	const char *id = lab_value_raw(a, lab_member(message, "id"));

	if (lab_method_is(message, "eth_submitLogin"))
		answer_login(a, id);
	else if (lab_method_is(message, "eth_getWork"))
		answer_work(a, id);
	else if (lab_method_is(message, "eth_submitHashrate"))
		lab_say(a, "{'jsonrpc':'2.0','id':%s,'result':true}", id);
	else if (!lab_method_is(message, "eth_submitWork"))
		lab_say(a,
			"{'jsonrpc':'2.0','id':%s,'error':{'code':-32601,"
			"'message':'Method not found'}}",
			id);
	else if (lab_judge(a))
		lab_say(a, "{'jsonrpc':'2.0','id':%s,'result':true}", id);
	else
		lab_say(a,
			"{'id':%s,'jsonrpc':'2.0','result':null,'error':{'code':23,"
			"'message':'Invalid share'}}",
			id);
}

static const struct lab_role miner = {
	.start = start,
	.hear = miner_hear,
	.share = share,
	.poll = poll,
};
static const struct lab_role pool = {.hear = pool_hear, .job = job};

const struct lab_dialect lab_eth_proxy = {
	.name = "eth-proxy",
	.variants = variants,
	.variant_count = sizeof(variants) / sizeof(*variants),
	.port = 9999,
	.is_json = true,
	.can_poll = true,
	.job_interval = {4000000000},
	.roles = {&miner, &pool},
};
