#include "lab/drill_network.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LOOPBACK = 0x7f000001, MASK_30 = 0xfffffffcu, REQUEST_MAX = 512 };

static void fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static struct sockaddr socket_address(uint32_t host_order)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(host_order)};
	struct sockaddr out;

	memcpy(&out, &in, sizeof(out));
	return out;
}

/* address 0: only up */
static int bring_up(const char *interface, uint32_t address)
{
	CLEANUP(fd_close) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {0};

	if (fd < 0)
		return -errno;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	if (address) {
		request.ifr_addr = socket_address(address);
		if (ioctl(fd, SIOCSIFADDR, &request) != 0)
			return -errno;
		request.ifr_netmask = socket_address(MASK_30);
		if (ioctl(fd, SIOCSIFNETMASK, &request) != 0)
			return -errno;
	}
	if (ioctl(fd, SIOCGIFFLAGS, &request) != 0)
		return -errno;
	request.ifr_flags |= IFF_UP | IFF_RUNNING;
	return ioctl(fd, SIOCSIFFLAGS, &request) == 0 ? 0 : -errno;
}

/* A netlink request under construction; attributes nest by remembering where they began. */
struct request {
	struct nlmsghdr header;
	char room[REQUEST_MAX];
};

static void put(struct request *r, const void *at, size_t len)
{
	size_t begin = r->header.nlmsg_len - sizeof(r->header);

	if (begin + NLMSG_ALIGN(len) <= sizeof(r->room)) {
		memcpy(r->room + begin, at, len);
		r->header.nlmsg_len += NLMSG_ALIGN(len);
	}
}

static size_t begin_attribute(struct request *r, uint16_t type)
{
	size_t begin = r->header.nlmsg_len - sizeof(r->header);
	struct rtattr attribute = {.rta_type = type};

	put(r, &attribute, sizeof(attribute));
	return begin;
}

static void end_attribute(struct request *r, size_t begin)
{
	struct rtattr attribute;

	memcpy(&attribute, r->room + begin, sizeof(attribute));
	attribute.rta_len = (uint16_t)(r->header.nlmsg_len - sizeof(r->header) - begin);
	memcpy(r->room + begin, &attribute, sizeof(attribute));
}

static void put_attribute(struct request *r, uint16_t type, const void *at, uint16_t len)
{
	struct rtattr attribute = {.rta_type = type, .rta_len = (uint16_t)RTA_LENGTH(len)};

	put(r, &attribute, sizeof(attribute));
	put(r, at, len);
}

static int send_request(struct request *r)
{
	CLEANUP(fd_close) int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		char rest[REQUEST_MAX];
	} answer;

	if (fd < 0)
		return -errno;
	if (send(fd, r, r->header.nlmsg_len, 0) < 0)
		return -errno;
	ssize_t got = recv(fd, &answer, sizeof(answer), 0);
	if (got < 0)
		return -errno;
	if ((size_t)got < sizeof(answer.header) + sizeof(answer.error) ||
	    answer.header.nlmsg_type != NLMSG_ERROR)
		return -EPROTO;
	return answer.error.error;
}

/* rtnetlink(7): a veth whose other end, "eth0", is born in the given namespace. */
static int make_veth(const char *name, int namespace)
{
	struct ifinfomsg link = {.ifi_family = AF_UNSPEC};
	struct request r = {
		.header = {.nlmsg_len = sizeof(r.header),
			   .nlmsg_type = RTM_NEWLINK,
			   .nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK},
	};

	put(&r, &link, sizeof(link));
	put_attribute(&r, IFLA_IFNAME, name, (uint16_t)(strlen(name) + 1));
	size_t about = begin_attribute(&r, IFLA_LINKINFO);
	put_attribute(&r, IFLA_INFO_KIND, "veth", sizeof("veth"));
	size_t kind = begin_attribute(&r, IFLA_INFO_DATA);
	size_t peer = begin_attribute(&r, VETH_INFO_PEER);
	put(&r, &link, sizeof(link));
	put_attribute(&r, IFLA_IFNAME, "eth0", sizeof("eth0"));
	put_attribute(&r, IFLA_NET_NS_FD, &namespace, sizeof(namespace));
	end_attribute(&r, peer);
	end_attribute(&r, kind);
	end_attribute(&r, about);
	return send_request(&r);
}

static int open_namespace(void)
{
	return open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
}

static int own_namespace(struct error *why)
{
	/* Whoever is not root may still own a namespace of users, and so the network in it. */
	if (unshare(CLONE_NEWNET) != 0 &&
	    (errno != EPERM || unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0))
		return error_set(why, -errno,
				 "a network of its own cannot be made: %s; run it as root, or with "
				 "--network loopback",
				 strerror(errno));
	int result = bring_up("lo", 0);
	if (result != 0)
		return error_set(why, result, "cannot bring up lo in the drill's namespace: %s",
				 strerror(-result));
	return 0;
}

/*
 * 198.18.0.0/15 is for benchmarks between networks (RFC 2544): nobody's, and routed nowhere. Each
 * process takes four addresses of its own.
 */
static int veth_pair(struct drill_ground *ground, struct error *why)
{
	uint32_t pid = (uint32_t)getpid(), outer = 0xc6120000 | (pid & 0x7fff) << 2 | 1;

	snprintf(ground->interface, sizeof(ground->interface), "davy%u", pid % 1000000);
	ground->server_namespace = open_namespace();
	if (ground->server_namespace < 0 || unshare(CLONE_NEWNET) != 0)
		return error_set(why, -errno,
				 "cannot make a network namespace: %s; run it as root, or with "
				 "--network loopback",
				 strerror(errno));
	ground->miner_namespace = open_namespace();
	if (ground->miner_namespace < 0 || setns(ground->server_namespace, CLONE_NEWNET) != 0)
		return error_set(why, -errno, "cannot go back to the starting namespace: %s",
				 strerror(errno));
	int result = make_veth(ground->interface, ground->miner_namespace);
	if (result == 0)
		result = bring_up(ground->interface, outer);
	if (result == 0)
		result = drill_ground_enter(ground, LAB_MINER);
	if (result == 0)
		result = bring_up("eth0", outer + 1);
	if (result != 0)
		return error_set(why, result, "cannot set up the veth pair %s: %s",
				 ground->interface, strerror(-result));
	ground->server_address = outer;
	return 0;
}

static int given(const struct drill_settings *settings, struct drill_ground *ground,
		 struct error *why)
{
	ground->miner_namespace = fcntl(settings->miner_namespace, F_DUPFD_CLOEXEC, 0);
	ground->server_namespace = fcntl(settings->server_namespace, F_DUPFD_CLOEXEC, 0);
	if (ground->miner_namespace < 0 || ground->server_namespace < 0)
		return error_set(why, -EBADF, "the drill was given no namespaces");
	return 0;
}

int drill_ground_make(const struct drill_settings *settings, struct drill_ground *out,
		      struct error *why)
{
	*out = (struct drill_ground){
		.network = settings->network,
		.miner_namespace = -1,
		.server_namespace = -1,
		.server_address = LOOPBACK,
		.interface = "lo",
	};
	switch (settings->network) {
	case DRILL_NAMESPACE:
		return own_namespace(why);
	case DRILL_VETH:
		return veth_pair(out, why);
	case DRILL_BETWEEN:
		return given(settings, out, why);
	case DRILL_LOOPBACK:
		break;
	}
	return 0;
}

int drill_ground_enter(const struct drill_ground *ground, enum lab_side side)
{
	int namespace = side == LAB_MINER ? ground->miner_namespace : ground->server_namespace;

	if (namespace < 0)
		return 0;
	return setns(namespace, CLONE_NEWNET) == 0 ? 0 : -errno;
}
