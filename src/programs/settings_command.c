#include <stdio.h>
#include <unistd.h>

#include "programs/authorised_text.h"
#include "programs/clock.h"
#include "programs/commands.h"
#include "programs/options.h"
#include "programs/rule_files.h"
#include "programs/settings.h"
#include "programs/view.h"

enum { DEFAULTS, CONFIG };

static const struct command_option settings_options[] = {
	[DEFAULTS] = {"defaults", NULL, "print a settings file with every default and its help"},
	[CONFIG] = {"config", "FILE", "check this file instead of " SETTINGS_DEFAULT_PATH,
		    COMMAND_FILES},
	{0},
};

static int print_defaults(void)
{
	CLEANUP(buf_fini) struct buf out = {0};

	settings_print_defaults(&out);
	bool is_written =
		!out.failed && fwrite(out.at, 1, out.len, stdout) == out.len && fflush(stdout) == 0;
	return is_written ? EXIT_NOTHING_FOUND : EXIT_TROUBLE;
}

static int check(const char *path)
{
	CLEANUP(buf_fini) struct buf authorised = {0};
	struct settings *settings = NULL;
	struct rule_files rules = {.descriptor = -1};
	struct error why = {0};

	if (settings_load(path, &settings, &why) != 0 ||
	    rule_files_share(settings, NULL, 0, &rules, &why) != 0) {
		settings_free(&settings);
		view_trouble(why.text);
		return EXIT_TROUBLE;
	}
	rule_files_close(&rules);
	(void)authorised_text(settings, clock_wall(), &authorised);
	settings_free(&settings);
	if (!path && access(SETTINGS_DEFAULT_PATH, F_OK) != 0)
		printf("No file at " SETTINGS_DEFAULT_PATH ": every setting has its default\n");
	else
		printf("%s: no mistakes\n", path ? path : SETTINGS_DEFAULT_PATH);
	if (rules.files > 0)
		printf("host.yara: %u rule%s in %u file%s\n", rules.rules,
		       rules.rules == 1 ? "" : "s", rules.files, rules.files == 1 ? "" : "s");
	printf("%.*s", STR_ARG(buf_view(&authorised)));
	return EXIT_NOTHING_FOUND;
}

static int settings_run(const struct command *command, int argc, char **argv)
{
	struct options options = {command, argc, argv, EXIT_TROUBLE};
	const char *value = NULL, *config = NULL;
	bool wants_defaults = false;
	int option;

	while ((option = options_next(&options, &value)) >= 0) {
		if (option == DEFAULTS)
			wants_defaults = true;
		else
			config = value;
	}
	if (option == OPTIONS_STOP)
		return options.status;
	if (options_rest() < argc)
		return options_mistake(command, "%s does not belong here", argv[options_rest()]);
	return wants_defaults ? print_defaults() : check(config);
}

const struct command settings_command = {
	.name = "settings",
	.summary = "check the settings file, or print one with all defaults",
	.usage = "[OPTION]...",
	.options = settings_options,
	.text = "Exits with 0 when the file has no mistakes, else 2.\n",
	.example = "  davy settings --defaults > davy.yaml\n  davy settings --config davy.yaml\n",
	.run = settings_run,
};
