#include "source/live/interfaces.h"

#include <errno.h>
#include <fnmatch.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct interface *find(struct interfaces *list, int index)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->at[i].index == index)
			return &list->at[i];
	return NULL;
}

static void tell(struct interfaces *list, const struct interface *interface,
		 enum interface_change change)
{
	if (list->on_change)
		list->on_change(list->context, interface, change);
}

static void take_out(struct interfaces *list, struct interface *known)
{
	struct interface gone = *known;

	*known = list->at[--list->count];
	tell(list, &gone, gone.is_up ? INTERFACE_DOWN : INTERFACE_GONE);
}

static void take_in(struct interfaces *list, const struct interface *now)
{
	struct interface *known = find(list, now->index);

	if (known &&
	    (strcmp(known->name, now->name) || known->hardware_type != now->hardware_type)) {
		take_out(list, known);
		known = NULL;
	}
	if (!known) {
		if (list->count == INTERFACES_MAX) {
			list->unlisted++;
			return;
		}
		known = &list->at[list->count++];
		*known = *now;
		if (now->is_up)
			tell(list, known, INTERFACE_UP);
		return;
	}
	known->is_listed = true;
	if (known->is_up == now->is_up)
		return;
	known->is_up = now->is_up;
	tell(list, known, now->is_up ? INTERFACE_UP : INTERFACE_DOWN);
}

static void copy_name(struct interface *out, const char *name, size_t room)
{
	size_t most = room < IF_NAMESIZE - 1 ? room : IF_NAMESIZE - 1;

	memcpy(out->name, name, strnlen(name, most));
}

static bool parse_link(const struct nlmsghdr *message, struct interface *out)
{
	const struct ifinfomsg *link = NLMSG_DATA(message);

	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*link)))
		return false;
	*out = (struct interface){.index = link->ifi_index,
				  .hardware_type = link->ifi_type,
				  .is_up = link->ifi_flags & IFF_UP,
				  .is_listed = true};
	int left = (int)(message->nlmsg_len - NLMSG_LENGTH(sizeof(*link)));
	for (const struct rtattr *a = IFLA_RTA(link); RTA_OK(a, left); a = RTA_NEXT(a, left))
		if (a->rta_type == IFLA_IFNAME)
			copy_name(out, RTA_DATA(a), RTA_PAYLOAD(a));
	return link->ifi_family == AF_UNSPEC; /* bridges repeat their ports under AF_BRIDGE */
}

static void apply(struct interfaces *list, const struct nlmsghdr *message)
{
	struct interface now;
	struct interface *known;

	if (message->nlmsg_type != RTM_NEWLINK && message->nlmsg_type != RTM_DELLINK)
		return;
	if (!parse_link(message, &now))
		return;
	if (message->nlmsg_type == RTM_NEWLINK)
		take_in(list, &now);
	else if ((known = find(list, now.index)))
		take_out(list, known);
}

static int ask_for_all(int fd)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg link;
	} request = {
		.header = {.nlmsg_len = sizeof(request),
			   .nlmsg_type = RTM_GETLINK,
			   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.link = {.ifi_family = AF_UNSPEC},
	};

	return send(fd, &request, sizeof(request), 0) < 0 ? -errno : 0;
}

/* One datagram. 1: read one; 0: nothing there; negative: errno, -ENOBUFS when some were lost. */
static int read_one(struct interfaces *list, bool *is_done)
{
	_Alignas(struct nlmsghdr) char bytes[32 * 1024];
	ssize_t got = recv(list->fd, bytes, sizeof(bytes), 0);

	if (got < 0)
		return errno == EAGAIN ? 0 : -errno;
	int left = (int)got;
	for (const struct nlmsghdr *m = (const void *)bytes;
	     left > 0 && NLMSG_OK(m, (unsigned)left); m = NLMSG_NEXT(m, left)) {
		if (m->nlmsg_type == NLMSG_DONE || m->nlmsg_type == NLMSG_ERROR)
			*is_done = true;
		apply(list, m);
	}
	return 1;
}

/*
 * The whole list: at the start, and when messages were lost and anything may have happened. The
 * kernel makes each part of the answer as the part before it is read, so this does not wait.
 */
static int read_all(struct interfaces *list)
{
	bool is_done = false;
	int failed = ask_for_all(list->fd);

	for (size_t i = 0; i < list->count; i++)
		list->at[i].is_listed = false;
	while (!failed && !is_done) {
		int got = read_one(list, &is_done);
		if (got == 0)
			failed = -EPROTO;
		else if (got < 0 && got != -ENOBUFS)
			failed = got;
	}
	for (size_t i = list->count; !failed && i-- > 0;)
		if (!list->at[i].is_listed)
			take_out(list, &list->at[i]);
	return failed;
}

int interfaces_read(struct interfaces *list)
{
	bool is_done;

	for (;;) {
		int got = read_one(list, &is_done);
		if (got == -ENOBUFS)
			return read_all(list);
		if (got <= 0)
			return got;
	}
}

int interfaces_open(struct interfaces *list, struct error *why)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};

	list->count = 0;
	list->unlisted = 0;
	list->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (list->fd < 0)
		return error_set(why, -errno, "no netlink socket: %s", strerror(errno));
	int failed = bind(list->fd, (struct sockaddr *)&address, sizeof(address)) ? -errno : 0;
	if (!failed)
		failed = read_all(list);
	if (failed) {
		interfaces_close(list);
		return error_set(why, failed, "the list of interfaces cannot be read: %s",
				 strerror(-failed));
	}
	return 0;
}

void interfaces_close(struct interfaces *list)
{
	if (list->fd >= 0)
		close(list->fd);
	list->fd = -1;
}

static bool matches_one(const char *name, const char *const *globs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!fnmatch(globs[i], name, 0))
			return true;
	return false;
}

bool interface_is_wanted(const char *name, const struct interface_names *names)
{
	if (names->include_count && !matches_one(name, names->include, names->include_count))
		return false;
	return !matches_one(name, names->exclude, names->exclude_count);
}
