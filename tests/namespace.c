#include "namespace.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

bool namespace_ip(const char *line)
{
	char command[256];

	snprintf(command, sizeof(command), "PATH=$PATH:/usr/sbin:/sbin ip %s >&2", line);
	return system(command) == 0;
}

static void no_ipv6_chatter(void)
{
	int fd = open("/proc/sys/net/ipv6/conf/default/disable_ipv6", O_WRONLY);

	if (fd >= 0 && write(fd, "1", 1) != 1)
		printf("# IPv6 stays on\n");
	if (fd >= 0)
		close(fd);
}

bool namespace_enter(void)
{
	if (geteuid() != 0) {
		printf("# skipped: needs root\n");
		return false;
	}
	if (unshare(CLONE_NEWNET)) {
		printf("# skipped: no network namespace: %s\n", strerror(errno));
		return false;
	}
	no_ipv6_chatter();
	if (namespace_ip("link set lo up"))
		return true;
	printf("# skipped: the command ip (iproute2) does not work\n");
	return false;
}

bool namespace_veth(const char *one, const char *other)
{
	char line[200];

	snprintf(line, sizeof(line), "link add %s type veth peer name %s", one, other);
	if (!namespace_ip(line))
		return false;
	snprintf(line, sizeof(line), "link set %s up", one);
	if (!namespace_ip(line))
		return false;
	snprintf(line, sizeof(line), "link set %s up", other);
	return namespace_ip(line);
}

static uint8_t *put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
	return at + 2;
}

static uint8_t *put32(uint8_t *at, uint32_t value)
{
	return put16(put16(at, value >> 16), value & 0xffff);
}

static uint8_t *put_mac(uint8_t *at, unsigned type)
{
	static const uint8_t addresses[12] = {2, 0xdb, 0, 0, 0, 1, 2, 0xda, 0, 0, 0, 2};

	memcpy(at, addresses, sizeof(addresses));
	return put16(at + sizeof(addresses), type);
}

static uint8_t *put_ipv4(uint8_t *at, uint8_t protocol, uint32_t from, uint32_t to, size_t inside)
{
	at = put16(at, 0x4500);
	at = put16(at, (unsigned)(20 + inside));
	at = put32(at, 0);
	*at++ = 64;
	*at++ = protocol;
	at = put16(at, 0);
	return put32(put32(at, from), to);
}

static uint8_t *put_tcp(uint8_t *at, const struct frame_plan *plan)
{
	at = put16(put16(at, plan->from_port), plan->to_port);
	at = put32(put32(at, 1), 1);
	*at++ = 0x50;
	*at++ = plan->flags ? plan->flags : 0x18;
	at = put16(put32(at, 0x10000000), 0);
	if (plan->payload_len)
		memcpy(at, plan->payload, plan->payload_len);
	return at + plan->payload_len;
}

size_t frame_build(const struct frame_plan *plan, uint8_t frame[FRAME_MAX])
{
	size_t segment = 20 + plan->payload_len;
	uint8_t *at = put_mac(frame, plan->vlan ? ETH_P_8021Q : ETH_P_IP);

	if (plan->vlan)
		at = put16(put16(at, plan->vlan), ETH_P_IP);
	if (plan->vxlan_port) {
		at = put_ipv4(at, 17, 0xac100001, 0xac100002, 8 + 8 + 14 + 20 + segment);
		at = put16(put16(at, plan->vxlan_port), 4789);
		at = put16(put16(at, (unsigned)(8 + 8 + 14 + 20 + segment)), 0);
		at = put32(put32(at, 0x08000000), 42 << 8);
		at = put_mac(at, ETH_P_IP);
	}
	at = put_ipv4(at, 6, plan->from, plan->to, segment);
	return (size_t)(put_tcp(at, plan) - frame);
}

struct frame_plan frame_back(struct frame_plan plan)
{
	struct frame_plan back = plan;

	back.from = plan.to;
	back.to = plan.from;
	back.from_port = plan.to_port;
	back.to_port = plan.from_port;
	return back;
}

bool frame_is_ours(const void *at, size_t len)
{
	return len >= 14 && !memcmp((const uint8_t *)at + 6, "\2\xda", 2);
}

int frame_sender(const char *interface)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET,
				      .sll_ifindex = (int)if_nametoindex(interface)};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address))) {
		close(fd);
		return -1;
	}
	return fd;
}

bool frame_send(int sender, const struct frame_plan *plan)
{
	uint8_t frame[FRAME_MAX];
	size_t len = frame_build(plan, frame);

	return send(sender, frame, len, 0) == (ssize_t)len;
}
