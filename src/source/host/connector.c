#include "source/host/connector.h"

#include <errno.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RECEIVE_BYTES = 1024 * 1024, ANSWER_MS = 500 };

/* A netlink header, a connector header, and behind it the operation. */
static int ask(int fd, enum proc_cn_mcast_op what)
{
	const uint32_t operation = (uint32_t)what;
	char request[NLMSG_HDRLEN + sizeof(struct cn_msg) + sizeof(operation)] = {0};
	const struct nlmsghdr netlink = {.nlmsg_len = sizeof(request), .nlmsg_type = NLMSG_DONE};
	const struct cn_msg connector = {.id = {CN_IDX_PROC, CN_VAL_PROC},
					 .len = sizeof(operation)};

	memcpy(request, &netlink, sizeof(netlink));
	memcpy(request + NLMSG_HDRLEN, &connector, sizeof(connector));
	memcpy(request + NLMSG_HDRLEN + sizeof(connector), &operation, sizeof(operation));
	return send(fd, request, sizeof(request), 0) == sizeof(request) ? 0 : -errno;
}

/* The kernel acknowledges as an event of its own; silence is a namespace that it does not serve. */
static int await_answer(int fd)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	char datagram[1024];

	for (int tries = 0; tries < 64; tries++) {
		if (poll(&wait, 1, ANSWER_MS) <= 0)
			return -ENOTSUP;
		ssize_t len = recv(fd, datagram, sizeof(datagram), MSG_DONTWAIT);
		const struct cn_msg *message = NLMSG_DATA((struct nlmsghdr *)(void *)datagram);
		if (len < (ssize_t)(NLMSG_HDRLEN + sizeof(*message) +
				    offsetof(struct proc_event, event_data) + sizeof(uint32_t)))
			continue;
		struct proc_event event = {0};
		size_t room = (size_t)len - NLMSG_HDRLEN - sizeof(*message);
		memcpy(&event, message->data, room < sizeof(event) ? room : sizeof(event));
		if (event.what != PROC_EVENT_NONE)
			return 0; /* others' events: it works */
		return -(int)event.event_data.ack.err;
	}
	return -ENOTSUP;
}

static int listen_to(int fd)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = CN_IDX_PROC};
	const int bytes = RECEIVE_BYTES;

	if (bind(fd, (struct sockaddr *)&address, sizeof(address)))
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	int failed = ask(fd, PROC_CN_MCAST_LISTEN);
	return failed ? failed : await_answer(fd);
}

int connector_open(int *out, struct error *why)
{
	*out = -1;
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_CONNECTOR);
	if (fd < 0)
		return error_set(why, -errno, "no connector socket: %s", strerror(errno));
	int failed = listen_to(fd);
	if (failed) {
		close(fd);
		return error_set(why, failed, "the process connector does not answer: %s",
				 strerror(-failed));
	}
	*out = fd;
	return 0;
}

static bool fill(const struct proc_event *event, struct process_event *out)
{
	switch (event->what) {
	case PROC_EVENT_FORK:
		out->kind = PROCESS_EVENT_FORK;
		out->key.pid = (uint32_t)event->event_data.fork.child_tgid;
		out->parent.pid = (uint32_t)event->event_data.fork.parent_tgid;
		return event->event_data.fork.child_pid == event->event_data.fork.child_tgid;
	case PROC_EVENT_EXEC:
		out->kind = PROCESS_EVENT_EXEC;
		out->key.pid = (uint32_t)event->event_data.exec.process_tgid;
		return true;
	case PROC_EVENT_EXIT:
		out->kind = PROCESS_EVENT_EXIT;
		out->key.pid = (uint32_t)event->event_data.exit.process_tgid;
		out->parent.pid = (uint32_t)event->event_data.exit.parent_tgid;
		out->status = (int)event->event_data.exit.exit_code;
		return event->event_data.exit.process_pid == event->event_data.exit.process_tgid;
	default:
		return false;
	}
}

enum connector_result connector_parse(struct str datagram, struct process_event *out)
{
	struct nlmsghdr netlink;
	struct cn_msg connector;
	struct proc_event event = {0};
	const size_t before = NLMSG_HDRLEN + sizeof(connector);

	*out = (struct process_event){0};
	if (datagram.len < before)
		return CONNECTOR_MALFORMED;
	memcpy(&netlink, datagram.at, sizeof(netlink));
	memcpy(&connector, datagram.at + NLMSG_HDRLEN, sizeof(connector));
	if (netlink.nlmsg_len > datagram.len || connector.len > datagram.len - before ||
	    connector.len < offsetof(struct proc_event, event_data))
		return CONNECTOR_MALFORMED;
	if (connector.id.idx != CN_IDX_PROC || connector.id.val != CN_VAL_PROC)
		return CONNECTOR_OTHER;
	memcpy(&event, datagram.at + before,
	       connector.len < sizeof(event) ? connector.len : sizeof(event));
	out->at.ns = (int64_t)event.timestamp_ns;
	return fill(&event, out) ? CONNECTOR_EVENT : CONNECTOR_OTHER;
}
