/* Completion for bash, from the table of commands. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "lab/carrier.h"
#include "lab/dialect.h"
#include "programs/commands.h"
#include "programs/options.h"

static void add_drills(struct buf *out)
{
	for (size_t i = 0; i < lab_dialect_count; i++) {
		buf_printf(out, "%s%s", i ? " " : "", lab_dialects[i]->name);
		for (unsigned v = 1; v < lab_dialects[i]->variant_count; v++)
			buf_printf(out, " %s/%s", lab_dialects[i]->name,
				   lab_dialects[i]->variants[v].name);
	}
}

static void add_carriers(struct buf *out)
{
	for (size_t i = 0; i < lab_carrier_count; i++)
		buf_printf(out, "%s%s", i ? " " : "", lab_carrier_names[i]);
}

static void add_commands(struct buf *out)
{
	for (size_t i = 0; i < command_count; i++)
		buf_printf(out, "%s ", commands[i]->name);
	buf_add_text(out, "help");
}

/* Shell words that say what to complete with: " files=yes", " words='a b'" or nothing. */
static void add_choices(const char *choices, struct buf *out)
{
	if (!choices) {
		return;
	} else if (strcmp(choices, COMMAND_FILES) == 0) {
		buf_add_text(out, " files=yes");
	} else if (strcmp(choices, COMMAND_INTERFACES) == 0) {
		buf_add_text(out, " words=$(cd /sys/class/net 2>/dev/null && echo *)");
	} else {
		buf_add_text(out, " words='");
		if (strcmp(choices, COMMAND_DRILLS) == 0)
			add_drills(out);
		else if (strcmp(choices, COMMAND_CARRIERS) == 0)
			add_carriers(out);
		else
			buf_add_text(out, choices);
		buf_add_byte(out, '\'');
	}
}

/* What may follow `davy show --config`. */
static void print_values(const struct command *command, struct buf *out)
{
	for (const struct command_option *o = command->options; o && o->name; o++) {
		if (!o->argument)
			continue;
		buf_printf(out, "\t'%s --%s')", command->name, o->name);
		add_choices(o->choices, out);
		buf_add_text(out, " ;;\n");
	}
}

/* What may follow `davy show`. */
static void print_command(const struct command *command, struct buf *out)
{
	buf_printf(out, "\t\t%s) options='", command->name);
	for (const struct command_option *o = command->options; o && o->name; o++)
		buf_printf(out, "--%s ", o->name);
	buf_add_text(out, "--help'");
	add_choices(command->arguments, out);
	buf_add_text(out, " ;;\n");
}

static void print_bash(struct buf *out)
{
	buf_add_text(out,
		     "# davy completion bash\n_davy()\n{\n"
		     "\tlocal options='' words='' files=''\n"
		     "\tlocal current=\"${COMP_WORDS[COMP_CWORD]}\" before=$((COMP_CWORD - 1))\n"
		     "\t# bash makes --option=value three words\n"
		     "\t[ \"$current\" != = ] || current=''\n"
		     "\t[ \"${COMP_WORDS[before]}\" != = ] || before=$((before - 1))\n"
		     "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n"
		     "\t\tmapfile -t COMPREPLY < <(compgen -W '");
	add_commands(out);
	buf_add_text(out, " --help --version' -- \"$current\")\n\t\treturn\n\tfi\n"
			  "\tcase \"${COMP_WORDS[1]} ${COMP_WORDS[before]}\" in\n");
	for (size_t i = 0; i < command_count; i++)
		print_values(commands[i], out);
	buf_add_text(out, "\t*)\n\t\tcase \"${COMP_WORDS[1]}\" in\n");
	for (size_t i = 0; i < command_count; i++)
		print_command(commands[i], out);
	buf_add_text(out, "\t\thelp) words='");
	add_commands(out);
	buf_add_text(out, "' ;;\n\t\tesac\n"
			  "\t\tcase \"$current\" in -*) words=$options files='' ;; esac ;;\n"
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
	.arguments = "bash",
	.run = completion_run,
};
