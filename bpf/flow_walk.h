/*
 * The way from a frame to the key of its flow, in the kernel: the same walk for the cut-off filter
 * and for the fan-out, and the same key as user space makes from a decoded packet, so that both
 * mean the same flow.
 *
 * Compiled twice: by clang for the kernel's verifier, and natively, where the unit test walks the
 * same frames. The includer says how bytes are read: from a FLOW_SOURCE *, FLOW_LOAD(source, at,
 * to, len) gives 0, or something else when the frame ends before. The walk is bounded to
 * FLOW_HEADERS_MAX headers; what it cannot follow has no key, and a frame without a key is passed
 * to user space whole. So a disagreement with user space costs time and never hides anything.
 */
#ifndef DAVY_BPF_FLOW_WALK_H
#define DAVY_BPF_FLOW_WALK_H

#include <linux/types.h>

#include "cutoff.h"

#define FLOW_HEADERS_MAX 12

/* What the walk found. `found` 0: no IP packet that we understand. */
struct flow_packet {
	struct cutoff_key key;
	__u32 payload_at;
	__u32 payload_len;
	__u8 found;
	__u8 is_fragment; /* then ports are 0 and there is no payload */
	__u8 tcp_flags;
};

enum flow_layer { FLOW_ETHERTYPE, FLOW_PROTOCOL, FLOW_DONE };

struct flow_walk {
	__u32 at;   /* offset of the next header */
	__u32 end;  /* of the innermost IP packet, or of the frame */
	__u16 next; /* what the next header is: an EtherType or an IP protocol */
	__u8 layer; /* enum flow_layer: which of the two */
	__u8 is_fragment;
	__u8 has_ip;
	__u8 transport; /* 6 or 17 once reached */
	__u8 tcp_flags;
	__u8 zero;
	__u16 source_port, destination_port;
	__u32 source[4], destination[4]; /* wire order */
};

#define FLOW_IPV4     0x0800
#define FLOW_IPV6     0x86dd
#define FLOW_VLAN     0x8100
#define FLOW_VLAN_AD  0x88a8
#define FLOW_QINQ_OLD 0x9100
#define FLOW_MPLS     0x8847
#define FLOW_MPLS_MC  0x8848
#define FLOW_PPPOE    0x8864
#define FLOW_ETHERNET 0x6558 /* transparent Ethernet bridging, in GRE and Geneve */

#define FLOW_INLINE static inline __attribute__((always_inline))

FLOW_INLINE __u16 flow_be16(const __u8 *at)
{
	return (__u16)(at[0] << 8 | at[1]);
}

FLOW_INLINE int flow_ethernet(FLOW_SOURCE *source, struct flow_walk *w)
{
	__u8 type[2];

	if (FLOW_LOAD(source, w->at + 12, type, sizeof(type)))
		return -1;
	w->next = flow_be16(type);
	w->layer = FLOW_ETHERTYPE;
	w->at += 14;
	return 0;
}

FLOW_INLINE int flow_ipv4(FLOW_SOURCE *source, struct flow_walk *w)
{
	__u8 h[20];

	if (FLOW_LOAD(source, w->at, h, sizeof(h)) || h[0] >> 4 != 4 || (h[0] & 15) < 5)
		return -1;
	__u32 total = flow_be16(h + 2);
	if (total && w->at + total < w->end) /* 0: a segment not cut up yet, longer than 64 KiB */
		w->end = w->at + total;
	w->source[0] = w->source[1] = w->destination[0] = w->destination[1] = 0;
	w->source[2] = w->destination[2] = __builtin_bswap32(0xffff);
	__builtin_memcpy(&w->source[3], h + 12, 4);
	__builtin_memcpy(&w->destination[3], h + 16, 4);
	w->has_ip = 1;
	w->is_fragment = (flow_be16(h + 6) & 0x3fff) != 0;
	w->at += (h[0] & 15) * 4;
	w->next = h[9];
	w->layer = w->is_fragment ? FLOW_DONE : FLOW_PROTOCOL;
	return 0;
}

FLOW_INLINE int flow_ipv6(FLOW_SOURCE *source, struct flow_walk *w)
{
	__u8 h[40];

	if (FLOW_LOAD(source, w->at, h, sizeof(h)) || h[0] >> 4 != 6)
		return -1;
	__u32 total = flow_be16(h + 4);
	if (total && w->at + 40 + total < w->end)
		w->end = w->at + 40 + total;
	__builtin_memcpy(w->source, h + 8, 16);
	__builtin_memcpy(w->destination, h + 24, 16);
	w->has_ip = 1;
	w->is_fragment = 0;
	w->at += 40;
	w->next = h[6];
	w->layer = FLOW_PROTOCOL;
	return 0;
}

FLOW_INLINE int flow_ipv6_extension(FLOW_SOURCE *source, struct flow_walk *w)
{
	__u8 h[4];

	if (FLOW_LOAD(source, w->at, h, sizeof(h)))
		return -1;
	if (w->next == 44) {
		if (flow_be16(h + 2) & 0xfff9) {
			w->is_fragment = 1;
			w->layer = FLOW_DONE;
		}
		w->at += 8;
	} else {
		w->at += w->next == 51 ? (h[1] + 2) * 4 : (h[1] + 1) * 8;
	}
	w->next = h[0];
	return 0;
}

/* RFC 2784, 2890: version 0, and 1 (PPTP) only as far as nobody mines in it: not followed. */
FLOW_INLINE int flow_gre(FLOW_SOURCE *source, struct flow_walk *w)
{
	__u8 h[4];

	if (FLOW_LOAD(source, w->at, h, sizeof(h)) || h[1] & 7 || h[0] & 0x40)
		return -1;
	w->at += 4 + (h[0] & 0x80 ? 4 : 0) + (h[0] & 0x20 ? 4 : 0) + (h[0] & 0x10 ? 4 : 0);
	w->next = flow_be16(h + 2);
	w->layer = FLOW_ETHERTYPE;
	return 0;
}

FLOW_INLINE int flow_tcp(FLOW_SOURCE *source, struct flow_walk *w)
{
	__u8 h[14];

	if (FLOW_LOAD(source, w->at, h, sizeof(h)) || h[12] >> 4 < 5)
		return -1;
	w->source_port = flow_be16(h);
	w->destination_port = flow_be16(h + 2);
	w->tcp_flags = h[13];
	w->transport = 6;
	w->at += (h[12] >> 4) * 4;
	w->layer = FLOW_DONE;
	return 0;
}

/* GTP-U (3GPP TS 29.281 5.1): 8 bytes, 4 more when any of E, S, PN is set; extensions: not here. */
FLOW_INLINE int flow_gtpu(FLOW_SOURCE *source, struct flow_walk *w)
{
	__u8 h[2], first;

	if (FLOW_LOAD(source, w->at, h, sizeof(h)) || (h[0] & 0xf4) != 0x30 || h[1] != 255)
		return -1;
	__u32 inner = w->at + 8 + (h[0] & 3 ? 4 : 0);
	if (FLOW_LOAD(source, inner, &first, 1) || (first >> 4 != 4 && first >> 4 != 6))
		return -1;
	w->at = inner;
	w->next = first >> 4 == 4 ? FLOW_IPV4 : FLOW_IPV6;
	w->layer = FLOW_ETHERTYPE;
	return 0;
}

/* VXLAN (RFC 7348) and Geneve (RFC 8926); `at` is at the UDP payload. */
FLOW_INLINE int flow_overlay(FLOW_SOURCE *source, struct flow_walk *w, __u16 port)
{
	__u8 h[8];

	if (FLOW_LOAD(source, w->at, h, sizeof(h)))
		return -1;
	if (port == 6081) {
		if (h[0] >> 6)
			return -1;
		w->at += 8 + (h[0] & 63) * 4;
		w->next = flow_be16(h + 2);
		w->layer = FLOW_ETHERTYPE;
		return 0;
	}
	if (!(h[0] & 8))
		return -1;
	w->at += 8;
	w->next = FLOW_ETHERNET;
	w->layer = FLOW_ETHERTYPE;
	return 0;
}

FLOW_INLINE int flow_udp(FLOW_SOURCE *source, struct flow_walk *w)
{
	__u8 h[8];

	if (FLOW_LOAD(source, w->at, h, sizeof(h)))
		return -1;
	w->source_port = flow_be16(h);
	w->destination_port = flow_be16(h + 2);
	w->transport = 17;
	w->at += 8;
	w->layer = FLOW_DONE;
	/* Something else on a tunnel's port stays the UDP flow it is. */
	__u16 port = w->destination_port;
	if (port == 4789 || port == 8472 || port == 6081)
		(void)flow_overlay(source, w, port);
	else if (port == 2152)
		(void)flow_gtpu(source, w);
	return 0;
}

FLOW_INLINE int flow_tag(FLOW_SOURCE *source, struct flow_walk *w)
{
	__u8 h[4];

	if (FLOW_LOAD(source, w->at, h, sizeof(h)))
		return -1;
	w->next = flow_be16(h + 2);
	w->at += 4;
	return 0;
}

FLOW_INLINE int flow_mpls(FLOW_SOURCE *source, struct flow_walk *w)
{
	__u8 h[5];

	if (FLOW_LOAD(source, w->at, h, sizeof(h)))
		return -1;
	w->at += 4;
	if (h[2] & 1) { /* bottom of the stack: what follows is told by its first nibble */
		if (h[4] >> 4 != 4 && h[4] >> 4 != 6)
			return -1;
		w->next = h[4] >> 4 == 4 ? FLOW_IPV4 : FLOW_IPV6;
	}
	return 0;
}

FLOW_INLINE int flow_pppoe(FLOW_SOURCE *source, struct flow_walk *w)
{
	__u8 h[8];

	if (FLOW_LOAD(source, w->at, h, sizeof(h)) || h[0] != 0x11 || h[1])
		return -1;
	__u16 inside = flow_be16(h + 6);
	if (inside != 0x0021 && inside != 0x0057)
		return -1;
	w->next = inside == 0x0021 ? FLOW_IPV4 : FLOW_IPV6;
	w->at += 8;
	return 0;
}

FLOW_INLINE int flow_by_ethertype(FLOW_SOURCE *source, struct flow_walk *w)
{
	switch (w->next) {
	case FLOW_IPV4:
		return flow_ipv4(source, w);
	case FLOW_IPV6:
		return flow_ipv6(source, w);
	case FLOW_VLAN:
	case FLOW_VLAN_AD:
	case FLOW_QINQ_OLD:
		return flow_tag(source, w);
	case FLOW_MPLS:
	case FLOW_MPLS_MC:
		return flow_mpls(source, w);
	case FLOW_PPPOE:
		return flow_pppoe(source, w);
	case FLOW_ETHERNET:
		return flow_ethernet(source, w);
	default:
		return -1;
	}
}

FLOW_INLINE int flow_by_protocol(FLOW_SOURCE *source, struct flow_walk *w)
{
	switch (w->next) {
	case 6:
		return flow_tcp(source, w);
	case 17:
		return flow_udp(source, w);
	case 4:
		w->next = FLOW_IPV4;
		w->layer = FLOW_ETHERTYPE;
		return 0;
	case 41:
		w->next = FLOW_IPV6;
		w->layer = FLOW_ETHERTYPE;
		return 0;
	case 47:
		return flow_gre(source, w);
	case 0:
	case 43:
	case 44:
	case 51:
	case 60:
		return flow_ipv6_extension(source, w);
	default:
		return -1;
	}
}

/* Inlined like the rest: the verifier of 6.1 follows no precision across calls, and would need more
 * than its million instructions; so it needs 65,000 (25,000 on 6.18). */
FLOW_INLINE int flow_step(FLOW_SOURCE *source, struct flow_walk *w)
{
	return w->layer == FLOW_ETHERTYPE ? flow_by_ethertype(source, w)
					  : flow_by_protocol(source, w);
}

/* -1, 0, 1 as memcmp, 32 bits at a time. */
FLOW_INLINE int flow_compare(const __u32 *a, const __u32 *b)
{
	for (int i = 0; i < 4; i++) {
		__u32 x = __builtin_bswap32(a[i]), y = __builtin_bswap32(b[i]);
		if (x != y)
			return x < y ? -1 : 1;
	}
	return 0;
}

FLOW_INLINE void flow_set_key(const struct flow_walk *w, struct cutoff_key *key)
{
	int order = flow_compare(w->source, w->destination);

	if (order < 0 || (order == 0 && w->source_port <= w->destination_port)) {
		__builtin_memcpy(key->low, w->source, 16);
		__builtin_memcpy(key->high, w->destination, 16);
		key->low_port = w->source_port;
		key->high_port = w->destination_port;
	} else {
		__builtin_memcpy(key->low, w->destination, 16);
		__builtin_memcpy(key->high, w->source, 16);
		key->low_port = w->destination_port;
		key->high_port = w->source_port;
	}
	key->protocol = w->transport;
	key->zero[0] = key->zero[1] = key->zero[2] = 0;
}

/* Ethernet, IPv4 without options and TCP, as they lie one after the other. */
struct flow_plain {
	__u8 align[2];
	__u8 mac[12];
	__u16 type;
	__u8 version, service;
	__u16 total, id, fragment;
	__u8 ttl, protocol;
	__u16 checksum;
	__u32 source, destination;
	__u16 source_port, destination_port;
	__u32 sequence, acknowledgement;
	__u8 offset, flags;
	__u16 window, tcp_checksum, urgent;
};

#define FLOW_PLAIN_LEN (sizeof(struct flow_plain) - 2) /* without what only aligns it */
_Static_assert(sizeof(struct flow_plain) == 56, "the headers lie as they do on the wire");

FLOW_INLINE int flow_is_plain(const struct flow_plain *h)
{
	return h->type == __builtin_bswap16(FLOW_IPV4) && h->version == 0x45 && h->protocol == 6 &&
	       !(h->fragment & __builtin_bswap16(0x3fff)) && h->offset >> 4 >= 5;
}

/* The key that the walk would find. */
FLOW_INLINE void flow_plain_key(const struct flow_plain *h, struct cutoff_key *key)
{
	__u16 source_port = __builtin_bswap16(h->source_port);
	__u16 destination_port = __builtin_bswap16(h->destination_port);
	int is_source_low = h->source == h->destination ? source_port <= destination_port
							: __builtin_bswap32(h->source) <
								  __builtin_bswap32(h->destination);
	__u32 low[4] = {0, 0, __builtin_bswap32(0xffff),
			is_source_low ? h->source : h->destination};
	__u32 high[4] = {0, 0, low[2], is_source_low ? h->destination : h->source};

	__builtin_memcpy(key->low, low, 16);
	__builtin_memcpy(key->high, high, 16);
	key->low_port = is_source_low ? source_port : destination_port;
	key->high_port = is_source_low ? destination_port : source_port;
	key->protocol = 6;
	key->zero[0] = key->zero[1] = key->zero[2] = 0;
}

/*
 * What nearly every frame begins with, in one load and without the walk's loop, for every packet
 * of a busy link comes through here.
 *
 * returns: 0 when it is something else (also UDP, which may be a tunnel); then `out` is untouched
 */
FLOW_INLINE int flow_plain_tcp(FLOW_SOURCE *source, __u32 at, __u32 frame_len,
			       struct flow_packet *out)
{
	struct flow_plain h;

	if (FLOW_LOAD(source, at, (__u8 *)&h + 2, FLOW_PLAIN_LEN) || !flow_is_plain(&h))
		return 0;
	__u32 end = frame_len, total = __builtin_bswap16(h.total);
	if (total && at + 14 + total < end)
		end = at + 14 + total;
	flow_plain_key(&h, &out->key);
	out->found = 1;
	out->is_fragment = 0;
	out->tcp_flags = h.flags;
	out->payload_at = at + 34 + (h.offset >> 4) * 4;
	out->payload_len = end > out->payload_at ? end - out->payload_at : 0;
	return 1;
}

/*
 * Walk from `at`, where a header of EtherType `ethertype` begins (FLOW_ETHERNET: a MAC header).
 *
 * out:     found when there is an IP packet; its key has ports and a protocol when it is TCP or UDP
 * returns: nothing; a walk that ends early leaves what the last understood IP header said, with
 *          protocol 0, which is what the fan-out wants; the cut-off wants protocol 6 or 17.
 */
FLOW_INLINE void flow_walk(FLOW_SOURCE *source, __u32 at, __u32 frame_len, __u16 ethertype,
			   struct flow_packet *out)
{
	struct flow_walk w = {.at = at, .end = frame_len, .next = ethertype};

	if (ethertype == FLOW_ETHERNET && flow_plain_tcp(source, at, frame_len, out))
		return;
	for (int i = 0; i < FLOW_HEADERS_MAX && w.layer != FLOW_DONE; i++) {
		if (flow_step(source, &w)) {
			w.transport = 0;
			w.source_port = w.destination_port = 0;
			break;
		}
	}
	if (w.layer != FLOW_DONE || w.is_fragment) {
		w.transport = 0;
		w.source_port = w.destination_port = 0;
	}
	out->found = w.has_ip;
	out->is_fragment = w.is_fragment;
	out->tcp_flags = w.transport == 6 ? w.tcp_flags : 0;
	out->payload_at = w.at;
	out->payload_len = w.transport && w.end > w.at ? w.end - w.at : 0;
	flow_set_key(&w, &out->key);
}

/* Of the whole key, so the same for both directions; seeded, or an attacker picks the worker. */
FLOW_INLINE __u32 flow_hash(const struct cutoff_key *key, __u32 seed)
{
	__u32 words[10], hash = seed;

	__builtin_memcpy(words, key, sizeof(words));
	for (int i = 0; i < 10; i++) {
		hash = (hash ^ words[i]) * 0x9e3779b1u;
		hash ^= hash >> 15;
	}
	hash *= 0x85ebca6bu;
	return hash ^ hash >> 13;
}

#endif
