/*
 * The login dialect of Monero and its kin. Sources: xmrig-proxy doc/STRATUM.md and STRATUM_EXT.md;
 * order of keys from xmrig src/base/io/json/JsonRequest.cpp and src/base/net/stratum/Client.cpp.
 * A job's blob (Monero, "block_hashing_blob"): versions, time, previous id, 4 bytes of nonce at
 * byte 39, Merkle root, count of transactions.
 */
#include "lab/actor.h"

enum { VARIANT_XMRIG, VARIANT_PROXY, VARIANT_OLD, VARIANT_BARE };

static const struct lab_variant variants[] = {
	[VARIANT_XMRIG] = {"xmrig",
			   LAB_COIN_MONERO,
			   {"XMRig/6.21.0 (Linux x86_64) libuv/1.44.2 gcc/12.2.0",
			    "XMRig/6.18.0 (Windows NT 10.0; Win64; x64) libuv/1.42.0 msvc/2019",
			    "SRBMiner-MULTI/2.4.4"}},
	[VARIANT_PROXY] = {"proxy", LAB_COIN_MONERO, {"xmrig-proxy/6.21.0 (Linux x86_64)"}},
	[VARIANT_OLD] = {"old", LAB_COIN_MONERO, {"xmr-stak/2.10.8", "cpuminer-multi/1.3"}},
	[VARIANT_BARE] = {"bare", LAB_COIN_MONERO, {""}}, /* says no agent at all */
};

/* Miners before XMRig: the method first, no jsonrpc, CryptoNight's jobs. */
static bool is_old(const struct lab_actor *a)
{
	return a->settings.variant >= VARIANT_OLD;
}

/* What stands around params. */
static const char *head(struct lab_actor *a, const char *method, uint64_t id)
{
	return is_old(a) ? lab_text(a, "\"method\":\"%s\"", method)
			 : lab_text(a, "\"id\":%lu,\"jsonrpc\":\"2.0\",\"method\":\"%s\"", id,
				    method);
}

static const char *tail(struct lab_actor *a, uint64_t id)
{
	return is_old(a) ? lab_text(a, ",\"id\":%lu", id) : "";
}

static void start(struct lab_actor *a)
{
	a->login_id = ++a->id;
	if (is_old(a)) {
		lab_say(a, "{%s,'params':{'login':'%s.%s','pass':'x'%s%s%s}%s}",
			head(a, "login", a->login_id), a->wallet, a->worker,
			a->agent[0] ? ",\"agent\":\"" : "", a->agent, a->agent[0] ? "\"" : "",
			tail(a, a->login_id));
		return;
	}
	a->poll_interval = DURATION_S(60);
	lab_say(a,
		"{%s,'params':{'login':'%s','pass':'%s','agent':'%s','rigid':'%s',"
		"'algo':['rx/0','rx/wow','rx/arq','rx/graft','rx/sfx','cn/r','cn/fast','cn/half',"
		"'cn-lite/1','cn-heavy/xhv','cn-pico','argon2/chukwav2','ghostrider']}}",
		head(a, "login", a->login_id), a->wallet, a->worker, a->agent, a->worker);
}

static void take_job(struct lab_actor *a, struct json_value job)
{
	LAB_KEEP(a->job, lab_value_text(a, lab_member(job, "job_id")));
	lab_got_job(a);
}

static void miner_hear(struct lab_actor *a, struct json_value message)
{
	struct json_value result = lab_member(message, "result");

	if (lab_method_is(message, "job")) {
		take_job(a, lab_member(message, "params"));
	} else if (lab_id(message) == a->login_id) {
		if (lab_is_error(message)) {
			lab_refused(a);
			return;
		}
		LAB_KEEP(a->session, lab_value_text(a, lab_member(result, "id")));
		lab_logged_in(a);
		take_job(a, lab_member(result, "job"));
	} else if (lab_id(message) == a->share_id) {
		lab_answered(a, !lab_is_error(message));
	}
}

static void share(struct lab_actor *a)
{
	a->share_id = ++a->id;
	lab_say(a, "{%s,'params':{'id':'%s','job_id':'%s','nonce':'%s','result':'%s%s'}%s}",
		head(a, "submit", a->share_id), a->session, a->job, lab_hex(a, 4), lab_hex(a, 29),
		"0f0000", tail(a, a->share_id));
	lab_sent_share(a);
}

static void keep_alive(struct lab_actor *a)
{
	a->id++;
	lab_say(a, "{%s,'params':{'id':'%s'}%s}", head(a, "keepalived", a->id), a->session,
		tail(a, a->id));
}

/* A varint of 5 bytes holds the time. */
static const char *time_varint(struct lab_actor *a)
{
	uint32_t t = lab_unix_time(a);

	return lab_text(a, "%02x%02x%02x%02x%02x", (t & 127) | 128, (t >> 7 & 127) | 128,
			(t >> 14 & 127) | 128, (t >> 21 & 127) | 128, t >> 28);
}

/* In the old variant CryptoNight's: no seed hash, no height, a longer id. */
static const char *job_object(struct lab_actor *a)
{
	const char *blob =
		lab_text(a, "%s%s%s00000000%s%02x", is_old(a) ? "0c0c" : "1010", time_varint(a),
			 lab_hex(a, 32), lab_hex(a, 32), 1 + lab_random_below(&a->random, 100));

	if (is_old(a))
		return lab_text(a, "{\"blob\":\"%s\",\"job_id\":\"%lu\",\"target\":\"%s00\"}", blob,
				100000 + a->job_count, lab_hex(a, 3));
	if (!a->seed[0])
		LAB_KEEP(a->seed, lab_hex(a, 32));
	return lab_text(
		a,
		"{\"blob\":\"%s\",\"job_id\":\"%s\",\"target\":\"%s0000\",\"algo\":\"rx/0\","
		"\"height\":%lu,\"seed_hash\":\"%s\"}",
		blob, lab_hex(a, 8), lab_hex(a, 2), a->height, a->seed);
}

static void job(struct lab_actor *a)
{
	if (a->job_count++ == 0)
		return; /* the first job is in the answer to the login */
	a->height += lab_random_chance(&a->random, 30);
	lab_say(a, "{'jsonrpc':'2.0','method':'job','params':%s}", job_object(a));
}

static void answer_login(struct lab_actor *a, const char *id)
{
	if (!lab_admits(a)) {
		lab_say(a,
			"{'id':%s,'jsonrpc':'2.0','error':{'code':-1,"
			"'message':'Invalid payment address provided'}}",
			id);
		return;
	}
	LAB_KEEP(a->session, lab_uuid(a));
	lab_say(a,
		"{'id':%s,'jsonrpc':'2.0','error':null,'result':{'id':'%s','job':%s,"
		"%s'status':'OK'}}",
		id, a->session, job_object(a),
		is_old(a) ? ""
			  : "\"extensions\":[\"algo\",\"nicehash\","
			    "\"connect\",\"tls\",\"keepalive\"],");
	lab_begin_jobs(a);
}

static void pool_hear(struct lab_actor *a, struct json_value message)
{
	const char *id = lab_value_raw(a, lab_member(message, "id"));

	if (lab_method_is(message, "login"))
		answer_login(a, id);
	else if (lab_method_is(message, "keepalived"))
		lab_say(a,
			"{'id':%s,'jsonrpc':'2.0','error':null,'result':{'status':'KEEPALIVED'}}",
			id);
	else if (!lab_method_is(message, "submit"))
		lab_say(a,
			"{'id':%s,'jsonrpc':'2.0','error':{'code':-1,'message':'Invalid method'}}",
			id);
	else if (lab_judge(a))
		lab_say(a, "{'id':%s,'jsonrpc':'2.0','error':null,'result':{'status':'OK'}}", id);
	else
		lab_say(a,
			"{'id':%s,'jsonrpc':'2.0','error':{'code':-1,"
			"'message':'Low difficulty share'}}",
			id);
}

static const struct lab_role miner = {
	.start = start,
	.hear = miner_hear,
	.share = share,
	.poll = keep_alive,
};
static const struct lab_role pool = {.hear = pool_hear, .job = job};

const struct lab_dialect lab_cryptonote = {
	.name = "cryptonote",
	.variants = variants,
	.variant_count = sizeof(variants) / sizeof(*variants),
	.port = 3333,
	.is_json = true,
	.job_interval = {35000000000},
	.roles = {&miner, &pool},
};
