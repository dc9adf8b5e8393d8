// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Which worker gets a packet (PACKET_FANOUT_EBPF, since 4.3): a hash of the innermost addresses and
 * ports that is the same for both directions of a flow, inside a tunnel or not, on every
 * interface. The kernel's own PACKET_FANOUT_HASH sees the outer ports only, and those of VXLAN
 * differ by direction.
 *
 * The kernel takes the result modulo the number of sockets. Fragments have no ports and go by their
 * addresses alone; the kernel joins IPv4 fragments before it asks (PACKET_FANOUT_FLAG_DEFRAG), so
 * this concerns IPv6 and what is fragmented inside a tunnel.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

#define FLOW_SOURCE		       struct __sk_buff
#define FLOW_LOAD(source, at, to, len) bpf_skb_load_bytes(source, at, to, len)
#include "flow_walk.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile __u32 seed = 0; /* set before loading, the same for every interface */

/*
 * A packet comes here before the tap has put it right: a received one begins at its network header,
 * a sent one at its MAC header, unless it was joined from fragments. Comparing with the MAC header
 * tells which.
 */
static __always_inline int begins_with_mac(struct __sk_buff *skb)
{
	__u64 data[2] = {0}, mac[2] = {0};

	if (bpf_skb_load_bytes(skb, 0, data, 14) ||
	    bpf_skb_load_bytes_relative(skb, 0, mac, 14, BPF_HDR_START_MAC))
		return 0;
	return data[0] == mac[0] && data[1] == mac[1];
}

static __always_inline int hash(struct __sk_buff *skb, __u16 ethertype)
{
	struct flow_packet flow = {};

	flow_walk(skb, 0, skb->len, ethertype, &flow);
	return flow.found ? flow_hash(&flow.key, seed) : 0;
}

SEC("socket")
int fanout_ethernet(struct __sk_buff *skb)
{
	__u16 protocol = bpf_ntohs((__u16)skb->protocol);
	struct flow_plain h;

	/* The MAC header's place is known either way. */
	if (!bpf_skb_load_bytes_relative(skb, 0, (__u8 *)&h + 2, FLOW_PLAIN_LEN,
					 BPF_HDR_START_MAC) &&
	    flow_is_plain(&h)) {
		struct cutoff_key key;
		flow_plain_key(&h, &key);
		return flow_hash(&key, seed);
	}
	return hash(skb, begins_with_mac(skb) ? FLOW_ETHERNET : protocol);
}

SEC("socket")
int fanout_network(struct __sk_buff *skb)
{
	return hash(skb, bpf_ntohs((__u16)skb->protocol));
}
