/*
 * For the tests of the host's sensors: children that do one thing and end with the test.
 */
#ifndef DAVY_TESTS_HOST_CHILD_H
#define DAVY_TESTS_HOST_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/instant.h"

/* Starts `body` in a child that dies with us; its return value is the exit status. Never fails. */
pid_t child_start(int (*body)(void *), void *context);
int child_wait(pid_t pid, duration *cpu_time); /* waitpid's status; cpu_time may be NULL */
void child_kill(pid_t pid);		       /* and waits */

duration child_cpu_time(pid_t pid); /* of a living one, all threads */
uint64_t child_start_ns(pid_t pid); /* as /proc/PID/stat tells it, in ns since boot */
duration since_boot(void);	    /* of the monotonic clock; for deadlines */

/* Code that jumps to itself, in a page of its own without a file. */
void *spin_page(void);
enum { SPIN_BYTES = 2 };
extern const uint8_t spin_code[4];
int spin_there(void *page); /* a child's body: runs it until killed */

void spin_for(duration cpu_time); /* burns that much of the caller's thread */

bool is_root(void);  /* else says why the test is skipped */
void drop_bpf(void); /* CAP_BPF and CAP_SYS_ADMIN, for good; asserts */
void drop_all(void);

#endif
