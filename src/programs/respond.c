/* `davy respond`: propose a response, take it, or take it back. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/finding_json.h"
#include "model/line.h"
#include "programs/options.h"
#include "programs/respond_case.h"

enum { DRY_RUN, YES, FROM, LIST, JSON, STORE, CONFIG };

static const struct command_option respond_options[] = {
	[DRY_RUN] = {"dry-run", NULL, "show what would be done; so it is without --yes, too"},
	[YES] = {"yes", NULL, "do it"},
	[FROM] = {"from", "FILE",
		  "take the finding from the output of davy scan --json; -: standard input",
		  COMMAND_FILES},
	[LIST] = {"list", NULL, "what is frozen, throttled or blocked now, and what was begun"},
	[JSON] = {"json", NULL, "one JSON object a line"},
	[STORE] = {"store", "PATH", "another store than the one in the settings", COMMAND_FILES},
	[CONFIG] = {"config", "FILE", "another settings file than " SETTINGS_DEFAULT_PATH,
		    COMMAND_FILES},
	{0},
};

static void set_option(struct responding *r, int option, const char *value)
{
	switch (option) {
	case YES:
		r->does_it = true;
		break;
	case DRY_RUN:
		r->is_dry = true;
		break;
	case FROM:
		r->from = value;
		break;
	case LIST:
		r->lists = true;
		break;
	case JSON:
		r->view.is_json = true;
		break;
	case STORE:
		r->view.store_path = value;
		break;
	default:
		r->view.config = value;
	}
}

/* OPTIONS_END, or OPTIONS_STOP with *status set. */
static int read_arguments(const struct command *command, int argc, char **argv,
			  struct responding *r, int *status)
{
	struct options options = {command, argc, argv, EXIT_TROUBLE};
	const char *value = NULL;
	int option;

	while ((option = options_next(&options, &value)) >= 0)
		set_option(r, option, value);
	*status = options.status;
	if (option == OPTIONS_STOP)
		return option;
	int rest = argc - options_rest();
	*status = EXIT_TROUBLE;
	if (r->lists && rest == 0)
		return OPTIONS_END;
	if (r->lists || rest > 2) {
		options_mistake(command, "%s is too much", argv[argc - 1]);
		return OPTIONS_STOP;
	}
	if (rest < 2) {
		options_mistake(command, rest == 0 ? "which one? give an ID and an action"
						   : "do what? freeze, throttle, block, kill, "
						     "evidence or undo");
		return OPTIONS_STOP;
	}
	r->id = str_from(argv[options_rest()]);
	r->undoes = strcmp(argv[options_rest() + 1], "undo") == 0;
	r->step = response_step_find(str_from(argv[options_rest() + 1]));
	if (r->step || r->undoes)
		return OPTIONS_END;
	options_mistake(command, "%s is no action: freeze, throttle, block, kill, evidence or undo",
			argv[options_rest() + 1]);
	return OPTIONS_STOP;
}

static int run(struct responding *r)
{
	struct error why = {0};
	int result;

	if (geteuid() != 0) {
		view_trouble("davy respond acts upon the processes of others: run it as root "
			     "(sudo davy respond ...)");
		return EXIT_TROUBLE;
	}
	/* nft may end before it has read what we write to it */
	signal(SIGPIPE, SIG_IGN);
	r->tell = respond_tell;
	r->tell_trouble = view_trouble;
	response_settings_from(r->view.settings, r->view.store_path, &r->settings);
	result = responding_open(r, &why);
	if (result == 0)
		result = r->lists    ? respond_list(r, &why)
			 : r->undoes ? respond_undo(r, &why)
				     : respond_to_all(r, &why);
	if (result != 0)
		view_trouble(why.text);
	responding_close(r);
	return result == 0 && !r->has_failed ? EXIT_NOTHING_FOUND : EXIT_TROUBLE;
}

static int respond_run(const struct command *command, int argc, char **argv)
{
	struct responding *r = calloc(1, sizeof(*r));
	int status = EXIT_TROUBLE;

	if (!r)
		return EXIT_TROUBLE;
	if (read_arguments(command, argc, argv, r, &status) == OPTIONS_END) {
		status = view_open_without_store(&r->view) ? run(r) : EXIT_TROUBLE;
		status = view_close(&r->view, status);
	}
	free(r);
	return status;
}

extern const struct command respond_command;
const struct command respond_command = {
	.name = "respond",
	.summary = "stop what was found, so that it can be undone",
	.usage = "[OPTION]... ID freeze|throttle|block|kill|evidence|undo",
	.options = respond_options,
	.text = "Without --yes it only shows what would be done. ID is a finding's or an "
		"incident's; --from takes a\nfinding that davy scan --host printed. Each step is "
		"written into the store before it is taken, so that\nundo works after a crash. "
		"Exits with 0 when it was done or shown, else 2.\n",
	.example = "  sudo davy respond 1dea1dea freeze --yes\n"
		   "  sudo davy scan --host --json >f; sudo davy respond --from f 1dea1dea "
		   "evidence --yes\n"
		   "  sudo davy respond 1dea1dea undo --yes\n",
	.arguments = "freeze throttle block kill evidence undo",
	.run = respond_run,
};
