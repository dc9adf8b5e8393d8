/* `davy rules check`: the half that has the user's rights. It opens files, and reads nothing. */
#include "programs/rules.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "programs/commands.h"
#include "programs/options.h"
#include "programs/sigma_files.h"
#include "programs/view.h"
#include "sandbox/supervise.h"
#include "sandbox/worker.h"

enum { CHECK_MS = 300 * 1000 };

enum { JSON, MAPPINGS, PLACEHOLDERS };

static const struct command_option rules_options[] = {
	[JSON] = {"json", NULL,
		  "one JSON object a line (docs/schema.md), nothing else on standard output"},
	[MAPPINGS] = {"mappings", "FOLDER",
		      "what rules call the fields of logs, other than shipped", COMMAND_FILES},
	[PLACEHOLDERS] = {"placeholders", "FILE", "values for %name% under the modifier expand",
			  COMMAND_FILES},
	{0},
};

struct checking {
	struct rules_start start;
	struct worker_process worker;
	struct channel channel;
	struct rules_told told;
	bool has_told;
};

static void tell_unread(void *context, const char *path, const char *why)
{
	struct checking *checking = context;
	struct error text = {0};

	error_set(&text, 0, "%.300s: not read: %s", path, why);
	view_trouble(text.text);
	checking->start.unread++;
}

static int start_worker(struct checking *checking, int descriptor, struct error *why)
{
	const struct worker_start start = {
		.settings = str_of(&checking->start, sizeof(checking->start)),
		.descriptors = {descriptor},
		.descriptor_count = 1};
	int result = worker_spawn(SIGMA_ROLE, true, &checking->worker, why);

	if (result < 0)
		return result;
	channel_init(&checking->channel, checking->worker.channel, false);
	return worker_send_start(&checking->channel, &start);
}

static void hear(struct checking *checking)
{
	struct message message;
	enum message_result heard = channel_await(&checking->channel, CHECK_MS, &message);

	if (heard == MESSAGE_NONE)
		view_trouble("the rules are not compiled within 5 minutes: name fewer of them");
	if (heard != MESSAGE_READY || message.type != RULES_RESULT ||
	    message.body.len != sizeof(checking->told))
		return;
	memcpy(&checking->told, message.body.at, sizeof(checking->told));
	checking->has_told = true;
}

static void bury(struct checking *checking)
{
	char how[DEATH_TEXT_MAX];
	int status = 0;

	channel_fini(&checking->channel);
	if (!checking->has_told)
		kill(checking->worker.pid, SIGKILL);
	while (waitpid(checking->worker.pid, &status, 0) < 0 && errno == EINTR)
		;
	if (checking->worker.pidfd >= 0)
		close(checking->worker.pidfd);
	death_describe(status, how);
	if (!checking->has_told)
		fprintf(stderr, "davy: the reader of rules %s\n", how);
}

static int check(struct checking *checking, const struct sigma_named *named)
{
	struct error why = {0};
	int descriptor = sigma_files_share(named, &why);

	if (descriptor < 0) {
		view_trouble(why.text);
		return EXIT_TROUBLE;
	}
	signal(SIGPIPE, SIG_IGN);
	if (start_worker(checking, descriptor, &why) == 0)
		hear(checking);
	else
		view_trouble(why.text[0] ? why.text : "the reader of rules cannot be started");
	close(descriptor);
	if (checking->worker.pid > 0)
		bury(checking);
	return checking->has_told && checking->told.refused + checking->start.unread == 0
		       ? EXIT_NOTHING_FOUND
		       : EXIT_TROUBLE;
}

static int check_named(struct checking *checking, struct sigma_named *named, int argc, char **argv)
{
	char folder[PATH_MAX], shipped[PATH_MAX + sizeof("/sigma")];
	const char *const only[] = {shipped};

	if (argc > 0) {
		named->rules = (const char *const *)argv;
		named->rule_count = (size_t)argc;
		return check(checking, named);
	}
	sigma_files_folder(folder);
	snprintf(shipped, sizeof(shipped), "%s/sigma", folder);
	named->rules = only;
	named->rule_count = 1;
	return check(checking, named);
}

static int rules_run(const struct command *command, int argc, char **argv)
{
	struct checking checking = {0};
	struct sigma_named named = {.unread = tell_unread, .context = &checking};
	struct options options = {command, argc, argv, EXIT_TROUBLE};
	const char *value = NULL;
	int option;

	while ((option = options_next(&options, &value)) >= 0) {
		if (option == JSON)
			checking.start.is_json = true;
		else if (option == MAPPINGS)
			named.mappings = value;
		else
			named.placeholders = value;
	}
	if (option == OPTIONS_STOP)
		return options.status;
	const int rest = options_rest();
	if (rest == argc || strcmp(argv[rest], "check") != 0)
		return options_mistake(command, "what about rules? known: check");
	return check_named(&checking, &named, argc - rest - 1, argv + rest + 1);
}

extern const struct command rules_command;
const struct command rules_command = {
	.name = "rules",
	.summary = "load Sigma rules and say what is wrong where",
	.usage = "[OPTION]... check [FILE|FOLDER]...",
	.options = rules_options,
	.text = "check: every rule is read and compiled as for a scan, and each problem told as\n"
		"FILE:LINE:COLUMN, what, and the remedy; without a FILE or FOLDER the rules that "
		"came "
		"with davy.\nA rule that cannot do here what it says is refused; a warning leaves "
		"it "
		"in.\nExits with 0, or 2 when a rule was refused or a file could not be read.\n",
	.example = "  davy rules check /etc/davy/sigma\n  davy rules --json check rule.yml\n",
	.arguments = COMMAND_FILES,
	.run = rules_run,
};
