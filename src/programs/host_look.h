/*
 * A closer look at one workload: its representative's files are read, code around the samples and
 * small regions of memory are looked into, all rooms judge, and their signs become one finding.
 */
#ifndef DAVY_PROGRAMS_HOST_LOOK_H
#define DAVY_PROGRAMS_HOST_LOOK_H

#include "detect/authorised.h"
#include "detect/owners.h"
#include "detect/workloads.h"
#include "model/finding.h"
#include "source/host/processes.h"

struct host_hidden;
struct host_images;
struct host_looker;
struct host_rules;
struct host_setup;

struct host_looker_settings {
	struct str host; /* this machine's name; lives as long as the looker */
	uint64_t seed;
	/* Our own program, which carries the constants and words that it looks for. */
	uint64_t own_device, own_inode;
	struct str own_path;
	struct host_setup *setup;	     /* how suspects stay; borrowed, NULL: not looked for */
	const struct authorised *authorised; /* miners that are wanted; borrowed, or NULL */
	const struct host_hidden *hidden;    /* who is missing from /proc; borrowed, or NULL */
	const struct host_images *images;    /* of containers; borrowed, or NULL */
	struct host_rules *rules;	     /* of the user's own; borrowed, or NULL */
	struct owners *owners; /* whose the network's sessions are; borrowed, or NULL */
};

/* 0, or a negative errno; `why` says when memory cannot be scanned, which is then left out. */
must_check int host_looker_new(const struct host_looker_settings *settings,
			       struct host_looker **out, struct error *why);
void host_looker_free(struct host_looker *looker); /* NULL is allowed */

/* What host_look needs of the process, for struct opener_request. */
uint32_t host_look_wants(void);

/*
 * Look at it.
 *
 * opened: what the opener gave of due->process; its descriptors stay the caller's
 * out:    on LOOK_TOLD the finding; texts live until the next call
 */
enum look_result host_look(struct host_looker *looker, struct workloads *workloads,
			   struct processes *processes, const struct workload_due *due,
			   const struct opened_process *opened, instant now, struct finding *out);
/* Whom the last look was at, until the next; after one that made a finding never NULL. */
const struct process *host_looked_at(const struct host_looker *looker);

#endif
