/* `davy watch`: look for ever. This file is the command; watch_supervisor.c does the work. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "programs/commands.h"
#include "programs/options.h"
#include "programs/watch_supervisor.h"

enum { INTERFACE, PROTECT, DRY_RUN, JSON, CONFIG };
enum { INTERFACES_NAMED_MAX = 64 };

static const struct command_option watch_options[] = {
	[INTERFACE] = {"interface", "NAME",
		       "only this interface (may be given again); default: all that are up",
		       COMMAND_INTERFACES},
	[PROTECT] = {"protect", NULL,
		     "freeze what mines on this machine, and block its connections"},
	[DRY_RUN] = {"dry-run", NULL, "with --protect: say in the log what would be done"},
	[JSON] = {"json", NULL, "findings as JSON lines (docs/schema.md)"},
	[CONFIG] = {"config", "FILE", "another settings file than " SETTINGS_DEFAULT_PATH,
		    COMMAND_FILES},
	{0},
};

/* Settings that cannot be read, or not used, are no reason to stop watching with those before. */
static int run_until_ended(const struct watch_plan *plan)
{
	struct settings *settings = NULL, *before = NULL;
	struct error why = {0};
	enum watch_end end;

	if (settings_load(plan->config, &settings, &why) < 0) {
		fprintf(stderr, "davy: %s\n", why.text);
		return EXIT_TROUBLE;
	}
	for (;;) {
		end = watch_run(plan, &settings, &why);
		bool falls_back = end == WATCH_FAILED && before;
		if (!falls_back) {
			settings_free(&before);
			if (end != WATCH_RELOADS)
				break;
			before = settings;
			falls_back = settings_load(plan->config, &settings, &why) < 0;
		} else {
			settings_free(&settings);
		}
		if (falls_back) {
			log_error("the settings are kept as they were: %s", why.text);
			settings = before;
			before = NULL;
		}
	}
	settings_free(&settings);
	if (end == WATCH_FAILED)
		fprintf(stderr, "davy: %s\n", why.text);
	return end == WATCH_ENDED ? EXIT_NOTHING_FOUND : EXIT_TROUBLE;
}

static int watch_command_run(const struct command *command, int argc, char **argv)
{
	const char *interfaces[INTERFACES_NAMED_MAX];
	struct watch_plan plan = {.interfaces = interfaces};
	struct options options = {command, argc, argv, EXIT_NOTHING_FOUND};
	const char *value = NULL;
	int option;

	while ((option = options_next(&options, &value)) >= 0) {
		if (option == INTERFACE && plan.interface_count == INTERFACES_NAMED_MAX)
			return options_mistake(
				command, "more than %d interfaces; use patterns such as veth*",
				INTERFACES_NAMED_MAX);
		if (option == INTERFACE)
			interfaces[plan.interface_count++] = value;
		else if (option == PROTECT)
			plan.protects = true;
		else if (option == DRY_RUN)
			plan.is_dry = true;
		else if (option == JSON)
			plan.is_json = true;
		else if (option == CONFIG)
			plan.config = value;
	}
	if (option == OPTIONS_STOP)
		return options.status;
	if (options_rest() < argc)
		return options_mistake(command,
				       "%s is too much; an interface is named with --interface",
				       argv[options_rest()]);
	return run_until_ended(&plan);
}

extern const struct command watch_command;
const struct command watch_command = {
	.name = "watch",
	.summary = "look for ever: traffic of this machine's interfaces",
	.usage = "[OPTION]...",
	.options = watch_options,
	.text = "Needs the right to capture (root, or CAP_NET_RAW, CAP_NET_ADMIN and CAP_BPF).\n"
		"Findings are stored, then printed; `davy incidents` and `davy show ID` read them. "
		"SIGHUP reads the\n"
		"settings again, SIGTERM and Ctrl-C end it. Nothing is sent anywhere.",
	.example = "  sudo davy watch\n"
		   "  sudo davy watch --interface eth0 --json\n"
		   "  sudo davy watch --protect --dry-run\n",
	.run = watch_command_run,
};
