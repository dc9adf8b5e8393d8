/* `davy audit`: the half that has the user's rights. It opens, and reads nothing. */
#include "programs/audit.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "model/finding.h"
#include "programs/commands.h"
#include "programs/options.h"
#include "programs/terminal.h"
#include "programs/view.h"
#include "sandbox/supervise.h"
#include "sandbox/worker.h"
#include "source/host/opener.h"
#include "source/host/setup_files.h"

enum { JSON, ROOT, FAIL_ON };

static const struct command_option audit_options[] = {
	[JSON] = {"json", NULL,
		  "one JSON object a line (docs/schema.md), nothing else on standard output"},
	[ROOT] = {"root", "FOLDER", "the files below it, of a mounted image, not this machine's",
		  COMMAND_FILES},
	[FAIL_ON] = {"fail-on", "VERDICT[:SEVERITY]",
		     "what counts as found, from there upwards; default: access",
		     "signal access exposure suspect miner mining"},
	{0},
};

struct audit {
	struct audit_start start;
	const char *root;
	struct setup_walk *walk;
	struct opener opener;
	struct worker_process worker;
	struct channel channel;
	struct audit_result result;
	bool has_result;
};

static bool read_fail_on(struct audit *audit, struct str text)
{
	struct str verdict_text, severity_text;
	enum severity severity = SEVERITY_INFO;
	enum verdict verdict;
	bool has_severity = str_cut(text, ':', &verdict_text, &severity_text);

	if (!verdict_from_name(verdict_text, &verdict) ||
	    (has_severity && !severity_from_name(severity_text, &severity)))
		return false;
	audit->start.fail_verdict = (uint8_t)verdict;
	audit->start.fail_severity = (uint8_t)severity;
	return true;
}

/* -- answers -- */

static int answer_open(struct audit *audit, struct str body)
{
	struct opener_request request;
	struct opened_process opened;

	if (!audit->start.has_processes || !opener_request_read(body, &request))
		return -EPROTO;
	if (opener_process(&audit->opener, request.pid, request.wanted, &opened) < 0) {
		opened.pid = request.pid;
		opened.error = opened.error ? opened.error : -ESRCH;
	}
	int result = opened_process_send(&audit->channel, AUDIT_OPENED, &opened);
	opened_process_close(&opened);
	return result;
}

static int answer(struct audit *audit, const struct message *message)
{
	const char *left_out;

	switch (message->type) {
	case AUDIT_FILE:
		return setup_request_answer(audit->walk, message->body, &audit->channel,
					    AUDIT_FILE_IS);
	case AUDIT_OPEN:
		return answer_open(audit, message->body);
	case AUDIT_LEFT_OUT:
		left_out = setup_walk_left_out(audit->walk);
		return channel_send(&audit->channel, AUDIT_LEFT_OUT_IS, str_from(left_out), NULL,
				    0);
	case AUDIT_RESULT:
		if (message->body.len != sizeof(audit->result))
			return -EPROTO;
		memcpy(&audit->result, message->body.at, sizeof(audit->result));
		audit->has_result = true;
		return 0;
	default:
		return -EPROTO;
	}
}

static void serve(struct audit *audit)
{
	struct message message;

	while (!audit->has_result) {
		enum message_result result = channel_await(&audit->channel, 1000, &message);
		if (result == MESSAGE_CLOSED || result == MESSAGE_BROKEN)
			return;
		if (channel_wants_to_send(&audit->channel))
			(void)!channel_flush(&audit->channel);
		if (result == MESSAGE_READY && answer(audit, &message) < 0)
			return;
	}
}

/* -- start and end -- */

static bool open_all(struct audit *audit, struct error *why)
{
	const bool is_here = strcmp(audit->root, "/") == 0;
	struct error no_processes = {0};

	if (setup_walk_open(audit->root, &audit->walk, why) < 0)
		return false;
	if (gethostname(audit->start.host, sizeof(audit->start.host) - 1) != 0 || !is_here)
		audit->start.host[0] = '\0';
	if (!is_here) {
		size_t len = strlen(audit->root);
		while (len > 0 && audit->root[len - 1] == '/')
			len--;
		snprintf(audit->start.root, sizeof(audit->start.root), "%.*s", (int)len,
			 audit->root);
		return true;
	}
	audit->start.has_processes = opener_init(&audit->opener, &no_processes) == 0;
	snprintf(audit->start.no_processes, sizeof(audit->start.no_processes), "%s",
		 no_processes.text);
	return true;
}

static bool start_worker(struct audit *audit, struct error *why)
{
	struct worker_start start = {.settings = str_of(&audit->start, sizeof(audit->start)),
				     .descriptors = {audit->opener.proc},
				     .descriptor_count = audit->start.has_processes};

	if (worker_spawn(AUDIT_ROLE, true, &audit->worker, why) < 0)
		return false;
	channel_init(&audit->channel, audit->worker.channel, false);
	return worker_send_start(&audit->channel, &start) == 0;
}

static void bury(struct audit *audit)
{
	char how[DEATH_TEXT_MAX];
	int status = 0;

	channel_fini(&audit->channel);
	while (waitpid(audit->worker.pid, &status, 0) < 0 && errno == EINTR)
		;
	if (audit->worker.pidfd >= 0)
		close(audit->worker.pidfd);
	death_describe(status, how);
	if (!audit->has_result)
		fprintf(stderr, "davy: the reader %s\n", how);
}

static int run_audit(struct audit *audit)
{
	struct error why = {0};
	int status = EXIT_TROUBLE;

	signal(SIGPIPE, SIG_IGN);
	if (open_all(audit, &why) && start_worker(audit, &why))
		serve(audit);
	if (why.text[0])
		view_trouble(why.text);
	if (audit->worker.pid > 0)
		bury(audit);
	if (audit->has_result)
		status = audit->result.found > 0       ? EXIT_FOUND
			 : audit->result.unchecked > 0 ? EXIT_TROUBLE
						       : EXIT_NOTHING_FOUND;
	if (audit->opener.texts)
		opener_fini(&audit->opener);
	setup_walk_close(audit->walk);
	return status;
}

static int audit_run(const struct command *command, int argc, char **argv)
{
	struct audit audit = {.root = "/",
			      .start = {.fail_verdict = VERDICT_ACCESS, .style = terminal_style()}};
	struct options options = {command, argc, argv, EXIT_TROUBLE};
	const char *value = NULL;
	int option;

	while ((option = options_next(&options, &value)) >= 0) {
		if (option == JSON)
			audit.start.is_json = true;
		else if (option == ROOT && strlen(value) < AUDIT_ROOT_MAX)
			audit.root = value;
		else if (option == ROOT)
			return options_mistake(command, "this name of a folder is too long");
		else if (!read_fail_on(&audit, str_from(value)))
			return options_mistake(
				command,
				"%s is no verdict: signal, access, exposure, suspect, "
				"miner, mining; severity after a colon: info, low, "
				"medium, high, critical",
				value);
	}
	if (option == OPTIONS_STOP)
		return options.status;
	if (argc - options_rest() != 1)
		return options_mistake(command, "audit what? known: host");
	if (strcmp(argv[options_rest()], "host") != 0)
		return options_mistake(command, "%s cannot be audited; known: host",
				       argv[options_rest()]);
	return run_audit(&audit);
}

const struct command audit_command = {
	.name = "audit",
	.summary = "look for open doors: what would let a miner in, and stay",
	.usage = "[OPTION]... host",
	.options = audit_options,
	.text = "host: this machine's set-up (what is started by whom, who may change it, who may "
		"log in) and\nits servers. Reads only; nothing is connected to. Root sees all, "
		"others "
		"what they may read;\nwhat could not be looked at is told. Exit status: 1 when "
		"something was found, else 2 when not all\ncould be looked at, else 0.\n",
	.example = "  sudo davy audit host\n"
		   "  davy audit --root /mnt/image --json host\n",
	.arguments = "host",
	.run = audit_run,
};
