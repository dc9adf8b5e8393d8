#include "programs/drill_host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/host_drill.h"
#include "programs/options.h"

static void tell_start(void *context, pid_t pid)
{
	const struct host_drill *drill = context;

	printf("Drill: process %d runs code of the shape %s, %u %s at %u%%, for %u s%s%s%s%s. It "
	       "mines "
	       "nothing and stops by itself.\n",
	       pid, lab_loop_names[drill->loop.shape], drill->threads,
	       drill->threads == 1 ? "thread" : "threads", drill->duty_percent, drill->seconds,
	       drill->name[0] ? ", as " : "", drill->name,
	       drill->is_spread ? ", over many short processes" : "",
	       drill->is_mounted ? ", below a mount" : "");
	fflush(stdout);
}

/* The same again, from a copy: the last --with tells that it is one. */
static int become(const struct host_drill *drill, const char *words, int argc, char **argv,
		  struct error *why)
{
	CLEANUP(buf_fini) struct buf list = {0};
	char **again = calloc((size_t)argc + 4, sizeof(*again)), option[] = "--with";
	int code;

	buf_printf(&list, "%s,here", words);
	buf_add_byte(&list, 0);
	if (!again || list.failed) {
		free(again);
		return error_set(why, -ENOMEM, "out of memory");
	}
	again[0] = program_invocation_name;
	memcpy(again + 1, argv, (size_t)argc * sizeof(*again));
	again[argc + 1] = option;
	again[argc + 2] = list.at;
	code = host_drill_become(drill, again, why);
	free(again);
	return code;
}

/* What `ps` shows: all arguments lie one behind the other, in another order once they were read. */
static struct host_drill_watcher watch(struct host_drill *drill, int argc, char **argv)
{
	char *begin = program_invocation_name, *end = begin + strlen(begin);

	for (int i = 0; i < argc; i++)
		if (argv[i] + strlen(argv[i]) > end)
			end = argv[i] + strlen(argv[i]);
	return (struct host_drill_watcher){.on_start = tell_start,
					   .context = drill,
					   .arguments = begin,
					   .arguments_len = (size_t)(end - begin)};
}

int drill_host_run(const struct command *command, const char *words, int argc, char **argv)
{
	struct host_drill drill = host_drill_default();
	struct error why = {0};

	if (words && host_drill_parse(str_from(words), &drill, &why) != 0)
		return options_mistake(command, "%s", why.text);
	if (drill.image != HOST_DRILL_HERE || drill.preload[0]) {
		if (become(&drill, words, argc, argv, &why) != 0)
			fprintf(stderr, "davy: %s\n", why.text);
		return EXIT_TROUBLE;
	}
	struct host_drill_watcher watcher = watch(&drill, argc, argv);
	if (host_drill_run(&drill, &watcher, &why) != 0) {
		fprintf(stderr, "davy: %s\n", why.text);
		return EXIT_TROUBLE;
	}
	printf("The drill of this host is over.\n");
	return EXIT_NOTHING_FOUND;
}
