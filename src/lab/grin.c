/*
 * Grin: "Grin Stratum RPC Protocol" (grin doc/stratum.md) and grin-miner's client. Ids are strings,
 * answers repeat the method, and login, job and submit are CryptoNote's words with other fields.
 */
#include "lab/actor.h"

#include <stdlib.h>

static const struct lab_variant variants[] = {
	{"grin-miner", LAB_COIN_GRIN, {"grin-miner", "bminer (v16.4.11)", "lolMiner 1.76a"}},
};

enum { CYCLE = 42, EDGE_BITS = 32 };

static void request(struct lab_actor *a, const char *method, uint64_t id)
{
	lab_say(a, "{'id':'%lu','jsonrpc':'2.0','method':'%s','params':null}", id, method);
}

static void start(struct lab_actor *a)
{
	a->poll_interval = DURATION_S(30);
	lab_say(a,
		"{'id':'0','jsonrpc':'2.0','method':'login','params':{'login':'%s','pass':'x',"
		"'agent':'%s'}}",
		lab_user(a), a->agent);
}

static void take_job(struct lab_actor *a, struct json_value job)
{
	if (!json_to_u64(lab_member(job, "height"), &a->height))
		a->has_failed = true;
	LAB_KEEP(a->job, lab_value_text(a, lab_member(job, "job_id")));
	lab_got_job(a);
}

static void miner_hear(struct lab_actor *a, struct json_value message)
{
	if (lab_method_is(message, "job")) {
		take_job(a, lab_member(message, "params"));
	} else if (lab_method_is(message, "getjobtemplate")) {
		take_job(a, lab_member(message, "result"));
	} else if (lab_method_is(message, "submit")) {
		lab_answered(a, !lab_is_error(message));
	} else if (lab_method_is(message, "login")) {
		if (lab_is_error(message)) {
			lab_refused(a);
			return;
		}
		lab_logged_in(a);
		request(a, "getjobtemplate", ++a->id);
	}
}

/* A solution is a cycle of 42 edges, in rising order. */
static void share(struct lab_actor *a)
{
	struct buf pow = {0};
	uint64_t edge = 0;

	for (unsigned i = 0; i < CYCLE; i++) {
		edge += 1 + lab_random_below(&a->random, UINT32_MAX / CYCLE);
		buf_printf(&pow, "%s%lu", i ? "," : "", edge);
	}
	buf_add_byte(&pow, '\0');
	if (pow.failed)
		a->has_failed = true;
	else
		lab_say(a,
			"{'id':'%lu','jsonrpc':'2.0','method':'submit','params':{'edge_bits':%u,"
			"'height':%lu,'job_id':%s,'nonce':%lu,'pow':[%s]}}",
			++a->id, EDGE_BITS, a->height, a->job, lab_random_next(&a->random) >> 1,
			pow.at);
	buf_fini(&pow);
	lab_sent_share(a);
}

static void poll(struct lab_actor *a)
{
	request(a, a->step++ % 2 ? "keepalive" : "status", ++a->id);
}

/* The header before its proof of work: version, height, time, roots, sums, difficulty ... */
static const char *template(struct lab_actor *a)
{
	const char *hashes = lab_hex(a, 192), *more = lab_hex(a, 33 - 8);

	return lab_text(a,
			"{\"difficulty\":%u,\"height\":%lu,\"job_id\":%lu,"
			"\"pre_pow\":\"0005%016lx%016x%s%s%016lx%016lx\"}",
			1u << lab_random_below(&a->random, 5), a->height, a->job_count, a->height,
			lab_unix_time(a), hashes, more, 0x11b9e0 + a->job_count,
			0x99540 + a->job_count);
}

static void job(struct lab_actor *a)
{
	if (a->job_count++ > 0) {
		a->height += lab_random_chance(&a->random, 50);
		lab_say(a, "{'id':'Stratum','jsonrpc':'2.0','method':'job','params':%s}",
			template(a));
	}
}

static void say_ok(struct lab_actor *a, const char *id, const char *method)
{
	lab_say(a, "{'id':%s,'jsonrpc':'2.0','method':'%s','result':'ok','error':null}", id,
		method);
}

static void say_error(struct lab_actor *a, const char *id, const char *method, int code,
		      const char *text)
{
	lab_say(a, "{'id':%s,'jsonrpc':'2.0','method':'%s','error':{'code':%d,'message':'%s'}}", id,
		method, code, text);
}

static void answer_login(struct lab_actor *a, const char *id)
{
	if (lab_admits(a)) {
		say_ok(a, id, "login");
		lab_begin_jobs(a);
	} else {
		say_error(a, id, "login", -32500, "Login first");
	}
}

static void pool_hear(struct lab_actor *a, struct json_value message)
{
	const char *id = lab_value_raw(a, lab_member(message, "id"));

	if (lab_method_is(message, "login"))
		answer_login(a, id);
	else if (lab_method_is(message, "getjobtemplate"))
		lab_say(a,
			"{'id':%s,'jsonrpc':'2.0','method':'getjobtemplate','result':%s,"
			"'error':null}",
			id, template(a));
	else if (lab_method_is(message, "keepalive"))
		say_ok(a, id, "keepalive");
	else if (lab_method_is(message, "status"))
		lab_say(a,
			"{'id':%s,'jsonrpc':'2.0','method':'status','result':{'id':%s,'height':%lu,"
			"'difficulty':1,'accepted':%u,'rejected':%u,'stale':0},'error':null}",
			id, id, a->height, a->outcome.accepted, a->outcome.rejected);
	else if (!lab_method_is(message, "submit"))
		say_error(a, id, "unknown", -32601, "Method not found");
	else if (lab_judge(a))
		say_ok(a, id, "submit");
	else
		say_error(a, id, "submit", -32503, "Solution submitted too late");
}

static const struct lab_role miner = {
	.start = start,
	.hear = miner_hear,
	.share = share,
	.poll = poll,
};
static const struct lab_role pool = {.hear = pool_hear, .job = job};

const struct lab_dialect lab_grin = {
	.name = "grin",
	.variants = variants,
	.variant_count = 1,
	.port = 3416,
	.is_json = true,
	.job_interval = {30000000000},
	.roles = {&miner, &pool},
};
