/*
 * The reading side of a BPF ring buffer by its memory alone (BPF_MAP_TYPE_RINGBUF of the kernel's
 * documentation): libbpf's reader calls bpf(2), which a confined worker may not for this.
 *
 * Three parts are mapped from the map's descriptor: a page with our position, which we write; a
 * page with the kernel's, and the data, mapped twice in a row so that no record is torn by the end.
 * Positions only grow. A header of 8 bytes is before each record.
 */
#ifndef DAVY_SOURCE_HOST_RING_H
#define DAVY_SOURCE_HOST_RING_H

#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "host_events.h"

struct record_ring {
	int descriptor; /* not ours */
	size_t size;	/* bytes of data, a power of two */
	void *consumer;
	const void *producer;
	const uint8_t *records;
	uint64_t malformed; /* lengths that cannot be; the ring is skipped to its end */
};

/* `size` as max_entries of the map. 0, or a negative errno and a sentence. */
must_check int record_ring_map(int descriptor, size_t size, struct record_ring *out,
			       struct error *why);
void record_ring_unmap(struct record_ring *ring); /* zero or unmapped: nothing */

/*
 * Copy the next record to `into` and take it out of the ring.
 *
 * returns: its length, cut to `room`; 0: there is none (whole) yet
 */
size_t record_ring_next(struct record_ring *ring, void *into, size_t room);

/* The counters of a program, one line a possible CPU, in a mapped array. */
struct record_counters {
	const struct host_counters *lines;
	uint32_t count;
};

must_check int record_counters_map(int descriptor, uint32_t count, struct record_counters *out,
				   struct error *why);
void record_counters_unmap(struct record_counters *counters);
struct host_counters record_counters_sum(const struct record_counters *counters);

#endif
