/*
 * A finding of the network is joined to the process of this machine whose connection it is.
 *
 * Lives in the host worker. The supervisor hands it a copy of what the sensors find; whose the
 * connection is comes from the kernel: from the events of connects, or, for what is older than we
 * are, from a list of all open sockets that is asked for then, and no oftener than once in a few
 * seconds. Where there is no BPF it comes from /proc (programs/host_walk). A look at the process
 * follows, which tells of it (detect/own_session).
 */
#ifndef DAVY_PROGRAMS_HOST_JOIN_H
#define DAVY_PROGRAMS_HOST_JOIN_H

#include "base/attributes.h"
#include "detect/owners.h"
#include "source/host/process_events.h"
#include "source/host/processes.h"
#include "source/host/socket_walk.h"

struct host_join;

/* processes: borrowed. 0 or -ENOMEM. */
must_check int host_join_new(uint64_t seed, struct processes *processes, struct host_join **out);
void host_join_free(struct host_join *join); /* NULL is allowed */

/* For host_look; lives as long as this. */
struct owners *host_join_owners(struct host_join *join);

/* An event of the kernel; all but those of TCP are passed over. */
void host_join_event(struct host_join *join, const struct process_event *event);
/* A finding as a line of JSON. Only proven mining counts: half a conversation may be forged. */
void host_join_hear(struct host_join *join, struct str json, instant now);

/* Is a list of all sockets wanted now? It counts as asked for. */
must_check bool host_join_wants_list(struct host_join *join, instant now);
/* The list came; descriptor -1: there is none, and /proc is walked. It stays the caller's. */
void host_join_take_list(struct host_join *join, int descriptor, instant now);
/* What to ask the walk for now; false: nothing. */
must_check bool host_join_wants_walk(struct host_join *join, struct socket_walk_request *out);
/* An answer of the walk; its descriptors are taken. */
void host_join_take_walk(struct host_join *join, struct message *message, instant now);
/* How often a walk met a process with more descriptors than it reads, behind which a connection may
 * be. */
uint64_t host_join_cut(const struct host_join *join);

/* The next process worth a look, each once for each of its sessions. False: none. */
must_check bool host_join_next(struct host_join *join, struct process_key *out);
/* It has ended: whoever was handed its socket may live. */
void host_join_gone(struct host_join *join, const struct process_key *process);

#endif
