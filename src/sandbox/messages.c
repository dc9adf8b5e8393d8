#include "sandbox/messages.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { IN_LIMIT = MESSAGE_MAX + sizeof(struct message_header) };

/* Room for the descriptors of one message, aligned as the kernel wants it. */
union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int) * MESSAGE_DESCRIPTORS_MAX)];
};

int channel_pair(int ends[2])
{
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) ? -errno
											: 0;
}

void channel_init(struct channel *channel, int fd, bool takes_descriptors)
{
	*channel = (struct channel){.fd = fd, .takes_descriptors = takes_descriptors};
	channel->in.limit = IN_LIMIT;
	channel->out.limit = CHANNEL_QUEUE_MAX;
}

void channel_fini(struct channel *channel)
{
	for (size_t i = 0; i < channel->descriptor_count; i++)
		close(channel->descriptors[i]);
	channel->descriptor_count = 0;
	if (channel->fd >= 0)
		close(channel->fd);
	channel->fd = -1;
	buf_fini(&channel->in);
	buf_fini(&channel->out);
}

/* Bytes that went out, or a negative errno; -EAGAIN when none can. */
static ssize_t push(const struct channel *channel, const struct iovec *parts, size_t part_count,
		    const int *descriptors, size_t descriptor_count)
{
	union control control = {0};
	struct msghdr header = {.msg_iov = (struct iovec *)parts, .msg_iovlen = part_count};

	if (descriptor_count) {
		header.msg_control = control.bytes;
		header.msg_controllen = CMSG_SPACE(sizeof(int) * descriptor_count);
		struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
		rights->cmsg_level = SOL_SOCKET;
		rights->cmsg_type = SCM_RIGHTS;
		rights->cmsg_len = CMSG_LEN(sizeof(int) * descriptor_count);
		memcpy(CMSG_DATA(rights), descriptors, sizeof(int) * descriptor_count);
	}
	ssize_t sent = sendmsg(channel->fd, &header, MSG_NOSIGNAL);
	if (sent >= 0)
		return sent;
	return errno == EAGAIN || errno == EINTR ? -EAGAIN : -errno;
}

int channel_flush(struct channel *channel)
{
	while (channel->out.len) {
		struct iovec part = {channel->out.at, channel->out.len};
		ssize_t sent = push(channel, &part, 1, NULL, 0);
		if (sent < 0)
			return (int)sent;
		buf_consume(&channel->out, (size_t)sent);
	}
	return 0;
}

bool channel_wants_to_send(const struct channel *channel)
{
	return channel->out.len != 0;
}

static int queue(struct channel *channel, struct str header, struct str body, size_t sent)
{
	size_t of_header = sent < header.len ? sent : header.len;

	if (!buf_reserve(&channel->out, header.len + body.len - sent)) {
		channel->out.failed = false;
		return -ENOMEM; /* of a message that is partly out: the peer will find it cut off */
	}
	buf_add(&channel->out, str_skip(header, of_header));
	buf_add(&channel->out, str_skip(body, sent - of_header));
	return 0;
}

int channel_send(struct channel *channel, uint32_t type, struct str body, const int *descriptors,
		 size_t descriptor_count)
{
	struct message_header header = {type, (uint32_t)body.len, (uint32_t)descriptor_count};
	struct str head = str_of(&header, sizeof(header));
	ssize_t sent = 0;

	if (body.len > MESSAGE_MAX || descriptor_count > MESSAGE_DESCRIPTORS_MAX)
		return -EMSGSIZE;
	int failed = channel_flush(channel);
	if (failed && failed != -EAGAIN)
		return failed;
	if (channel->out.len &&
	    (descriptor_count || channel->out.len + head.len + body.len > CHANNEL_QUEUE_MAX))
		return -EAGAIN;
	if (!channel->out.len) {
		struct iovec parts[2] = {{&header, sizeof(header)}, {(char *)body.at, body.len}};
		sent = push(channel, parts, body.len ? 2 : 1, descriptors, descriptor_count);
		if (sent == -EAGAIN && !descriptor_count)
			sent = 0;
		if (sent < 0)
			return (int)sent;
	}
	if ((size_t)sent == head.len + body.len)
		return 0;
	return queue(channel, head, body, (size_t)sent);
}

bool channel_feed(struct channel *channel, struct str bytes)
{
	buf_add(&channel->in, bytes);
	if (channel->in.failed)
		channel->is_broken = true;
	return !channel->in.failed;
}

static void consume_taken(struct channel *channel)
{
	if (channel->in_taken)
		buf_consume(&channel->in, channel->in_taken);
	channel->in_taken = 0;
}

static enum message_result broken(struct channel *channel)
{
	channel->is_broken = true;
	return MESSAGE_BROKEN;
}

enum message_result channel_take(struct channel *channel, struct message *out)
{
	struct message_header header;

	if (channel->is_broken)
		return MESSAGE_BROKEN;
	consume_taken(channel);
	if (channel->in.len < sizeof(header))
		return MESSAGE_NONE;
	memcpy(&header, channel->in.at, sizeof(header));
	if (header.len > MESSAGE_MAX || header.descriptors > MESSAGE_DESCRIPTORS_MAX ||
	    header.descriptors > channel->descriptor_count)
		return broken(channel);
	if (channel->in.len - sizeof(header) < header.len)
		return MESSAGE_NONE;
	*out = (struct message){.type = header.type,
				.body = str_sub(buf_view(&channel->in), sizeof(header), header.len),
				.descriptor_count = header.descriptors};
	size_t bytes = sizeof(int) * header.descriptors;
	memcpy(out->descriptors, channel->descriptors, bytes);
	channel->descriptor_count -= header.descriptors;
	memmove(channel->descriptors, channel->descriptors + header.descriptors,
		sizeof(int) * channel->descriptor_count);
	channel->in_taken = sizeof(header) + header.len;
	return MESSAGE_READY;
}

/* Keeps what fits; the rest is closed, and false. */
static bool keep_descriptors(struct channel *channel, struct msghdr *header)
{
	bool fits = true;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (channel->descriptor_count < 2 * MESSAGE_DESCRIPTORS_MAX) {
				channel->descriptors[channel->descriptor_count++] = fd;
			} else {
				close(fd);
				fits = false;
			}
		}
	}
	return fits;
}

/* Read once. MESSAGE_READY: something came. */
static enum message_result pull(struct channel *channel)
{
	union control control;
	char bytes[64 * 1024];
	size_t room = IN_LIMIT - channel->in.len;
	struct iovec part = {bytes, room < sizeof(bytes) ? room : sizeof(bytes)};
	struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};

	if (channel->takes_descriptors) {
		header.msg_control = control.bytes;
		header.msg_controllen = sizeof(control.bytes);
	}
	ssize_t got = recvmsg(channel->fd, &header, MSG_CMSG_CLOEXEC);
	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? MESSAGE_NONE : MESSAGE_CLOSED;
	if (got == 0)
		return MESSAGE_CLOSED;
	bool fits = keep_descriptors(channel, &header);
	if (!fits || header.msg_flags & MSG_CTRUNC ||
	    !channel_feed(channel, str_of(bytes, (size_t)got)))
		return broken(channel);
	return MESSAGE_READY;
}

enum message_result channel_receive(struct channel *channel, struct message *out)
{
	for (;;) {
		enum message_result result = channel_take(channel, out);
		if (result != MESSAGE_NONE)
			return result;
		if (channel->is_closed)
			return MESSAGE_CLOSED;
		result = pull(channel);
		if (result == MESSAGE_CLOSED)
			channel->is_closed = true;
		if (result != MESSAGE_READY)
			return result;
	}
}

int channel_tell(struct channel *channel, uint32_t type, struct str body)
{
	enum { TRIES = 20, WAIT_MS = 50 };
	struct pollfd writable = {.fd = channel->fd, .events = POLLOUT};
	int result = -EAGAIN;

	for (int tries = 0; tries < TRIES && result == -EAGAIN; tries++) {
		result = channel_send(channel, type, body, NULL, 0);
		if (result != -EAGAIN)
			break;
		poll(&writable, 1, WAIT_MS);
		if (channel_flush(channel) == -EPIPE)
			return -EPIPE;
	}
	return result;
}

void channel_drain(struct channel *channel, int wait_ms)
{
	struct pollfd writable = {.fd = channel->fd, .events = POLLOUT};

	while (channel_wants_to_send(channel) && channel_flush(channel) == -EAGAIN)
		if (poll(&writable, 1, wait_ms) <= 0)
			break;
}

enum message_result channel_await(struct channel *channel, int timeout_ms, struct message *out)
{
	struct pollfd wait = {.fd = channel->fd, .events = POLLIN};
	enum message_result result = channel_receive(channel, out);

	while (result == MESSAGE_NONE && poll(&wait, 1, timeout_ms) > 0)
		result = channel_receive(channel, out);
	return result;
}
