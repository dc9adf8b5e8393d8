// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Who runs, and where: on cpu-clock of each CPU (a software event, so that it works in guests
 * without a PMU; BPF on perf events since 4.9, bpf_task_pt_regs since 5.15).
 *
 * Every sample is one record with its code: at 49 Hz that costs less than keeping count in a map
 * would save, and a record that was told apart early cannot be evicted by a flood of others. It
 * runs in a timer interrupt, so code that is paged out is not waited for.
 */
#include "host_kernel.h"
#include "host_ring.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

enum { PAGE = 4096 };

static __always_inline bool is_user_mode(const struct bpf_perf_event_data *context)
{
#if defined(__TARGET_ARCH_x86)
	return context->regs.cs & 3;
#elif defined(__TARGET_ARCH_arm64)
	return (context->regs.pstate & 0xf) == 0;
#else
#error "host_sample: how does this architecture tell user mode?"
#endif
}

static __always_inline __u64 sampled_ip(const struct bpf_perf_event_data *context)
{
#if defined(__TARGET_ARCH_x86)
	return context->regs.rip;
#else
	return context->regs.pc;
#endif
}

/* Where a task that is in the kernel returns to. Kernel threads and io_uring's have 0. */
static __always_inline __u64 saved_ip(struct task_struct *task)
{
	void *saved = (void *)bpf_task_pt_regs(task);

#if defined(__TARGET_ARCH_x86)
	return BPF_CORE_READ((struct pt_regs___x86 *)saved, ip);
#else
	return BPF_CORE_READ((struct user_pt_regs___arm64 *)saved, pc);
#endif
}

static __always_inline void peek(struct host_sample_record *record, struct host_counters *count)
{
	__u64 left = PAGE - (record->ip & (PAGE - 1));

	if (!bpf_probe_read_user(record->peek, HOST_PEEK_BYTES, (const void *)record->ip)) {
		record->peek_len = HOST_PEEK_BYTES;
		return;
	}
	__builtin_memset(record->peek, 0, HOST_PEEK_BYTES);
	if (left < HOST_PEEK_BYTES && /* nothing behind this page */
	    !bpf_probe_read_user(record->peek, left & (HOST_PEEK_BYTES - 1),
				 (const void *)record->ip)) {
		record->peek_len = (__u32)left;
		return;
	}
	count->unread++;
}

static __always_inline void fill(struct host_sample_record *record, struct task_struct *task,
				 const struct bpf_perf_event_data *context,
				 struct host_counters *count)
{
	struct host_executable executable = {};
	bool is_kernel_thread = BPF_CORE_READ(task, flags) & TASK_IS_KERNEL_THREAD;

	record->flags = is_kernel_thread ? HOST_SAMPLE_KERNEL_THREAD : 0;
	if (is_user_mode(context)) {
		record->ip = sampled_ip(context);
	} else {
		record->flags |= HOST_SAMPLE_IN_KERNEL;
		record->ip = is_kernel_thread ? 0 : saved_ip(task);
	}
	record->start = BPF_CORE_READ(task, group_leader, start_boottime);
	record->cgroup = bpf_get_current_cgroup_id();
	executable_of(task, &executable);
	record->inode = executable.inode;
	record->device = executable.device;
	if (executable.is_there)
		record->flags |= HOST_SAMPLE_HAS_EXECUTABLE;
	bpf_get_current_comm(record->name, sizeof(record->name));
	record->peek_len = 0;
	if (record->ip) {
		record->flags |= HOST_SAMPLE_HAS_IP;
		peek(record, count);
	} else {
		__builtin_memset(record->peek, 0, HOST_PEEK_BYTES);
	}
}

SEC("perf_event")
int host_sample(struct bpf_perf_event_data *context)
{
	__u64 ids = bpf_get_current_pid_tgid();
	struct host_counters *count = counters_here();

	if (!ids || !count) /* the idle task */
		return 0;
	count->seen++;
	struct host_sample_record *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
	if (!record) {
		count->dropped++;
		return 0;
	}
	record->time = bpf_ktime_get_ns();
	record->tgid = (__u32)(ids >> 32);
	record->tid = (__u32)ids;
	record->cpu = bpf_get_smp_processor_id();
	fill(record, bpf_get_current_task_btf(), context, count);
	submit(record, record->time, count);
	return 0;
}
