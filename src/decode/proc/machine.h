/*
 * /proc/stat and /proc/uptime: what the processors did in all, and since when the machine runs.
 * Time that no process accounts for is time of a process that is hidden.
 */
#ifndef DAVY_DECODE_PROC_MACHINE_H
#define DAVY_DECODE_PROC_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/instant.h"
#include "base/str.h"
#include "decode/decoded.h"

/* All processors together, in ticks (PROC_TICKS_PER_S a second). */
struct proc_machine {
	uint64_t user, nice, system, idle, waiting, interrupts, soft_interrupts, stolen;
	uint32_t processors; /* online: lines "cpuN" */
	instant booted;	     /* whole seconds */
};

/* MALFORMED without the line "cpu"; an older kernel's missing columns are 0. */
enum decoded proc_machine_read(struct str text, struct proc_machine *out);

/* "350735.47 234388.90": time since boot. */
enum decoded proc_uptime_read(struct str text, duration *out);

#endif
