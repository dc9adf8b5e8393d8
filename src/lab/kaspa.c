/*
 * Kaspa as kaspa-stratum-bridge speaks it (src/gostratum/default_client.go: subscribe, authorize,
 * set_extranonce; src/kaspastratum/client_handler.go: difficulty and notify; hasher.go: the two
 * forms of a job). Blocks come every second or faster, and so do jobs.
 */
#include "lab/subscribed.h"

#include <string.h>

enum { VARIANT_STANDARD, VARIANT_BZMINER };

static const struct lab_variant variants[] = {
	[VARIANT_STANDARD] = {"standard",
			      LAB_COIN_KASPA,
			      {"lolMiner 1.76a", "SRBMiner-MULTI/2.4.4", "GodMiner/2.0.0"}},
	[VARIANT_BZMINER] = {"bzminer", LAB_COIN_KASPA, {"BzMiner-v17.0.0"}},
};

static void subscribe(struct lab_actor *a)
{
	lab_say(a,
		"{'id':%lu,'jsonrpc':'2.0','method':'mining.subscribe','params':['%s',"
		"'EthereumStratum/1.0.0']}",
		a->subscribe_id, a->agent);
}

static void answer_subscribe(struct lab_actor *a, const char *id, struct json_value params)
{
	lab_say(a, "{'id':%s,'result':[true,'EthereumStratum/1.0.0'],'error':null}", id);
}

static void take_subscription(struct lab_actor *a, struct json_value result)
{
}

static void announce(struct lab_actor *a)
{
	lab_say(a, "{'id':null,'jsonrpc':'2.0','method':'set_extranonce','params':['%s']}",
		lab_hex(a, 2));
	lab_say(a, "{'id':null,'jsonrpc':'2.0','method':'mining.set_difficulty','params':[%u]}",
		4u << lab_random_below(&a->random, 6));
}

/* [job, four 64-bit numbers of the header hash, ms] or [job, those and the time as 80 digits] */
static void notify(struct lab_actor *a)
{
	uint64_t h[4], ms = (uint64_t)a->now.ns / 1000000, job = a->job_count % 300 + 1;

	lab_random_fill(&a->random, h, sizeof(h));
	if (a->settings.variant == VARIANT_BZMINER)
		lab_say(a,
			"{'id':%lu,'jsonrpc':'2.0','method':'mining.notify',"
			"'params':['%lu','%016lx%016lx%016lx%016lx%016lx']}",
			job, job, h[0], h[1], h[2], h[3], __builtin_bswap64(ms));
	else
		lab_say(a,
			"{'id':%lu,'jsonrpc':'2.0','method':'mining.notify',"
			"'params':['%lu',[%lu,%lu,%lu,%lu],%lu]}",
			job, job, h[0], h[1], h[2], h[3], ms);
}

static void take_job(struct lab_actor *a, struct json_value params)
{
	LAB_KEEP(a->job, lab_value_text(a, json_item(params, 0)));
}

/* [worker, job, nonce of 8 bytes that begins with the extranonce] */
static void share(struct lab_actor *a)
{
	size_t taken = strlen(a->extranonce) / 2;

	lab_say(a,
		"{'id':%lu,'jsonrpc':'2.0','method':'mining.submit','params':['%s','%s','0x%s%s']}",
		a->share_id, lab_user(a), a->job, a->extranonce,
		lab_hex(a, taken < 8 ? 8 - taken : 1));
}

static const struct lab_subscribed_flavour flavour = {
	.subscribe = subscribe,
	.take_subscription = take_subscription,
	.take_job = take_job,
	.share = share,
	.answer_subscribe = answer_subscribe,
	.announce = announce,
	.notify = notify,
	.rejection = "[20,\"Unknown problem\",null]",
	.rpc = "\"jsonrpc\":\"2.0\",",
};

const struct lab_dialect lab_kaspa = {
	.name = "kaspa",
	.variants = variants,
	.variant_count = sizeof(variants) / sizeof(*variants),
	.port = 5555,
	.is_json = true,
	.job_interval = {1000000000},
	.roles = {&lab_subscribed_miner, &lab_subscribed_pool},
	.flavour = &flavour,
};
