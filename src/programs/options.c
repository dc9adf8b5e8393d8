#include "programs/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"

enum { OPTIONS_MAX = 40, HELP_COLUMN = 24 };

static size_t count_options(const struct command *command)
{
	size_t count = 0;

	while (command->options && command->options[count].name && count < OPTIONS_MAX)
		count++;
	return count;
}

static void option_help(const struct command_option *option, struct buf *out)
{
	size_t start = out->len;

	buf_printf(out, "  --%s%s%s", option->name, option->argument ? " " : "",
		   option->argument ? option->argument : "");
	if (out->len - start > HELP_COLUMN - 2)
		buf_printf(out, "\n%*s", HELP_COLUMN, "");
	else
		buf_printf(out, "%*s", (int)(HELP_COLUMN - (out->len - start)), "");
	buf_printf(out, "%s\n", option->help);
}

void command_help(const struct command *command, struct buf *out)
{
	static const struct command_option help = {"help", NULL, "this text; also -h"};

	buf_printf(out, "davy %s: %s\n\nUsage: davy %s %s\n\nOptions:\n", command->name,
		   command->summary, command->name, command->usage);
	for (size_t i = 0; i < count_options(command); i++)
		option_help(&command->options[i], out);
	option_help(&help, out);
	if (command->text)
		buf_printf(out, "\n%s", command->text);
	buf_printf(out, "\nExample:\n%s", command->example);
}

int options_mistake(const struct command *command, const char *format, ...)
{
	CLEANUP(buf_fini) struct buf text = {0}, shown = {0};
	va_list arguments;

	va_start(arguments, format);
	buf_vprintf(&text, format, arguments);
	va_end(arguments);
	buf_add_printable(&shown, buf_view(&text), 400);
	fprintf(stderr, "davy %s: %.*s; see `davy %s --help`\n", command->name, (int)shown.len,
		shown.at, command->name);
	return EXIT_TROUBLE;
}

static int tell_unknown(const struct command *command, const char *given)
{
	struct str word, value;

	str_cut(str_from(given), '=', &word, &value);
	while (word.len > 0 && word.at[0] == '-')
		word = str_skip(word, 1);
	struct nearest nearest = nearest_to(word);
	for (size_t i = 0; i < count_options(command); i++)
		nearest_offer(&nearest, str_from(command->options[i].name));
	if (nearest_is_close(&nearest))
		return options_mistake(command, "unknown option %s (did you mean --%.*s?)", given,
				       STR_ARG(nearest.best));
	return options_mistake(command, "unknown option %s", given);
}

static int stop(struct options *options, int status)
{
	options->status = status;
	return OPTIONS_STOP;
}

static int print_help(struct options *options)
{
	CLEANUP(buf_fini) struct buf out = {0};

	command_help(options->command, &out);
	fwrite(out.at, 1, out.len, stdout);
	return stop(options, EXIT_NOTHING_FOUND);
}

int options_next(struct options *options, const char **value)
{
	struct option longs[OPTIONS_MAX + 2] = {0};
	size_t count = count_options(options->command);
	int index = -1, before = optind;

	for (size_t i = 0; i < count; i++) {
		longs[i].name = options->command->options[i].name;
		longs[i].has_arg =
			options->command->options[i].argument ? required_argument : no_argument;
	}
	longs[count] = (struct option){"help", no_argument, NULL, 0};
	opterr = 0;
	int c = getopt_long(options->argc, options->argv, ":h", longs, &index);
	if (c == -1)
		return OPTIONS_END;
	if (c == 'h' || (c == 0 && (size_t)index == count))
		return print_help(options);
	const char *given = options->argv[before < optind ? optind - 1 : before];
	if (c == ':')
		return stop(options, options_mistake(options->command, "%s needs a value", given));
	if (c != 0)
		return stop(options, tell_unknown(options->command, given));
	*value = optarg;
	return index;
}

int options_rest(void)
{
	return optind;
}
