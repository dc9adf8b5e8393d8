/* What `davy respond` prints of a step: a few lines for people, or one JSON object. */
#include "base/json_write.h"
#include "programs/respond_case.h"

static void tell_json(struct view *view, const struct response_told *told)
{
	struct json_writer w = {.out = &view->out};
	struct str rest = told->lines, line;

	json_open(&w, '{');
	json_key_string(&w, "kind", STR("response"));
	json_key_unsigned(&w, "schema", 1);
	json_key_string(&w, "finding", told->finding);
	json_key_string(&w, "step", told->step);
	json_key_string(&w, "state", told->state);
	json_key(&w, "lines");
	json_open(&w, '[');
	while (rest.len) {
		(void)str_cut(rest, '\n', &line, &rest);
		json_string(&w, line);
	}
	json_close(&w, ']');
	json_key(&w, "memory");
	if (told->memory.len)
		json_raw(&w, told->memory);
	else
		json_null(&w);
	json_key_string(&w, "outcome", told->outcome);
	json_close(&w, '}');
	view_add(view, "\n");
}

void respond_tell(struct responding *r, const struct response_told *told)
{
	struct view *view = &r->view;
	struct str rest = told->lines, line;

	if (view->is_json) {
		tell_json(view, told);
		view_flush(view);
		return;
	}
	view_painted(view, PAINT_BOLD, told->step);
	view_add(view, " ");
	view_hostile(view, told->finding);
	view_add(view, ": ");
	view_add(view, told->state.at);
	view_add(view, "\n");
	while (rest.len) {
		(void)str_cut(rest, '\n', &line, &rest);
		view_add(view, "  ");
		report_sentence(&view->out, line);
		view_add(view, "\n");
	}
	if (told->outcome.len) {
		view_add(view, "  ");
		report_sentence(&view->out, told->outcome);
		view_add(view, "\n");
	}
	view_flush(view);
}
