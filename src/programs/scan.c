/* `davy scan`: the half that has the user's rights. It opens inputs and reads none of their bytes.
 */
#include "programs/clock.h"
#include "programs/scan.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "decode/record/record_stream.h"
#include "programs/commands.h"
#include "programs/inputs.h"
#include "programs/host.h"
#include "programs/list_files.h"
#include "programs/mirror_text.h"
#include "programs/options.h"
#include "programs/progress.h"
#include "programs/rule_files.h"
#include "programs/scan_host.h"
#include "programs/setting_value.h"
#include "programs/settings.h"
#include "programs/sigma_files.h"
#include "programs/terminal.h"
#include "programs/view.h"
#include "sandbox/supervise.h"
#include "sandbox/worker.h"
#include "source/capture/input.h"

enum { HOST, FOR, YARA, SIGMA, JSON, AS, FAIL_ON, FOLLOW, MIRROR, CONFIG };

static const struct command_option scan_options[] = {
	[HOST] = {"host", NULL, "this machine's processes; needs root"},
	[FOR] = {"for", "SECONDS", "how long --host watches; default: 30"},
	[YARA] = {"yara", "FILE", "with --host: YARA rules of your own, a file or a folder",
		  COMMAND_FILES},
	[SIGMA] = {"sigma", "FILE",
		   "Sigma rules of your own for logs, a file or a folder, besides those shipped",
		   COMMAND_FILES},
	[JSON] = {"json", NULL,
		  "one JSON object a line (docs/schema.md), nothing else on standard output"},
	[AS] = {"as", "KIND[:FIELDS]",
		"what the inputs are, where content does not tell: capture, log, vpcflow:FIELDS",
		"capture log vpcflow"},
	[FAIL_ON] = {"fail-on", "VERDICT[:SEVERITY]",
		     "what counts as found, from there upwards; default: access",
		     "signal access exposure suspect miner mining"},
	[FOLLOW] = {"follow", NULL,
		    "wait for more at the end of a file that is still being written"},
	[MIRROR] = {"mirror", "ADDRESS",
		    "believe only this sender of mirrored traffic (or network, any, none)"},
	[CONFIG] = {"config", "FILE", "another settings file than " SETTINGS_DEFAULT_PATH,
		    COMMAND_FILES},
	{0},
};

enum { RULE_PATHS_MAX = 64 };

struct scan {
	struct scan_settings settings;
	struct authorised authorised;
	struct inputs inputs;
	bool *skip; /* inputs that killed a worker */
	const char *config;
	bool names_mirrors;
	bool looks_at_host;
	uint32_t host_seconds;
	int lists, sigma; /* descriptors */
	const char *sigma_paths[RULE_PATHS_MAX];
	size_t sigma_path_count;
	const char *rule_paths[RULE_PATHS_MAX];
	size_t rule_path_count;
	struct rule_files rules;
	struct worker_process worker;
	struct channel channel;
	struct progress progress;
	uint64_t bytes_before; /* of the inputs done */
	struct scan_result result;
	bool has_result;
	bool is_unread; /* whoever read standard output is gone */
};

static volatile sig_atomic_t was_interrupted;

static void interrupted(int signal_number)
{
	(void)signal_number;
	was_interrupted = 1;
}

/* VERDICT[:SEVERITY] */
static bool read_fail_on(struct scan_settings *settings, struct str text)
{
	struct str verdict_name, severity_name;
	enum severity severity = SEVERITY_INFO;
	enum verdict verdict;
	bool has_severity = str_cut(text, ':', &verdict_name, &severity_name);

	if (!verdict_from_name(verdict_name, &verdict) ||
	    (has_severity && !severity_from_name(severity_name, &severity)))
		return false;
	settings->fail_verdict = (uint8_t)verdict;
	settings->fail_severity = (uint8_t)severity;
	settings->fail_on_signal = verdict == VERDICT_SIGNAL;
	return true;
}

/* Whoever gives us a capture of a mirror trusts it, until he names those that he trusts. */
static bool add_mirror(struct scan *scan, struct str text, struct error *why)
{
	if (!scan->names_mirrors)
		scan->settings.mirrors = (struct mirrors){0};
	scan->names_mirrors = true;
	return mirrors_add(&scan->settings.mirrors, text, why);
}

static bool read_seconds(struct str text, uint32_t *out)
{
	uint64_t seconds;

	if (!str_to_u64(text, &seconds) || seconds < 5 || seconds > 3600)
		return false;
	*out = (uint32_t)seconds;
	return true;
}

static bool add_path(const char **paths, size_t *count, const char *path)
{
	if (*count == RULE_PATHS_MAX)
		return false;
	paths[(*count)++] = path;
	return true;
}

/* Also tried here, where a mistake can be told before anything begins. */
static bool read_as(struct scan_settings *settings, const char *value, struct error *why)
{
	bool is_flow_log = str_starts(str_from(value), STR("vpcflow"));
	struct record_stream *stream;

	if (strlen(value) >= sizeof(settings->as))
		return error_set(why, 0, "--as takes up to %d characters", SCAN_AS_MAX - 1) != 0;
	if (!is_flow_log && strcmp(value, "capture") != 0 && strcmp(value, "log") != 0)
		return error_set(why, 0,
				 "there is no kind of input called %s; known: capture, log, "
				 "vpcflow:FIELDS (\"vpcflow:version account-id ...\")",
				 value) != 0;
	memcpy(settings->as, value, strlen(value) + 1);
	if (!is_flow_log)
		return true;
	if (record_stream_new(&(struct record_stream_settings){.node_max = 1024}, &stream) < 0)
		return error_set(why, 0, "not enough memory") != 0;
	bool is_good = record_stream_begin(stream, STR("--as"), str_from(value), why) == 0;
	record_stream_free(stream);
	return is_good;
}

static int stop(int *status, int with)
{
	*status = with;
	return OPTIONS_STOP;
}

/* OPTIONS_END, or OPTIONS_STOP with *status set. */
static int read_options(const struct command *command, int argc, char **argv, struct scan *scan,
			int *status)
{
	struct options options = {command, argc, argv, EXIT_NOTHING_FOUND};
	const char *value = NULL;
	int option;

	while ((option = options_next(&options, &value)) >= 0) {
		bool is_right = true;
		struct error why;
		if (option == HOST)
			scan->looks_at_host = true;
		else if (option == FOR && !read_seconds(str_from(value), &scan->host_seconds))
			return stop(status,
				    options_mistake(command,
						    "%s is no number of seconds from 5 to 3600",
						    value));
		else if ((option == YARA &&
			  !add_path(scan->rule_paths, &scan->rule_path_count, value)) ||
			 (option == SIGMA &&
			  !add_path(scan->sigma_paths, &scan->sigma_path_count, value)))
			return stop(status,
				    options_mistake(command, "more than %d --%s; name a folder",
						    RULE_PATHS_MAX,
						    option == YARA ? "yara" : "sigma"));
		else if (option == JSON)
			scan->settings.is_json = true;
		else if (option == FOLLOW)
			scan->settings.follows = true;
		else if (option == CONFIG)
			scan->config = value;
		else if (option == FAIL_ON)
			is_right = read_fail_on(&scan->settings, str_from(value));
		else if (option == MIRROR && !add_mirror(scan, str_from(value), &why))
			return stop(status, options_mistake(command, "%s", why.text));
		else if (option == AS && !read_as(&scan->settings, value, &why))
			return stop(status, options_mistake(command, "%s", why.text));
		if (!is_right)
			return stop(status, options_mistake(command,
							    "%s is no verdict: signal, access, "
							    "exposure, suspect, miner, mining; "
							    "severity after a colon: info, low, "
							    "medium, high, critical",
							    value));
	}
	*status = options.status;
	return option;
}

static int add_inputs(const struct command *command, int argc, char **argv, struct scan *scan)
{
	if (options_rest() >= argc && !scan->looks_at_host)
		return options_mistake(command,
				       "no input: name a capture or a log, a folder of them, - for "
				       "standard input, or --host for this machine");
	if (scan->rule_path_count > 0 && !scan->looks_at_host)
		return options_mistake(command,
				       "--yara is for the memory of processes: --host is missing");
	for (int i = options_rest(); i < argc; i++) {
		if (inputs_add(&scan->inputs, argv[i]) < 0) {
			fprintf(stderr, "davy: not enough memory for the list of inputs\n");
			return EXIT_TROUBLE;
		}
	}
	scan->skip = calloc(scan->inputs.count + 1, sizeof(*scan->skip));
	return scan->skip ? EXIT_NOTHING_FOUND : EXIT_TROUBLE;
}

static void tell_list(void *context, const char *path, const char *why)
{
	CLEANUP(buf_fini) struct buf line = {0};

	(void)context, (void)path;
	if (why[0] == '\0')
		return;
	buf_add_printable(&line, str_from(why), sizeof(struct error));
	fprintf(stderr, "davy: %.*s; the scan goes on without this list\n",
		STR_ARG(buf_view(&line)));
}

/* Only --host looks at memory. */
static bool share_rules(struct scan *scan, const struct settings *settings)
{
	struct error why;

	if (!scan->looks_at_host ||
	    rule_files_share(settings, scan->rule_paths, scan->rule_path_count, &scan->rules,
			     &why) == 0)
		return true;
	view_trouble(why.text);
	return false;
}

/* With what it goes on: without a rule, or with our own prices. */
static void tell_unread(void *context, const char *path, const char *why)
{
	const char *prices = context;
	struct error text = {0};

	if (prices && strcmp(path, prices) == 0)
		error_set(&text, 0,
			  "%.300s: not read: %s; correct detect.prices; prices are those that came "
			  "with davy",
			  path, why);
	else
		error_set(&text, 0, "%.300s: not read: %s; the scan goes on without this rule",
			  path, why);
	view_trouble(text.text);
}

/* The file of detect.prices; NULL: the built-in table. */
static const char *prices_named(const struct settings *settings)
{
	const char *path = settings_text(settings, "detect.prices");

	return strcmp(path, "built-in") == 0 ? NULL : path;
}

/* Those that came with davy, of detect.sigma, of --sigma. Returns how many. */
static size_t list_sigma(const struct scan *scan, const struct settings *settings,
			 const char *shipped, const char **paths)
{
	size_t named, count = 0;
	const struct str *texts = settings_texts(settings, "detect.sigma", &named);

	if (access(shipped, F_OK) == 0)
		paths[count++] = shipped;
	for (size_t i = 0; i < named && i < SETTING_TEXTS_MAX; i++)
		paths[count++] = texts[i].at;
	for (size_t i = 0; i < scan->sigma_path_count; i++)
		paths[count++] = scan->sigma_paths[i];
	return count;
}

/* Compiled only where there is a log; what is wrong with a rule is told then. */
static bool share_sigma(struct scan *scan, const struct settings *settings)
{
	char folder[PATH_MAX], shipped[PATH_MAX + sizeof("/sigma")];
	const char *paths[1 + SETTING_TEXTS_MAX + RULE_PATHS_MAX];
	const char *prices = prices_named(settings);
	struct error why = {0};

	sigma_files_folder(folder);
	snprintf(shipped, sizeof(shipped), "%s/sigma", folder);
	const struct sigma_named named = {.rules = paths,
					  .rule_count = list_sigma(scan, settings, shipped, paths),
					  .prices = prices,
					  .unread = tell_unread,
					  .context = (void *)prices};
	scan->sigma = sigma_files_share(&named, &why);
	if (scan->sigma < 0)
		view_trouble(why.text);
	return scan->sigma >= 0;
}

static bool load_settings(struct scan *scan)
{
	struct settings *settings = NULL;
	struct error why = {0};

	if (settings_load(scan->config, &settings, &why) < 0) {
		view_trouble(why.text);
		return false;
	}
	host_authorised(settings, &scan->authorised);
	scan->settings.memory_bytes = settings_number(settings, "scan.memory");
	scan->settings.style = terminal_style();
	scan->lists = list_files_share(settings, tell_list, NULL, &why);
	if (scan->lists < 0)
		view_trouble(why.text);
	bool has_rules =
		scan->lists >= 0 && share_rules(scan, settings) && share_sigma(scan, settings);
	settings_free(&settings);
	return has_rules;
}

/* -- the conversation with the worker -- */

static bool start_worker(struct scan *scan)
{
	struct worker_start start = {.settings = str_of(&scan->settings, sizeof(scan->settings)),
				     .descriptors = {scan->lists, scan->sigma},
				     .descriptor_count = 2};
	struct error why = {0};

	if (worker_spawn(SCAN_ROLE, true, &scan->worker, &why) < 0) {
		view_trouble(why.text);
		return false;
	}
	channel_init(&scan->channel, scan->worker.channel, false);
	return worker_send_start(&scan->channel, &start) == 0;
}

static void take_progress(struct scan *scan, struct str body)
{
	struct scan_progress progress;

	if (body.len != sizeof(progress))
		return;
	memcpy(&progress, body.at, sizeof(progress));
	scan->is_unread |= progress.is_unread;
	progress_draw(&scan->progress, scan->bytes_before + progress.file_bytes, clock_monotonic());
}

/*
 * Wait until the worker has said `wanted`; false when it died instead. An interruption is passed
 * on once, so that what was read until then is reported.
 */
static bool wait_for(struct scan *scan, enum scan_message wanted)
{
	struct message message;
	bool told_stop = false;

	for (;;) {
		enum message_result result = channel_await(&scan->channel, 200, &message);
		if (result == MESSAGE_CLOSED || result == MESSAGE_BROKEN)
			return false;
		if (was_interrupted && !told_stop)
			told_stop = channel_send(&scan->channel, SCAN_STOP, (struct str){0}, NULL,
						 0) == 0;
		if (result != MESSAGE_READY)
			continue;
		if (message.type == SCAN_PROGRESS || message.type == SCAN_DONE)
			take_progress(scan, message.body);
		if (message.type == SCAN_RESULT && message.body.len == sizeof(scan->result)) {
			memcpy(&scan->result, message.body.at, sizeof(scan->result));
			scan->has_result = true;
		}
		if (message.type == wanted)
			return true;
	}
}

static bool send_unchecked(struct scan *scan, const char *path, const char *reason)
{
	CLEANUP(buf_fini) struct buf body = {0};

	buf_add_text(&body, path);
	buf_add_byte(&body, '\0');
	buf_add_text(&body, reason);
	return channel_send(&scan->channel, SCAN_UNCHECKED, buf_view(&body), NULL, 0) == 0;
}

enum scanned { SCANNED, NOT_BEGUN, WORKER_DIED };

static enum scanned leave_out(struct scan *scan, const char *path, const char *reason)
{
	return send_unchecked(scan, path, reason) ? SCANNED : WORKER_DIED;
}

/* Opens one input and has it read. */
static enum scanned scan_one(struct scan *scan, size_t index)
{
	const char *path = scan->inputs.paths[index];
	const enum input_origin origin = scan->inputs.origins[index];
	struct input_settings settings = {.follow = scan->settings.follows};
	struct input *input = NULL;
	struct error why = {0};

	if (scan->skip[index]) {
		error_set(&why, 0, "%s: made the reader crash; please report it", path);
		return leave_out(scan, path, why.text);
	}
	if (origin == INPUT_BARE_FOLDER) {
		error_set(&why, 0,
			  "%s: there is no file in this folder (links in it are not followed)",
			  path);
		return leave_out(scan, path, why.text);
	}
	if (input_open(path, &settings, &input, &why) < 0) /* a pipe may wait for its writer */
		return was_interrupted ? NOT_BEGUN : leave_out(scan, path, why.text);
	int descriptor = input_descriptor(input);
	bool sent = channel_send(&scan->channel, origin == INPUT_FOUND ? SCAN_FOUND : SCAN_INPUT,
				 str_from(strcmp(path, "-") == 0 ? "standard input" : path),
				 &descriptor, 1) == 0;
	input_free(input);
	return sent && wait_for(scan, SCAN_DONE) ? SCANNED : WORKER_DIED;
}

/* What a worker died of, and its end. */
static void bury_worker(struct scan *scan, char why[DEATH_TEXT_MAX])
{
	int status = 0;

	channel_fini(&scan->channel);
	if (scan->worker.pidfd >= 0)
		close(scan->worker.pidfd);
	while (waitpid(scan->worker.pid, &status, 0) < 0 && errno == EINTR)
		;
	death_describe(status, why);
}

/* One worker over all inputs; the index of the input that killed it, or SIZE_MAX when all went
 * well. */
static size_t scan_all(struct scan *scan)
{
	struct scan_finish finish;
	size_t i = 0;

	const struct scan_host_plan host = {.reader = &scan->channel,
					    .seconds = scan->host_seconds,
					    .authorised = &scan->authorised,
					    .rules = scan->rules.descriptor,
					    .was_interrupted = &was_interrupted};

	if (scan->looks_at_host && !scan_host(&host))
		return scan->inputs.count;
	scan->bytes_before = 0;
	while (i < scan->inputs.count && !was_interrupted && !scan->is_unread) {
		enum scanned scanned = scan_one(scan, i);
		if (scanned == WORKER_DIED)
			return i;
		if (scanned == NOT_BEGUN)
			break;
		i++;
	}
	finish.not_begun = scan->inputs.count - i;
	if (channel_send(&scan->channel, SCAN_FINISH, str_of(&finish, sizeof(finish)), NULL, 0) <
		    0 ||
	    !wait_for(scan, SCAN_RESULT))
		return scan->inputs.count;
	return SIZE_MAX;
}

/*
 * A worker that dies has printed nothing yet: findings come at the end. So another begins anew,
 * without the input that killed it.
 */
static bool scan_until_done(struct scan *scan)
{
	CLEANUP(buf_fini) struct buf path = {0};
	char why[DEATH_TEXT_MAX];

	for (size_t deaths = 0; deaths <= scan->inputs.count; deaths++) {
		if (!start_worker(scan))
			return false;
		size_t killer = scan_all(scan);
		progress_end(&scan->progress);
		bury_worker(scan, why);
		if (killer == SIZE_MAX)
			return true;
		bool is_known = killer < scan->inputs.count && !scan->skip[killer];
		buf_clear(&path);
		if (is_known)
			buf_add_printable(&path, str_from(scan->inputs.paths[killer]), PATH_MAX);
		fprintf(stderr, "davy: the reader%s%.*s %s\n", is_known ? " of " : "",
			STR_ARG(buf_view(&path)), why);
		if (!is_known)
			return false;
		scan->skip[killer] = true;
	}
	return false;
}

static int run_scan(struct scan *scan)
{
	/* Once it is asked to stop, twice it is stopped; the worker goes with its parent. */
	struct sigaction on_interrupt = {.sa_handler = interrupted, .sa_flags = (int)SA_RESETHAND};

	sigaction(SIGINT, &on_interrupt, NULL);
	sigaction(SIGTERM, &on_interrupt, NULL);
	signal(SIGPIPE, SIG_IGN);
	progress_begin(&scan->progress, scan->settings.follows ? 0 : scan->inputs.total_bytes,
		       clock_monotonic());
	if (!scan_until_done(scan) || !scan->has_result)
		return EXIT_TROUBLE;
	return scan->result.found > 0	     ? EXIT_FOUND
	       : scan->result.unreadable > 0 ? EXIT_TROUBLE
					     : EXIT_NOTHING_FOUND;
}

static int scan_command_run(const struct command *command, int argc, char **argv)
{
	struct scan scan = {
		.settings = {.fail_verdict = VERDICT_ACCESS, .mirrors = {.believes_all = true}},
		.lists = -1,
		.sigma = -1,
		.rules = {.descriptor = -1},
		.host_seconds = SCAN_HOST_SECONDS};
	int status;

	if (read_options(command, argc, argv, &scan, &status) == OPTIONS_STOP)
		return status;
	status = add_inputs(command, argc, argv, &scan);
	if (status == EXIT_NOTHING_FOUND)
		status = load_settings(&scan) ? run_scan(&scan) : EXIT_TROUBLE;
	if (scan.lists >= 0)
		close(scan.lists);
	if (scan.sigma >= 0)
		close(scan.sigma);
	rule_files_close(&scan.rules);
	inputs_fini(&scan.inputs);
	free(scan.skip);
	return status;
}

extern const struct command scan_command;
const struct command scan_command = {
	.name = "scan",
	.summary = "look once for mining: in captures, in logs, or on this machine",
	.usage = "[OPTION]... [INPUT]...",
	.options = scan_options,
	.text = "Inputs are captures (pcap, pcapng) and logs of AWS, Azure, Google and "
		"Kubernetes, also packed\nwith gzip or zstd, folders of them, or - for standard "
		"input; the kind is recognised from\ncontent. Nothing is sent anywhere.\n"
		"Exit status: 1 when something was found, else 2 when not all was read or there "
		"was nothing "
		"to read,\nelse 0.\n",
	.example = "  davy scan capture.pcap\n"
		   "  davy scan cloudtrail/ flowlogs/ kube-audit.log\n"
		   "  tcpdump -i eth0 -w - | davy scan -\n"
		   "  sudo davy scan --host\n",
	.arguments = COMMAND_FILES,
	.run = scan_command_run,
};
