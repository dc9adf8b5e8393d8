/*
 * The supervisor's half of the ring: everything that needs rights, done before the first frame.
 *
 * Order matters. The filter is attached before the socket is bound, or unfiltered frames would be
 * in the ring; the socket is bound before it joins a fan-out group, for a group belongs to an
 * interface; the filter is locked last, for a locked socket may not set a fan-out program.
 *
 * Nanosecond times of arrival come with TPACKET_V3 by default (the skb's software time stamp).
 * Outgoing packets are wanted, except on loopback, where each would be seen twice.
 */
#include "source/live/ring.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	LINK_ETHERNET = 1,
	LINK_RAW = 101,
	LINK_COOKED = 113,
	RESERVED = 32, /* bytes before each frame: for a VLAN tag or a cooked header */
	FRAME_SIZE = 2048,
};

uint16_t ring_link_of(uint16_t hardware_type, bool *is_cooked)
{
	*is_cooked = false;
	switch (hardware_type) {
	case ARPHRD_ETHER:
	case ARPHRD_LOOPBACK:
		return LINK_ETHERNET;
	case ARPHRD_NONE:
	case ARPHRD_RAWIP:
		return LINK_RAW;
	default: /* PPP, tunnels, radio ...: the kernel knows what is inside */
		*is_cooked = true;
		return LINK_COOKED;
	}
}

static int set(int fd, int option, int value)
{
	return setsockopt(fd, SOL_PACKET, option, &value, sizeof(value)) ? -errno : 0;
}

static int set_ring(int fd, const struct ring_settings *settings, struct ring_shape *shape,
		    struct error *why)
{
	shape->block_size = settings->block_size ? settings->block_size : 512 * 1024;
	shape->block_count = settings->block_count ? settings->block_count : 32;
	struct tpacket_req3 request = {
		.tp_block_size = shape->block_size,
		.tp_block_nr = shape->block_count,
		.tp_frame_size = FRAME_SIZE,
		.tp_frame_nr = shape->block_size / FRAME_SIZE * shape->block_count,
		.tp_retire_blk_tov = settings->retire_ms ? settings->retire_ms : 50,
	};
	int failed = set(fd, PACKET_VERSION, TPACKET_V3);
	if (!failed)
		failed = set(fd, PACKET_RESERVE, RESERVED);
	if (!failed && setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof(request)))
		failed = -errno;
	if (failed)
		return error_set(why, failed,
				 "no ring of %u blocks of %u bytes: %s (smaller ones may fit)",
				 shape->block_count, shape->block_size, strerror(-failed));
	return 0;
}

static int set_filter(int fd, const struct ring_settings *settings, bool begins_with_mac,
		      struct error *why)
{
	if (!settings->filter)
		return 0;
	int program = cutoff_filter_program(settings->filter, begins_with_mac);
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, &program, sizeof(program)))
		return error_set(why, -errno, "the cut-off filter cannot be attached: %s",
				 strerror(errno));
	return 0;
}

static int bind_to(int fd, int interface, struct error *why)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET,
				      .sll_protocol = htons(ETH_P_ALL),
				      .sll_ifindex = interface};

	if (bind(fd, (struct sockaddr *)&address, sizeof(address)))
		return error_set(why, -errno, "cannot listen on interface %d: %s", interface,
				 strerror(errno));
	return 0;
}

static int be_promiscuous(int fd, const struct ring_settings *settings, struct error *why)
{
	struct packet_mreq request = {.mr_ifindex = settings->interface,
				      .mr_type = PACKET_MR_PROMISC};

	if (!settings->is_promiscuous || !settings->interface)
		return 0;
	if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request, sizeof(request)))
		return error_set(why, -errno, "interface %d refuses promiscuous mode: %s",
				 settings->interface, strerror(errno));
	return 0;
}

static int new_group(int fd, struct ring_group *group, bool begins_with_mac)
{
	const int flags = PACKET_FANOUT_FLAG_UNIQUEID | PACKET_FANOUT_FLAG_DEFRAG;
	int program = group->program ? fanout_program_fd(group->program, begins_with_mac) : -1;
	int value;
	socklen_t size = sizeof(value);
	int failed = -ENOENT;

	group->kind = PACKET_FANOUT_HASH;
	if (program >= 0) {
		failed =
			set(fd, PACKET_FANOUT, (int)((unsigned)(PACKET_FANOUT_EBPF | flags) << 16));
		if (!failed)
			failed = set(fd, PACKET_FANOUT_DATA, program);
		if (!failed)
			group->kind = PACKET_FANOUT_EBPF;
	}
	if (failed)
		failed =
			set(fd, PACKET_FANOUT, (int)((unsigned)(PACKET_FANOUT_HASH | flags) << 16));
	if (failed)
		return failed;
	if (getsockopt(fd, SOL_PACKET, PACKET_FANOUT, &value, &size))
		return -errno;
	group->id = (uint16_t)value;
	group->is_made = true;
	return 0;
}

static int join_group(int fd, struct ring_group *group, bool begins_with_mac, struct error *why)
{
	if (!group)
		return 0;
	int failed;
	if (group->is_made)
		failed = set(fd, PACKET_FANOUT,
			     (int)(group->id | (unsigned)(group->kind | PACKET_FANOUT_FLAG_DEFRAG)
						       << 16));
	else
		failed = new_group(fd, group, begins_with_mac);
	if (failed)
		return error_set(why, failed, "cannot share an interface between workers: %s",
				 strerror(-failed));
	return 0;
}

static int prepare(int fd, const struct ring_settings *settings, struct ring_shape *shape,
		   struct error *why)
{
	const bool begins_with_mac = shape->link == LINK_ETHERNET;
	const int yes = 1;
	int failed = set_ring(fd, settings, shape, why);

	if (!failed)
		failed = set_filter(fd, settings, begins_with_mac, why);
	if (!failed && settings->hardware_type == ARPHRD_LOOPBACK && settings->interface)
		(void)set(fd, PACKET_IGNORE_OUTGOING,
			  1); /* ring_next does it where this is not known */
	if (!failed)
		failed = bind_to(fd, settings->interface, why);
	if (!failed)
		failed = be_promiscuous(fd, settings, why);
	if (!failed)
		failed = join_group(fd, settings->group, begins_with_mac, why);
	if (!failed && setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &yes, sizeof(yes)))
		failed = error_set(why, -errno, "cannot lock the socket's filter: %s",
				   strerror(errno));
	return failed;
}

int ring_open(const struct ring_settings *settings, struct ring_socket *out, struct error *why)
{
	bool is_cooked = true;
	uint16_t link = settings->interface ? ring_link_of(settings->hardware_type, &is_cooked)
					    : LINK_COOKED;

	*out = (struct ring_socket){.fd = -1, .shape = {.link = link, .is_cooked = is_cooked}};
	int fd = socket(AF_PACKET,
			(is_cooked ? SOCK_DGRAM : SOCK_RAW) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_set(why, -errno, "no capture socket: %s (it needs CAP_NET_RAW)",
				 strerror(errno));
	int failed = prepare(fd, settings, &out->shape, why);
	if (failed) {
		close(fd);
		return failed;
	}
	out->fd = fd;
	return 0;
}
