/* Which CPUs are running now: they come and go, in virtual machines above all. */
#ifndef DAVY_SOURCE_HOST_CPUS_H
#define DAVY_SOURCE_HOST_CPUS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/str.h"

enum { CPUS_MAX = 4096 };

struct cpus {
	uint64_t bits[CPUS_MAX / 64];
	uint32_t end; /* one above the highest */
};

/* "0-3,5"; false: not such a list, or beyond CPUS_MAX. */
must_check bool cpus_parse(struct str text, struct cpus *out);
/* Of /sys/devices/system/cpu/online. 0 or a negative errno. */
must_check int cpus_online(struct cpus *out);

static inline bool cpus_has(const struct cpus *cpus, uint32_t cpu)
{
	return cpu < CPUS_MAX && (cpus->bits[cpu / 64] >> cpu % 64 & 1);
}

#endif
