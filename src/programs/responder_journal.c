/* What the store has of a finding that is to be responded to, and what is written beside it. */
#include <errno.h>
#include <stdio.h>

#include "base/log.h"
#include "model/finding_json.h"
#include "programs/clock.h"
#include "programs/responder_state.h"
#include "respond/evidence/evidence.h"
#include "respond/freeze/freeze.h"

bool responder_load(struct responder *p, struct str id)
{
	struct view *view = &p->responding.view;
	enum store_found found = STORE_NOT_FOUND;
	struct error why = {0};

	buf_clear(&p->line);
	arena_reset(&view->arena);
	int result = store_find(view->store, id, &found, &p->line, &why);
	if (result == 0 && (found != STORE_FINDING || p->line.failed))
		result = error_set(&why, -ENOENT, "it is not in the store");
	if (result == 0)
		result = finding_from_json(buf_view(&p->line), &view->arena, &p->finding, &why);
	if (result != 0)
		log_error("finding %.*s cannot be responded to: %s", STR_ARG(id), why.text);
	return result == 0;
}

struct past_walk {
	struct responder *p;
	struct past *past;
};

static void add_frozen(struct responder *p, struct past *past, const struct response *response)
{
	past->frozen_count +=
		freeze_standing(&p->responding.place, respond_memory(&p->doc, response->memory),
				&past->frozen[past->frozen_count], FROZEN_MAX - past->frozen_count);
}

/* What was only begun is taken again: nobody knows how far it went. */
static bool visit_past(void *context, const struct response *response)
{
	struct past_walk *walk = context;
	struct past *past = walk->past;
	bool is_freeze = str_equal(response->step, str_from(freeze_step.name));

	if (is_freeze && response->state == RESPONSE_UNDONE)
		past->was_taken_back |=
			response->until.ns == 0 || response->changed.ns < response->until.ns;
	if (is_freeze && response->state == RESPONSE_DONE) {
		past->is_frozen = true;
		add_frozen(walk->p, past, response);
	}
	past->has_evidence |= str_equal(response->step, str_from(evidence_step.name)) &&
			      response->state == RESPONSE_DONE;
	if (!response_step_find(response->step) && past->last_note[0] == '\0')
		snprintf(past->last_note, sizeof(past->last_note), "%.*s",
			 STR_ARG(str_sub(response->outcome, 0, SENTENCE_MAX - 1)));
	return true;
}

void responder_read_past(struct responder *p, struct str id, struct past *out)
{
	struct past_walk walk = {p, out};
	struct error why = {0};

	*out = (struct past){0};
	if (store_each_response(p->responding.view.store, id, false, visit_past, &walk, &why) != 0)
		log_error("the journal of responses cannot be read: %s", why.text);
}

void responder_note(struct responder *p, const struct past *past, const char *what,
		    struct str sentence)
{
	const struct response response = {.finding = p->finding.id,
					  .step = str_from(what),
					  .memory = STR("{}"),
					  .began = clock_wall(),
					  .by_policy = true};
	struct store *store = p->responding.view.store;
	struct error why = {0};
	uint64_t number;

	sentence = str_sub(sentence, 0, SENTENCE_MAX - 1);
	if (str_equal(sentence, str_from(past->last_note)))
		return;
	log_warn("finding %.*s: %s: %.*s", STR_ARG(p->finding.id), what, STR_ARG(sentence));
	if (p->responding.is_dry)
		return;
	if (store_begin_response(store, &response, &number, &why) != 0 ||
	    store_end_response(store, number, RESPONSE_FAILED, sentence, clock_wall(), &why) != 0)
		log_error("this is not in the journal: %s", why.text);
}
