/*
 * The kernel's process connector (CONFIG_PROC_EVENTS): begin and end of processes over a netlink
 * socket, opened by the side with rights, read by a worker.
 */
#ifndef DAVY_SOURCE_HOST_CONNECTOR_H
#define DAVY_SOURCE_HOST_CONNECTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "source/host/process_events.h"

/*
 * A socket that hears of every process, not blocking.
 * returns: 0; -EPERM without CAP_NET_ADMIN (before Linux 6.6); -ENOTSUP where nobody answers: the
 * kernel has no connector, or this is not the initial network or pid namespace
 */
must_check int connector_open(int *out, struct error *why);

enum connector_result {
	CONNECTOR_EVENT,
	CONNECTOR_OTHER, /* of a thread, or of no interest */
	CONNECTOR_MALFORMED,
};

/* One datagram of the socket; at is the kernel's monotonic clock, not UTC yet. */
enum connector_result connector_parse(struct str datagram, struct process_event *out);

#endif
