#include "source/host/iterators.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "source/host/kernel_values.h"

enum { BLOCK = 32 * 1024 };

static void process_of(const struct host_task_record *record, struct iterated *out)
{
	out->key = (struct process_key){record->tgid, start_in_ticks_ns(record->start)};
	out->parent.pid = record->parent;
	out->uid = record->uid;
	out->threads = record->threads;
	out->policy = record->policy;
	out->pid_ns = record->pid_ns;
	out->nice = record->nice;
	out->is_kernel_thread = record->flags & TASK_KERNEL_THREAD;
	out->has_executable = record->has_executable;
	out->cgroup_id = record->cgroup;
	out->device = device_as_stat(record->device);
	out->inode = record->inode;
	out->size_bytes = record->size_bytes;
	out->cpu_time.ns = (int64_t)record->cpu_ns;
	out->name = field_text(record->name, sizeof(record->name));
}

static void mapping_of(const struct host_mapping_record *record, struct iterated *out)
{
	static const uint32_t flags[][2] = {/* VM_* of the kernel */
					    {1, MAPPING_READ},
					    {2, MAPPING_WRITE},
					    {4, MAPPING_EXECUTE},
					    {8, MAPPING_SHARED}};

	out->key.pid = record->tgid;
	out->mapping = (struct mapping){.start = record->start,
					.end = record->end,
					.offset = record->offset,
					.inode = record->inode};
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (record->flags & flags[i][0])
			out->mapping.flags |= flags[i][1];
	out->mapping.flags |= record->is_anonymous ? MAPPING_ANONYMOUS : 0;
	out->mapping.flags |= record->is_huge ? MAPPING_HUGE_PAGES : 0;
	out->mapping.flags |= record->is_vdso ? MAPPING_VDSO : 0;
	if (!record->is_anonymous && !record->is_huge)
		out->mapping.flags |= MAPPING_DELETED;
}

static void socket_of(const struct host_socket_record *record, struct iterated *out)
{
	out->key.pid = record->tgid;
	out->uid = record->uid;
	out->socket = endpoints_as_socket(&record->ends);
	out->socket.is_tcp = record->protocol == IPPROTO_TCP;
	out->socket.is_listening = out->socket.is_tcp && record->state == TCP_STATE_LISTEN;
	out->socket.inode = record->inode;
	out->socket.bytes_sent = record->bytes_sent;
	out->socket.bytes_received = record->bytes_received;
	out->socket_state = record->state;
}

union any_record {
	struct host_task_record task;
	struct host_mapping_record mapping;
	struct host_socket_record socket;
};

static size_t size_of(enum iterator_kind kind)
{
	switch (kind) {
	case ITERATE_PROCESSES:
		return sizeof(struct host_task_record);
	case ITERATE_MAPPINGS:
		return sizeof(struct host_mapping_record);
	default:
		return sizeof(struct host_socket_record);
	}
}

static void tell(enum iterator_kind kind, const char *at, iterated_callback *each, void *context)
{
	union any_record record;
	struct iterated one = {0};

	memcpy(&record, at, size_of(kind));
	if (kind == ITERATE_PROCESSES)
		process_of(&record.task, &one);
	else if (kind == ITERATE_MAPPINGS)
		mapping_of(&record.mapping, &one);
	else
		socket_of(&record.socket, &one);
	each(context, &one);
}

int iterators_read(int descriptor, enum iterator_kind kind, iterated_callback *each, void *context)
{
	const size_t size = size_of(kind);
	char block[BLOCK];
	size_t held = 0, at;

	for (;;) {
		ssize_t len = read(descriptor, block + held, sizeof(block) - held);
		if (len < 0 && (errno == EINTR || errno == EAGAIN))
			continue; /* EAGAIN: a long walk that the kernel cuts up */
		if (len < 0)
			return -errno;
		if (len == 0) /* half a record is none the kernel writes */
			return held ? -EIO : 0;
		held += (size_t)len;
		for (at = 0; held - at >= size; at += size)
			tell(kind, block + at, each, context);
		held -= at;
		memmove(block, block + at, held);
	}
}
