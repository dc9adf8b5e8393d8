/*
 * The kernel's own numbers in our words: its clock, its start times, its devices.
 */
#ifndef DAVY_SOURCE_HOST_KERNEL_VALUES_H
#define DAVY_SOURCE_HOST_KERNEL_VALUES_H

#include <stdint.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "base/instant.h"
#include "base/str.h"
#include "model/process.h"
#include "host_events.h"

enum {
	TCP_STATE_LISTEN = 10,		 /* TCP_LISTEN of netinet/tcp.h */
	TASK_KERNEL_THREAD = 0x00200000, /* PF_KTHREAD */
};

/* What to add to CLOCK_MONOTONIC for UTC. It changes when the clock is set: ask for each reading.
 */
static inline int64_t monotonic_to_utc_ns(void)
{
	struct timespec utc, monotonic;

	clock_gettime(CLOCK_REALTIME, &utc);
	clock_gettime(CLOCK_MONOTONIC, &monotonic);
	return instant_at(utc.tv_sec, utc.tv_nsec).ns -
	       instant_at(monotonic.tv_sec, monotonic.tv_nsec).ns;
}

/* As /proc/PID/stat tells it, in ticks of 1/100 s, so that keys from both are equal. */
static inline uint64_t start_in_ticks_ns(uint64_t start_ns)
{
	return start_ns - start_ns % 10000000;
}

/* The kernel's dev_t, as stat(2) has it. */
static inline uint64_t device_as_stat(uint32_t device)
{
	return makedev(device >> 20, device & 0xfffff);
}

/* Text of a field that need not end. */
static inline struct str field_text(const char *at, size_t room)
{
	return str_of(at, strnlen(at, room));
}

static inline struct process_socket endpoints_as_socket(const struct host_endpoints *ends)
{
	struct process_socket socket = {.local.port = ends->local_port,
					.remote.port = ends->remote_port};

	memcpy(socket.local.address.bytes, ends->local, sizeof(ends->local));
	memcpy(socket.remote.address.bytes, ends->remote, sizeof(ends->remote));
	return socket;
}

#endif
