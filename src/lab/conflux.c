/*
 * Conflux: the node's own Stratum (Conflux documentation, "Stratum Protocol in Conflux-Rust").
 * There is no mining.authorize; the subscription carries the worker's name, in the pool variant an
 * address, as public pools ask for.
 */
#include "lab/actor.h"

enum { VARIANT_POOL, VARIANT_NODE };

static const struct lab_variant variants[] = {
	[VARIANT_POOL] = {"pool", LAB_COIN_CONFLUX, {"TT-Miner/6.2.0"}},
	[VARIANT_NODE] = {"node", LAB_COIN_NONE, {"cfxmine"}},
};

static const char *worker_id(struct lab_actor *a)
{
	return a->settings.variant == VARIANT_POOL ? lab_user(a) : a->worker;
}

/* [worker, secret or ""] */
static void start(struct lab_actor *a)
{
	a->login_id = ++a->id;
	lab_say(a, "{'jsonrpc':'2.0','method':'mining.subscribe','params':['%s',''],'id':%lu}",
		worker_id(a), a->login_id);
}

/* The documentation has "true" as a string, and for a share as the first item of a list. */
static bool is_yes(struct json_value result)
{
	if (json_kind(result) == JSON_ARRAY)
		result = json_item(result, 0);
	return json_is_true(result);
}

static void miner_hear(struct lab_actor *a, struct json_value message)
{
	bool is_accepted = is_yes(lab_member(message, "result"));

	if (lab_method_is(message, "mining.notify")) {
		struct json_value params = lab_member(message, "params");
		LAB_KEEP(a->job, lab_value_text(a, json_item(params, 0)));
		LAB_KEEP(a->header, lab_value_text(a, json_item(params, 1)));
		lab_got_job(a);
	} else if (lab_id(message) == a->share_id && a->waits_for_answer) {
		lab_answered(a, is_accepted);
	} else if (lab_id(message) == a->login_id && is_accepted) {
		lab_logged_in(a);
	} else if (lab_id(message) == a->login_id) {
		lab_refused(a);
	}
}

/* [worker, job, nonce of 32 bytes, hash of the problem] */
static void share(struct lab_actor *a)
{
	a->share_id = ++a->id;
	lab_say(a,
		"{'jsonrpc':'2.0','method':'mining.submit','params':['%s','%s','0x%s','%s'],"
		"'id':%lu}",
		worker_id(a), a->job, lab_hex(a, 32), a->header, a->share_id);
	lab_sent_share(a);
}

static void pool_hear(struct lab_actor *a, struct json_value message)
{
	const char *id = lab_value_raw(a, lab_member(message, "id"));

	if (lab_method_is(message, "mining.subscribe")) {
		bool is_admitted = lab_admits(a);
		lab_say(a, "{'jsonrpc':'2.0','result':%s,'id':%s}", lab_bool(is_admitted), id);
		if (is_admitted)
			lab_begin_jobs(a);
	} else if (!lab_method_is(message, "mining.submit")) {
		lab_say(a,
			"{'jsonrpc':'2.0','error':{'code':-32601,'message':'Method not found'},"
			"'id':%s}",
			id);
	} else if (lab_judge(a)) {
		lab_say(a, "{'jsonrpc':'2.0','result':[true],'id':%s}", id);
	} else {
		lab_say(a, "{'jsonrpc':'2.0','result':[false,'invalid nonce'],'id':%s}", id);
	}
}

/* [job, hash of the problem, boundary]; the job is named by its hash */
static void job(struct lab_actor *a)
{
	const char *hash = lab_hex(a, 32);

	a->job_count++;
	lab_say(a,
		"{'jsonrpc':'2.0','method':'mining.notify','params':['0x%s','0x%s','0x%s'],"
		"'id':%lu}",
		hash, hash, lab_hex(a, 28), a->job_count);
}

static const struct lab_role miner = {.start = start, .hear = miner_hear, .share = share};
static const struct lab_role pool = {.hear = pool_hear, .job = job};

const struct lab_dialect lab_conflux = {
	.name = "conflux",
	.variants = variants,
	.variant_count = sizeof(variants) / sizeof(*variants),
	.port = 32525,
	.is_json = true,
	.job_interval = {1000000000},
	.roles = {&miner, &pool},
};
