/*
 * A process of this machine, as it was read from the kernel: whose it is, where it comes from, what
 * it runs. Texts are hostile (a process chooses its name, arguments and environment) and are views
 * that live as long as the arena they were read into.
 */
#ifndef DAVY_MODEL_PROCESS_H
#define DAVY_MODEL_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/instant.h"
#include "base/str.h"
#include "model/endpoint.h"

/* A pid is used again; with its start time it names one process for ever. */
struct process_key {
	uint32_t pid;
	uint64_t start_ns; /* since boot, CLOCK_BOOTTIME; in steps of a clock tick where /proc tells
			      it */
};

/* The same process, as far as is known: a start time of 0 is not. */
static inline bool process_key_agrees(const struct process_key *a, const struct process_key *b)
{
	return a->pid == b->pid && (!a->start_ns || !b->start_ns || a->start_ns == b->start_ns);
}

enum executable_flag {
	EXECUTABLE_DELETED = 1 << 0, /* the link ends with " (deleted)" */
	EXECUTABLE_MEMFD = 1 << 1,   /* never was a file: memfd_create */
	EXECUTABLE_NONE = 1 << 2,    /* no executable: what only kernel threads have */
	EXECUTABLE_UNREAD = 1 << 3,  /* no right to look */
};

/* What /proc/PID/exe is. device and inode tell two programs of one name apart, and survive rm. */
struct executable {
	struct str path; /* as the link says, without " (deleted)" */
	uint64_t device, inode, size_bytes;
	instant modified;
	uint32_t owner, mode; /* uid, st_mode */
	uint32_t flags;	      /* enum executable_flag */
	uint8_t sha256[32];
	bool has_sha256;
};

enum container_runtime {
	CONTAINER_NONE,
	CONTAINER_DOCKER,
	CONTAINER_CONTAINERD,
	CONTAINER_CRIO,
	CONTAINER_PODMAN,
	CONTAINER_LXC,
	CONTAINER_OTHER, /* an id in the path, but of no runtime we know */
	CONTAINER_RUNTIME_COUNT
};
const char *container_runtime_name(enum container_runtime runtime); /* "docker" */

/* What the path of a control group tells; views into that path. */
struct cgroup_place {
	struct str path; /* of cgroup v2 (or of v1's cpu controller): "/system.slice/x.service" */
	struct str unit; /* systemd: "x.service", "session-3.scope"; empty: none */
	struct str container; /* id, 64 hex digits as a rule; empty: none */
	struct str pod;	      /* Kubernetes pod uid, with dashes; empty: none */
	enum container_runtime runtime;
	uint64_t id; /* of the v2 directory, as bpf_get_current_cgroup_id(); 0: unknown */
};

/* Of what a container was made: digests by which its image is known, the engine's id of it first.
 */
enum { IMAGE_DIGEST_BYTES = 32, IMAGE_DIGESTS_MAX = 8, IMAGE_NAME_MAX = 256 };
struct container_image {
	uint8_t digests[IMAGE_DIGESTS_MAX][IMAGE_DIGEST_BYTES]; /* SHA-256 */
	size_t count;						/* 0: not known */
	char name[IMAGE_NAME_MAX]; /* for people: it may be another's by now. Ends with 0; "":
				      not known */
};

/* One more, unless it is there, or there are too many. */
void container_image_add(struct container_image *image, const uint8_t digest[IMAGE_DIGEST_BYTES]);
/* "docker.io/library/x:latest", where it has none yet; what is too long is cut. */
void container_image_name(struct container_image *image, struct str name);
bool container_image_has(const struct container_image *image,
			 const uint8_t digest[IMAGE_DIGEST_BYTES]);

/* Who started it; the line of parents ends at pid 1 or where it could not be followed. */
struct ancestor {
	struct process_key key;
	struct str name, executable, arguments;
	uint32_t uid;
};

struct process_socket {
	struct endpoint local, remote;
	bool is_tcp, is_listening;
	uint64_t inode;
	uint32_t uid; /* whose it was when it was made; 0 where that is not told: only /proc does */
	uint64_t bytes_sent, bytes_received; /* 0: unknown */
};

enum {
	PROCESS_NAME_MAX = 16, /* comm */
	PROCESS_ANCESTORS_MAX = 16,
	PROCESS_SOCKETS_MAX = 32,
	PROCESS_TEXT_MAX = 4096, /* of arguments kept */
};

enum process_flag {
	PROCESS_KERNEL_THREAD = 1 << 0,	 /* PF_KTHREAD: told by the kernel, not by the name */
	PROCESS_HIDDEN_MOUNT = 1 << 1,	 /* something is mounted over its /proc/PID */
	PROCESS_NOT_LISTED = 1 << 2,	 /* the kernel has it, the listing of /proc has not */
	PROCESS_PRELOADED = 1 << 3,	 /* LD_PRELOAD or LD_AUDIT in its environment */
	PROCESS_FOREIGN_PID_NS = 1 << 4, /* in another pid namespace than ours: a container */
};

/* Scheduling as asked for: SCHED_IDLE and nice 19 are how a miner keeps out of the way. */
struct process_schedule {
	int nice;
	uint32_t policy; /* SCHED_* */
};

struct process {
	struct process_key key;
	uint32_t uid, threads;
	uint32_t flags;		    /* enum process_flag */
	struct str name, arguments; /* comm; argv with spaces between, cut to PROCESS_TEXT_MAX */
	struct str preload;	    /* the value of LD_PRELOAD or LD_AUDIT */
	struct executable executable;
	struct cgroup_place cgroup;
	struct container_image image;
	struct process_schedule schedule;
	instant started; /* UTC */
	duration cpu_time;
	uint64_t resident_bytes, huge_page_bytes;
	/* Of /proc/PID/io; 0 with !has_io */
	bool has_io;
	uint64_t read_bytes, written_bytes; /* by read and write calls, whatever they went to */
	uint64_t read_calls, write_calls;
	uint64_t switches_asked, switches_forced; /* voluntary and involuntary context switches */
	struct ancestor ancestors[PROCESS_ANCESTORS_MAX]; /* parent first */
	size_t ancestor_count;
	struct process_socket sockets[PROCESS_SOCKETS_MAX];
	size_t socket_count;
};

/* One line of /proc/PID/maps. */
enum mapping_flag {
	MAPPING_READ = 1 << 0,
	MAPPING_WRITE = 1 << 1,
	MAPPING_EXECUTE = 1 << 2,
	MAPPING_SHARED = 1 << 3,
	MAPPING_ANONYMOUS = 1 << 4,  /* no file behind it; "[anon:name]" too */
	MAPPING_HUGE_PAGES = 1 << 5, /* hugetlbfs: "/anon_hugepage", /dev/hugepages */
	MAPPING_DELETED = 1 << 6,
	MAPPING_MEMFD = 1 << 7,
	MAPPING_STACK = 1 << 8,
	MAPPING_HEAP = 1 << 9,
	MAPPING_VDSO = 1 << 10,
};

struct mapping {
	uint64_t start, end; /* [start, end) */
	uint64_t offset, inode;
	uint32_t flags; /* enum mapping_flag */
	struct str path;
};

#endif
