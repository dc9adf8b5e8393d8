/*
 * Lists the kernel gives out itself (BPF iterators), past /proc and whatever is mounted over it:
 * every process, every mapping, every socket.
 *
 * The side with rights holds the iterators and makes a descriptor for each reading; a worker reads
 * it once, to its end. Pids are those of the initial pid namespace; what is listed is what the pid
 * namespace of the side with rights holds.
 */
#ifndef DAVY_SOURCE_HOST_ITERATORS_H
#define DAVY_SOURCE_HOST_ITERATORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/instant.h"
#include "model/process.h"

enum iterator_kind {
	ITERATE_PROCESSES,
	ITERATE_MAPPINGS, /* anonymous and executable, or anonymous and at least 1 MiB */
	ITERATE_SOCKETS,  /* of processes: TCP and UDP */
	ITERATE_TCP,	  /* all of the network namespace, whoever has them; no pid */
	ITERATOR_COUNT
};

/* -- the side with rights -- */

struct iterators;

/* returns: 0; or a negative errno, and a sentence with a remedy */
must_check int iterators_open(struct iterators **out, struct error *why);
void iterators_close(struct iterators *iterators);

/*
 * A descriptor for one reading, close-on-exec.
 *
 * pid:     one process (ITERATE_MAPPINGS, ITERATE_SOCKETS), 0: all
 * returns: the descriptor, or a negative errno and a sentence: this kind is not there
 */
must_check int iterators_descriptor(const struct iterators *iterators, enum iterator_kind kind,
				    uint32_t pid, struct error *why);

/* -- the worker -- */

/* What the kind fills in; the rest is zero. Valid during the call. */
struct iterated {
	struct process_key key; /* pid 0: unknown; start_ns floored to a clock tick */
	/* ITERATE_PROCESSES */
	struct process_key parent;
	uint32_t uid, threads, policy, pid_ns;
	int nice;
	bool is_kernel_thread, has_executable;
	uint64_t cgroup_id, device, inode, size_bytes; /* of the executable, device as st_dev */
	duration cpu_time;
	struct str name; /* comm, hostile */
	/* ITERATE_MAPPINGS; path is empty, offset and inode are the file's, if any */
	struct mapping mapping;
	/* ITERATE_SOCKETS, ITERATE_TCP */
	struct process_socket socket;
	uint32_t socket_state; /* TCP_ESTABLISHED ... of netinet/tcp.h */
};

typedef void iterated_callback(void *context, const struct iterated *one);

/*
 * Read a descriptor of iterators_descriptor to its end; the caller closes it.
 * returns: 0 or a negative errno
 */
must_check int iterators_read(int descriptor, enum iterator_kind kind, iterated_callback *each,
			      void *context);

#endif
