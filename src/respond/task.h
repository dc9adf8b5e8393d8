/*
 * One process, named for good: by pid, start time and a pidfd. Pids are used again, and a signal
 * to a bare one may hit somebody else.
 */
#ifndef DAVY_RESPOND_TASK_H
#define DAVY_RESPOND_TASK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/str.h"
#include "model/process.h"

struct task {
	struct process_key key;
	int pidfd;
};

/*
 * Open the process that `key` names.
 *
 * proc:    folder of a procfs
 * returns: 0; -ESRCH when it is gone or the pid is another's by now; or -errno
 */
must_check int task_open(int proc, struct process_key key, struct task *out);
void task_close(struct task *task);

bool task_is_alive(const struct task *task);
must_check int task_signal(const struct task *task, int signal); /* 0, -ESRCH, -EPERM */
/* Until it has ended, at most `ms`: has it? */
bool task_wait(const struct task *task, int ms);

/* In steps of a tick, as /proc tells it; 0 when there is no such process. */
uint64_t task_start(int proc, uint32_t pid, uint32_t *parent);
/* The same process, though one of the two times may be exact and the other in ticks? */
bool task_same_start(uint64_t a_ns, uint64_t b_ns);
bool task_is_among(const struct process_key *keys, size_t count, const struct process_key *key);

/* A short file "PID/NAME" below `proc` into text[cap]; 0 or -errno. */
must_check int task_text(int proc, uint32_t pid, const char *name, char *text, size_t cap,
			 struct str *out);

#endif
