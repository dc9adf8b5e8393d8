/* Completion for bash, from the table of commands. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "programs/commands.h"
#include "programs/options.h"

static void print_command(const struct command *command, struct buf *out)
{
	buf_printf(out, "\t%s) words='", command->name);
	for (const struct command_option *o = command->options; o && o->name; o++)
		buf_printf(out, "--%s ", o->name);
	buf_printf(out, "--help' ;;\n");
}

/* Words that take a file offer files; everything else offers options and, failing that, files. */
static void print_bash(struct buf *out)
{
	buf_add_text(out, "# davy completion bash\n_davy()\n{\n"
			  "\tlocal words current=\"${COMP_WORDS[COMP_CWORD]}\"\n"
			  "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n"
			  "\t\tCOMPREPLY=($(compgen -W '");
	for (size_t i = 0; i < command_count; i++)
		buf_printf(out, "%s ", commands[i]->name);
	buf_add_text(out, "--help --version' -- \"$current\"))\n\t\treturn\n\tfi\n"
			  "\tcase \"${COMP_WORDS[1]}\" in\n");
	for (size_t i = 0; i < command_count; i++)
		print_command(commands[i], out);
	buf_add_text(out, "\t*) words='' ;;\n\tesac\n"
			  "\tcase \"$current\" in\n"
			  "\t-*) COMPREPLY=($(compgen -W \"$words\" -- \"$current\")) ;;\n"
			  "\t*) COMPREPLY=($(compgen -f -- \"$current\")) ;;\n"
			  "\tesac\n}\ncomplete -o filenames -F _davy davy\n");
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
