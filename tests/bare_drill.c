/*
 * `davy drill host` without Davy: a program that has the drill's loops and nothing else, no word of
 * mining in its file, so that what is found of it is found by what it does.
 *
 * usage: bare_drill WORDS   (man/davy-drill.1.scd, --with)
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "lab/host_drill.h"

static void tell_start(void *context, pid_t pid)
{
	(void)context;
	printf("%d\n", (int)pid);
	fflush(stdout);
}

static int become(const struct host_drill *drill, char **argv, struct error *why)
{
	CLEANUP(buf_fini) struct buf words = {0};

	buf_printf(&words, "%s,here", argv[1]);
	buf_add_byte(&words, 0);
	if (words.failed)
		return error_set(why, -ENOMEM, "out of memory");
	char *again[] = {argv[0], words.at, NULL};
	return host_drill_become(drill, again, why);
}

int main(int argc, char **argv)
{
	struct host_drill drill = host_drill_default();
	struct error why = {0};

	if (argc != 2 || host_drill_parse(str_from(argv[1]), &drill, &why) != 0) {
		fprintf(stderr, "usage: bare_drill WORDS: %s\n", why.text);
		return 2;
	}
	if (drill.image != HOST_DRILL_HERE || drill.preload[0])
		return become(&drill, argv, &why) == 0 ? 0 : 2;
	char *end = argv[1] + strlen(argv[1]);
	const struct host_drill_watcher watcher = {.on_start = tell_start,
						   .arguments = argv[0],
						   .arguments_len = (size_t)(end - argv[0])};
	if (host_drill_run(&drill, &watcher, &why) != 0) {
		fprintf(stderr, "bare_drill: %s\n", why.text);
		return 2;
	}
	return 0;
}
