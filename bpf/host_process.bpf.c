// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Begin and end of processes and TCP connections, at BTF tracepoints (since 5.5): they need neither
 * tracefs nor kprobes nor BPF LSM, which not every kernel has, and are always there.
 *
 * sched_process_exit is met by each thread, after it was taken off signal->live: the last finds 0.
 * By then 6.1 has given up the memory and so the executable; whoever wants it has the exec event.
 */
#include "host_kernel.h"
#include "host_ring.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

enum { STATE_ESTABLISHED = 1, STATE_SYN_SENT = 2, STATE_CLOSE = 7, STATE_LISTEN = 10 };

static __always_inline void *reserve(__u64 size, struct host_counters *count)
{
	count->seen++;
	void *record = bpf_ringbuf_reserve(&ring, size, 0);
	if (!record)
		count->dropped++;
	return record;
}

static __always_inline void describe(struct host_process_record *record, struct task_struct *task,
				     enum host_event_kind kind)
{
	struct host_executable executable = {};
	struct task_struct *parent = BPF_CORE_READ(task, real_parent, group_leader);

	executable_of(task, &executable);
	record->kind = kind;
	record->time = bpf_ktime_get_ns();
	record->tgid = (__u32)BPF_CORE_READ(task, tgid);
	record->tid = (__u32)BPF_CORE_READ(task, pid);
	record->start = BPF_CORE_READ(task, group_leader, start_boottime);
	record->parent = (__u32)BPF_CORE_READ(parent, tgid);
	record->parent_start = BPF_CORE_READ(parent, start_boottime);
	record->cgroup = cgroup_of(task);
	record->inode = executable.inode;
	record->device = executable.device;
	record->cpu_ns = 0;
	record->uid = BPF_CORE_READ(task, real_cred, uid.val);
	record->exit_code = 0;
	record->flags = BPF_CORE_READ(task, flags);
	record->pid_ns = pid_namespace_of(task);
	record->parent_pid_ns = pid_namespace_of(parent);
	BPF_CORE_READ_STR_INTO(&record->name, task, comm);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(host_exec, struct task_struct *task, int old_pid, struct linux_binprm *binary)
{
	struct host_counters *count = counters_here();
	struct host_exec_record *record = count ? reserve(sizeof(*record), count) : NULL;

	if (!record)
		return 0;
	describe(&record->process, task, HOST_EVENT_EXEC);
	long len = bpf_probe_read_kernel_str(record->filename, sizeof(record->filename),
					     BPF_CORE_READ(binary, filename));
	if (len < 0) {
		record->filename[0] = 0;
		count->unread++;
	}
	submit(record, record->process.time, count);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(host_fork, struct task_struct *parent, struct task_struct *child)
{
	struct host_counters *count = counters_here();

	if (!count || BPF_CORE_READ(child, pid) != BPF_CORE_READ(child, tgid))
		return 0;
	struct host_process_record *record = reserve(sizeof(*record), count);
	if (!record)
		return 0;
	describe(record, child, HOST_EVENT_FORK);
	submit(record, record->time, count);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(host_exit, struct task_struct *task)
{
	struct host_counters *count = counters_here();

	if (!count || BPF_CORE_READ(task, signal, live.counter))
		return 0;
	struct host_process_record *record = reserve(sizeof(*record), count);
	if (!record)
		return 0;
	describe(record, task, HOST_EVENT_EXIT);
	record->exit_code = (__u32)BPF_CORE_READ(task, exit_code);
	record->cpu_ns = group_time(task, HOST_THREADS_WALKED);
	submit(record, record->time, count);
	return 0;
}

/* connect and listen are asked for by their process; other changes come with a packet or a timer */
static __always_inline void add_owner(struct host_tcp_record *record)
{
	struct task_struct *task = bpf_get_current_task_btf();

	record->tgid = (__u32)(bpf_get_current_pid_tgid() >> 32);
	record->start = BPF_CORE_READ(task, group_leader, start_boottime);
	record->cgroup = bpf_get_current_cgroup_id();
	record->has_owner = 1;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(host_tcp, struct sock *sock, int old_state, int new_state)
{
	struct host_counters *count = counters_here();

	if (!count || BPF_CORE_READ(sock, sk_protocol) != PROTOCOL_TCP)
		return 0;
	if (new_state != STATE_ESTABLISHED && new_state != STATE_SYN_SENT &&
	    new_state != STATE_CLOSE && new_state != STATE_LISTEN)
		return 0;
	struct host_tcp_record *record = reserve(sizeof(*record), count);
	if (!record)
		return 0;
	__builtin_memset(record, 0, sizeof(*record));
	record->kind = HOST_EVENT_TCP;
	record->time = bpf_ktime_get_ns();
	record->cookie = bpf_get_socket_cookie(sock);
	record->old_state = (__u32)old_state;
	record->new_state = (__u32)new_state;
	endpoints_of(&sock->__sk_common, &record->ends);
	record->bytes_sent = BPF_CORE_READ((struct tcp_sock *)sock, bytes_acked);
	record->bytes_received = BPF_CORE_READ((struct tcp_sock *)sock, bytes_received);
	if (new_state == STATE_SYN_SENT || new_state == STATE_LISTEN)
		add_owner(record);
	submit(record, record->time, count);
	return 0;
}
