/*
 * /proc/PID/stat: one line of numbers around a name that may hold anything, brackets, blanks and
 * line ends too. The name ends at the LAST bracket: all that follows it is numbers.
 *
 * source: proc(5); Linux fs/proc/array.c do_task_stat
 */
#ifndef DAVY_DECODE_PROC_STAT_H
#define DAVY_DECODE_PROC_STAT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/instant.h"
#include "base/str.h"
#include "decode/decoded.h"

enum {
	PROC_TICKS_PER_S = 100,		 /* USER_HZ: of every architecture Debian has */
	PROC_KERNEL_THREAD = 0x00200000, /* PF_KTHREAD in `flags` */
};

struct proc_stat {
	uint32_t pid, parent;
	struct str name; /* of workqueue threads up to 64 bytes: "kworker/0:1-events" */
	char state;	 /* 'R', 'S', 'D', 'Z', 'T', 't', 'X', 'I' */
	uint32_t session;
	uint32_t flags; /* PF_* */
	uint64_t user_ticks, system_ticks;
	int32_t nice;
	uint32_t threads;
	uint64_t start_ticks; /* since boot, with sleep (CLOCK_BOOTTIME) */
	uint64_t resident_pages;
	uint32_t policy; /* SCHED_* */
};

/*
 * text:    the whole file; the name in `out` is a view into it
 * returns: DECODED; NEED_MORE when it ends too early; MALFORMED
 */
enum decoded proc_stat_read(struct str text, struct proc_stat *out);

bool proc_stat_is_kernel_thread(const struct proc_stat *stat);

/* Ticks as nanoseconds; stays at the end when that is too much. */
uint64_t proc_ticks_ns(uint64_t ticks);

#endif
