/*
 * Whose connection: which process of this machine opened which TCP connection, and over which of
 * them a mining session was seen on the wire.
 *
 * Connections are remembered after they are closed, and after their process has ended: a finding
 * of the network comes later than what it tells of. Two connections with the same addresses and
 * ports are open at a time only in two network namespaces; then nobody can tell which of the two
 * was seen, and neither process is named.
 *
 * No I/O, no clock; bounded: what is oldest goes first, and who opens connections by the thousand
 * pushes out no session.
 */
#ifndef DAVY_DETECT_OWNERS_H
#define DAVY_DETECT_OWNERS_H

#include "base/arena.h"
#include "base/attributes.h"
#include "model/finding.h"
#include "model/workload.h"

struct owners;

must_check int owners_new(uint64_t seed, struct owners **out); /* 0 or -ENOMEM */
void owners_free(struct owners *owners);		       /* NULL is allowed */

/* -- connections: events of the kernel, joined by the socket's cookie -- */

/* A process asked for a connection; its port is not known yet. */
void owners_asked(struct owners *owners, uint64_t cookie, const struct process_key *process,
		  instant now);
void owners_opened(struct owners *owners, uint64_t cookie, const struct endpoint *local,
		   const struct endpoint *remote, instant now);
void owners_closed(struct owners *owners, uint64_t cookie);
/* One that was found in a list of open sockets. */
void owners_listed(struct owners *owners, uint64_t inode, const struct process_key *process,
		   const struct endpoint *local, const struct endpoint *remote, instant now);

/* false: not known, or two have it. A start_ns of 0 is not known. */
must_check bool owners_find(const struct owners *owners, const struct endpoint *local,
			    const struct endpoint *remote, struct process_key *out);

/* -- sessions -- */

struct owned_session {
	struct process_key process; /* start_ns 0: not known, and so nobody's yet */
	struct workload_session session;
};

enum {
	OWNED_SESSIONS_MAX = 256,
	OWNED_SESSIONS_OF_ONE = 4, /* kept of one process, the latest */
	SESSION_TITLE_MAX = 160,
};

/*
 * A mining session was seen, and this process has that end of it; texts are copied.
 *
 * returns: true when that is news: worth a look at the process
 */
bool owners_claim(struct owners *owners, const struct process_key *process,
		  const struct workload_session *session, instant now);
/* This process was looked at: sessions of its pid whose start was not known are its. */
void owners_settle(struct owners *owners, const struct process_key *process);
/*
 * The process has ended: one of its sessions is nobody's any more, and its connection is forgotten.
 *
 * out:     the session, texts valid until the owners are changed
 * returns: false when it has none
 */
must_check bool owners_disown(struct owners *owners, const struct process_key *process,
			      struct workload_session *out);
/*
 * The sessions of a process, and those of its parent: many miners speak in one process and compute
 * in its children.
 *
 * out: taken from `scratch`, texts live as long as the owners are not changed
 */
size_t owners_sessions(const struct owners *owners, const struct process *process,
		       struct arena *scratch, const struct workload_session **out);

#endif
