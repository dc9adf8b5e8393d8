/*
 * Ergo (Autolykos). Two servers in use differ in the job: ErgoStratumServer (lib/stratum.js,
 * lib/blockTemplate.js) sends nine fields after node-stratum-pool, b among them; the server of
 * leifjacky/erg-gominer-demo (README) sends four and a mining.set_target.
 */
#include "lab/subscribed.h"

enum { VARIANT_NINE_FIELDS, VARIANT_FOUR_FIELDS };

static const struct lab_variant variants[] = {
	[VARIANT_NINE_FIELDS] = {"nine-fields",
				 LAB_COIN_ERGO,
				 {"lolMiner/1.76", "NBMiner/42.3", "TeamRedMiner/0.10.14"}},
	[VARIANT_FOUR_FIELDS] = {"four-fields", LAB_COIN_ERGO, {"ergminer-v1.0.0", "T-Rex/0.26.8"}},
};

static void subscribe(struct lab_actor *a)
{
	lab_say(a, "{'id':%lu,'method':'mining.subscribe','params':['%s','EthereumStratum/1.0.0']}",
		a->subscribe_id, a->agent);
}

static void answer_subscribe(struct lab_actor *a, const char *id, struct json_value params)
{
	const char *subscription = lab_hex(a, 8);

	if (a->settings.variant == VARIANT_FOUR_FIELDS)
		lab_say(a,
			"{'id':%s,'result':[[['mining.set_difficulty','0.000031'],"
			"['mining.notify','%s']],'%s',4],'error':null}",
			id, subscription, lab_hex(a, 4));
	else
		lab_say(a,
			"{'id':%s,'result':[[['mining.set_difficulty','deadbeefcafebabe%s'],"
			"['mining.notify','deadbeefcafebabe%s']],'%s',6],'error':null}",
			id, subscription, subscription, lab_hex(a, 2));
}

static void take_subscription(struct lab_actor *a, struct json_value result)
{
	LAB_KEEP(a->extranonce, lab_value_text(a, json_item(result, 1)));
}

static void announce(struct lab_actor *a)
{
	if (a->settings.variant == VARIANT_FOUR_FIELDS)
		lab_say(a, "{'id':null,'method':'mining.set_target','params':['%s']}",
			lab_zeros_hex(a, 2, 30));
	else
		lab_say(a, "{'id':null,'method':'mining.set_difficulty','params':[1]}");
}

/* [job, msg, height, clean], or [job, height, msg, "", "", version, b, "", clean] */
static void notify(struct lab_actor *a)
{
	const char *clean = lab_bool(a->job_count == 1);

	if (a->settings.variant == VARIANT_FOUR_FIELDS)
		lab_say(a, "{'id':null,'method':'mining.notify','params':['%lu','%s',%lu,%s]}",
			47388824 + a->job_count, lab_hex(a, 32), a->height, clean);
	else
		lab_say(a,
			"{'id':null,'method':'mining.notify','params':"
			"['%lx',%lu,'%s','','',3,'%u%018lu%018lu%018lu','',%s]}",
			a->job_count, a->height, lab_hex(a, 32),
			1 + lab_random_below(&a->random, 9),
			lab_random_next(&a->random) % 1000000000000000000,
			lab_random_next(&a->random) % 1000000000000000000,
			lab_random_next(&a->random) % 1000000000000000000, clean);
}

static void take_job(struct lab_actor *a, struct json_value params)
{
	LAB_KEEP(a->job, lab_value_text(a, json_item(params, 0)));
}

/* [worker, job, nonce2], or [worker, job, nonce2, "", nonce] */
static void share(struct lab_actor *a)
{
	const char *nonce = lab_hex(a, a->settings.variant == VARIANT_FOUR_FIELDS ? 4 : 6);

	if (a->settings.variant == VARIANT_FOUR_FIELDS)
		lab_say(a, "{'id':%lu,'method':'mining.submit','params':['%s','%s','%s']}",
			a->share_id, lab_user(a), a->job, nonce);
	else
		lab_say(a,
			"{'id':%lu,'method':'mining.submit','params':['%s','%s','%s','','%s%s']}",
			a->share_id, lab_user(a), a->job, nonce, a->extranonce, nonce);
}

static const struct lab_subscribed_flavour flavour = {
	.subscribe = subscribe,
	.take_subscription = take_subscription,
	.take_job = take_job,
	.share = share,
	.answer_subscribe = answer_subscribe,
	.announce = announce,
	.notify = notify,
	.rejection = "[21,\"low difficulty\",null]",
	.rpc = "",
};

const struct lab_dialect lab_ergo = {
	.name = "ergo",
	.variants = variants,
	.variant_count = sizeof(variants) / sizeof(*variants),
	.port = 3056,
	.is_json = true,
	.job_interval = {30000000000},
	.roles = {&lab_subscribed_miner, &lab_subscribed_pool},
	.flavour = &flavour,
};
