/*
 * What the programs of the host side (host_sample, host_process, host_iterators) tell user space:
 * records of fixed width, in the machine's byte order, read by src/source/host/ alone.
 *
 * Times are CLOCK_MONOTONIC except `start`, which is CLOCK_BOOTTIME, both in nanoseconds. A device
 * is the kernel's dev_t (major << 20 | minor), of the inode's file system: btrfs and some overlays
 * tell stat(2) another one. Texts are hostile and end at the first NUL or at the field's end.
 */
#ifndef DAVY_BPF_HOST_EVENTS_H
#define DAVY_BPF_HOST_EVENTS_H

#include <linux/types.h>

enum {
	HOST_NAME_MAX = 16,	   /* comm */
	HOST_PEEK_BYTES = 32,	   /* of code at the sampled instruction */
	HOST_FILENAME_MAX = 256,   /* as exec was asked for; cut */
	HOST_THREADS_WALKED = 128, /* whose time is added up when their process ends */
};

/* Shared by all kinds: one cache line a possible CPU, in an array that user space maps. */
struct host_counters {
	__u64 seen;    /* what the program ran for, and did not pass over */
	__u64 dropped; /* of them: the ring was full */
	__u64 woken;   /* how often the reader was woken */
	__u64 unread;  /* peeks or texts that could not be read: paged out, or no right */
	__u64 spare[4];
};

_Static_assert(sizeof(struct host_counters) == 64, "a cache line, no false sharing");

/* -- host_sample -- */

enum host_sample_flag {
	HOST_SAMPLE_IN_KERNEL = 1 << 0,	    /* ip is where it will return to */
	HOST_SAMPLE_KERNEL_THREAD = 1 << 1, /* PF_KTHREAD; with an ip: a liar */
	HOST_SAMPLE_HAS_IP = 1 << 2,
	HOST_SAMPLE_HAS_EXECUTABLE = 1 << 3,
};

struct host_sample_record {
	__u64 time, start; /* start: of the group leader */
	__u64 ip;	   /* in user space */
	__u64 cgroup, inode;
	__u32 device, tgid, tid, cpu;
	__u32 flags;	/* enum host_sample_flag */
	__u32 peek_len; /* 0 or HOST_PEEK_BYTES */
	char name[HOST_NAME_MAX];
	__u8 peek[HOST_PEEK_BYTES];
};

_Static_assert(sizeof(struct host_sample_record) == 112, "no padding");

/* -- host_process -- */

enum host_event_kind {
	HOST_EVENT_EXEC = 1,
	HOST_EVENT_FORK = 2, /* of a process, not of a thread */
	HOST_EVENT_EXIT = 3, /* of the last thread; may come twice when two end at one moment */
	HOST_EVENT_TCP = 4,
};

/* EXEC carries the file's name behind it: struct host_exec_record. */
struct host_process_record {
	__u32 kind, tgid;
	__u64 time, start, parent_start;
	__u64 cgroup, inode;
	__u64 cpu_ns; /* EXIT: of all threads */
	__u32 device, tid, parent, uid;
	__u32 exit_code;	     /* as wait(2) tells it */
	__u32 flags;		     /* of the task: PF_* */
	__u32 pid_ns, parent_pid_ns; /* inode numbers */
	char name[HOST_NAME_MAX];
};

_Static_assert(sizeof(struct host_process_record) == 104, "no padding");

struct host_exec_record {
	struct host_process_record process;
	char filename[HOST_FILENAME_MAX];
};

_Static_assert(sizeof(struct host_exec_record) == 360, "no padding");

struct host_endpoints {
	__u8 local[16], remote[16];    /* IPv4 as ::ffff:a.b.c.d */
	__u16 local_port, remote_port; /* host order */
	__u32 family;		       /* AF_INET, AF_INET6 */
};

_Static_assert(sizeof(struct host_endpoints) == 40, "no padding");

/*
 * A change of state. Whoever runs at that moment is the owner only when the process itself asked
 * for it, which is when has_owner is set: connect and listen. The cookie joins the others.
 */
struct host_tcp_record {
	__u32 kind, tgid;
	__u64 time, start;
	__u64 cgroup, cookie;
	__u64 bytes_sent, bytes_received; /* acknowledged; complete in the change to CLOSE */
	struct host_endpoints ends;
	__u32 old_state, new_state; /* TCP_* of netinet/tcp.h */
	__u32 has_owner, spare;
};

_Static_assert(sizeof(struct host_tcp_record) == 112, "no padding");

/* -- host_iterators -- */

struct host_task_record { /* a thread group */
	__u64 start, cpu_ns;
	__u64 cgroup, inode, size_bytes;
	__u32 device, tgid, parent, uid;
	__u32 flags; /* PF_* */
	__u32 threads, pid_ns, policy;
	__s32 nice;
	__u32 has_executable;
	char name[HOST_NAME_MAX];
};

_Static_assert(sizeof(struct host_task_record) == 96, "no padding");

struct host_mapping_record {
	__u64 start, end,
		flags; /* flags: VM_* of the kernel: 1 read, 2 write, 4 execute, 8 shared */
	__u64 offset, inode;
	__u32 device, tgid;
	__u32 is_anonymous, is_huge; /* hugetlbfs behind it */
	__u32 is_vdso, spare;
};

_Static_assert(sizeof(struct host_mapping_record) == 64, "no padding");

struct host_socket_record { /* iter/task_file and iter/tcp; the latter knows no tgid */
	struct host_endpoints ends;
	__u64 inode, bytes_sent, bytes_received;
	__u32 tgid, file; /* file: the descriptor's number */
	__u32 protocol, state;
	__u32 uid, spare;
};

_Static_assert(sizeof(struct host_socket_record) == 88, "no padding");

#endif
