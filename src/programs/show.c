#include <errno.h>

#include "base/hash.h"
#include "model/finding_json.h"
#include "model/incident_json.h"
#include "model/line.h"
#include "programs/commands.h"
#include "programs/options.h"
#include "programs/response_story.h"
#include "programs/view.h"
#include "report/finding_text.h"
#include "report/incident_text.h"

enum { JSON, STORE, CONFIG };
enum { FINDINGS_TOLD = 20 }; /* of one incident, in text; JSON has all */

static const struct command_option show_options[] = {
	[JSON] = {"json", NULL, "one JSON object a line; an incident, its findings, what was done"},
	[STORE] = {"store", "PATH", "another store than the one in the settings", COMMAND_FILES},
	[CONFIG] = {"config", "FILE", "another settings file than " SETTINGS_DEFAULT_PATH,
		    COMMAND_FILES},
	{0},
};

/* Told for each finding of an incident: report/finding_text.h. */
typedef void tell_finding_part(struct buf *out, const struct report_style *style,
			       const struct finding *finding, bool is_first);

struct telling {
	struct view *view;
	tell_finding_part *tell; /* NULL: its steps, or what was done */
	struct report_steps *steps;
	bool is_first;
	struct error *why;
	int result;
	uint64_t unreadable;
};

static bool visit_finding(void *context, struct str json)
{
	struct telling *telling = context;
	struct finding finding;

	arena_reset(&telling->view->arena);
	if (finding_from_json(json, &telling->view->arena, &finding, NULL) != 0) {
		telling->unreadable++;
		return true;
	}
	if (telling->tell)
		telling->tell(&telling->view->out, &telling->view->style, &finding,
			      telling->is_first);
	else if (!telling->steps)
		telling->result = response_story_tell(telling->view, finding.id, telling->is_first,
						      telling->why);
	else
		report_steps_add(&telling->view->out, &telling->view->style, telling->steps,
				 finding.actions, finding.action_count);
	telling->is_first = false;
	view_flush(telling->view);
	return telling->result == 0 && !telling->view->failed;
}

static bool visit_line(void *context, struct str json)
{
	struct view *view = context;

	buf_add(&view->out, json);
	view_add(view, "\n");
	view_flush(view);
	return !view->failed;
}

static int tell_findings(struct view *view, struct str incident, tell_finding_part *tell,
			 struct report_steps *steps, struct error *why)
{
	const struct store_filter filter = {.since.ns = INT64_MIN, .limit = FINDINGS_TOLD};
	struct telling telling = {
		.view = view, .tell = tell, .steps = steps, .is_first = true, .why = why};

	int result =
		store_each_finding(view->store, incident, &filter, visit_finding, &telling, why);
	if (result == 0 && telling.unreadable > 0 && tell == report_finding_reasons)
		view_trouble("some findings in the store cannot be read: it was changed by hand");
	return result != 0 ? result : telling.result;
}

/* incident: its views are outside view->arena, which is used up by the findings */
static int tell_incident(struct view *view, const struct incident *incident, struct error *why)
{
	struct report_steps steps = {.seed = hash_random_seed()};

	report_incident_head(&view->out, &view->style, incident);
	report_incident_story(&view->out, &view->style, incident);
	int result = tell_findings(view, incident->id, report_finding_reasons, NULL, why);
	if (result == 0)
		result = tell_findings(view, incident->id, report_finding_evidence, NULL, why);
	if (result == 0)
		result = tell_findings(view, incident->id, NULL, NULL, why);
	report_steps_add(&view->out, &view->style, &steps, incident->actions,
			 incident->action_count);
	if (result == 0)
		result = tell_findings(view, incident->id, NULL, &steps, why);
	if (result != 0)
		return result;
	if (incident->finding_total > FINDINGS_TOLD) {
		buf_printf(&view->out,
			   "\nThe latest %d of %llu findings are told here; all: davy show --json ",
			   FINDINGS_TOLD, (unsigned long long)incident->finding_total);
		view_hostile(view, incident->id);
		view_add(view, "\n");
	}
	return 0;
}

/* A finding's line, then what was done about it. */
static bool visit_whole(void *context, struct str json)
{
	struct telling *telling = context;
	struct view *view = telling->view;
	struct finding finding;

	arena_reset(&view->arena);
	if (!visit_line(view, json))
		return false;
	if (finding_from_json(json, &view->arena, &finding, NULL) == 0)
		telling->result = response_story_lines(view, finding.id, telling->why);
	return telling->result == 0;
}

static int show_incident(struct view *view, struct str json, struct error *why)
{
	const struct store_filter all = {.since.ns = INT64_MIN};
	struct incident incident;
	struct arena arena;

	int result = arena_init(&arena, LINE_ARENA_BYTES);
	if (result != 0)
		return error_set(why, result, "no memory");
	result = incident_from_json(json, &arena, &incident, why);
	if (result == 0 && !view->is_json)
		result = tell_incident(view, &incident, why);
	else if (result == 0 && visit_line(view, json)) {
		struct telling telling = {.view = view, .why = why};
		result = store_each_finding(view->store, incident.id, &all, visit_whole, &telling,
					    why);
		result = result != 0 ? result : telling.result;
	}
	arena_fini(&arena);
	return result;
}

static int show_finding(struct view *view, struct str json, struct error *why)
{
	struct finding finding;

	int result = finding_from_json(json, &view->arena, &finding, why);
	if (result != 0)
		return result;
	if (view->is_json) {
		visit_line(view, json);
		return response_story_lines(view, finding.id, why);
	}
	report_finding_whole(&view->out, &view->style, &finding);
	return response_story_tell(view, finding.id, true, why);
}

static int show(struct view *view, const char *id)
{
	CLEANUP(buf_fini) struct buf json = {0};
	enum store_found found;
	struct error why = {0};

	int result = store_find(view->store, str_from(id), &found, &json, &why);
	if (result == 0 && json.failed)
		result = error_set(&why, -ENOMEM, "no memory");
	if (result == 0 && found == STORE_NOT_FOUND)
		result =
			error_set(&why, -ENOENT,
				  "no incident or finding has the id %.64s; `davy incidents` lists "
				  "them",
				  id);
	if (result == 0 && found == STORE_AMBIGUOUS)
		result = error_set(&why, -ENOENT, "several ids begin with %.64s: write more of it",
				   id);
	if (result == 0)
		result = found == STORE_INCIDENT ? show_incident(view, buf_view(&json), &why)
						 : show_finding(view, buf_view(&json), &why);
	if (result != 0)
		view_trouble(why.text);
	return result == 0 ? EXIT_NOTHING_FOUND : EXIT_TROUBLE;
}

static int show_run(const struct command *command, int argc, char **argv)
{
	struct view view = {0};
	struct options options = {command, argc, argv, EXIT_TROUBLE};
	const char *value = NULL;
	int option;

	while ((option = options_next(&options, &value)) >= 0) {
		if (option == JSON)
			view.is_json = true;
		else if (option == STORE)
			view.store_path = value;
		else
			view.config = value;
	}
	if (option == OPTIONS_STOP)
		return options.status;
	if (argc - options_rest() != 1 || argv[options_rest()][0] == '\0')
		return options_mistake(
			command, argc - options_rest() > 1
					 ? "one ID at a time"
					 : "which one? give an ID; `davy incidents` lists them");
	bool is_open = view_open(&view);
	return view_close(&view, is_open ? show(&view, argv[options_rest()]) : EXIT_TROUBLE);
}

const struct command show_command = {
	.name = "show",
	.summary = "tell one incident or finding whole",
	.usage = "[OPTION]... ID",
	.options = show_options,
	.text = "ID may be cut short while it fits only one. Exits with 0 when it was shown, else "
		"2.\n",
	.example = "  davy show 1dea1dea\n",
	.run = show_run,
};
