#include "programs/responder_state.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "model/finding_json.h"
#include "model/line.h"
#include "programs/clock.h"
#include "programs/watch.h"
#include "respond/evidence/evidence.h"
#include "respond/freeze/freeze.h"
#include "sandbox/worker.h"

enum {
	SWEEP_MS = 2000,
	READ_AGAIN_S = 30,
	QUICKLY_COPIED = 16 << 20,
	BEAT_MS = 15000,
	EXPIRE_FIRST_S = 3600,
	EXPIRE_EVERY_S = 86400
};

/* -- telling -- */

/* Of a dry run all lines, as they would be the operator's. */
static void tell_lines(struct str finding, struct str lines)
{
	struct str line;

	while (lines.len) {
		CLEANUP(buf_fini) struct buf text = {0};
		(void)str_cut(lines, '\n', &line, &lines);
		buf_add_printable(&text, line, SENTENCE_MAX);
		log_warn("finding %.*s:   %.*s", STR_ARG(finding), STR_ARG(buf_view(&text)));
	}
}

static void tell(struct responding *r, const struct response_told *told)
{
	struct str finding = str_sub(told->finding, 0, FINDING_ID_LEN);
	CLEANUP(buf_fini) struct buf text = {0};

	buf_add_printable(&text, told->outcome, SENTENCE_MAX);
	if (r->is_dry) {
		log_warn("finding %.*s: a dry run; %.*s would be:", STR_ARG(finding),
			 STR_ARG(told->step));
		tell_lines(finding, told->lines);
		return;
	}
	log_warn("finding %.*s: %.*s %.*s by policy: %.*s", STR_ARG(finding), STR_ARG(told->step),
		 STR_ARG(told->state), STR_ARG(buf_view(&text)));
	const struct response_step *step = response_step_find(told->step);
	if (step && step->changes && str_equal(told->state, STR("done")))
		log_warn("finding %.*s: davy respond %.*s undo --yes takes it back; davy show %.*s "
			 "tells all",
			 STR_ARG(finding), STR_ARG(finding), STR_ARG(finding));
}

static void tell_trouble(const char *sentence)
{
	log_warn("%s", sentence);
}

/* -- acting -- */

void responder_narrow(struct responder *p, const struct process_key *known, size_t count)
{
	const struct response_policy *policy = &p->start.policy;

	for (uint32_t i = 0; i < policy->group_count; i++)
		p->groups[i] = str_from(policy->groups[i]);
	p->responding.targets.narrowing =
		(struct respond_narrowing){.groups = p->groups,
					   .group_count = policy->group_count,
					   .known = known,
					   .known_count = count};
}

/* What is no fault: it has ended, is frozen already, or is none of ours to stop. */
static bool is_moot(int result)
{
	return result == -ESRCH || result == -EALREADY || result == -ERANGE;
}

int responder_take(struct responder *p, const struct response_step *step, struct error *why)
{
	p->responding.step = step;
	int result = respond_to_finding(&p->responding, buf_view(&p->line), why);
	if (is_moot(result))
		log_debug("finding %.*s: no %s: %s", STR_ARG(p->finding.id), step->name, why->text);
	else if (result != 0)
		log_info("finding %.*s: no %s: %s", STR_ARG(p->finding.id), step->name, why->text);
	return result;
}

/* A dry run tells of each finding once. */
static bool was_told(struct responder *p, struct str id)
{
	for (size_t i = 0; i < DRY_MAX; i++)
		if (str_equal(id, str_from(p->dry_told[i])))
			return true;
	snprintf(p->dry_told[p->dry_next], FINDING_ID_LEN + 1, "%.*s",
		 STR_ARG(str_sub(id, 0, FINDING_ID_LEN)));
	p->dry_next = (p->dry_next + 1) % DRY_MAX;
	return false;
}

static void explain(struct responder *p, const struct past *past, const struct error *why)
{
	const struct respond_targets *targets = &p->responding.targets;
	CLEANUP(buf_fini) struct buf text = {0};

	if (targets->refused_count > 0 && targets->count == 0)
		buf_printf(&text, "process %u is left alone: %s", targets->refused[0].pid,
			   targets->refused[0].why);
	else
		buf_add_printable(&text, str_from(why->text), SENTENCE_MAX);
	responder_note(p, past, "refused", buf_view(&text));
}

/* Copying a large program takes longer than a miner may go on; it can be copied as it stands, too.
 */
static bool is_quickly_copied(struct responder *p)
{
	struct respond_targets *t = &p->responding.targets;
	struct error why = {0};
	uint64_t bytes = 0;

	if (respond_targets_find(t, &p->finding, &why) != 0)
		return true;
	for (size_t i = 0; i < t->count; i++)
		bytes += t->at[i]->executable.size_bytes;
	return bytes <= QUICKLY_COPIED;
}

/* Without evidence it is still frozen: that can be had later, of what stands still. */
static void keep_evidence(struct responder *p, const struct past *past)
{
	struct error why = {0};

	if (!past->has_evidence)
		(void)responder_take(p, &evidence_step, &why);
}

static int freeze(struct responder *p, const struct past *past)
{
	struct error why = {0};
	int result = responder_take(p, &freeze_step, &why);

	if (result != 0 && !is_moot(result))
		explain(p, past, &why);
	return result;
}

static void stop(struct responder *p, const struct past *past)
{
	bool is_quick = is_quickly_copied(p);
	struct error why = {0};

	if (is_quick)
		keep_evidence(p, past);
	if (freeze(p, past) != 0)
		return;
	(void)responder_take(p, &block_step, &why);
	if (!is_quick)
		keep_evidence(p, past);
}

static void pause_suspect(struct responder *p, const struct past *past, instant now)
{
	const duration thaw_after = DURATION_S(p->start.policy.thaw_after_s);
	CLEANUP(buf_fini) struct buf remark = {0};
	struct responding *r = &p->responding;
	struct error why = {0};

	if (is_moot(respond_targets_find(&r->targets, &p->finding, &why)))
		return;
	r->until = instant_add(now, thaw_after);
	buf_add_text(&remark, "; it goes on by itself at ");
	buf_add_instant(&remark, r->until);
	r->remark = buf_view(&remark);
	if (!r->is_dry)
		log_warn("finding %.*s is only suspect: it is to be frozen now%.*s "
			 "(respond.thaw_after)",
			 STR_ARG(p->finding.id), STR_ARG(r->remark));
	(void)freeze(p, past);
	r->remark = (struct str){0};
	r->until = (instant){0};
}

static void act(struct responder *p, const struct policy_request *request)
{
	struct str id = str_of(request->finding, FINDING_ID_LEN);
	struct past past;

	if (!str_is_hex(id) || !responder_load(p, id))
		return;
	/* what is stored by now counts, and our own settings */
	enum policy_act wanted = response_policy_judge(&p->start.policy, &p->finding);
	const struct facts *keys = &p->finding.subject.keys;
	const struct process_key key = {(uint32_t)facts_number(keys, STR("pid")),
					facts_number(keys, STR("start_ns"))};
	if (wanted == POLICY_NOTHING || (p->responding.is_dry && was_told(p, id)))
		return;
	if (key.pid > 0 && again_has(p, key, id))
		return; /* the next sweep has it, at its pace */
	if (!responder_load(p, id))
		return;
	responder_read_past(p, id, &past);
	if (past.was_taken_back) {
		responder_note(p, &past, "left alone",
			       STR("it was undone by hand before: the policy leaves it alone"));
		return;
	}
	responder_narrow(p, past.frozen, past.frozen_count);
	if (wanted == POLICY_STOP)
		stop(p, &past);
	else
		pause_suspect(p, &past, clock_wall());
}

/* -- what is due -- */

static void thaw(struct responder *p)
{
	struct error why = {0};

	if (p->responding.is_dry)
		return;
	p->responding.remark = STR("; by itself, as its time (respond.thaw_after) was over");
	if (respond_undo_due(&p->responding, clock_wall(), &p->thaw_at, &why) != 0)
		log_error("what thaws by itself is not known: %s", why.text);
	p->responding.remark = (struct str){0};
}

static void look_again(struct responder *p)
{
	thaw(p);
	again_read(p);
	p->read_at = clock_wall();
}

static int64_t clock_lead(void)
{
	return clock_wall().ns - clock_boottime().ns;
}

/*
 * Ages are told by the clock, which a neighbour may set who forges the time's answers: one that has
 * moved by a day since we began removes nothing, nor does one that had no hour to be put right.
 */
static void expire_evidence(struct responder *p)
{
	const struct response_place *place = &p->responding.place;
	int64_t moved = clock_lead() - p->clock_lead;

	p->expired_at = clock_boottime();
	if (moved > DURATION_S(EXPIRE_EVERY_S).ns || moved < -DURATION_S(EXPIRE_EVERY_S).ns) {
		log_warn("the clock was set by more than a day: no evidence is removed until davy "
			 "watch is started anew");
		return;
	}
	struct evidence_expired expired =
		evidence_expire(place->evidence_folder, clock_wall(), place->evidence_keep);
	if (expired.removed > 0)
		log_info("evidence of %u findings was removed: it is older than "
			 "respond.evidence_days",
			 expired.removed);
	if (expired.failed > 0)
		log_warn("evidence of %u findings should be gone and cannot be removed: look into "
			 "%s",
			 expired.failed, place->evidence_folder);
}

/* An hour after the start, and then once a day. */
static bool should_expire(const struct responder *p)
{
	instant now = clock_boottime();

	if (p->responding.is_dry)
		return false;
	return p->expired_at.ns == 0
		       ? instant_since(now, p->began).ns >= DURATION_S(EXPIRE_FIRST_S).ns
		       : instant_since(now, p->expired_at).ns >= DURATION_S(EXPIRE_EVERY_S).ns;
}

static void do_what_is_due(struct responder *p)
{
	instant now = clock_wall();

	if (!p->is_open)
		return;
	if (should_expire(p))
		expire_evidence(p);
	if (p->thaw_at.ns != 0 && p->thaw_at.ns <= now.ns)
		thaw(p);
	if (p->again_count == 0)
		return;
	if (instant_since(now, p->read_at).ns >= DURATION_S(READ_AGAIN_S).ns)
		look_again(p);
	if (instant_since(now, p->swept_at).ns >= DURATION_MS(SWEEP_MS).ns) {
		again_sweep(p, now);
		p->swept_at = clock_wall();
	}
}

static int wait_ms(const struct responder *p)
{
	int64_t ms = p->again_count > 0 ? SWEEP_MS : BEAT_MS;

	if (p->thaw_at.ns != 0) {
		int64_t left = instant_since(p->thaw_at, clock_wall()).ns / 1000000 + 1;
		ms = left < ms ? left : ms;
	}
	return ms < 10 ? 10 : (int)ms;
}

/* -- start, settings, end -- */

static void close_all(struct responder *p)
{
	responding_close(&p->responding);
	store_close(&p->responding.view.store);
	p->is_open = false;
}

/* For davy health. */
static void tell_source(struct responder *p, bool is_on, const char *why)
{
	CLEANUP(buf_fini) struct buf line = {0};

	if (!p->start.policy.protects)
		buf_add_text(&line, "policy: protect\tgone\t\n");
	else
		buf_printf(&line, "policy: protect\t%d\t%s\n", is_on,
			   why[0]		    ? why
			   : p->start.policy.is_dry ? "a dry run: it only says what it would do"
						    : "");
	(void)!channel_send(&p->channel, WATCH_SOURCES, buf_view(&line), NULL, 0);
}

static void open_all(struct responder *p)
{
	struct responding *r = &p->responding;
	struct error why = {0};

	r->settings = p->start.settings;
	r->does_it = r->by_policy = true;
	r->is_dry = p->start.policy.is_dry;
	r->tell = tell;
	r->tell_trouble = tell_trouble;
	p->is_open = true;
	int result = responding_open(r, &why);
	tell_source(p, result == 0, why.text);
	if (result == 0) {
		look_again(p);
		return;
	}
	log_error("the policy cannot act: %s", why.text);
	close_all(p);
}

static void take_message(struct responder *p, const struct message *message)
{
	struct policy_request request;

	if (message->type == WATCH_RESPOND && message->body.len == sizeof(request)) {
		memcpy(&request, message->body.at, sizeof(request));
		if (!p->is_open)
			open_all(p);
		if (p->is_open && request.act != POLICY_LOOK) {
			act(p, &request);
			look_again(p);
		}
	} else if (message->type == WATCH_POLICY && message->body.len == sizeof(p->start)) {
		close_all(p);
		memcpy(&p->start, message->body.at, sizeof(p->start));
		open_all(p);
	} else if (message->type == WATCH_FLUSH) {
		close_all(p);
		(void)!channel_send(&p->channel, WATCH_FLUSHED, (struct str){0}, NULL, 0);
		p->leaves = true;
	}
}

static void work(struct responder *p)
{
	struct message message;
	enum message_result result = MESSAGE_NONE;

	for (;;) {
		/* what hangs is started again by who hears nothing */
		(void)!channel_tell(&p->channel, WATCH_BEAT, (struct str){0});
		/* first: some may have come together with the settings */
		while (!p->leaves &&
		       (result = channel_receive(&p->channel, &message)) == MESSAGE_READY) {
			take_message(p, &message);
			(void)!channel_tell(&p->channel, WATCH_BEAT, (struct str){0});
		}
		if (p->leaves || result == MESSAGE_CLOSED || result == MESSAGE_BROKEN)
			return;
		do_what_is_due(p);
		struct pollfd readable = {.fd = WORKER_CHANNEL, .events = POLLIN};
		poll(&readable, 1, wait_ms(p));
	}
}

int responder_worker(void)
{
	struct responder *p = calloc(1, sizeof(*p));
	struct worker_start first;
	struct error why = {0};

	if (!p || worker_receive_start(&p->channel, &first, &why) < 0 ||
	    first.settings.len != sizeof(p->start)) {
		log_error("responder: %s", why.text[0] ? why.text : "it cannot begin");
		return EXIT_TROUBLE;
	}
	memcpy(&p->start, first.settings.at, sizeof(p->start));
	p->doc = (struct json){.nodes = calloc(RESPONSE_NODES_MAX, sizeof(struct json_node)),
			       .cap = RESPONSE_NODES_MAX};
	if (!p->doc.nodes || arena_init(&p->responding.view.arena, LINE_ARENA_BYTES) != 0) {
		log_error("responder: no memory");
		return EXIT_TROUBLE;
	}
	p->began = clock_boottime();
	p->clock_lead = clock_lead();
	open_all(p);
	work(p);
	return EXIT_NOTHING_FOUND;
}
