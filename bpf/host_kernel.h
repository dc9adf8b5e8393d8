// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The kernel's structures as far as the host side reads them. Not a dump of one kernel's types: the
 * machine that builds may have none. Only names and types matter here; where a field really lies is
 * looked up in the running kernel's BTF when the program is loaded (CO-RE), anonymous unions
 * included. Holds for 6.1 and later; what moved since is asked for with bpf_core_field_exists().
 */
#ifndef DAVY_BPF_HOST_KERNEL_H
#define DAVY_BPF_HOST_KERNEL_H

#include <linux/bpf.h>
#include <linux/bpf_perf_event.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>

#include "host_events.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct list_head {
	struct list_head *next;
};

struct super_block {
	__u32 s_dev;
};

struct inode {
	unsigned long i_ino;
	struct super_block *i_sb;
	long long i_size;
	unsigned int i_nlink;
};

struct file {
	struct inode *f_inode;
};

struct mm_struct {
	struct file *exe_file;
	struct {
		void *vdso;
	} context; /* x86, arm64 */
};

struct vm_area_struct {
	unsigned long vm_start, vm_end, vm_flags, vm_pgoff;
	struct file *vm_file;
	struct mm_struct *vm_mm;
};

struct ns_common {
	unsigned int inum;
};

struct pid_namespace {
	struct ns_common ns;
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct upid numbers[1];
};

struct kernfs_node {
	__u64 id;
};

struct cgroup {
	struct kernfs_node *kn;
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

struct kernel_uid {
	__u32 val;
};

struct cred {
	struct kernel_uid uid;
};

struct kernel_atomic {
	int counter;
};

struct signal_struct {
	struct kernel_atomic live;
	int nr_threads;
	struct list_head thread_head;
	unsigned long long sum_sched_runtime;
};

struct sched_entity {
	__u64 sum_exec_runtime;
};

struct task_struct {
	unsigned int flags;
	int static_prio;
	struct sched_entity se;
	unsigned int policy;
	struct mm_struct *mm;
	int exit_code;
	int pid, tgid;
	struct task_struct *real_parent, *group_leader;
	struct pid *thread_pid;
	struct list_head thread_node;
	__u64 start_boottime;
	const struct cred *real_cred;
	char comm[HOST_NAME_MAX];
	struct signal_struct *signal;
	struct css_set *cgroups;
};

struct linux_binprm {
	const char *filename;
};

struct in6_words {
	__u32 words[4];
};

struct sock_common {
	__u32 skc_daddr, skc_rcv_saddr;
	__u16 skc_dport, skc_num; /* network order, host order */
	unsigned short skc_family;
	volatile unsigned char skc_state;
	struct in6_words skc_v6_daddr, skc_v6_rcv_saddr;
};

struct sock {
	struct sock_common __sk_common;
	__u16 sk_protocol;
	struct socket *sk_socket;
};

struct socket {
	struct file *file;
	struct sock *sk;
};

struct tcp_sock {
	__u64 bytes_acked, bytes_received;
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

struct bpf_iter__task_vma {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	struct vm_area_struct *vma;
};

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
	struct file *file;
};

struct bpf_iter__tcp {
	struct bpf_iter_meta *meta;
	struct sock_common *sk_common;
	__u32 uid;
};

/* The kernel's own view of saved registers; the one of <asm/ptrace.h> has other names. */
struct pt_regs___x86 {
	unsigned long ip;
};

struct user_pt_regs___arm64 {
	__u64 pc;
};

#pragma clang attribute pop

enum {
	TASK_IS_KERNEL_THREAD = 0x00200000, /* PF_KTHREAD */
	FAMILY_V4 = 2,
	FAMILY_V6 = 10,
	PROTOCOL_TCP = 6,
	PROTOCOL_UDP = 17,
};

/* Whose program it is: told apart by an inode and its file system, not by a path. */
struct host_executable {
	__u64 inode, size;
	__u32 device, is_there;
};

static __always_inline void executable_of(struct task_struct *task, struct host_executable *out)
{
	struct inode *inode = BPF_CORE_READ(task, mm, exe_file, f_inode);

	if (!inode)
		return;
	out->inode = BPF_CORE_READ(inode, i_ino);
	out->device = BPF_CORE_READ(inode, i_sb, s_dev);
	out->size = (__u64)BPF_CORE_READ(inode, i_size);
	out->is_there = 1;
}

/* The id of its directory in the cgroup2 tree, as bpf_get_current_cgroup_id() for any task. */
static __always_inline __u64 cgroup_of(struct task_struct *task)
{
	return BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
}

/* Of the namespace it is in, which unshare(2) does not change. */
static __always_inline __u32 pid_namespace_of(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	struct pid_namespace *space = NULL;
	__u32 level = BPF_CORE_READ(pid, level);
	const void *at = (const void *)pid + bpf_core_field_offset(struct pid, numbers) +
			 (__u64)level * bpf_core_type_size(struct upid) +
			 bpf_core_field_offset(struct upid, ns);

	if (!pid || bpf_probe_read_kernel(&space, sizeof(space), at))
		return 0;
	return BPF_CORE_READ(space, ns.inum);
}

/*
 * Processor time of a whole thread group: what its ended threads left behind and what those on its
 * list have. This is the exact time that /proc's utime + stime are scaled to. At most `most`
 * threads are walked; the list may change meanwhile, which costs exactness, nothing more.
 */
static __always_inline __u64 group_time(struct task_struct *task, int most)
{
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	const void *head =
		(const void *)signal + bpf_core_field_offset(struct signal_struct, thread_head);
	const struct list_head *at = BPF_CORE_READ(signal, thread_head.next);
	__u64 sum = BPF_CORE_READ(signal, sum_sched_runtime);

	for (int i = 0; i < most && at && (const void *)at != head; i++) {
		struct task_struct *thread =
			(void *)at - bpf_core_field_offset(struct task_struct, thread_node);
		sum += BPF_CORE_READ(thread, se.sum_exec_runtime);
		at = BPF_CORE_READ(at, next);
	}
	return sum;
}

static __always_inline void endpoints_of(const struct sock_common *common,
					 struct host_endpoints *out)
{
	__u32 local[4] = {0, 0, bpf_htonl(0xffff), 0}, remote[4] = {0, 0, bpf_htonl(0xffff), 0};

	out->family = BPF_CORE_READ(common, skc_family);
	out->local_port = BPF_CORE_READ(common, skc_num);
	out->remote_port = bpf_ntohs(BPF_CORE_READ(common, skc_dport));
	if (out->family == FAMILY_V6 && bpf_core_field_exists(common->skc_v6_daddr)) {
		BPF_CORE_READ_INTO(&local, common, skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(&remote, common, skc_v6_daddr);
	} else {
		local[3] = BPF_CORE_READ(common, skc_rcv_saddr);
		remote[3] = BPF_CORE_READ(common, skc_daddr);
	}
	__builtin_memcpy(out->local, local, sizeof(local));
	__builtin_memcpy(out->remote, remote, sizeof(remote));
}

/* -- rings -- */

/*
 * Whether the reader is to be woken: at most once in `wake_ns`, or when half of the ring is full.
 * Two CPUs may decide so at once; one wake too many does no harm. What comes after a wake waits for
 * the next event or the reader's own tick.
 */
static __always_inline __u64 wake_or_not(void *ring, __u64 now, __u64 wake_ns, __u64 *last_wake,
					 __u64 half)
{
	if (now - *last_wake < wake_ns && bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA) < half)
		return BPF_RB_NO_WAKEUP;
	*last_wake = now;
	return BPF_RB_FORCE_WAKEUP;
}

#endif
