/*
 * Stratum V1. Sources: slush's protocol as on the Bitcoin wiki ("Stratum mining protocol"), BIP 310
 * (mining.configure), and sessions of cgminer and bfgminer with public pools.
 */
#include "lab/subscribed.h"

#include <string.h>

enum { VARIANT_CGMINER, VARIANT_ASIC, VARIANT_PIPELINED, VARIANT_LITECOIN };

static const struct lab_variant variants[] = {
	[VARIANT_CGMINER] = {"cgminer",
			     LAB_COIN_BITCOIN,
			     {"cgminer/4.12.1", "bfgminer/5.5.0", "sgminer/5.6.1"}},
	[VARIANT_ASIC] = {"asic",
			  LAB_COIN_BITCOIN,
			  {"bmminer/2.0.0", "cgminer/4.11.1", "BTCMiner/1.0"}},
	[VARIANT_PIPELINED] = {"pipelined", LAB_COIN_BITCOIN, {"NerdMinerV2", "cpuminer/2.5.1"}},
	[VARIANT_LITECOIN] = {"litecoin", LAB_COIN_LITECOIN, {"cpuminer/2.5.1", "ccminer/2.3.1"}},
};

/* BIP 310: firmwares that roll the version ask for it before anything else. */
static void configure(struct lab_actor *a)
{
	if (a->settings.variant == VARIANT_ASIC)
		lab_say(a,
			"{'id':%lu,'method':'mining.configure','params':"
			"[['version-rolling','minimum-difficulty'],{'minimum-difficulty.value':"
			"2048,"
			"'version-rolling.mask':'1fffe000','version-rolling.min-bit-count':2}]}",
			++a->id);
}

static void subscribe(struct lab_actor *a)
{
	lab_say(a, "{'id':%lu,'method':'mining.subscribe','params':['%s']}", a->subscribe_id,
		a->agent);
	if (a->settings.variant == VARIANT_PIPELINED) {
		/* Some send both at once and let the pool sort it out. */
		a->login_id = ++a->id;
		lab_join_next(a);
		lab_say(a, "{'id':%lu,'method':'mining.authorize','params':['%s','x']}",
			a->login_id, lab_user(a));
	}
}

static void take_subscription(struct lab_actor *a, struct json_value result)
{
	LAB_KEEP(a->extranonce, lab_value_text(a, json_item(result, 1)));
}

static void take_job(struct lab_actor *a, struct json_value params)
{
	LAB_KEEP(a->job, lab_value_text(a, json_item(params, 0)));
	LAB_KEEP(a->header, lab_value_text(a, json_item(params, 7))); /* ntime */
}

/* [worker, job, extranonce2, ntime, nonce] and, when rolled, the version bits */
static void share(struct lab_actor *a)
{
	uint32_t bits = (uint32_t)lab_random_next(&a->random) & 0x1fffe000;

	if (a->settings.variant == VARIANT_ASIC)
		lab_say(a,
			"{'params':['%s','%s','%s','%s','%s','%08x'],'id':%lu,"
			"'method':'mining.submit'}",
			lab_user(a), a->job, lab_hex(a, 4), a->header, lab_hex(a, 4), bits,
			a->share_id);
	else
		lab_say(a,
			"{'params':['%s','%s','%s','%s','%s'],'id':%lu,'method':'mining.submit'}",
			lab_user(a), a->job, lab_hex(a, 4), a->header, lab_hex(a, 4), a->share_id);
}

/* [[[method, subscription] ...], extranonce1, size of extranonce2] */
static void answer_subscribe(struct lab_actor *a, const char *id, struct json_value params)
{
	const char *subscription = lab_hex(a, 8);

	lab_say(a,
		"{'id':%s,'result':[[['mining.set_difficulty','%s1'],['mining.notify','%s2']],"
		"'%s',4],'error':null}",
		id, subscription, subscription, lab_hex(a, 4));
}

static void announce(struct lab_actor *a)
{
	lab_say(a, "{'id':null,'method':'mining.set_difficulty','params':[%u]}",
		1u << (9 + lab_random_below(&a->random, 8)));
}

/* The coinbase around the extranonces: one input with the height in front, two outputs. */
static const char *coinbase_start(struct lab_actor *a)
{
	static const char tag[] = "/coalface/";
	char tag_hex[2 * sizeof(tag)] = "";

	for (size_t i = 0; i + 1 < sizeof(tag); i++) {
		tag_hex[2 * i] = "0123456789abcdef"[tag[i] >> 4 & 15];
		tag_hex[2 * i + 1] = "0123456789abcdef"[tag[i] & 15];
	}
	return lab_text(a, "0100000001%064d%s%02zx03%02x%02x%02x04%08x%s", 0, "ffffffff",
			4 + 5 + sizeof(tag) - 1 + 8, (unsigned)(a->height & 255),
			(unsigned)(a->height >> 8 & 255), (unsigned)(a->height >> 16 & 255),
			__builtin_bswap32(lab_unix_time(a)), tag_hex);
}

static const char *coinbase_end(struct lab_actor *a)
{
	const char *payee = lab_hex(a, 20), *commitment = lab_hex(a, 32);

	return lab_text(a, "ffffffff02%s12000000001976a914%s88ac0000000000000000266a24aa21a9ed%s%s",
			lab_hex(a, 3), payee, commitment, "00000000");
}

/* [job, prevhash, coinb1, coinb2, branches, version, nbits, ntime, clean] */
static void notify(struct lab_actor *a)
{
	struct buf branches = {0};

	for (uint32_t left = 8 + lab_random_below(&a->random, 5); left > 0; left--)
		buf_printf(&branches, "\"%s\"%s", lab_hex(a, 32), left > 1 ? "," : "");
	buf_add_byte(&branches, '\0');
	if (branches.failed)
		a->has_failed = true;
	else
		lab_say(a,
			"{'params':['%lx','%s%016d','%s','%s',[%s],'20000000','1702%s','%08x',%s],"
			"'id':null,'method':'mining.notify'}",
			0x5a10 + a->job_count, lab_hex(a, 24), 0, coinbase_start(a),
			coinbase_end(a), branches.at, lab_hex(a, 2), lab_unix_time(a),
			lab_bool(a->job_count == 1 || lab_random_chance(&a->random, 20)));
	buf_fini(&branches);
}

static const struct lab_subscribed_flavour flavour = {
	.configure = configure,
	.subscribe = subscribe,
	.take_subscription = take_subscription,
	.take_job = take_job,
	.share = share,
	.answer_subscribe = answer_subscribe,
	.announce = announce,
	.notify = notify,
	.rejection = "[23,\"Low difficulty share\",null]",
	.rpc = "",
};

const struct lab_dialect lab_bitcoin = {
	.name = "bitcoin-stratum-v1",
	.variants = variants,
	.variant_count = sizeof(variants) / sizeof(*variants),
	.port = 3333,
	.is_json = true,
	.job_interval = {30000000000},
	.roles = {&lab_subscribed_miner, &lab_subscribed_pool},
	.flavour = &flavour,
};
