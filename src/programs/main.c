#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/nearest.h"
#include "programs/audit.h"
#include "programs/commands.h"
#include "programs/host.h"
#include "programs/options.h"
#include "programs/responder.h"
#include "programs/rule_files.h"
#include "programs/rules.h"
#include "programs/scan.h"
#include "programs/version.h"
#include "programs/watch.h"
#include "sandbox/worker.h"

/* DAVY_COMMANDS is made by Meson from the names in meson.build: COMMAND(scan) COMMAND(watch) ... */
#include "programs/command_table.h"

#define COMMAND(name) extern const struct command name##_command;
DAVY_COMMANDS
#undef COMMAND

#define COMMAND(name) &name##_command,
const struct command *const commands[] = {DAVY_COMMANDS};
#undef COMMAND

const size_t command_count = sizeof(commands) / sizeof(*commands);

static void print_overview(FILE *file)
{
	fprintf(file, "davy: find hidden cryptocurrency mining, tell how it got in, stop it\n\n"
		      "Usage: davy COMMAND [OPTION]...\n\nCommands:\n");
	for (size_t i = 0; i < command_count; i++)
		fprintf(file, "  %-12s %s\n", commands[i]->name, commands[i]->summary);
	fprintf(file, "\n`davy help COMMAND` tells about one, with an example. "
		      "`davy --version` prints the version.\n"
		      "Exit status: 1 when something was found, else 2 when something failed, "
		      "else 0.\n");
}

static int unknown_command(const char *name)
{
	static const char *const others[] = {"help", "--help", "--version"};
	CLEANUP(buf_fini) struct buf shown = {0};
	struct nearest nearest = nearest_to(str_from(name));

	for (size_t i = 0; i < command_count; i++)
		nearest_offer(&nearest, str_from(commands[i]->name));
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		nearest_offer(&nearest, str_from(others[i]));
	buf_add_printable(&shown, str_from(name), 64);
	fprintf(stderr, "davy: unknown %s %.*s", name[0] == '-' ? "option" : "command",
		STR_ARG(buf_view(&shown)));
	if (nearest_is_close(&nearest))
		fprintf(stderr, ", did you mean %.*s?\n", STR_ARG(nearest.best));
	else
		fprintf(stderr, "; `davy --help` lists all\n");
	return EXIT_TROUBLE;
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < command_count; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

/* `davy help` and `davy help COMMAND` */
static int print_help(int argc, char **argv)
{
	CLEANUP(buf_fini) struct buf out = {0};
	const struct command *command = argc > 1 ? find_command(argv[1]) : NULL;

	if (argc > 2) {
		fprintf(stderr, "davy help: one command at a time\n");
		return EXIT_TROUBLE;
	}
	if (argc > 1 && !command && strcmp(argv[1], "help") != 0)
		return unknown_command(argv[1]);
	if (command) {
		command_help(command, &out);
		fwrite(out.at, 1, out.len, stdout);
	} else {
		print_overview(stdout);
	}
	return EXIT_NOTHING_FOUND;
}

static bool is_any(const char *word, const char *one, const char *other)
{
	return strcmp(word, one) == 0 || strcmp(word, other) == 0;
}

static int run(int argc, char **argv)
{
	if (argc < 2) {
		print_overview(stderr);
		return EXIT_TROUBLE;
	}
	if (is_any(argv[1], "--help", "-h") || strcmp(argv[1], "help") == 0)
		return print_help(argc - 1, argv + 1);
	if (is_any(argv[1], "--version", "-V")) {
		printf("davy %s\n", DAVY_VERSION);
		return EXIT_NOTHING_FOUND;
	}
	const struct command *command = find_command(argv[1]);
	return command ? command->run(command, argc - 1, argv + 1) : unknown_command(argv[1]);
}

/* What this program is when it was started by itself as a worker. */
static const struct {
	const char *role;
	int (*run)(void);
} roles[] = {
	{AUDIT_ROLE, audit_worker}, {SCAN_ROLE, scan_worker},
	{HOST_ROLE, host_worker},   {SENSOR_ROLE, sensor_worker},
	{CORE_ROLE, core_worker},   {RESPONDER_ROLE, responder_worker},
	{RULES_ROLE, rules_worker}, {SIGMA_ROLE, sigma_worker},
};

static int run_role(const char *role)
{
	for (size_t i = 0; i < sizeof(roles) / sizeof(*roles); i++)
		if (strcmp(role, roles[i].role) == 0)
			return roles[i].run();
	return EXIT_TROUBLE;
}

int main(int argc, char **argv)
{
	const char *role = worker_role(argc, argv);

	if (role) /* no exit handlers: a confined process has nothing to tidy up, nor the right to
		   */
		_exit(run_role(role));
	int status = run(argc, argv);

	if (fflush(stdout) != 0) {
		fprintf(stderr, "davy: cannot write to standard output\n");
		return EXIT_TROUBLE;
	}
	return status;
}
