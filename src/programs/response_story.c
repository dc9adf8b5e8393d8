#include "programs/response_story.h"

#include "base/json_write.h"
#include "model/line.h"
#include "respond/respond.h"

enum { TOLD_MAX = 40 }; /* of one finding, the latest; JSON has all */

struct str response_by(const struct response *response)
{
	return response->by_policy ? STR("by policy") : STR("by hand");
}

/* The journal gives the latest first, and people read on from the oldest. */
struct story {
	struct view *view;
	struct buf *texts; /* TOLD_MAX of them */
	size_t count;
	uint64_t more;
	bool can_be_undone;
};

static bool can_be_undone(const struct response *r)
{
	return r->state != RESPONSE_UNDONE && !str_equal(r->memory, STR("{}")) &&
	       response_step_changing(r->step);
}

/* "2026-11-22T10:00:00Z freeze by policy, done: 1 process is frozen in ..." */
static bool visit_text(void *context, const struct response *r)
{
	struct story *story = context;

	story->can_be_undone |= can_be_undone(r);
	if (story->count == TOLD_MAX) {
		story->more++;
		return true;
	}
	struct buf *text = &story->texts[story->count++];
	report_time(text, r->began);
	buf_add_byte(text, ' ');
	report_hostile(text, r->step);
	buf_add_byte(text, ' ');
	buf_add(text, response_by(r));
	buf_printf(text, ", %s",
		   r->state == RESPONSE_BEGUN	     ? "begun, and davy ended before it was done"
		   : str_equal(r->memory, STR("{}")) ? "nothing done"
						     : response_state_name(r->state));
	if (r->state == RESPONSE_UNDONE) {
		buf_add_text(text, " at ");
		report_time(text, r->changed);
	} else if (r->until.ns != 0) {
		buf_add_text(text, ", until ");
		report_time(text, r->until);
	}
	if (r->outcome.len > 0) {
		buf_add_text(text, ": ");
		report_sentence(text, r->outcome);
	}
	return true;
}

static void tell_texts(struct story *story, struct str finding, bool is_first)
{
	struct view *view = story->view;

	if (story->more > 0) {
		report_label(&view->out, &view->style, is_first ? "done" : "");
		buf_printf(&view->out, "%llu earlier ones are told by davy show --json\n",
			   (unsigned long long)story->more);
		is_first = false;
	}
	for (size_t i = story->count; i > 0; i--) {
		report_label(&view->out, &view->style, is_first && i == story->count ? "done" : "");
		report_wrapped(&view->out, &view->style, "- ", buf_view(&story->texts[i - 1]));
	}
	if (!story->can_be_undone)
		return;
	report_label(&view->out, &view->style, "");
	view_add(view, "undo: davy respond ");
	view_hostile(view, finding);
	view_add(view, " undo --yes\n");
}

int response_story_tell(struct view *view, struct str finding, bool is_first, struct error *why)
{
	struct buf texts[TOLD_MAX] = {0};
	struct story story = {.view = view, .texts = texts};

	int result = store_each_response(view->store, finding, false, visit_text, &story, why);
	if (result == 0)
		tell_texts(&story, finding, is_first);
	for (size_t i = 0; i < TOLD_MAX; i++) {
		view->out.failed |= texts[i].failed;
		buf_fini(&texts[i]);
	}
	return result;
}

static void write_instant_or_null(struct json_writer *w, const char *key, instant at)
{
	if (at.ns != 0) {
		line_write_instant(w, key, at);
		return;
	}
	json_key(w, key);
	json_null(w);
}

void response_story_line(struct view *view, const struct response *r)
{
	struct json_writer w = {.out = &view->out};

	json_open(&w, '{');
	line_write_text(&w, "kind", STR("response"));
	json_key_unsigned(&w, "schema", LINE_SCHEMA);
	json_key_string(&w, "finding", r->finding);
	json_key_string(&w, "step", r->step);
	json_key_string(&w, "state", str_from(response_state_name(r->state)));
	json_key_string(&w, "by", r->by_policy ? STR("policy") : STR("hand"));
	line_write_instant(&w, "began", r->began);
	line_write_instant(&w, "changed", r->changed);
	write_instant_or_null(&w, "until", r->until);
	json_key_string(&w, "outcome", r->outcome);
	json_close(&w, '}');
	view_add(view, "\n");
	view_flush(view);
}

static bool visit_json(void *context, const struct response *r)
{
	response_story_line(context, r);
	return !((struct view *)context)->failed;
}

int response_story_lines(struct view *view, struct str finding, struct error *why)
{
	return store_each_response(view->store, finding, false, visit_json, view, why);
}
