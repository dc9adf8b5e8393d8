#include "source/host/perf_ring.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PERF_RING_MAX = 16 * 1024 * 1024 };

int perf_ring_map(int descriptor, size_t size, struct perf_ring *out, struct error *why)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);

	*out = (struct perf_ring){.size = size};
	if (size < page || size > PERF_RING_MAX || (size & (size - 1)))
		return error_set(why, -EINVAL, "a ring of %zu bytes", size);
	void *at = mmap(NULL, page + size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
	if (at == MAP_FAILED)
		return error_set(
			why, -errno,
			"the ring of samples cannot be mapped: %s (see kernel.perf_event_mlock_kb)",
			strerror(errno));
	out->page = at;
	return 0;
}

void perf_ring_unmap(struct perf_ring *ring)
{
	if (ring->page)
		munmap(ring->page, (size_t)sysconf(_SC_PAGESIZE) + ring->size);
	ring->page = NULL;
}

/* From a position that only grows; the part behind the end is at the start. */
static void copy(const struct perf_ring *ring, uint64_t from, void *into, size_t len)
{
	const struct perf_event_mmap_page *page = ring->page;
	const uint8_t *records = (const uint8_t *)ring->page + page->data_offset;
	size_t at = from & (ring->size - 1);
	size_t first = len < ring->size - at ? len : ring->size - at;

	memcpy(into, records + at, first);
	memcpy((uint8_t *)into + first, records, len - first);
}

size_t perf_ring_next(struct perf_ring *ring, void *into, size_t room)
{
	struct perf_event_mmap_page *page = ring->page;
	uint64_t head = __atomic_load_n(&page->data_head, __ATOMIC_ACQUIRE);
	uint64_t tail = page->data_tail;
	struct perf_event_header header;

	if (head - tail < sizeof(header))
		return 0;
	copy(ring, tail, &header, sizeof(header));
	if (header.size < sizeof(header) || header.size > head - tail) {
		ring->malformed++;
		__atomic_store_n(&page->data_tail, head, __ATOMIC_RELEASE);
		return 0;
	}
	size_t taken = header.size < room ? header.size : room;
	copy(ring, tail, into, taken);
	__atomic_store_n(&page->data_tail, tail + header.size, __ATOMIC_RELEASE);
	return taken;
}
