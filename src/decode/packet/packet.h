/*
 * A frame taken down to the innermost IP packet: link layer, tags, tunnels, IP headers, fragments.
 *
 * Tunnels and tags (VXLAN, Geneve, GRE, IP-in-IP, GTP-U, PPPoE, a VLAN tag, a label stack ...) are
 * followed up to PACKET_NESTING_MAX of them; what lies deeper is UNSUPPORTED. The innermost
 * addresses are the ones that count: on a cloud mirror the outer ports of the two directions
 * differ. A UDP packet that looks like a tunnel and carries no TCP or UDP packet that can be read
 * is given as the UDP packet it is.
 */
#ifndef DAVY_DECODE_PACKET_PACKET_H
#define DAVY_DECODE_PACKET_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "decode/capture/frame.h"
#include "decode/decoded.h"
#include "model/endpoint.h"

enum { PACKET_NESTING_MAX = 8 };

/* What the packet came through; kept as a mask on the flow and named in findings. */
enum packet_tunnel {
	TUNNEL_VXLAN = 1 << 0,
	TUNNEL_GENEVE = 1 << 1,
	TUNNEL_GRE = 1 << 2,
	TUNNEL_IPIP = 1 << 3,
	TUNNEL_GTPU = 1 << 4,
	TUNNEL_PPPOE = 1 << 5,
	TUNNEL_MPLS = 1 << 6,
	TUNNEL_VLAN = 1 << 7,
	TUNNEL_ETHERIP = 1 << 8,
	TUNNEL_L2TP = 1 << 9,
	TUNNEL_TEREDO = 1 << 10,
	TUNNEL_TZSP = 1 << 11,
	TUNNEL_CAPWAP = 1 << 12,
};

enum { PROTOCOL_TCP = 6, PROTOCOL_UDP = 17 };

/* One IP header around the innermost: who put the tunnelled packet on the wire, and for whom. */
struct packet_outer {
	struct address from, to;
};
enum { PACKET_OUTERS_MAX = 3 };

enum tcp_flag { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16 };

struct packet {
	struct endpoint source, destination; /* ports 0 unless TCP or UDP */
	uint8_t protocol;		     /* innermost IP protocol */
	uint8_t tcp_flags;		     /* enum tcp_flag */
	uint16_t tunnels;		     /* enum packet_tunnel */
	uint32_t sequence, acknowledgement;  /* TCP */
	struct str payload;		     /* TCP or UDP payload that was captured */
	/* on the wire, by the IP length: > payload.len when the capture cut the frame */
	uint32_t payload_len;
	struct str segment;  /* TCP header and payload as captured: what the checksum is over */
	uint8_t outer_count; /* IP headers around the innermost; those beyond the first few are
				only counted */
	struct packet_outer outers[PACKET_OUTERS_MAX]; /* the outermost first */
};

struct fragment_table; /* decode/packet/fragment.h: reassembles IP fragments, bounded */

/*
 * Decode one frame.
 *
 * fragments: may be NULL: then later fragments are UNSUPPORTED and first ones are decoded alone.
 *            A completed datagram's payload lives in the table until the next call.
 * returns:   DECODED: `out` holds a TCP or UDP packet (any other protocol: UNSUPPORTED, and then
 *            `out` holds nothing of use, as for the two below).
 *            NEED_MORE: a fragment was stored, the datagram is not complete.
 *            MALFORMED: a header is cut off or lies about its length. (TCP options that the capture
 *            cut off are no harm.)
 * The transport checksum is not checked (offloading leaves it wrong on the capturing host): see
 * packet_tcp_checksum.
 */
enum decoded packet_decode(const struct frame *frame, struct fragment_table *fragments,
			   struct packet *out);

enum checksum {
	CHECKSUM_UNKNOWN, /* cut off, not TCP, or left to the network card */
	CHECKSUM_RIGHT,
	CHECKSUM_WRONG, /* no receiver takes it, unless a card or a driver wrote over the field */
};
/*
 * Would a receiver take this segment? The field of a packet that was captured before its card
 * filled it in, or that a card or kernel put together from several, holds the sum of the pseudo
 * header alone, or 0: UNKNOWN.
 *
 * source: RFC 9293, section 3.1; RFC 8200, section 8.1
 */
enum checksum packet_tcp_checksum(const struct packet *packet);

/* For tests and the fan-out of a live sensor: does this link type have a decoder? */
bool packet_link_is_known(uint16_t link);

#endif
