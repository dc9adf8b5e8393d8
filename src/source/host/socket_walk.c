#include "source/host/socket_walk.h"

#include <string.h>
#include <unistd.h>

#include "decode/proc/sockets.h"
#include "source/host/process_files.h"

bool socket_walk_receive(struct message *message, struct socket_walked *out)
{
	uint32_t head[3] = {SOCKET_WALK_PARTS, 0, 0};

	*out = (struct socket_walked){.descriptor_count = message->descriptor_count};
	memcpy(out->descriptors, message->descriptors, sizeof(out->descriptors));
	message->descriptor_count = 0;
	if (message->body.len >= sizeof(head))
		memcpy(head, message->body.at, sizeof(head));
	if (head[0] >= SOCKET_WALK_PARTS) {
		socket_walked_close(out);
		return false;
	}
	out->part = (enum socket_walk_part)head[0];
	out->is_last = head[1] != 0;
	out->cut = head[2];
	out->holders = str_skip(message->body, sizeof(head));
	return true;
}

void socket_walked_close(struct socket_walked *walked)
{
	for (size_t i = 0; i < walked->descriptor_count; i++)
		close(walked->descriptors[i]);
	walked->descriptor_count = 0;
}

bool socket_walk_holder(struct socket_walked *walked, uint32_t *pid, uint64_t *inode)
{
	struct str word;
	uint64_t number;

	while (walked->holders.len > 0) {
		(void)str_cut(walked->holders, '\0', &word, &walked->holders);
		if (str_to_u64(word, &number) && number <= INT32_MAX) {
			walked->pid = (uint32_t)number;
		} else if (walked->pid > 0 && proc_socket_link_read(word, inode)) {
			*pid = walked->pid;
			return true;
		}
	}
	return false;
}

struct reading {
	void (*take)(void *context, const struct process_socket *socket);
	void *context;
};

static bool take_lines(void *context, struct str *rest)
{
	const struct reading *reading = context;
	struct process_socket socket;

	while (proc_sockets_next(rest, true, &socket))
		if (!socket.is_listening)
			reading->take(reading->context, &socket);
	return true;
}

int socket_table_read(struct processes *processes, int descriptor,
		      void (*take)(void *context, const struct process_socket *socket),
		      void *context)
{
	struct reading reading = {take, context};

	return process_lines(processes, descriptor, SOCKETS_TEXT_MAX, take_lines, &reading);
}
