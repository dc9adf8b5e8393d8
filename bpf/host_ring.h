// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The ring and the counters of a program that tells of events: included once by each, after
 * host_kernel.h. The counters are mapped by the reader, which makes no system call for them.
 */
#ifndef DAVY_BPF_HOST_RING_H
#define DAVY_BPF_HOST_RING_H

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024); /* set before loading */
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* set before loading: possible CPUs */
	__type(key, __u32);
	__type(value, struct host_counters);
} counters SEC(".maps");

const volatile __u64 wake_ns = 100000000; /* set before loading, as half_ring */
const volatile __u64 half_ring = 128 * 1024;
__u64 last_wake;

static __always_inline struct host_counters *counters_here(void)
{
	__u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&counters, &cpu);
}

static __always_inline void submit(void *record, __u64 now, struct host_counters *count)
{
	__u64 flags = wake_or_not(&ring, now, wake_ns, &last_wake, half_ring);

	if (flags == BPF_RB_FORCE_WAKEUP)
		count->woken++;
	bpf_ringbuf_submit(record, flags);
}

#endif
