/*
 * Headers in front of bytes, from the inside out: what is wrapped grows towards the front, and its
 * kind is the EtherType a link would give it. Checksums are right. Private to src/lab.
 */
#ifndef DAVY_LAB_HEADERS_H
#define DAVY_LAB_HEADERS_H

#include "lab/packets.h"
#include "lab/segments.h"

enum {
	ETHERTYPE_V4 = 0x0800,
	ETHERTYPE_VLAN = 0x8100,
	ETHERTYPE_V6 = 0x86dd,
	ETHERTYPE_MPLS = 0x8847,
	ETHERTYPE_PPPOE = 0x8864,
	ETHERTYPE_SERVICE_VLAN = 0x88a8,
};

struct wrapped {
	struct buf bytes;
	uint16_t ethertype;
};

/* Who a packet goes from and to, and what varies from one to the next. */
struct header_context {
	struct endpoint source, destination;
	bool is_from_client;
	bool leaves_one_end; /* of a tunnel, whoever sends it */
	bool has_wrong_sum;  /* of TCP */
	uint16_t packet_id;
	uint32_t random;
};

/* A TCP header with timestamps (and the handshake's options) in front of the payload. */
void lab_headers_tcp(struct wrapped *w, const struct header_context *context,
		     const struct segment *segment, uint32_t sequence, uint32_t acknowledgement,
		     uint16_t segment_max);
/* IPv4 or IPv6, after the addresses. */
void lab_headers_ip(struct wrapped *w, const struct header_context *context, uint8_t protocol);
/* One fragment of an IP payload; `offset` in bytes, a multiple of 8. */
void lab_headers_fragment(struct wrapped *w, const struct header_context *context, uint8_t protocol,
			  uint32_t offset, bool is_last);
void lab_headers_tunnel(struct wrapped *w, const struct header_context *context,
			enum lab_tunnel tunnel);
void lab_headers_ethernet(struct wrapped *w, const struct header_context *context);

#endif
