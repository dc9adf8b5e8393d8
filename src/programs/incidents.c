#include <stdio.h>

#include "detect/authorised.h"
#include "model/finding_json.h"
#include "model/incident_json.h"
#include "programs/commands.h"
#include "programs/options.h"
#include "programs/view.h"

enum { ALL, JSON, SINCE, VERDICT, LIMIT, STORE, CONFIG };

static const struct command_option incident_options[] = {
	[ALL] = {"all", NULL, "also the mining that detect.authorised allows"},
	[JSON] = {"json", NULL, "one JSON object a line (docs/schema.md)"},
	[SINCE] = {"since", "T", "seen since a time (2026-11-22T10:00:00Z), a day, or 7d, 2h ago"},
	[VERDICT] = {"verdict", "V", "only mining, miner, suspect, exposure, access or signal",
		     "mining miner suspect exposure access signal"},
	[LIMIT] = {"limit", "N", "at most N, 0 for all; 100 unless told"},
	[STORE] = {"store", "PATH", "another store than the one in the settings", COMMAND_FILES},
	[CONFIG] = {"config", "FILE", "another settings file than " SETTINGS_DEFAULT_PATH,
		    COMMAND_FILES},
	{0},
};

struct listing {
	struct view view;
	struct store_filter filter;
	const char *since;
	bool wants_all;
	uint64_t authorised;
	uint64_t count, found, unreadable;
};

static bool set_option(const struct command *command, struct listing *listing, int option,
		       const char *value)
{
	uint64_t limit;

	switch (option) {
	case ALL:
		listing->wants_all = true;
		return true;
	case JSON:
		listing->view.is_json = true;
		return true;
	case SINCE:
		listing->since = value;
		return true;
	case VERDICT:
		listing->filter.has_verdict = true;
		if (verdict_from_name(str_from(value), &listing->filter.verdict))
			return true;
		options_mistake(command, "there is no verdict %s", value);
		return false;
	case LIMIT:
		if (str_to_u64(str_from(value), &limit) && limit <= UINT32_MAX) {
			listing->filter.limit = (uint32_t)limit;
			return true;
		}
		options_mistake(command, "--limit %s is no number", value);
		return false;
	case STORE:
		listing->view.store_path = value;
		return true;
	default:
		listing->view.config = value;
		return true;
	}
}

enum { ID_WIDTH = 18, VERDICT_WIDTH = 10, SEVERITY_WIDTH = 10, STATE_WIDTH = 11, TIME_WIDTH = 22 };

static void list_heading(struct view *view)
{
	view_cell(view, PAINT_BOLD, STR("ID"), ID_WIDTH);
	view_cell(view, PAINT_BOLD, STR("VERDICT"), VERDICT_WIDTH);
	view_cell(view, PAINT_BOLD, STR("SEVERITY"), SEVERITY_WIDTH);
	view_cell(view, PAINT_BOLD, STR("STATE"), STATE_WIDTH);
	view_cell(view, PAINT_BOLD, STR("FIRST SEEN"), TIME_WIDTH);
	view_cell(view, PAINT_BOLD, STR("LAST SEEN"), TIME_WIDTH);
	view_cell(view, PAINT_BOLD, STR("VICTIMS"), 9);
	view_painted(view, PAINT_BOLD, STR("TITLE"));
	view_add(view, "\n");
}

static void list_incident(struct view *view, const struct incident *incident)
{
	CLEANUP(buf_fini) struct buf victims = {0};

	buf_printf(&victims, "%llu", (unsigned long long)incident->victim_total);
	view_cell(view, PAINT_PLAIN, incident->id, ID_WIDTH);
	view_cell(view, report_verdict_paint(incident->verdict),
		  str_from(verdict_name(incident->verdict)), VERDICT_WIDTH);
	view_cell(view, PAINT_PLAIN, str_from(severity_name(incident->severity)), SEVERITY_WIDTH);
	view_cell(view, PAINT_PLAIN, incident->state, STATE_WIDTH);
	view_time(view, incident->first_seen);
	view_add(view, "  ");
	view_time(view, incident->last_seen);
	view_add(view, "  ");
	view_cell(view, PAINT_PLAIN, buf_view(&victims), 9);
	view_hostile(view, incident->title);
	view_add(view, "\n");
}

static bool visit_incident(void *context, struct str json)
{
	struct listing *listing = context;
	struct view *view = &listing->view;
	struct incident incident;

	arena_reset(&view->arena);
	if (incident_from_json(json, &view->arena, &incident, NULL) != 0) {
		listing->unreadable++;
		return true;
	}
	if (view->is_json) {
		buf_add(&view->out, json);
		view_add(view, "\n");
	} else {
		if (listing->count == 0)
			list_heading(view);
		list_incident(view, &incident);
	}
	listing->count++;
	listing->found += incident.verdict != VERDICT_SIGNAL;
	view_flush(view);
	return !view->failed;
}

/* Findings, of no incident: nobody is to act on them. */
static bool visit_authorised(void *context, struct str json)
{
	struct listing *listing = context;
	struct view *view = &listing->view;
	struct finding finding;

	arena_reset(&view->arena);
	if (finding_from_json(json, &view->arena, &finding, &(struct error){0}) != 0 ||
	    !authorised_is_told(&finding))
		return true;
	if (view->is_json) {
		buf_add(&view->out, json);
		view_add(view, "\n");
	} else {
		view_add(view,
			 listing->authorised == 0 ? "\nAuthorised (detect.authorised):\n" : "");
		view_cell(view, PAINT_PLAIN, finding.id, ID_WIDTH);
		view_add(view, "until ");
		view_hostile(view, facts_text(&finding.facts, STR("authorised_until")));
		view_add(view, "  ");
		view_hostile(view, finding.title);
		view_add(view, "\n");
	}
	listing->authorised++;
	view_flush(view);
	return !view->failed;
}

static int list_authorised(struct listing *listing, struct error *why)
{
	struct store_filter filter = {
		.since = listing->filter.since, .has_verdict = true, .verdict = VERDICT_SIGNAL};

	return store_each_finding(listing->view.store, (struct str){0}, &filter, visit_authorised,
				  listing, why);
}

static int list(struct listing *listing)
{
	struct view *view = &listing->view;
	struct error why = {0};

	if (store_each_incident(view->store, &listing->filter, visit_incident, listing, &why) !=
	    0) {
		view_trouble(why.text);
		return listing->found > 0 ? EXIT_FOUND : EXIT_TROUBLE;
	}
	if (listing->unreadable > 0)
		view_trouble("some incidents in the store cannot be read: it was changed by hand");
	if (!view->is_json)
		buf_printf(&view->out,
			   listing->count == 0 ? "No incidents.\n"
			   : listing->count == 1
				   ? "\n1 incident; `davy show ID` tells it whole.\n"
				   : "\n%llu incidents; `davy show ID` tells one whole.\n",
			   (unsigned long long)listing->count);
	if (!view->is_json && listing->count > 0 && listing->count == listing->filter.limit)
		view_add(view, "There may be more: --limit 0 lists all.\n");
	if (listing->wants_all && list_authorised(listing, &why) != 0) {
		view_trouble(why.text);
		return listing->found > 0 ? EXIT_FOUND : EXIT_TROUBLE;
	}
	return listing->found > 0	 ? EXIT_FOUND
	       : listing->unreadable > 0 ? EXIT_TROUBLE
					 : EXIT_NOTHING_FOUND;
}

static int incidents_run(const struct command *command, int argc, char **argv)
{
	struct listing listing = {.filter.limit = 100, .filter.since.ns = INT64_MIN};
	struct options options = {command, argc, argv, EXIT_TROUBLE};
	const char *value = NULL;
	int option;

	while ((option = options_next(&options, &value)) >= 0)
		if (!set_option(command, &listing, option, value))
			return EXIT_TROUBLE;
	if (option == OPTIONS_STOP)
		return options.status;
	if (options_rest() < argc)
		return options_mistake(command, "%s does not belong here", argv[options_rest()]);
	if (!view_open(&listing.view))
		return view_close(&listing.view, EXIT_TROUBLE);
	if (listing.since &&
	    !since_parse(str_from(listing.since), listing.view.now, &listing.filter.since)) {
		options_mistake(command, "--since %s is no time", listing.since);
		return view_close(&listing.view, EXIT_TROUBLE);
	}
	return view_close(&listing.view, list(&listing));
}

const struct command incidents_command = {
	.name = "incidents",
	.summary = "list incidents, the latest first",
	.usage = "[OPTION]...",
	.options = incident_options,
	.text = "Exits with 1 when there is an incident of more than signals, else 0; 2 when the "
		"store cannot\nbe read.\n",
	.example = "  davy incidents --since 7d --verdict mining\n",
	.run = incidents_run,
};
