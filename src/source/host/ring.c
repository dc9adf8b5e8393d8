/*
 * Positions are read with acquire and written with release: the kernel writes a record, then clears
 * its busy bit; it reuses the room only when our position has passed it.
 */
#include "source/host/ring.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { HEADER = 8, RING_MAX = 64 * 1024 * 1024, LINES_MAX = 8192 };

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

int record_ring_map(int descriptor, size_t size, struct record_ring *out, struct error *why)
{
	const size_t page = page_size();

	*out = (struct record_ring){.descriptor = descriptor, .size = size};
	if (size < page || size > RING_MAX || (size & (size - 1)))
		return error_set(why, -EINVAL, "a ring of %zu bytes", size);
	void *consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
	if (consumer == MAP_FAILED)
		return error_set(why, -errno, "our position in the ring cannot be mapped: %s",
				 strerror(errno));
	void *producer =
		mmap(NULL, page + 2 * size, PROT_READ, MAP_SHARED, descriptor, (off_t)page);
	if (producer == MAP_FAILED) {
		int failed = -errno;
		munmap(consumer, page);
		return error_set(why, failed, "the ring of %zu bytes cannot be mapped: %s", size,
				 strerror(-failed));
	}
	out->consumer = consumer;
	out->producer = producer;
	out->records = (const uint8_t *)producer + page;
	return 0;
}

void record_ring_unmap(struct record_ring *ring)
{
	const size_t page = page_size();

	if (!ring->consumer)
		return;
	munmap(ring->consumer, page);
	munmap((void *)ring->producer, page + 2 * ring->size);
	*ring = (struct record_ring){.descriptor = -1};
}

static size_t rounded(size_t len)
{
	return (len + HEADER + 7) & ~(size_t)7;
}

size_t record_ring_next(struct record_ring *ring, void *into, size_t room)
{
	unsigned long *position = ring->consumer;
	unsigned long at = __atomic_load_n(position, __ATOMIC_RELAXED);

	for (;;) {
		unsigned long end =
			__atomic_load_n((const unsigned long *)ring->producer, __ATOMIC_ACQUIRE);
		if (at == end)
			return 0;
		const uint8_t *header = ring->records + (at & (ring->size - 1));
		uint32_t word =
			__atomic_load_n((const uint32_t *)(const void *)header, __ATOMIC_ACQUIRE);
		if (word & BPF_RINGBUF_BUSY_BIT)
			return 0;
		size_t len = word & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
		if (rounded(len) > end - at) { /* the kernel does not write this */
			ring->malformed++;
			__atomic_store_n(position, end, __ATOMIC_RELEASE);
			return 0;
		}
		size_t taken = len < room ? len : room;
		if (!(word & BPF_RINGBUF_DISCARD_BIT))
			memcpy(into, header + HEADER, taken);
		at += rounded(len);
		__atomic_store_n(position, at, __ATOMIC_RELEASE);
		if (!(word & BPF_RINGBUF_DISCARD_BIT) && taken)
			return taken;
	}
}

static size_t lines_bytes(uint32_t count)
{
	const size_t page = page_size();

	return (count * sizeof(struct host_counters) + page - 1) / page * page;
}

int record_counters_map(int descriptor, uint32_t count, struct record_counters *out,
			struct error *why)
{
	*out = (struct record_counters){0};
	if (!count || count > LINES_MAX)
		return error_set(why, -EINVAL, "counters of %u processors", count);
	void *lines = mmap(NULL, lines_bytes(count), PROT_READ, MAP_SHARED, descriptor, 0);
	if (lines == MAP_FAILED)
		return error_set(why, -errno, "the counters cannot be mapped: %s", strerror(errno));
	*out = (struct record_counters){.lines = lines, .count = count};
	return 0;
}

void record_counters_unmap(struct record_counters *counters)
{
	if (counters->lines)
		munmap((void *)counters->lines, lines_bytes(counters->count));
	*counters = (struct record_counters){0};
}

struct host_counters record_counters_sum(const struct record_counters *counters)
{
	struct host_counters sum = {0};

	for (uint32_t i = 0; i < counters->count; i++) {
		const struct host_counters *line = &counters->lines[i];
		sum.seen += __atomic_load_n(&line->seen, __ATOMIC_RELAXED);
		sum.dropped += __atomic_load_n(&line->dropped, __ATOMIC_RELAXED);
		sum.woken += __atomic_load_n(&line->woken, __ATOMIC_RELAXED);
		sum.unread += __atomic_load_n(&line->unread, __ATOMIC_RELAXED);
	}
	return sum;
}
