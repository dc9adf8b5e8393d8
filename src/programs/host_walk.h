/*
 * Connections that are looked for without BPF: the host worker's half of source/host/socket_walk.
 *
 * One walk after another, each for some connections: the tables of all network namespaces first;
 * only when one of them has such a connection, who holds it.
 */
#ifndef DAVY_PROGRAMS_HOST_WALK_H
#define DAVY_PROGRAMS_HOST_WALK_H

#include "base/attributes.h"
#include "base/instant.h"
#include "source/host/socket_walk.h"

enum { HOST_WALK_ENDS_MAX = 64, HOST_WALK_FOUND_MAX = 256 };

struct host_walk;
struct processes;

/* processes: borrowed. 0 or -ENOMEM. */
must_check int host_walk_new(struct processes *processes, struct host_walk **out);
void host_walk_free(struct host_walk *walk); /* NULL is allowed */

/* Looked for: from the one to the other, or the other way. */
struct walked_ends {
	struct endpoint one, other;
};

/* Begin anew, for at most HOST_WALK_ENDS_MAX. */
void host_walk_begin(struct host_walk *walk, const struct walked_ends *ends, size_t count);
bool host_walk_is_on(const struct host_walk *walk);
/* What to ask for now; false: nothing. It counts as asked. */
must_check bool host_walk_next(struct host_walk *walk, struct socket_walk_request *out);
/* An answer; its descriptors are taken. True: the walk is over by it. */
must_check bool host_walk_take(struct host_walk *walk, struct message *message);

/*
 * A socket with these ends, and who has it: of several processes one of the user that made the
 * socket, of these the one that has used most of the processor.
 */
struct walked_socket {
	struct process_socket socket;
	uint32_t pid; /* 0: none, or nobody can tell; it is told where another socket has the same
			 ends */
};
const struct walked_socket *host_walk_found(const struct host_walk *walk, size_t *count);
/* How often a process had more descriptors than are read, in all walks. */
uint64_t host_walk_cut(const struct host_walk *walk);

#endif
