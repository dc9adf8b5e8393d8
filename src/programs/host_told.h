/*
 * What the host worker told of each subject: a finding is told again only when there is news, and
 * once for all at the end of a scan. What was convincing once stays so.
 */
#ifndef DAVY_PROGRAMS_HOST_TOLD_H
#define DAVY_PROGRAMS_HOST_TOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/instant.h"
#include "model/finding.h"
#include "sandbox/messages.h"

struct host_told;

struct host_told_counters {
	uint64_t findings, lost; /* told; of these, such as the channel did not take */
};

/*
 * channel: where findings go, as WATCH_FINDING; borrowed
 * is_once: they are kept, the last of each subject, until host_told_end
 */
must_check int host_told_new(struct channel *channel, bool is_once, uint64_t seed,
			     struct host_told **out); /* 0 or -ENOMEM */
void host_told_free(struct host_told *told);	      /* NULL is allowed */

/* Fills in id, until the next call, and revision. Tells it, keeps it, or neither where there is no
 * news in it. */
void host_told_take(struct host_told *told, struct finding *finding, instant now);
/* Tells what was kept. */
void host_told_end(struct host_told *told);

struct host_told_counters host_told_count(const struct host_told *told);

#endif
