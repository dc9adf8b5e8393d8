/* What only a page of a browser is looked at for: what it is to the browser, its pads, its site. */
#ifndef DAVY_PROGRAMS_HOST_PADS_H
#define DAVY_PROGRAMS_HOST_PADS_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "model/workload.h"

struct host_memory_of;

/* Fills workload->browser when its process runs pages. */
void host_pads_tell_browser(struct workload *workload, struct arena *arena);

/*
 * Look for runs of noise in what a page may write, 128 MiB at the most, its modules' memory first;
 * and in what is no module's, for the browser's records of whose page it is (host_sites).
 *
 * piece: room for reading, `cap` bytes, whole pages
 * mark:  of the pads at the last look; 0: none were seen. Is written
 * Fills pads, pad_count, pads_were_rewritten and sites.
 */
void host_pads_find(const struct host_memory_of *of, struct workload *workload, char *piece,
		    size_t cap, uint64_t *mark);

#endif
