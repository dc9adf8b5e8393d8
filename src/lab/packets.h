/*
 * A transcript as it would have been captured beside the client: frames with real headers, a TCP
 * handshake, sequence and acknowledgement numbers that follow the round trip, right checksums.
 * Then the shapes that make a reader stumble: cut, shuffled, repeated, overlapping, tunnelled.
 */
#ifndef DAVY_LAB_PACKETS_H
#define DAVY_LAB_PACKETS_H

#include "base/attributes.h"
#include "decode/capture/frame.h"
#include "lab/transcript.h"
#include "model/endpoint.h"

enum lab_shape {
	LAB_SHAPE_ONE_BYTE = 1 << 0,	 /* a segment for each byte */
	LAB_SHAPE_OUT_OF_ORDER = 1 << 1, /* segments late, some sent twice */
	LAB_SHAPE_OVERLAP = 1 << 2,	 /* sent again across the borders of segments */
	LAB_SHAPE_CLIENT_ONLY = 1 << 3,	 /* the tap saw one direction */
	LAB_SHAPE_SERVER_ONLY = 1 << 4,
	LAB_SHAPE_UNACKNOWLEDGED = 1 << 5, /* the server never says or acknowledges anything */
	LAB_SHAPE_GAP = 1 << 6,		   /* one segment from the middle was not captured */
	LAB_SHAPE_IP_FRAGMENTS = 1 << 7,
	LAB_SHAPE_NO_CLOSE = 1 << 8, /* the capture ends while the connection is open */
	/* what a forger, a box in between, or a miner with a raw socket makes of it */
	LAB_SHAPE_ONE_TUNNEL_END = 1 << 9, /* both directions leave the same end of the tunnels */
	LAB_SHAPE_REFUSED = 1 << 10,	   /* the client's own host resets at each packet for it */
	LAB_SHAPE_RESET_ONCE = 1 << 11,	   /* a reset in the client's name that nobody heeds */
	LAB_SHAPE_JUNK_FIRST = 1 << 12, /* before each of the client's segments another version */
	LAB_SHAPE_JUNK_SUM = 1 << 13,	/* ... whose checksum is wrong */
	LAB_SHAPE_JUNK_POOL = 1 << 14,	/* ... and before each of the server's */
};

enum lab_tunnel {
	LAB_TUNNEL_VLAN,   /* IEEE 802.1Q */
	LAB_TUNNEL_QINQ,   /* IEEE 802.1ad: a service tag; use it around a VLAN */
	LAB_TUNNEL_MPLS,   /* RFC 3032, two labels */
	LAB_TUNNEL_PPPOE,  /* RFC 2516 */
	LAB_TUNNEL_VXLAN,  /* RFC 7348; the outer source ports of the two directions differ */
	LAB_TUNNEL_GENEVE, /* RFC 8926, with an option */
	LAB_TUNNEL_GRE,	   /* RFC 2784, with a key (RFC 2890) */
	LAB_TUNNEL_IPIP,   /* RFC 2003, RFC 4213 */
	LAB_TUNNEL_GTPU,   /* 3GPP TS 29.281 */
	LAB_TUNNELS,
};

enum { LAB_TUNNEL_DEPTH = 4 };

struct lab_packet_settings {
	uint64_t seed;
	struct endpoint client, server; /* both IPv4 or both IPv6 */
	duration round_trip;		/* 0: 40 ms; as in the session */
	uint16_t segment_max;		/* payload of a segment; 0: 1448 */
	uint32_t shape;			/* enum lab_shape, combined */
	size_t first_event;		/* the capture begins with this event; 0: the handshake */
	enum lab_tunnel tunnels[LAB_TUNNEL_DEPTH]; /* the outermost first */
	unsigned tunnel_count;
	uint32_t snap_len; /* bytes kept of a frame; 0: all */
};

struct lab_packets {
	struct frame *frames; /* Ethernet, in order of time */
	size_t count;
	struct buf bytes; /* what the frames point into */
};

const char *lab_tunnel_name(enum lab_tunnel tunnel); /* "vxlan" ... */

/* returns: 0, -ENOMEM, or -EINVAL for endpoints of two kinds or too many tunnels. */
must_check int lab_packets_make(const struct lab_transcript *transcript,
				const struct lab_packet_settings *settings,
				struct lab_packets *out);
void lab_packets_fini(struct lab_packets *packets);

#endif
