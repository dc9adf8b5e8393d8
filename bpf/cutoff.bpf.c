// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The cut-off filter of a capture socket (SO_ATTACH_BPF on AF_PACKET, since 3.19; LRU map since
 * 4.10). A socket filter is the cheapest place: before the copy into the ring, and nothing of the
 * host's own traffic can be harmed by it, for it decides about our copy alone.
 *
 * Two entry points with one map: a SOCK_RAW socket on Ethernet or loopback begins with the MAC
 * header, every other (raw IP devices, SOCK_DGRAM) with the network header.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

#define FLOW_SOURCE		       struct __sk_buff
#define FLOW_LOAD(source, at, to, len) bpf_skb_load_bytes(source, at, to, len)
#include "flow_walk.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile struct cutoff_settings settings = {0}; /* set before loading */

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536); /* set before loading */
	__type(key, struct cutoff_key);
	__type(value, struct cutoff_entry);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cutoff_totals);
} totals SEC(".maps");

static __always_inline void peek(struct __sk_buff *skb, const struct flow_packet *flow,
				 struct cutoff_packet *packet)
{
	__u32 len = flow->payload_len;

	if (len >= CUTOFF_PEEK) {
		if (!bpf_skb_load_bytes(skb, flow->payload_at, packet->peek, CUTOFF_PEEK))
			packet->peek_len = CUTOFF_PEEK;
	} else if (len >= 4) { /* shorter than any message; enough to tell JSON and HTTP */
		if (!bpf_skb_load_bytes(skb, flow->payload_at, packet->peek, 4))
			packet->peek_len = 4;
	}
}

static __always_inline int filter(struct __sk_buff *skb, __u16 ethertype)
{
	struct flow_packet flow = {};
	__u32 zero = 0, snap_len = settings.snap_len;
	struct cutoff_totals *total = bpf_map_lookup_elem(&totals, &zero);

	if (!total)
		return snap_len;
	total->packets++;
	total->bytes += skb->len;
	flow_walk(skb, 0, skb->len, ethertype, &flow);
	if (!flow.key.protocol) {
		total->unkeyed++;
		return snap_len;
	}
	struct cutoff_entry *entry = bpf_map_lookup_elem(&flows, &flow.key);
	if (!entry || entry->state != CUTOFF_CUT)
		return snap_len;
	struct cutoff_packet packet = {.len = skb->len,
				       .payload_len = flow.payload_len,
				       .protocol = flow.key.protocol,
				       .tcp_flags = flow.tcp_flags};
	if (!cutoff_is_bare(&packet)) {
		packet.now = bpf_ktime_get_ns();
		peek(skb, &flow, &packet);
	}
	/* Not memcpy: without volatile, clang takes the zeros for constants. */
	struct cutoff_settings loaded = settings;
	switch (cutoff_decide(entry, &packet, &loaded)) {
	case CUTOFF_HOLD:
		total->cut_packets++;
		total->cut_bytes += skb->len;
		return 0;
	case CUTOFF_PEEKED:
		total->peeked++;
		return snap_len;
	default:
		total->reopened++;
		return snap_len;
	}
}

SEC("socket")
int cutoff_ethernet(struct __sk_buff *skb)
{
	return filter(skb, FLOW_ETHERNET);
}

SEC("socket")
int cutoff_network(struct __sk_buff *skb)
{
	return filter(skb, bpf_ntohs((__u16)skb->protocol));
}
