/*
 * Ravencoin's KawPow as kawpow-stratum-pool speaks it (lib/stratum.js; the order of a job's fields
 * from lib/blockTemplate.js, getJobParams), and XMRig's client of it (EthStratumClient.cpp: nonce,
 * header hash and mix hash of a share, each with 0x; JsonRequest.cpp: the order of keys).
 */
#include "lab/subscribed.h"

static const struct lab_variant variants[] = {
	{"kawpow",
	 LAB_COIN_RAVENCOIN,
	 {"XMRig/6.21.0 (Linux x86_64) libuv/1.44.2 gcc/12.2.0", "kawpowminer/1.2.4",
	  "T-Rex/0.26.8"}},
};

static void subscribe(struct lab_actor *a)
{
	lab_say(a, "{'id':%lu,'jsonrpc':'2.0','method':'mining.subscribe','params':['%s']}",
		a->subscribe_id, a->agent);
}

static void answer_subscribe(struct lab_actor *a, const char *id, struct json_value params)
{
	lab_say(a, "{'id':%s,'result':[null,'%s'],'error':null}", id, lab_hex(a, 2));
}

static void take_subscription(struct lab_actor *a, struct json_value result)
{
	LAB_KEEP(a->extranonce, lab_value_text(a, json_item(result, 1)));
}

static void announce(struct lab_actor *a)
{
	LAB_KEEP(a->target, lab_zeros_hex(a, 4, 28));
	LAB_KEEP(a->seed, lab_hex(a, 32));
	lab_say(a, "{'id':null,'method':'mining.set_target','params':['%s']}", a->target);
}

/* [job, header hash, seed hash, target, clean, height, bits] */
static void notify(struct lab_actor *a)
{
	lab_say(a,
		"{'id':null,'method':'mining.notify','params':['%lx','%s','%s','%s',%s,%lu,'1b00%s'"
		"]}",
		0xf000 + a->job_count, lab_hex(a, 32), a->seed, a->target,
		lab_bool(a->job_count == 1), a->height, lab_hex(a, 2));
}

static void take_job(struct lab_actor *a, struct json_value params)
{
	LAB_KEEP(a->job, lab_value_text(a, json_item(params, 0)));
	LAB_KEEP(a->header, lab_value_text(a, json_item(params, 1)));
}

/* [worker, job, nonce, header hash, mix hash] */
static void share(struct lab_actor *a)
{
	lab_say(a,
		"{'id':%lu,'jsonrpc':'2.0','method':'mining.submit','params':['%s','%s','0x%s%s',"
		"'0x%s','0x%s']}",
		a->share_id, lab_user(a), a->job, a->extranonce, lab_hex(a, 6), a->header,
		lab_hex(a, 32));
}

static const struct lab_subscribed_flavour flavour = {
	.subscribe = subscribe,
	.take_subscription = take_subscription,
	.take_job = take_job,
	.share = share,
	.joins_authorize = true, /* EthStratumClient::login sends both at once */
	.answer_subscribe = answer_subscribe,
	.announce = announce,
	.notify = notify,
	.rejection = "[21,\"job not found\",null]",
	.rpc = "",
};

const struct lab_dialect lab_kawpow = {
	.name = "kawpow",
	.variants = variants,
	.variant_count = 1,
	.port = 3838,
	.is_json = true,
	.job_interval = {20000000000},
	.roles = {&lab_subscribed_miner, &lab_subscribed_pool},
	.flavour = &flavour,
};
