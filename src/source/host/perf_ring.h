/*
 * The reading side of a perf event's ring (perf_event_open(2)): where BPF is refused.
 */
#ifndef DAVY_SOURCE_HOST_PERF_RING_H
#define DAVY_SOURCE_HOST_PERF_RING_H

#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"

struct perf_ring {
	void *page; /* struct perf_event_mmap_page, then the records */
	size_t size;
	uint64_t malformed;
};

/* `size`: bytes of records, a power of two. 0, or a negative errno and a sentence. */
must_check int perf_ring_map(int descriptor, size_t size, struct perf_ring *out, struct error *why);
void perf_ring_unmap(struct perf_ring *ring); /* zero or unmapped: nothing */

/*
 * Copy the next record, struct perf_event_header first, and take it out.
 * returns: its length, cut to `room`; 0: none yet
 */
size_t perf_ring_next(struct perf_ring *ring, void *into, size_t room);

#endif
