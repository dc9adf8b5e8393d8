/* Of what site a page is: the browser's own records of that, looked up in the page's memory. */
#ifndef DAVY_PROGRAMS_HOST_SITES_H
#define DAVY_PROGRAMS_HOST_SITES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "decode/memory/page_site.h"
#include "model/workload.h"

struct host_memory_of;

struct host_sites {
	struct page_site_counts found;
	const struct workload *workload;
	const struct host_memory_of *of; /* its process's memory */
	uint32_t lookups_left, astray;	 /* records that lead to nothing */
	uint64_t left, region_most;	 /* bytes */
};

/* Of a workload with a browser. */
void host_sites_begin(struct host_sites *sites, const struct workload *workload,
		      const struct host_memory_of *of);

/* Whether mapping `i` may hold such records; is taken off what may be read. */
bool host_sites_wants(struct host_sites *sites, size_t i);

/*
 * Look at a piece of it.
 *
 * bytes: begin at a multiple of 16
 * end:   what begins from here on is looked at with the next piece
 */
void host_sites_read(struct host_sites *sites, struct str bytes, size_t end);

/* Fills workload->sites, from `arena`, when there is anything to tell. */
void host_sites_end(const struct host_sites *sites, struct workload *workload, struct arena *arena);

#endif
