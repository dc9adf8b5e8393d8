#include "lab/subscribed.h"

static const struct lab_subscribed_flavour *flavour_of(const struct lab_actor *a)
{
	return a->dialect->flavour;
}

static void authorize(struct lab_actor *a)
{
	if (a->login_id)
		return;
	a->login_id = ++a->id;
	lab_say(a, "{%s'id':%lu,'method':'mining.authorize','params':['%s','x']}",
		flavour_of(a)->rpc, a->login_id, lab_user(a));
}

static void subscribe(struct lab_actor *a)
{
	a->subscribe_id = ++a->id;
	flavour_of(a)->subscribe(a);
	if (flavour_of(a)->joins_authorize) {
		lab_join_next(a);
		authorize(a);
	}
}

static void start(struct lab_actor *a)
{
	if (flavour_of(a)->configure)
		flavour_of(a)->configure(a);
	if (a->id == 0) /* else it subscribes when the configuration is answered */
		subscribe(a);
}

static void hear_response(struct lab_actor *a, struct json_value message)
{
	uint64_t id = lab_id(message);

	if (id == a->share_id && a->waits_for_answer) {
		lab_answered(a, !lab_is_error(message));
	} else if (id == a->login_id && a->login_id) {
		if (lab_is_error(message))
			lab_refused(a);
		else
			lab_logged_in(a);
	} else if (id == a->subscribe_id && a->subscribe_id) {
		flavour_of(a)->take_subscription(a, lab_member(message, "result"));
		authorize(a);
	} else if (a->subscribe_id == 0) {
		subscribe(a);
	}
}

static void miner_hear(struct lab_actor *a, struct json_value message)
{
	if (lab_method_is(message, "mining.notify")) {
		flavour_of(a)->take_job(a, lab_member(message, "params"));
		lab_got_job(a);
	} else if (lab_method_is(message, "set_extranonce") ||
		   lab_method_is(message, "mining.set_extranonce")) {
		LAB_KEEP(a->extranonce,
			 lab_value_text(a, json_item(lab_member(message, "params"), 0)));
	} else if (!json_exists(lab_member(message, "method"))) {
		hear_response(a, message);
	}
}

static void share(struct lab_actor *a)
{
	a->share_id = ++a->id;
	flavour_of(a)->share(a);
	lab_sent_share(a);
}

static void answer_authorize(struct lab_actor *a, const char *id)
{
	if (!lab_admits(a)) {
		lab_say(a, "{'id':%s,'result':null,'error':[24,'Unauthorized worker',null]}", id);
		return;
	}
	lab_say(a, "{'id':%s,'result':true,'error':null}", id);
	flavour_of(a)->announce(a);
	lab_begin_jobs(a);
}

static void answer_submit(struct lab_actor *a, const char *id)
{
	if (lab_judge(a))
		lab_say(a, "{'id':%s,'result':true,'error':null}", id);
	else
		lab_say(a, "{'id':%s,'result':null,'error':%s}", id, flavour_of(a)->rejection);
}

static void pool_hear(struct lab_actor *a, struct json_value message)
{
	const char *id = lab_value_raw(a, lab_member(message, "id"));
	struct json_value params = lab_member(message, "params");

	if (lab_method_is(message, "mining.subscribe"))
		flavour_of(a)->answer_subscribe(a, id, params);
	else if (lab_method_is(message, "mining.authorize"))
		answer_authorize(a, id);
	else if (lab_method_is(message, "mining.submit"))
		answer_submit(a, id);
	else if (lab_method_is(message, "mining.configure")) /* BIP 310 */
		lab_say(a,
			"{'id':%s,'result':{'version-rolling':true,"
			"'version-rolling.mask':'1fffe000','minimum-difficulty':true},"
			"'error':null}",
			id);
	else if (lab_method_is(message, "mining.extranonce.subscribe"))
		lab_say(a, "{'id':%s,'result':true,'error':null}", id);
	else
		lab_say(a, "{'id':%s,'result':null,'error':[20,'Unknown method',null]}", id);
}

static void job(struct lab_actor *a)
{
	a->job_count++;
	a->height += lab_random_chance(&a->random, 40);
	flavour_of(a)->notify(a);
}

const struct lab_role lab_subscribed_miner = {
	.start = start,
	.hear = miner_hear,
	.share = share,
};
const struct lab_role lab_subscribed_pool = {
	.hear = pool_hear,
	.job = job,
};
