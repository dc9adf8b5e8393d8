/*
 * EthereumStratum/2.0.0: EIP-1571. No jsonrpc key; numbers are hex without 0x; after an answer to
 * mining.hello that says gzip, everything is compressed, so that only the first exchange can be
 * read on the wire.
 */
#include "lab/actor.h"

#include <string.h>

enum { VARIANT_PLAIN, VARIANT_GZIP };

static const struct lab_variant variants[] = {
	[VARIANT_PLAIN] = {"plain", LAB_COIN_ETHEREUM, {"ethminer-0.19.0", "nsfminer-1.3.14"}},
	[VARIANT_GZIP] = {"gzip", LAB_COIN_ETHEREUM, {"ethminer-0.19.0"}},
};

enum { ID_HELLO, ID_SUBSCRIBE, ID_AUTHORIZE, ID_FIRST_FREE };

static void start(struct lab_actor *a)
{
	a->id = ID_FIRST_FREE;
	a->poll_interval = DURATION_S(90);
	lab_say(a,
		"{'id':%u,'method':'mining.hello','params':{'agent':'%s','host':'%s','port':'%x',"
		"'proto':'EthereumStratum/2.0.0'}}",
		ID_HELLO, a->agent, a->host, a->settings.pool_port);
}

static void hear_hello(struct lab_actor *a, struct json_value message)
{
	struct json_value encoding = lab_member(lab_member(message, "result"), "encoding");

	if (lab_is_error(message)) {
		lab_refused(a);
		return;
	}
	a->is_packed = json_text_is(encoding, STR("gzip"));
	lab_say(a, "{'id':%u,'method':'mining.subscribe'}", ID_SUBSCRIBE);
}

static void hear_authorized(struct lab_actor *a, struct json_value message)
{
	if (lab_is_error(message)) {
		lab_refused(a);
		return;
	}
	LAB_KEEP(a->session, lab_value_text(a, lab_member(message, "result")));
	lab_logged_in(a);
}

static void miner_hear(struct lab_actor *a, struct json_value message)
{
	struct json_value params = lab_member(message, "params");

	if (lab_method_is(message, "mining.set")) {
		LAB_KEEP(a->extranonce, lab_value_text(a, lab_member(params, "extranonce")));
	} else if (lab_method_is(message, "mining.notify")) {
		LAB_KEEP(a->job, lab_value_text(a, json_item(params, 0)));
		lab_got_job(a);
	} else if (lab_id(message) == ID_HELLO) {
		hear_hello(a, message);
	} else if (lab_id(message) == ID_SUBSCRIBE) {
		lab_say(a, "{'id':%u,'method':'mining.authorize','params':['%s','x']}",
			ID_AUTHORIZE, lab_user(a));
	} else if (lab_id(message) == ID_AUTHORIZE) {
		hear_authorized(a, message);
	} else if (lab_id(message) == a->share_id) {
		lab_answered(a, !lab_is_error(message));
	}
}

/* [job, what the extranonce leaves of the nonce, token of the worker] */
static void share(struct lab_actor *a)
{
	a->share_id = a->id++;
	lab_say(a, "{'id':%lu,'method':'mining.submit','params':['%s','%s','%s']}", a->share_id,
		a->job, lab_hex(a, 8 - strlen(a->extranonce) / 2), a->session);
	lab_sent_share(a);
}

static void poll(struct lab_actor *a)
{
	if (a->outcome.state == LAB_STATE_WORKING)
		lab_say(a, "{'id':%lu,'method':'mining.hashrate','params':['%x','%s']}", a->id++,
			400000000 + lab_random_below(&a->random, 1000000), a->session);
}

static void answer_hello(struct lab_actor *a, const char *id)
{
	bool is_gzip = a->settings.variant == VARIANT_GZIP;

	lab_say(a,
		"{'id':%s,'result':{'proto':'EthereumStratum/2.0.0','encoding':'%s','resume':'0',"
		"'timeout':'b4','maxerrors':'5','node':'Geth/v1.10.26-stable/linux-amd64/"
		"go1.18.5'}}",
		id, is_gzip ? "gzip" : "plain");
	a->is_packed = is_gzip;
}

static void answer_authorize(struct lab_actor *a, const char *id)
{
	if (!lab_admits(a)) {
		lab_say(a, "{'id':%s,'error':{'code':301,'message':'Unauthorized'}}", id);
		return;
	}
	lab_say(a, "{'id':%s,'result':'w-%x'}", id, lab_random_below(&a->random, 4096));
	LAB_KEEP(a->extranonce, lab_hex(a, 2));
	lab_say(a,
		"{'method':'mining.set','params':{'epoch':'%lx','target':'%s','algo':'ethash',"
		"'extranonce':'%s'}}",
		13000000 / (uint64_t)30000, lab_zeros_hex(a, 4, 28), a->extranonce);
	lab_begin_jobs(a);
}

static void pool_hear(struct lab_actor *a, struct json_value message)
{
	const char *id = lab_value_raw(a, lab_member(message, "id"));

	if (lab_method_is(message, "mining.hello"))
		answer_hello(a, id);
	else if (lab_method_is(message, "mining.subscribe"))
		lab_say(a, "{'id':%s,'result':'s-%s'}", id, lab_hex(a, 3));
	else if (lab_method_is(message, "mining.authorize"))
		answer_authorize(a, id);
	else if (lab_method_is(message, "mining.submit") && !lab_judge(a))
		lab_say(a, "{'id':%s,'error':{'code':404,'message':'Job not found'}}", id);
	else
		lab_say(a, "{'id':%s}", id); /* submit, hashrate, noop: done, nothing to say */
}

/* [job, number of the block, header hash, "1" when older shares are stale] */
static void job(struct lab_actor *a)
{
	a->job_count++;
	lab_say(a, "{'method':'mining.notify','params':['%lx','%lx','%s','%u']}",
		0xbf0400 + a->job_count, a->height + a->job_count, lab_hex(a, 32),
		a->job_count == 1);
}

static const struct lab_role miner = {
	.start = start,
	.hear = miner_hear,
	.share = share,
	.poll = poll,
};
static const struct lab_role pool = {.hear = pool_hear, .job = job};

const struct lab_dialect lab_ethereum_2 = {
	.name = "ethereum-stratum-2",
	.variants = variants,
	.variant_count = sizeof(variants) / sizeof(*variants),
	.port = 4444,
	.is_json = true,
	.job_interval = {8000000000},
	.roles = {&miner, &pool},
};
