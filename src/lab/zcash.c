/* Zcash over Stratum: ZIP 301, section "Specification". */
#include "lab/subscribed.h"

static const struct lab_variant variants[] = {
	{"equihash", LAB_COIN_ZCASH, {"nheqminer/0.5c", "EWBF/0.3.4b", "bminer/16.4.11"}},
};

/* [agent, session or null, host, port] */
static void subscribe(struct lab_actor *a)
{
	lab_say(a, "{'id':%lu,'method':'mining.subscribe','params':['%s',null,'%s',%u]}",
		a->subscribe_id, a->agent, a->host, a->settings.pool_port);
}

/* [session or null, NONCE_1] */
static void answer_subscribe(struct lab_actor *a, const char *id, struct json_value params)
{
	lab_say(a, "{'id':%s,'result':[null,'%s'],'error':null}", id, lab_hex(a, 4));
}

static void take_subscription(struct lab_actor *a, struct json_value result)
{
	LAB_KEEP(a->extranonce, lab_value_text(a, json_item(result, 1)));
}

static void announce(struct lab_actor *a)
{
	lab_say(a, "{'id':null,'method':'mining.set_target','params':['%s']}",
		lab_zeros_hex(a, 2, 30));
}

/* [job, version, prevhash, merkleroot, reserved, time, bits, clean], all as in the header */
static void notify(struct lab_actor *a)
{
	const char *previous = lab_hex(a, 28), *root = lab_hex(a, 32), *reserved = lab_hex(a, 32);

	lab_say(a,
		"{'id':null,'method':'mining.notify','params':['%lx','04000000','%s00000000','%s',"
		"'%s','%08x','%s1c',%s]}",
		a->job_count, previous, root, reserved, __builtin_bswap32(lab_unix_time(a)),
		lab_hex(a, 3), lab_bool(a->job_count == 1));
}

static void take_job(struct lab_actor *a, struct json_value params)
{
	LAB_KEEP(a->job, lab_value_text(a, json_item(params, 0)));
	LAB_KEEP(a->header, lab_value_text(a, json_item(params, 5)));
}

/* [worker, job, time, NONCE_2, solution]; Equihash 200,9: 1344 bytes after their compact size */
static void share(struct lab_actor *a)
{
	lab_say(a, "{'id':%lu,'method':'mining.submit','params':['%s','%s','%s','%s','fd4005%s']}",
		a->share_id, lab_user(a), a->job, a->header, lab_hex(a, 28), lab_hex(a, 1344));
}

static const struct lab_subscribed_flavour flavour = {
	.subscribe = subscribe,
	.take_subscription = take_subscription,
	.take_job = take_job,
	.share = share,
	.answer_subscribe = answer_subscribe,
	.announce = announce,
	.notify = notify,
	.rejection = "[21,\"Job not found\",null]",
	.rpc = "",
};

const struct lab_dialect lab_zcash = {
	.name = "zcash",
	.variants = variants,
	.variant_count = 1,
	.port = 3357,
	.is_json = true,
	.job_interval = {40000000000},
	.roles = {&lab_subscribed_miner, &lab_subscribed_pool},
	.flavour = &flavour,
};
