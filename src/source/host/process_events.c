#include "source/host/process_events.h"

#include <errno.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "source/host/connector.h"
#include "source/host/kernel_values.h"
#include "source/host/ring.h"

enum { READ_MAX = 100000 }; /* datagrams at once */

struct process_events {
	struct process_events_feed feed;
	int descriptors[PROCESS_EVENTS_DESCRIPTORS];
	size_t descriptor_count;
	struct record_ring ring;
	struct record_counters counters;
	uint64_t seen, overflows, malformed; /* connector */
};

static int map_feed(struct process_events *events, struct error *why)
{
	const struct process_events_feed *feed = &events->feed;

	if (feed->kind == PROCESS_EVENTS_CONNECTOR && events->descriptor_count == 1)
		return 0;
	if (feed->kind != PROCESS_EVENTS_BPF || events->descriptor_count != 2)
		return error_set(why, -EINVAL, "process events of kind %u with %zu descriptors",
				 feed->kind, events->descriptor_count);
	int failed = record_ring_map(events->descriptors[0], feed->ring_bytes, &events->ring, why);
	if (!failed)
		failed = record_counters_map(events->descriptors[1], feed->counter_slots,
					     &events->counters, why);
	return failed;
}

int process_events_new(const struct process_events_feed *feed, const int *descriptors, size_t count,
		       struct process_events **out, struct error *why)
{
	struct process_events *events = calloc(1, sizeof(*events));
	int failed;

	*out = NULL;
	if (!events || count > PROCESS_EVENTS_DESCRIPTORS) {
		for (size_t i = 0; i < count; i++)
			close(descriptors[i]);
		free(events);
		return error_set(why, events ? -EINVAL : -ENOMEM, "no process events");
	}
	events->feed = *feed;
	memcpy(events->descriptors, descriptors, count * sizeof(*descriptors));
	events->descriptor_count = count;
	failed = map_feed(events, why);
	if (failed) {
		process_events_free(events);
		return failed;
	}
	*out = events;
	return 0;
}

void process_events_free(struct process_events *events)
{
	if (!events)
		return;
	record_ring_unmap(&events->ring);
	record_counters_unmap(&events->counters);
	for (size_t i = 0; i < events->descriptor_count; i++)
		close(events->descriptors[i]);
	free(events);
}

int process_events_descriptor(const struct process_events *events)
{
	return events->descriptors[0];
}

static bool process_of(const struct host_process_record *record, struct process_event *out)
{
	static const enum process_event_kind kinds[] = {
		[HOST_EVENT_EXEC] = PROCESS_EVENT_EXEC,
		[HOST_EVENT_FORK] = PROCESS_EVENT_FORK,
		[HOST_EVENT_EXIT] = PROCESS_EVENT_EXIT,
	};

	if (record->kind < HOST_EVENT_EXEC || record->kind > HOST_EVENT_EXIT)
		return false;
	*out = (struct process_event){
		.kind = kinds[record->kind],
		.at = {(int64_t)record->time},
		.key = {record->tgid, start_in_ticks_ns(record->start)},
		.parent = {record->parent, start_in_ticks_ns(record->parent_start)},
		.uid = record->uid,
		.is_kernel_thread = record->flags & TASK_KERNEL_THREAD,
		.cgroup_id = record->cgroup,
		.device = device_as_stat(record->device),
		.inode = record->inode,
		.pid_ns = record->pid_ns,
		.parent_pid_ns = record->parent_pid_ns,
		.name = field_text(record->name, sizeof(record->name)),
		.status = (int)record->exit_code,
		.cpu_time = {(int64_t)record->cpu_ns},
		.has_cpu_time = record->kind == HOST_EVENT_EXIT,
	};
	return true;
}

static void tcp_of(const struct host_tcp_record *record, struct process_event *out)
{
	*out = (struct process_event){
		.kind = PROCESS_EVENT_TCP,
		.at = {(int64_t)record->time},
		.cgroup_id = record->cgroup,
		.socket = endpoints_as_socket(&record->ends),
		.socket_cookie = record->cookie,
		.old_state = record->old_state,
		.new_state = record->new_state,
	};
	if (record->has_owner)
		out->key = (struct process_key){record->tgid, start_in_ticks_ns(record->start)};
	out->socket.is_tcp = true;
	out->socket.is_listening = record->new_state == TCP_STATE_LISTEN;
	out->socket.bytes_sent = record->bytes_sent;
	out->socket.bytes_received = record->bytes_received;
}

union any_record {
	struct host_process_record process;
	struct host_exec_record exec;
	struct host_tcp_record tcp;
};

static bool event_of(const union any_record *record, size_t len, struct process_event *out)
{
	if (len == sizeof(record->exec) && record->process.kind == HOST_EVENT_EXEC) {
		if (!process_of(&record->process, out))
			return false;
		out->filename = field_text(record->exec.filename, sizeof(record->exec.filename));
		return true;
	}
	if (len == sizeof(record->tcp) && record->tcp.kind == HOST_EVENT_TCP) {
		tcp_of(&record->tcp, out);
		return true;
	}
	return len == sizeof(record->process) && record->process.kind != HOST_EVENT_EXEC &&
	       process_of(&record->process, out);
}

static size_t read_bpf(struct process_events *events, int64_t to_utc_ns,
		       process_events_callback *each, void *context)
{
	union any_record record;
	struct process_event event;
	size_t told = 0;

	for (size_t len; (len = record_ring_next(&events->ring, &record, sizeof(record)));) {
		if (!event_of(&record, len, &event)) {
			events->malformed++;
			continue;
		}
		event.at.ns += to_utc_ns;
		each(context, &event);
		told++;
	}
	return told;
}

/* Length of a datagram of the kernel; 0: none now. Others may send to our address as well. */
static size_t receive(struct process_events *events, void *into, size_t room)
{
	for (int tries = 0; tries < READ_MAX; tries++) {
		struct sockaddr_nl from = {0};
		socklen_t size = sizeof(from);
		ssize_t len = recvfrom(events->descriptors[0], into, room, MSG_DONTWAIT,
				       (struct sockaddr *)&from, &size);
		if (len < 0 && errno == ENOBUFS)
			events->overflows++;
		else if (len < 0 && errno != EINTR)
			return 0;
		else if (len > 0 && from.nl_pid == 0)
			return (size_t)len;
	}
	return 0;
}

static size_t read_connector(struct process_events *events, int64_t to_utc_ns,
			     process_events_callback *each, void *context)
{
	_Alignas(8) char datagram[4096];
	struct process_event event;
	size_t told = 0;

	for (int i = 0; i < READ_MAX; i++) {
		size_t len = receive(events, datagram, sizeof(datagram));
		if (!len)
			break;
		switch (connector_parse(str_of(datagram, len), &event)) {
		case CONNECTOR_EVENT:
			event.at.ns += to_utc_ns;
			each(context, &event);
			told++;
			break;
		case CONNECTOR_MALFORMED:
			events->malformed++;
			break;
		case CONNECTOR_OTHER:
			break;
		}
	}
	events->seen += told;
	return told;
}

size_t process_events_read(struct process_events *events, process_events_callback *each,
			   void *context)
{
	if (events->feed.kind == PROCESS_EVENTS_BPF)
		return read_bpf(events, monotonic_to_utc_ns(), each, context);
	return read_connector(events, monotonic_to_utc_ns(), each, context);
}

void process_events_count(const struct process_events *events, struct process_events_counters *out)
{
	struct host_counters sum = record_counters_sum(&events->counters);

	*out = (struct process_events_counters){
		.seen = sum.seen + events->seen,
		.dropped = sum.dropped + events->overflows,
		.malformed = events->malformed + events->ring.malformed,
	};
}
