// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Lists from the kernel itself (BPF iterators, task and task_file since 5.8, task_vma since 5.12,
 * tcp since 5.9): binary records, read with read(2). A list that overflows its page is taken up
 * again by the kernel with the record that did not fit.
 *
 * A pointer of the context is copied before it is tested: the verifier forgets the test otherwise.
 */
#include "host_kernel.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

enum {
	THREADS_MAX = 1024, /* of one process, whose time is added up */
	MAPPING_EXECUTES = 0x4,
	MAPPING_IS_HUGE = 0x00400000,
	LARGE = 1024 * 1024, /* bytes of a mapping worth telling */
};

SEC("iter/task")
int host_tasks(struct bpf_iter__task *context)
{
	struct task_struct *task = context->task;
	struct host_executable executable = {};
	struct host_task_record record = {};

	if (!task || task->pid != task->tgid)
		return 0;
	executable_of(task, &executable);
	record.start = task->start_boottime;
	record.cpu_ns = group_time(task, THREADS_MAX);
	record.cgroup = cgroup_of(task);
	record.inode = executable.inode;
	record.size_bytes = executable.size;
	record.device = executable.device;
	record.has_executable = executable.is_there;
	record.tgid = (__u32)task->tgid;
	record.parent = (__u32)BPF_CORE_READ(task, real_parent, tgid);
	record.uid = BPF_CORE_READ(task, real_cred, uid.val);
	record.flags = task->flags;
	record.threads = (__u32)BPF_CORE_READ(task, signal, nr_threads);
	record.pid_ns = pid_namespace_of(task);
	record.policy = task->policy;
	record.nice = task->static_prio - 120;
	BPF_CORE_READ_STR_INTO(&record.name, task, comm);
	bpf_seq_write(context->meta->seq, &record, sizeof(record));
	return 0;
}

SEC("iter/task_vma")
int host_mappings(struct bpf_iter__task_vma *context)
{
	struct task_struct *task = context->task;
	struct vm_area_struct *area = context->vma;
	struct host_mapping_record record = {};

	if (!task || !area || task->pid != task->tgid)
		return 0;
	struct inode *inode = BPF_CORE_READ(area, vm_file, f_inode);
	record.start = area->vm_start;
	record.end = area->vm_end;
	record.flags = area->vm_flags;
	record.is_huge = !!(record.flags & MAPPING_IS_HUGE);
	record.is_anonymous = !inode;
	/* memfd, shared anonymous memory, a file that was removed: no name leads to it */
	bool is_nameless = !inode || BPF_CORE_READ(inode, i_nlink) == 0;
	if (!record.is_huge && (!is_nameless || (!(record.flags & MAPPING_EXECUTES) &&
						 record.end - record.start < LARGE)))
		return 0;
	if (inode) {
		record.offset = (__u64)area->vm_pgoff * 4096;
		record.inode = BPF_CORE_READ(inode, i_ino);
		record.device = BPF_CORE_READ(inode, i_sb, s_dev);
	}
	if (bpf_core_field_exists(((struct mm_struct *)0)->context.vdso))
		record.is_vdso = BPF_CORE_READ(area, vm_mm, context.vdso) == (void *)record.start;
	record.tgid = (__u32)task->tgid;
	bpf_seq_write(context->meta->seq, &record, sizeof(record));
	return 0;
}

static __always_inline void describe_socket(struct host_socket_record *record,
					    const struct sock *sock)
{
	endpoints_of(&sock->__sk_common, &record->ends);
	record->protocol = BPF_CORE_READ(sock, sk_protocol);
	record->state = BPF_CORE_READ(sock, __sk_common.skc_state);
	if (record->protocol == PROTOCOL_TCP) {
		record->bytes_sent = BPF_CORE_READ((const struct tcp_sock *)sock, bytes_acked);
		record->bytes_received =
			BPF_CORE_READ((const struct tcp_sock *)sock, bytes_received);
	}
}

SEC("iter/task_file")
int host_files(struct bpf_iter__task_file *context)
{
	struct task_struct *task = context->task;
	struct file *file = context->file;
	struct host_socket_record record = {};

	if (!task || !file || task->pid != task->tgid)
		return 0;
	struct socket *socket = bpf_sock_from_file(file);
	const struct sock *sock = socket ? BPF_CORE_READ(socket, sk) : NULL;
	if (!sock)
		return 0;
	describe_socket(&record, sock);
	if ((record.ends.family != FAMILY_V4 && record.ends.family != FAMILY_V6) ||
	    (record.protocol != PROTOCOL_TCP && record.protocol != PROTOCOL_UDP))
		return 0;
	record.inode = BPF_CORE_READ(file, f_inode, i_ino);
	record.tgid = (__u32)task->tgid;
	record.file = context->fd;
	record.uid = BPF_CORE_READ(task, real_cred, uid.val);
	bpf_seq_write(context->meta->seq, &record, sizeof(record));
	return 0;
}

SEC("iter/tcp")
int host_connections(struct bpf_iter__tcp *context)
{
	struct sock_common *common = context->sk_common;
	struct host_socket_record record = {};

	if (!common)
		return 0;
	/* NULL: a request not answered yet, or the wait after the end; neither has an owner */
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(common);
	if (!tcp)
		return 0;
	const struct sock *sock = (const struct sock *)tcp;
	describe_socket(&record, sock);
	record.inode = BPF_CORE_READ(sock, sk_socket, file, f_inode, i_ino);
	record.uid = context->uid;
	bpf_seq_write(context->meta->seq, &record, sizeof(record));
	return 0;
}
