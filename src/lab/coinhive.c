/*
 * Mining in a browser, over WebSocket. Coinhive's messages as x25/coinhive-stratum-mining-proxy
 * reads and writes them; WebMinerPool's from its server/Server/Program.cs. (CryptoNote's login
 * unchanged inside frames is the cryptonote dialect under the websocket carrier.)
 */
#include "lab/actor.h"

enum { VARIANT_COINHIVE, VARIANT_WEBMINERPOOL };

static const struct lab_variant variants[] = {
	[VARIANT_COINHIVE] = {"coinhive", LAB_COIN_MONERO, {""}},
	[VARIANT_WEBMINERPOOL] = {"webminerpool", LAB_COIN_MONERO, {""}},
};

static bool is_webminerpool(const struct lab_actor *a)
{
	return a->settings.variant == VARIANT_WEBMINERPOOL;
}

/* What kind of message it is: "type" for the one, "identifier" for the other. */
static bool kind_is(struct json_value message, const char *key, const char *kind)
{
	return json_text_is(lab_member(message, key), str_from(kind));
}

static void start(struct lab_actor *a)
{
	if (is_webminerpool(a))
		lab_say(a,
			"{'identifier':'handshake','pool':'moneroocean.stream','login':'%s',"
			"'password':'','userid':'','version':8}",
			a->wallet);
	else
		lab_say(a,
			"{'type':'auth','params':{'version':7,'site_key':'%s','type':'anonymous',"
			"'user':null,'goal':0}}",
			a->wallet);
}

static void take_job(struct lab_actor *a, struct json_value job)
{
	LAB_KEEP(a->job, lab_value_text(a, lab_member(job, "job_id")));
	lab_logged_in(a);
	lab_got_job(a);
}

static void miner_hear(struct lab_actor *a, struct json_value message)
{
	if (kind_is(message, "identifier", "job"))
		take_job(a, message);
	else if (kind_is(message, "type", "job"))
		take_job(a, lab_member(message, "params"));
	else if (kind_is(message, "type", "authed"))
		lab_logged_in(a);
	else if (kind_is(message, "type", "hash_accepted") ||
		 kind_is(message, "identifier", "hashsolved"))
		lab_answered(a, true);
	else if (a->waits_for_answer)
		lab_answered(a, false);
	else
		lab_refused(a);
}

static void share(struct lab_actor *a)
{
	if (is_webminerpool(a))
		lab_say(a, "{'identifier':'solved','job_id':'%s','nonce':'%s','result':'%s0300'}",
			a->job, lab_hex(a, 4), lab_hex(a, 30));
	else
		lab_say(a,
			"{'type':'submit','params':{'version':7,'job_id':'%s','nonce':'%s',"
			"'result':'%s0300'}}",
			a->job, lab_hex(a, 4), lab_hex(a, 30));
	lab_sent_share(a);
}

/* CryptoNight's blob of 76 bytes, nonce zero, and a 4-byte target. */
static void job(struct lab_actor *a)
{
	const char *blob = lab_text(a, "0707%s%s00000000%s%02x", lab_hex(a, 5), lab_hex(a, 32),
				    lab_hex(a, 32), 1 + lab_random_below(&a->random, 30));

	a->job_count++;
	if (is_webminerpool(a))
		lab_say(a,
			"{'identifier':'job','job_id':'%s','algo':'cn','variant':1,'height':%lu,"
			"'blob':'%s','target':'ffff%s'}",
			lab_hex(a, 16), a->height + a->job_count, blob, lab_hex(a, 2));
	else
		lab_say(a,
			"{'type':'job','params':{'job_id':'%s','blob':'%s','target':'ffffff00'}}",
			lab_hex(a, 14), blob);
}

static void answer_login(struct lab_actor *a)
{
	bool is_admitted = lab_admits(a);

	if (!is_admitted && is_webminerpool(a))
		lab_say(a, "{'identifier':'error','param':'pool not known'}");
	else if (!is_admitted)
		lab_say(a, "{'type':'error','params':{'error':'invalid_site_key'}}");
	else if (!is_webminerpool(a))
		lab_say(a, "{'type':'authed','params':{'token':'','hashes':0}}");
	if (is_admitted)
		lab_begin_jobs(a);
}

static void answer_share(struct lab_actor *a)
{
	bool is_accepted = lab_judge(a);

	if (is_webminerpool(a) && is_accepted)
		lab_say(a, "{'identifier':'hashsolved'}");
	else if (is_webminerpool(a))
		lab_say(a, "{'identifier':'error','param':'pool rejected hash'}");
	else if (is_accepted)
		lab_say(a, "{'type':'hash_accepted','params':{'hashes':%u}}",
			256 * a->outcome.accepted);
	else
		lab_say(a, "{'type':'error','params':{'error':'invalid_share'}}");
}

static void pool_hear(struct lab_actor *a, struct json_value message)
{
	if (kind_is(message, "type", "auth") || kind_is(message, "identifier", "handshake"))
		answer_login(a);
	else
		answer_share(a);
}

static const struct lab_role miner = {.start = start, .hear = miner_hear, .share = share};
static const struct lab_role pool = {.hear = pool_hear, .job = job};

const struct lab_dialect lab_coinhive = {
	.name = "coinhive",
	.variants = variants,
	.variant_count = sizeof(variants) / sizeof(*variants),
	.port = 8892,
	.native = LAB_NATIVE_WEBSOCKET,
	.is_json = true,
	.job_interval = {20000000000},
	.roles = {&miner, &pool},
};
