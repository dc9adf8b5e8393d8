/*
 * getblocktemplate: BIP 22 and BIP 23 (Bitcoin and kin), submitblock for a share; and Monero's node
 * method of the same name ("Monero daemon RPC", as XMRig's DaemonClient.cpp calls it).
 */
#include "lab/actor.h"

enum { VARIANT_BITCOIN, VARIANT_LITECOIN, VARIANT_MONERO };

static const struct lab_variant variants[] = {
	[VARIANT_BITCOIN] = {"bitcoin", LAB_COIN_BITCOIN, {"bfgminer/5.2.0", "cgminer 4.12.1"}},
	[VARIANT_LITECOIN] = {"litecoin", LAB_COIN_LITECOIN, {"cpuminer/2.5.1"}},
	[VARIANT_MONERO] = {"monero",
			    LAB_COIN_MONERO,
			    {"XMRig/6.21.0 (Linux x86_64) libuv/1.44.2 gcc/12.2.0"}},
};

static void ask(struct lab_actor *a)
{
	if (a->settings.variant == VARIANT_MONERO)
		lab_say(a,
			"{'id':%lu,'jsonrpc':'2.0','method':'getblocktemplate','params':"
			"{'wallet_address':'%s','extra_nonce':'%s'}}",
			++a->id, a->wallet, lab_hex(a, 16));
	else
		lab_say(a, "{'id':0,'method':'getblocktemplate','params':[{'capabilities':"
			   "['coinbasetxn','workid','longpoll','coinbase/append','time/increment',"
			   "'version/force','version/reduce','submit/coinbase','submit/truncate'],"
			   "'rules':['segwit'],'maxversion':4}]}");
}

static void start(struct lab_actor *a)
{
	a->poll_interval = DURATION_S(15);
	ask(a);
}

static void miner_hear(struct lab_actor *a, struct json_value message)
{
	struct json_value result = lab_member(message, "result");

	if (json_exists(lab_member(result, "height"))) {
		lab_logged_in(a);
		lab_got_job(a);
	} else if (a->waits_for_answer) {
		/* BIP 22: null is success, a text is the reason why not */
		lab_answered(a, json_kind(result) != JSON_STRING && !lab_is_error(message));
	} else if (json_kind(lab_member(message, "error")) == JSON_OBJECT) {
		lab_refused(a);
	}
}

/* A block: header, count of transactions, and what the template held. */
static void share(struct lab_actor *a)
{
	const char *block = lab_hex(a, 80), *coinbase = lab_hex(a, 150);

	if (a->settings.variant == VARIANT_MONERO)
		lab_say(a,
			"{'id':%lu,'jsonrpc':'2.0','method':'submitblock','params':"
			"['1010%s%s']}",
			++a->id, block, coinbase);
	else
		lab_say(a, "{'id':0,'method':'submitblock','params':['00000020%s01%s']}", block,
			coinbase);
	lab_sent_share(a);
}

static void answer_monero(struct lab_actor *a, const char *id)
{
	const char *blob = lab_hex(a, 39), *root = lab_hex(a, 33), *previous = lab_hex(a, 32);

	lab_say(a,
		"{'id':%s,'jsonrpc':'2.0','result':{'blockhashing_blob':'1010%.74s00000000%s',"
		"'blocktemplate_blob':'1010%s%s','difficulty':%lu,'expected_reward':600000000000,"
		"'height':%lu,'prev_hash':'%s','reserved_offset':130,'seed_hash':'%s',"
		"'seed_height':%lu,'status':'OK','untrusted':false}}",
		id, blob, root, blob, lab_hex(a, 180), 380000000000u + a->height, a->height,
		previous, lab_hex(a, 32), a->height / 2048 * 2048);
}

static void answer_bitcoin(struct lab_actor *a, const char *id)
{
	struct buf transactions = {0};
	const char *previous = lab_zeros_hex(a, 9, 23), *target = lab_zeros_hex(a, 10, 22);

	for (uint32_t left = 2 + lab_random_below(&a->random, 4); left > 0; left--)
		buf_printf(&transactions,
			   "{\"data\":\"%s\",\"txid\":\"%s\",\"hash\":\"%s\",\"depends\":[],"
			   "\"fee\":%u,\"sigops\":4,\"weight\":561}%s",
			   lab_hex(a, 200), lab_hex(a, 32), lab_hex(a, 32),
			   500 + lab_random_below(&a->random, 20000), left > 1 ? "," : "");
	buf_add_byte(&transactions, '\0');
	if (transactions.failed)
		a->has_failed = true;
	else
		lab_say(a,
			"{'result':{'capabilities':['proposal'],'version':536870912,"
			"'rules':['csv','!segwit','taproot'],'vbavailable':{},'vbrequired':0,"
			"'previousblockhash':'%s','transactions':[%s],'coinbaseaux':{'flags':''},"
			"'coinbasevalue':%u,'longpollid':'%s%u','target':'%s','mintime':%u,"
			"'mutable':['time','transactions','prevblock'],'noncerange':'"
			"00000000ffffffff',"
			"'sigoplimit':80000,'sizelimit':4000000,'weightlimit':4000000,'curtime':%u,"
			"'bits':'1702%s','height':%lu},'error':null,'id':%s}",
			previous, transactions.at,
			312500000 + lab_random_below(&a->random, 9999999), previous,
			lab_random_below(&a->random, 9999), target, lab_unix_time(a) - 3600,
			lab_unix_time(a), lab_hex(a, 2), a->height, id);
	buf_fini(&transactions);
}

static void answer_ask(struct lab_actor *a, const char *id)
{
	bool is_monero = a->settings.variant == VARIANT_MONERO;

	if (!lab_admits(a)) {
		lab_say(a, "{'result':null,'error':{'code':%d,'message':'%s'},'id':%s}",
			is_monero ? -4 : -9,
			is_monero ? "Failed to parse wallet address" : "Bitcoin is not connected!",
			id);
		return;
	}
	a->outcome.jobs++;
	a->height += lab_random_chance(&a->random, 20);
	if (is_monero)
		answer_monero(a, id);
	else
		answer_bitcoin(a, id);
}

static void answer_submit(struct lab_actor *a, const char *id)
{
	bool is_accepted = lab_judge(a);

	if (a->settings.variant != VARIANT_MONERO)
		lab_say(a, "{'result':%s,'error':null,'id':%s}",
			is_accepted ? "null" : "\"high-hash\"", id);
	else if (is_accepted)
		lab_say(a,
			"{'id':%s,'jsonrpc':'2.0','result':{'block_id':'%s','status':'OK',"
			"'untrusted':false}}",
			id, lab_hex(a, 32));
	else
		lab_say(a,
			"{'id':%s,'jsonrpc':'2.0','error':{'code':-7,"
			"'message':'Block not accepted'}}",
			id);
}

static void pool_hear(struct lab_actor *a, struct json_value message)
{
	const char *id = lab_value_raw(a, lab_member(message, "id"));

	if (lab_method_is(message, "getblocktemplate"))
		answer_ask(a, id);
	else if (lab_method_is(message, "submitblock"))
		answer_submit(a, id);
	else
		lab_say(a,
			"{'result':null,'error':{'code':-32601,'message':'Method not found'},"
			"'id':%s}",
			id);
}

static const struct lab_role miner = {
	.start = start,
	.hear = miner_hear,
	.share = share,
	.poll = ask,
};
static const struct lab_role pool = {.hear = pool_hear};

const struct lab_dialect lab_getblocktemplate = {
	.name = "getblocktemplate",
	.variants = variants,
	.variant_count = sizeof(variants) / sizeof(*variants),
	.port = 8332,
	.native = LAB_NATIVE_HTTP,
	.is_json = true,
	.can_poll = true,
	.job_interval = {0},
	.roles = {&miner, &pool},
};
