// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Keeps the sockets of a control group away from a few addresses and ports, for a time: connect()
 * and, for datagrams without one, each sendmsg() there end with EPERM (hooks since 4.17 and 4.18,
 * bpf_ktime_get_boot_ns since 5.8). The kernel asks in whatever network namespace, with the address
 * as the program gave it, before anything is sent. A name looked up, a bind, what was connected
 * before: none of that comes here.
 *
 * A group is that of the socket, which is the one its maker was in when he made it.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

#include "connect.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CONNECT_PLACES_MAX);
	__type(key, struct connect_place);
	__type(value, connect_until);
} places SEC(".maps");

enum { REFUSE, ALLOW };

static __always_inline int judge(const __u32 address[4], __u32 port)
{
	struct connect_place place = {};

	__builtin_memcpy(place.address, address, sizeof(place.address));
	place.port = bpf_ntohs((__u16)port);
	const connect_until *until = bpf_map_lookup_elem(&places, &place);
	return until && bpf_ktime_get_boot_ns() < *until ? REFUSE : ALLOW;
}

static __always_inline int judge_v4(struct bpf_sock_addr *there)
{
	const __u32 address[4] = {0, 0, bpf_htonl(0xffff), there->user_ip4};

	return judge(address, there->user_port);
}

/* Word by word: the kernel refuses other loads. */
static __always_inline int judge_v6(struct bpf_sock_addr *there)
{
	const __u32 address[4] = {there->user_ip6[0], there->user_ip6[1], there->user_ip6[2],
				  there->user_ip6[3]};

	return judge(address, there->user_port);
}

SEC("cgroup/connect4")
int cut_connect4(struct bpf_sock_addr *there)
{
	return judge_v4(there);
}

SEC("cgroup/connect6")
int cut_connect6(struct bpf_sock_addr *there)
{
	return judge_v6(there);
}

SEC("cgroup/sendmsg4")
int cut_sendmsg4(struct bpf_sock_addr *there)
{
	return judge_v4(there);
}

SEC("cgroup/sendmsg6")
int cut_sendmsg6(struct bpf_sock_addr *there)
{
	return judge_v6(there);
}
