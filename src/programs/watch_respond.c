/*
 * Who carries out the policy: a worker of its own, for evidence is copied and a freeze settles, and
 * here nothing may wait. It runs when the policy is to protect, or as soon as there is something to
 * do from before.
 */
#include "programs/watch_state.h"

#include <string.h>

#include "base/log.h"
#include "programs/clock.h"
#include "programs/watch_relay.h"

static void read_groups(const struct settings *settings, struct response_policy *policy)
{
	struct error why = {0};
	size_t count;
	const struct str *texts = settings_texts(settings, "respond.only_cgroups", &count);

	for (size_t i = 0; i < count; i++) {
		if (response_policy_add_group(policy, texts[i], &why))
			continue;
		log_warn("%s", why.text);
		return;
	}
}

void watch_respond_read(struct watch *w)
{
	const struct settings *s = w->settings;
	struct response_policy policy = {
		.protects = w->plan->protects ||
			    strcmp(settings_text(s, "respond.policy"), "protect") == 0,
		.freezes_suspects = strcmp(settings_text(s, "respond.suspects"), "freeze") == 0,
		.is_dry = w->plan->is_dry,
		.confidence_percent = (uint8_t)settings_number(s, "respond.confidence"),
		.thaw_after_s =
			(uint32_t)(settings_duration(s, "respond.thaw_after").ns / 1000000000),
		.again_per_minute = (uint32_t)settings_number(s, "respond.again_per_minute"),
	};

	read_groups(s, &policy);
	if (policy.protects && !settings_bool(s, "watch.host"))
		log_warn("protect has nothing to go by: watch.host is false, so this machine's "
			 "processes are not looked at");
	if (policy.is_dry && !policy.protects)
		log_warn("--dry-run: nothing would be done, for the policy does not protect "
			 "(--protect, or respond.policy in the settings)");
	response_settings_from(s, NULL, &w->responder.settings);
	w->responder.policy = policy;
}

static bool start(struct watch *w)
{
	const struct worker_plan plan = {.role = RESPONDER_ROLE,
					 .settings = str_of(&w->responder, sizeof(w->responder)),
					 .silence = DURATION_S(RESPONDER_SILENCE_S)};
	struct error why = {0};
	size_t index;

	w->responder_index = w->supervisor.count;
	if (supervise_add(&w->supervisor, &plan, clock_monotonic(), &index, &why) == 0)
		return true;
	log_error("the policy cannot act: %s", why.text);
	relay_source(w, "policy", false, why.text);
	w->responder_index = 0;
	return false;
}

void watch_respond_start(struct watch *w)
{
	if (w->responder.policy.protects && w->responder_index == 0)
		(void)start(w);
}

void watch_respond_pass(struct watch *w)
{
	struct supervised *worker = &w->supervisor.at[w->responder_index];
	struct policy_waiting *waiting = &w->to_respond;
	size_t sent = 0;

	if (w->responder_index == 0 || !worker->is_running)
		return;
	while (sent < waiting->count &&
	       channel_send(&worker->channel, WATCH_RESPOND,
			    str_of(&waiting->at[sent], sizeof(*waiting->at)), NULL, 0) == 0)
		sent++;
	waiting->count -= sent;
	memmove(waiting->at, waiting->at + sent, waiting->count * sizeof(*waiting->at));
}

void watch_respond_take(struct watch *w, const struct message *message)
{
	struct policy_waiting *waiting = &w->to_respond;

	if (message->body.len != sizeof(*waiting->at) || w->leaves)
		return;
	if (waiting->count == POLICY_WAITING_MAX)
		waiting->lost++;
	else
		memcpy(&waiting->at[waiting->count++], message->body.at, sizeof(*waiting->at));
	if (w->responder_index > 0 || start(w))
		watch_respond_pass(w);
}

void watch_respond_retell(struct watch *w)
{
	struct supervised *worker = &w->supervisor.at[w->responder_index];

	if (w->responder_index == 0)
		watch_respond_start(w);
	else if (worker->is_running &&
		 channel_send(&worker->channel, WATCH_POLICY,
			      str_of(&w->responder, sizeof(w->responder)), NULL, 0) != 0)
		supervise_kill(&w->supervisor, w->responder_index);
}
