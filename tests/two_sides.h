/* The side with rights and the worker without, in one process: a channel between them, and /proc.
 */
#ifndef DAVY_TESTS_TWO_SIDES_H
#define DAVY_TESTS_TWO_SIDES_H

#include <fcntl.h>
#include <unistd.h>

#include "sandbox/messages.h"
#include "source/host/processes.h"

struct two_sides {
	struct processes *processes;
	struct channel rights, worker;
	int proc;
};

static inline void two_sides_open(struct two_sides *sides)
{
	struct error why;
	int ends[2];

	*sides = (struct two_sides){.proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
	assert_int_equal(processes_open(sides->proc, &sides->processes, &why), 0);
	assert_int_equal(channel_pair(ends), 0);
	channel_init(&sides->rights, ends[0], false);
	channel_init(&sides->worker, ends[1], true);
}

static inline void two_sides_close(struct two_sides *sides)
{
	channel_fini(&sides->rights);
	channel_fini(&sides->worker);
	processes_close(sides->processes);
	close(sides->proc);
}

/* For a test that needs no more than these. */
static inline int two_sides_set_up(void **state)
{
	static struct two_sides sides;

	two_sides_open(&sides);
	*state = &sides;
	return 0;
}

static inline int two_sides_tear_down(void **state)
{
	two_sides_close(*state);
	return 0;
}

#endif
