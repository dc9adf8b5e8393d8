#include <stdio.h>

#include "base/json_write.h"
#include "model/line.h"
#include "programs/authorised_text.h"
#include "programs/commands.h"
#include "programs/options.h"
#include "programs/response_story.h"
#include "programs/view.h"
#include "respond/respond.h"
#include "store/store.h"

enum { JSON, STORE, CONFIG };
enum { UPDATES_MISSED = 3 }; /* after so many, davy watch does not run */

static const struct command_option health_options[] = {
	[JSON] = {"json", NULL, "one JSON object a line (docs/schema.md)"},
	[STORE] = {"store", "PATH", "another store than the one in the settings", COMMAND_FILES},
	[CONFIG] = {"config", "FILE", "another settings file than " SETTINGS_DEFAULT_PATH,
		    COMMAND_FILES},
	{0},
};

/* Gathered in a first pass, told in a second: what matters most stands first. */
struct health {
	struct view view;
	instant last_update;
	struct store_life life;
	uint64_t sources, sources_off, counters, responses;
	bool is_running;
};

static void note_time(struct health *health, instant at)
{
	if (at.ns > health->last_update.ns)
		health->last_update = at;
}

static void note_counter(void *context, const struct store_counter *counter)
{
	note_time(context, counter->time);
}

static void note_source(void *context, const struct store_source *source)
{
	struct health *health = context;

	note_time(health, source->time);
	health->sources_off += !source->is_on;
}

/* Counters that should stay at nought. */
static bool is_loss(struct str name)
{
	static const char *const words[] = {"drop", "lost", "evicted", "failure", "malformed"};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (str_find_nocase(name, str_from(words[i])) >= 0)
			return true;
	return false;
}

static void begin_line(struct json_writer *w, const char *kind)
{
	json_open(w, '{');
	line_write_text(w, "kind", str_from(kind));
	json_key_unsigned(w, "schema", LINE_SCHEMA);
}

static void end_line(struct view *view, struct json_writer *w)
{
	json_close(w, '}');
	view_add(view, "\n");
}

static void json_counter(struct view *view, const struct store_counter *counter)
{
	struct json_writer w = {.out = &view->out};

	begin_line(&w, "counter");
	line_write_text(&w, "source", counter->source);
	line_write_text(&w, "name", counter->name);
	json_key_unsigned(&w, "value", counter->value);
	line_write_instant(&w, "time", counter->time);
	end_line(view, &w);
}

static void tell_counter(void *context, const struct store_counter *counter)
{
	struct health *health = context;
	struct view *view = &health->view;
	bool stands_out = counter->value > 0 && is_loss(counter->name);

	if (view->is_json) {
		json_counter(view, counter);
		return;
	}
	if (health->counters++ == 0)
		view_heading(view, "Counters");
	view_add(view, "  ");
	view_cell(view, PAINT_PLAIN, counter->source, 18);
	view_cell(view, stands_out ? PAINT_YELLOW : PAINT_PLAIN, counter->name, 30);
	buf_printf(&view->out, "%llu\n", (unsigned long long)counter->value);
}

static void json_source(struct view *view, const struct store_source *source)
{
	struct json_writer w = {.out = &view->out};

	begin_line(&w, "source");
	line_write_text(&w, "name", source->name);
	json_key(&w, "on");
	json_bool(&w, source->is_on);
	line_write_optional(&w, "why", source->why);
	line_write_instant(&w, "time", source->time);
	end_line(view, &w);
}

static void tell_source(void *context, const struct store_source *source)
{
	struct health *health = context;
	struct view *view = &health->view;

	if (view->is_json) {
		json_source(view, source);
		return;
	}
	if (health->sources++ == 0)
		view_heading(view, "Sources");
	view_add(view, "  ");
	view_cell(view, PAINT_PLAIN, source->name, 18);
	view_painted(view, source->is_on ? PAINT_GREEN : PAINT_RED,
		     source->is_on ? STR("on") : STR("off"));
	view_add(view, source->why.len > 0 ? ": " : "");
	view_hostile(view, source->why);
	view_add(view, "\n");
}

/* As the journal has it; davy respond --list, which needs rights, asks the kernel. */
static bool tell_response(void *context, const struct response *response)
{
	struct health *health = context;
	struct view *view = &health->view;

	if (!response_step_changing(response->step) || response->state == RESPONSE_FAILED)
		return true;
	if (view->is_json) {
		response_story_line(view, response);
		return true;
	}
	if (health->responses++ == 0)
		view_heading(view, "Stopped, and not undone");
	view_add(view, "  ");
	view_cell(view, PAINT_YELLOW, response->step, 10);
	view_hostile(view, response->finding);
	view_add(view, " ");
	buf_add(&view->out, response_by(response));
	view_add(view,
		 response->state == RESPONSE_BEGUN ? ", begun but not ended, at " : " since ");
	view_time(view, response->began);
	if (response->until.ns != 0) {
		view_add(view, " until ");
		view_time(view, response->until);
	}
	view_add(view, "; undo: davy respond ");
	view_hostile(view, response->finding);
	view_add(view, " undo --yes\n");
	return true;
}

static void tell_running(struct health *health)
{
	struct view *view = &health->view;

	if (health->last_update.ns == 0) {
		view_painted(view, PAINT_RED, STR("davy watch does not run"));
		view_add(view, ": it has never written to this store.\n");
		return;
	}
	view_painted(view, health->is_running ? PAINT_GREEN : PAINT_RED,
		     health->is_running ? STR("davy watch runs") : STR("davy watch does not run"));
	bool has_stopped = health->life.stopped.ns != 0;
	instant last = has_stopped ? health->life.stopped : health->last_update;
	view_add(view, has_stopped ? ": stopped " : ": last update ");
	buf_add_duration(&view->out, instant_since(view->now, last));
	view_add(view, " ago (");
	view_time(view, last);
	view_add(view, ").\n");
	if (health->sources_off > 0)
		buf_printf(&view->out, "Sources off: %llu\n",
			   (unsigned long long)health->sources_off);
}

static void json_health(struct health *health)
{
	struct json_writer w = {.out = &health->view.out};

	begin_line(&w, "health");
	json_key(&w, "running");
	json_bool(&w, health->is_running);
	if (health->last_update.ns != 0) {
		line_write_instant(&w, "last_update", health->last_update);
	} else {
		json_key(&w, "last_update");
		json_null(&w);
	}
	if (health->life.stopped.ns != 0) {
		line_write_instant(&w, "stopped", health->life.stopped);
	} else {
		json_key(&w, "stopped");
		json_null(&w);
	}
	end_line(&health->view, &w);
}

/* Killed, it has no time to say so: its lock is gone. Who may not ask for that goes by the time. */
static bool is_running(const struct health *health, duration every)
{
	int64_t age = health->view.now.ns - health->last_update.ns;

	return health->life.stopped.ns == 0 && health->last_update.ns != 0 &&
	       age <= UPDATES_MISSED * every.ns &&
	       store_is_locked(view_store_path(&health->view)) != 0;
}

static int tell_health(struct health *health)
{
	struct view *view = &health->view;
	struct error why = {0};
	duration every = settings_duration(view->settings, "watch.health_every");

	int result = store_each_counter(view->store, note_counter, health, &why);
	if (result == 0)
		result = store_each_source(view->store, note_source, health, &why);
	if (result == 0)
		result = store_read_life(view->store, &health->life, &why);
	note_time(health, health->life.started);
	health->is_running = is_running(health, every);
	if (result == 0 && !view->is_json)
		tell_running(health);
	if (result == 0)
		result = store_each_source(view->store, tell_source, health, &why);
	if (result == 0)
		result = store_each_response(view->store, (struct str){0}, true, tell_response,
					     health, &why);
	if (result == 0)
		result = store_each_counter(view->store, tell_counter, health, &why);
	if (result == 0 && !view->is_json)
		(void)authorised_text(view->settings, view->now, &view->out);
	if (result == 0 && view->is_json)
		json_health(health);
	if (result != 0) {
		view_trouble(why.text);
		return EXIT_TROUBLE;
	}
	return health->is_running && health->sources_off == 0 ? EXIT_NOTHING_FOUND : EXIT_FOUND;
}

static int health_run(const struct command *command, int argc, char **argv)
{
	struct health health = {0};
	struct options options = {command, argc, argv, EXIT_TROUBLE};
	const char *value = NULL;
	int option;

	while ((option = options_next(&options, &value)) >= 0) {
		if (option == JSON)
			health.view.is_json = true;
		else if (option == STORE)
			health.view.store_path = value;
		else
			health.view.config = value;
	}
	if (option == OPTIONS_STOP)
		return options.status;
	if (options_rest() < argc)
		return options_mistake(command, "%s does not belong here", argv[options_rest()]);
	bool is_open = view_open(&health.view);
	return view_close(&health.view, is_open ? tell_health(&health) : EXIT_TROUBLE);
}

const struct command health_command = {
	.name = "health",
	.summary = "counters, drops, sources off and why",
	.usage = "[OPTION]...",
	.options = health_options,
	.text = "Exits with 0 when davy watch runs with every source on, 1 when not, 2 when the "
		"store cannot\nbe read.\n",
	.example = "  davy health\n",
	.run = health_run,
};
