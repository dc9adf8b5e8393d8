/*
 * Processes that the kernel runs and /proc does not show: the kernel's own walk of all tasks (a BPF
 * iterator) is held against the listing of /proc, twice a minute.
 *
 * With a procfs of our own no mount hides anything from us, and what is missing there was taken out
 * by something in the kernel. Without one (no CAP_SYS_ADMIN) a process below a mount over its
 * /proc/PID is missing, too. A library that is preloaded into other programs hides from those
 * alone: we list by the system call, so nothing is missing here and nothing is told.
 *
 * Processes begin and end while both are read. Who was in a walk before the listing and in one
 * behind it lived all the time; and only who is missing in two rounds is told.
 */
#ifndef DAVY_PROGRAMS_HOST_HIDDEN_H
#define DAVY_PROGRAMS_HOST_HIDDEN_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "source/host/processes.h"

struct host_hidden;

/* processes: borrowed; swept here. 0 or -ENOMEM. */
must_check int host_hidden_new(struct processes *processes, struct host_hidden **out);
void host_hidden_free(struct host_hidden *hidden); /* NULL is allowed */

/* Is a list of all processes wanted now? It counts as asked for. */
must_check bool host_hidden_wants_list(struct host_hidden *hidden, instant now);
/* The list came; descriptor -1: there is none. The descriptor stays the caller's. */
void host_hidden_take_list(struct host_hidden *hidden, int descriptor, instant now);

/* The next that was found hidden, each once: worth a look. False: none. */
must_check bool host_hidden_next(struct host_hidden *hidden, struct process_key *out);
/*
 * Is it hidden? Then what the kernel says of it, for a process /proc tells nothing of: key, name,
 * user, schedule, processor time, device and inode of its program. A start_ns of 0 is not known.
 */
must_check bool host_hidden_describe(const struct host_hidden *hidden,
				     const struct process_key *process, struct arena *arena,
				     struct process *out);
uint32_t host_hidden_count(const struct host_hidden *hidden); /* now */

#endif
