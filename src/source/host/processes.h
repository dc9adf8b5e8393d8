/*
 * The processes of this machine, as a reader of /proc sees them: the table of all, swept again and
 * again at the cost of one small file each, and one process in full.
 *
 * Works in a worker without rights (CONFINE_HOST: the folder of a procfs, and what an opener passed
 * it) and in a process that has them.
 *
 * The folder is listed by getdents64 and not by readdir, which a preloaded library of a hider would
 * answer in its own way. A library preloaded into this very process could put itself before
 * syscall(3) as well, and a kernel module before the kernel's own listing: processes_unlisted()
 * compares with what a BPF iterator walked, which is not that path.
 */
#ifndef DAVY_SOURCE_HOST_PROCESSES_H
#define DAVY_SOURCE_HOST_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "model/process.h"
#include "source/host/opener.h"

enum { PROCESSES_MAX = 1 << 17 }; /* rows; what is beyond is counted */

/* One process in the table. */
struct process_row {
	struct process_key key; /* start_ns in steps of 10 ms */
	uint32_t parent;
	uint32_t flags; /* PROCESS_KERNEL_THREAD, PROCESS_HIDDEN_MOUNT */
	uint32_t threads, policy;
	int nice;
	duration cpu_time;	  /* of all its threads, those that ended too */
	duration cpu_time_before; /* at the last sweep; 0 when it is new */
	uint64_t resident_bytes;
	char state; /* 'R', 'S', 'Z' ... */
	bool is_new;
	uint8_t name_len;
	char name[PROCESS_NAME_MAX]; /* hostile, not terminated */
};

struct processes;

/* proc: folder of a procfs, borrowed. Does its system calls before and after CONFINE_HOST alike. */
must_check int processes_open(int proc, struct processes **out, struct error *why);
void processes_close(struct processes *processes);

/* Told about during a sweep; either may be NULL. Rows are valid during the call. */
struct process_changes {
	void (*on_start)(void *context, const struct process_row *row);
	void (*on_end)(void *context, const struct process_row *row);
	void *context;
};

/*
 * Read the table anew: one getdents64 a few hundred processes, and /proc/PID/stat of each. A pid
 * that was used again is an end and a start.
 *
 * returns: 0; -ENOMEM and -errno of the listing leave the last sweep's table
 */
must_check int processes_sweep(struct processes *processes, const struct process_changes *changes);

/* By pid, until the next sweep. */
const struct process_row *processes_rows(const struct processes *processes, size_t *count);
const struct process_row *processes_find(const struct processes *processes, uint32_t pid);
uint64_t processes_uncounted(const struct processes *processes); /* beyond PROCESSES_MAX */

/*
 * Look for mounts over /proc/PID and /proc, in our mount namespace and in pid 1's; rows and
 * process_read then say PROCESS_HIDDEN_MOUNT. Costs two files, long ones on machines with many
 * containers: call it every few seconds.
 */
struct hiding_mounts {
	uint32_t pids[64]; /* hidden by a mount of their own */
	size_t count;
	bool all; /* /proc itself is covered by something else */
	int hidepid;
};
must_check int processes_read_mounts(struct processes *processes, struct hiding_mounts *out);

/*
 * Processes that another walk of the kernel found and the listing has not.
 *
 * before, after: keys by ascending pid, from walks done before and after the last sweep: who is in
 *                both lived while it was listed. start_ns may be exact or in steps of 10 ms, or 0
 *                where it is not known: then a pid that was used again is not told apart.
 * out:           room for `cap` keys
 * returns:       how many there are, which may be more than cap
 */
size_t processes_unlisted(const struct processes *processes, const struct process_key *before,
			  size_t before_count, const struct process_key *after, size_t after_count,
			  struct process_key *out, size_t cap);

/* What process_read is to fill in, beside key, name, schedule, times and threads. */
enum process_want {
	PROCESS_WANT_STATUS = 1 << 0, /* uid, pages, switches, PROCESS_FOREIGN_PID_NS */
	PROCESS_WANT_ARGUMENTS = 1 << 1,
	PROCESS_WANT_CGROUP = 1 << 2,
	PROCESS_WANT_ANCESTORS = 1 << 3,
	/* These need an opener. */
	PROCESS_WANT_EXECUTABLE = 1 << 4, /* without sha256: source/host/executable_hash.h */
	PROCESS_WANT_ENVIRONMENT = 1 << 5,
	PROCESS_WANT_IO = 1 << 6,
	PROCESS_WANT_SOCKETS = 1 << 7,
	PROCESS_WANT_MOUNTS = 1 << 8, /* PROCESS_HIDDEN_MOUNT in its own mount namespace */
	PROCESS_WANT_ALL = (1 << 9) - 1,
	PROCESS_WANT_UNPRIVILEGED = (1 << 4) - 1,
};

/*
 * Before anything is read that lies in a process's memory or waits for it, may_read is asked: its
 * arguments, also as another's ancestor, its environment and its mappings. It may take the chance
 * to tell somebody whose memory is read now. Who reads memory by himself asks processes_may_read.
 */
void processes_ask_first(struct processes *processes, bool (*may_read)(void *context, uint32_t pid),
			 void *context);
bool processes_may_read(const struct processes *processes, uint32_t pid);

/* What to ask the opener for. */
uint32_t process_files_for(uint32_t want);

/*
 * One process in full.
 *
 * opened:  what the opener gave of it, or NULL: then only what everybody may read is filled in
 * arena:   all texts are copied into it; 64 KiB is enough for any process. Too small a one leaves
 *          texts empty.
 * returns: 0; -ESRCH when it is gone, or its pid is another's by now (a reader that knows which one
 *          it means compares out->key)
 *
 * Arguments and environment are in pages of the process, which may lie in a file of a FUSE mount of
 * its own that never answers: then this never returns, and no signal ends it. Whoever supervises a
 * worker starts another when it hangs (sandbox/supervise.h), and processes_ask_first keeps that one
 * from the same end.
 *
 * Ancestors' executables need rights: they are read where we have them, else empty (ask the
 * opener for PROCESS_FILE_EXECUTABLE_LINK of each).
 */
must_check int process_read(struct processes *processes, uint32_t pid,
			    const struct opened_process *opened, uint32_t want, struct arena *arena,
			    struct process *out);

/*
 * The names of its environment's variables; values never leave. Sets process_environment's views
 * into the arena.
 */
struct proc_environment;
must_check int process_environment_read(struct processes *processes,
					const struct opened_process *opened, struct arena *arena,
					struct proc_environment *out);

/*
 * What PROCESS_WANT_SOCKETS fills in, for whoever learns only later that it is wanted: the kernel
 * walks the table of all connections for each list, which takes milliseconds.
 */
void process_sockets_read(struct processes *processes, const struct opened_process *opened,
			  struct process *out);

struct process_mappings {
	struct mapping *at; /* by address */
	size_t count;
	bool is_cut; /* there are more than the arena, or MAPPINGS_MAX, has room for */
};
enum { MAPPINGS_MAX = 65536 }; /* vm.max_map_count is 65530 unless it was raised */

/* Memory mappings from PROCESS_FILE_MAPS. 0 or -errno. */
must_check int process_mappings_read(struct processes *processes,
				     const struct opened_process *opened, struct arena *arena,
				     struct process_mappings *out);

#endif
