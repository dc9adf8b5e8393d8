/*
 * getwork: Bitcoin wiki "Getwork" and bfgminer 5's requests. JSON-RPC 1.0 over HTTP: the same
 * method asks without parameters and submits with one.
 */
#include "lab/actor.h"

static const struct lab_variant variants[] = {
	{"bitcoin", LAB_COIN_BITCOIN, {"cgminer 2.11.4", "bfgminer/5.2.0", "poclbm/2013"}},
	{"litecoin", LAB_COIN_LITECOIN, {"cpuminer 2.2.3", "reaper/13"}},
};

static void ask(struct lab_actor *a)
{
	lab_say(a, "{'method':'getwork','params':[],'id':0}");
}

static void start(struct lab_actor *a)
{
	a->poll_interval = DURATION_S(20);
	ask(a);
}

static void miner_hear(struct lab_actor *a, struct json_value message)
{
	struct json_value result = lab_member(message, "result");

	if (json_kind(result) == JSON_OBJECT) {
		LAB_KEEP(a->header, lab_value_text(a, lab_member(result, "data")));
		lab_logged_in(a);
		lab_got_job(a);
	} else if (a->waits_for_answer) {
		lab_answered(a, json_is_true(result));
	} else if (json_kind(lab_member(message, "error")) == JSON_OBJECT) {
		lab_refused(a);
	}
}

/* The same 128 bytes with time and nonce (bytes 68 and 76) filled in. */
static void share(struct lab_actor *a)
{
	lab_say(a, "{'method':'getwork','params':['%.136s%08x%.8s%s%s'],'id':1}", a->header,
		lab_unix_time(a), a->header + 144, lab_hex(a, 4), a->header + 160);
	lab_sent_share(a);
}

/* An 80-byte header with the padding of its SHA-256 behind, as 32 big-endian words. */
static void answer_ask(struct lab_actor *a, const char *id)
{
	const char *previous = lab_hex(a, 28), *root = lab_hex(a, 32), *midstate = lab_hex(a, 32);

	if (!lab_admits(a)) {
		lab_say(a,
			"{'result':null,'error':{'code':-10,'message':'Unknown worker'},'id':%s}",
			id);
		return;
	}
	a->outcome.jobs++;
	lab_say(a,
		"{'result':{'midstate':'%s','data':'0000000200000000%s%s%08x1702%s%s',"
		"'hash1':'%064d0000008%055d10000','target':'%048d%s%s'},'error':null,'id':%s}",
		midstate, previous, root, lab_unix_time(a), lab_hex(a, 2),
		"00000000000000800000000000000000000000000000000000000000000000000000000000000000"
		"000000000000000080020000",
		0, 0, 0, "ffffffff", "00000000", id);
}

static void pool_hear(struct lab_actor *a, struct json_value message)
{
	const char *id = lab_value_raw(a, lab_member(message, "id"));

	if (!lab_method_is(message, "getwork"))
		lab_say(a,
			"{'result':null,'error':{'code':-32601,'message':'Method not found'},"
			"'id':%s}",
			id);
	else if (json_count(lab_member(message, "params")) == 0)
		answer_ask(a, id);
	else
		lab_say(a, "{'result':%s,'error':null,'id':%s}", lab_bool(lab_judge(a)), id);
}

static const struct lab_role miner = {
	.start = start,
	.hear = miner_hear,
	.share = share,
	.poll = ask,
};
static const struct lab_role pool = {.hear = pool_hear};

const struct lab_dialect lab_getwork = {
	.name = "getwork",
	.variants = variants,
	.variant_count = sizeof(variants) / sizeof(*variants),
	.port = 8332,
	.native = LAB_NATIVE_HTTP,
	.is_json = true,
	.can_poll = true,
	.job_interval = {0},
	.roles = {&miner, &pool},
};
