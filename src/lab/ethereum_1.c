/* EthereumStratum/1.0.0: NiceHash, "EthereumStratum_NiceHash_v1.0.0.txt". */
#include "lab/subscribed.h"

#include <string.h>

static const struct lab_variant variants[] = {
	{"nicehash", LAB_COIN_ETHEREUM, {"ethminer/0.18.0", "PhoenixMiner/6.2c", "lolMiner 1.76a"}},
};

static void subscribe(struct lab_actor *a)
{
	lab_say(a, "{'id':%lu,'method':'mining.subscribe','params':['%s','EthereumStratum/1.0.0']}",
		a->subscribe_id, a->agent);
	lab_say(a, "{'id':%lu,'method':'mining.extranonce.subscribe','params':[]}", ++a->id);
}

/* [["mining.notify", subscription, protocol], extranonce of at most 3 bytes] */
static void answer_subscribe(struct lab_actor *a, const char *id, struct json_value params)
{
	lab_say(a,
		"{'id':%s,'error':null,'result':[['mining.notify','%s','EthereumStratum/1.0.0'],"
		"'%s']}",
		id, lab_hex(a, 16), lab_hex(a, 1 + lab_random_below(&a->random, 3)));
}

static void take_subscription(struct lab_actor *a, struct json_value result)
{
	LAB_KEEP(a->extranonce, lab_value_text(a, json_item(result, 1)));
}

static void announce(struct lab_actor *a)
{
	LAB_KEEP(a->seed, lab_hex(a, 32));
	lab_say(a, "{'id':null,'method':'mining.set_difficulty','params':[%u.%u]}",
		lab_random_below(&a->random, 4), 1 + lab_random_below(&a->random, 9));
}

/* [job, seed hash, header hash, clean] */
static void notify(struct lab_actor *a)
{
	lab_say(a, "{'id':null,'method':'mining.notify','params':['%s','%s','%s',%s]}",
		lab_hex(a, 4), a->seed, lab_hex(a, 32), lab_bool(a->job_count == 1));
}

static void take_job(struct lab_actor *a, struct json_value params)
{
	LAB_KEEP(a->job, lab_value_text(a, json_item(params, 0)));
}

/* [user, job, what the extranonce leaves of the 8 bytes of the nonce] */
static void share(struct lab_actor *a)
{
	size_t taken = strlen(a->extranonce) / 2;

	lab_say(a, "{'id':%lu,'method':'mining.submit','params':['%s','%s','%s']}", a->share_id,
		lab_user(a), a->job, lab_hex(a, taken < 8 ? 8 - taken : 1));
}

static const struct lab_subscribed_flavour flavour = {
	.subscribe = subscribe,
	.take_subscription = take_subscription,
	.take_job = take_job,
	.share = share,
	.answer_subscribe = answer_subscribe,
	.announce = announce,
	.notify = notify,
	.rejection = "[23,\"Share above target.\",null]",
	.rpc = "",
};

const struct lab_dialect lab_ethereum_1 = {
	.name = "ethereum-stratum-1",
	.variants = variants,
	.variant_count = 1,
	.port = 3353,
	.is_json = true,
	.job_interval = {8000000000},
	.roles = {&lab_subscribed_miner, &lab_subscribed_pool},
	.flavour = &flavour,
};
