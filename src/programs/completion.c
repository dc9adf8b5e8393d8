/* Completion for bash, from the table of commands. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "programs/commands.h"
#include "programs/options.h"

/* What may follow `davy show`, and what may follow `davy show --config`. */
static void print_command(const struct command *command, struct buf *out)
{
	buf_printf(out, "\t\t%s) words='", command->name);
	for (const struct command_option *o = command->options; o && o->name; o++)
		buf_printf(out, "--%s ", o->name);
	buf_printf(out, "--help' ;;\n");
}

static void print_values(const struct command *command, struct buf *out)
{
	for (const struct command_option *o = command->options; o && o->name; o++) {
		if (!o->argument)
			continue;
		bool takes_file = o->choices && strcmp(o->choices, COMMAND_FILES) == 0;
		buf_printf(out, "\t'%s --%s') %s='%s' ;;\n", command->name, o->name,
			   takes_file ? "files" : "words",
			   takes_file	? "yes"
			   : o->choices ? o->choices
					: "");
	}
}

static void print_bash(struct buf *out)
{
	buf_add_text(out, "# davy completion bash\n_davy()\n{\n"
			  "\tlocal words='' files='' current=\"${COMP_WORDS[COMP_CWORD]}\"\n"
			  "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n"
			  "\t\tmapfile -t COMPREPLY < <(compgen -W '");
	for (size_t i = 0; i < command_count; i++)
		buf_printf(out, "%s ", commands[i]->name);
	buf_add_text(out, "--help --version' -- \"$current\")\n\t\treturn\n\tfi\n"
			  "\tcase \"${COMP_WORDS[1]} ${COMP_WORDS[COMP_CWORD - 1]}\" in\n");
	for (size_t i = 0; i < command_count; i++)
		print_values(commands[i], out);
	buf_add_text(out, "\t*)\n\t\tcase \"${COMP_WORDS[1]}\" in\n");
	for (size_t i = 0; i < command_count; i++)
		print_command(commands[i], out);
	buf_add_text(out, "\t\tesac\n\t\tcase \"$current\" in -*) ;; *) files=yes ;; esac ;;\n"
			  "\tesac\n"
			  "\tmapfile -t COMPREPLY < <(\n"
			  "\t\t[ -z \"$words\" ] || compgen -W \"$words\" -- \"$current\"\n"
			  "\t\t[ -z \"$files\" ] || compgen -f -- \"$current\"\n"
			  "\t)\n}\ncomplete -o filenames -F _davy davy\n");
}

static int completion_run(const struct command *command, int argc, char **argv)
{
	CLEANUP(buf_fini) struct buf out = {0};
	struct options options = {command, argc, argv, EXIT_TROUBLE};
	const char *value = NULL;

	if (options_next(&options, &value) == OPTIONS_STOP)
		return options.status;
	if (argc - options_rest() != 1 || strcmp(argv[options_rest()], "bash") != 0)
		return options_mistake(command, "bash is the only shell known");
	print_bash(&out);
	bool is_written =
		!out.failed && fwrite(out.at, 1, out.len, stdout) == out.len && fflush(stdout) == 0;
	return is_written ? EXIT_NOTHING_FOUND : EXIT_TROUBLE;
}

const struct command completion_command = {
	.name = "completion",
	.summary = "print a completion script for a shell",
	.usage = "bash",
	.example = "  . <(davy completion bash)\n",
	.run = completion_run,
};
