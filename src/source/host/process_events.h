/*
 * Begin and end of processes and TCP connections, as they happen, so that what lives shorter than
 * the time between two listings is counted too.
 *
 * Two sides as in source/host/sampler.h. Two kinds:
 *
 *   BPF        knows everything below
 *   connector  the kernel's process connector, where BPF is refused (CAP_NET_ADMIN before Linux
 *              6.6; initial network and pid namespace): pids, parent, exit code alone
 *
 * Without both the caller lists /proc more often, and says so.
 */
#ifndef DAVY_SOURCE_HOST_PROCESS_EVENTS_H
#define DAVY_SOURCE_HOST_PROCESS_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/instant.h"
#include "base/str.h"
#include "model/process.h"

enum process_event_kind {
	PROCESS_EVENT_EXEC = 1,
	PROCESS_EVENT_FORK,
	PROCESS_EVENT_EXIT, /* may come twice for one process; both say the same */
	PROCESS_EVENT_TCP,
};

struct process_event {
	enum process_event_kind kind;
	instant at;
	/* FORK: the child. TCP: the owner, or pid 0: not known, join by socket_cookie. start_ns
	 * floored to a clock tick, 0: unknown. parent pid 0: unknown, as the connector has it for
	 * a child that was waited for at once. */
	struct process_key key, parent;
	uint32_t uid;
	bool is_kernel_thread;
	uint64_t cgroup_id;		/* 0: unknown */
	uint64_t device, inode;		/* of the executable, device as st_dev; 0: unknown */
	uint32_t pid_ns, parent_pid_ns; /* inode numbers; differ: a container begins here */
	struct str name;		/* comm, hostile */
	struct str filename;		/* EXEC: as it was asked for, hostile, cut to 255 bytes */
	int status;			/* EXIT: as waitpid() tells it */
	duration cpu_time; /* EXIT: of all its threads; what a shorter time than a tick took may be
			      missing */
	bool has_cpu_time;
	/* TCP */
	struct process_socket socket; /* bytes at the end; remote as the process asked for */
	uint64_t socket_cookie;
	uint32_t old_state, new_state; /* TCP_ESTABLISHED ... of netinet/tcp.h */
};

/* -- the side with rights -- */

struct process_events_settings {
	uint32_t ring_bytes; /* a power of two; 0: 512 KiB */
	uint32_t wake_ms;    /* the reader is woken no oftener; 0: 100 */
	bool without_bpf;
};

enum process_events_by { PROCESS_EVENTS_BPF = 1, PROCESS_EVENTS_CONNECTOR = 2 };

struct process_events_feed {
	uint32_t kind; /* enum process_events_by */
	uint32_t ring_bytes;
	uint32_t counter_slots;
};

enum { PROCESS_EVENTS_DESCRIPTORS = 2 };

struct process_events_source;

/*
 * Begin to listen.
 *
 * why:     when it failed; also, returning 0, what is lacking (BPF, or one of its hooks), with a
 *          remedy; empty otherwise
 * returns: 0 or a negative errno
 */
must_check int process_events_open(const struct process_events_settings *settings,
				   struct process_events_source **out, struct error *why);
void process_events_close(struct process_events_source *source); /* NULL: nothing */

/* The one feed; its descriptors stay the source's: pass duplicates. Returns how many there are. */
size_t process_events_source_feed(const struct process_events_source *source,
				  struct process_events_feed *feed, int *descriptors);

/* -- the worker -- */

struct process_events;

/*
 * Map the feed. Takes the descriptors in every case.
 * returns: 0, or a negative errno and a sentence
 */
must_check int process_events_new(const struct process_events_feed *feed, const int *descriptors,
				  size_t count, struct process_events **out, struct error *why);
void process_events_free(struct process_events *events);

int process_events_descriptor(const struct process_events *events); /* to poll for POLLIN */

typedef void process_events_callback(void *context, const struct process_event *event);

/* Hand out what has come; an event is taken out before it is seen. Returns how many. */
size_t process_events_read(struct process_events *events, process_events_callback *each,
			   void *context);

struct process_events_counters {
	uint64_t seen, dropped; /* connector: dropped counts overflows, each of unknown size */
	uint64_t malformed;
};
void process_events_count(const struct process_events *events, struct process_events_counters *out);

#endif
