/*
 * Inside decode/packet: one header at a time.
 *
 * A step takes one header off the front and names the layer that comes next, or an end. packet.c
 * holds the table of steps and the loop; no step calls another layer's step, so the depth of the
 * nesting costs no stack, and the loop is the one place where it is bounded.
 */
#ifndef DAVY_DECODE_PACKET_LAYERS_H
#define DAVY_DECODE_PACKET_LAYERS_H

#include "base/reader.h"
#include "decode/packet/fragment.h"
#include "decode/packet/packet.h"

enum layer {
	/* ends */
	LAYER_DECODED = DECODED,
	LAYER_NEED_MORE = NEED_MORE,
	LAYER_MALFORMED = MALFORMED,
	LAYER_UNSUPPORTED = UNSUPPORTED,
	/* link.c */
	LAYER_LINK, /* `type`: LINKTYPE */
	LAYER_BSD_LOOP,
	LAYER_COOKED,
	LAYER_COOKED2,
	LAYER_PPI,
	LAYER_PKTAP,
	LAYER_NFLOG,
	LAYER_IPNET,
	/* ethernet.c */
	LAYER_ETHERNET,
	LAYER_ETHERTYPE, /* `type`: EtherType */
	LAYER_LLC,
	LAYER_MPLS,
	/* ppp.c */
	LAYER_PPP,
	LAYER_PPPOE,
	LAYER_CISCO_HDLC,
	/* wifi.c */
	LAYER_WIFI,
	LAYER_RADIOTAP,
	LAYER_PRISM,
	/* ip.c */
	LAYER_IP, /* version by the first nibble */
	LAYER_IPV4,
	LAYER_IPV6,
	LAYER_PROTOCOL, /* `type`: IP protocol, or IPv6 extension header */
	/* tunnel.c */
	LAYER_GRE,
	LAYER_ETHERIP,
	/* packet.c */
	LAYER_TCP,
	LAYER_UDP,
	LAYER_COUNT
};

enum wifi_quirk {
	WIFI_HEADER_PADDED = 1, /* to a multiple of 4 bytes, radiotap says */
	/* by an access point: whole frames, whatever the fragment number says, and the bytes of
	   frame and sequence control may be swapped */
	WIFI_REWRITTEN = 2,
};

struct layers {
	struct reader in;
	uint32_t cut; /* bytes behind `in` that were on the wire but not captured */
	uint16_t type;
	uint8_t depth;
	uint8_t wifi_quirks;
	bool is_v6;
	bool has_addresses; /* of an IP header */
	bool is_whole;	    /* all that the last IP header claims was captured */
	bool is_too_deep;
	instant at;
	struct fragment_table *fragments;
	struct packet *out;
};

/*
 * A header says that `len` bytes follow: drop padding behind them. False when fewer were captured.
 *
 * What the header claims beyond the frame's own length was never there (the header lies, or a
 * mirror cut the packet before the capture saw it): `cut` can only shrink.
 */
static inline bool layers_limit(struct layers *at, uint32_t len)
{
	struct str span;
	uint32_t missing = len - (uint32_t)reader_left(&at->in);

	if (read_span(&at->in, len, &span)) {
		at->in = reader_of(span);
		at->cut = 0;
		return true;
	}
	if (at->cut > missing)
		at->cut = missing;
	return false;
}

/* The addresses that `out` holds are about to become those of an IP header further out. */
static inline void layers_go_inside(struct layers *at)
{
	struct packet *out = at->out;

	if (at->has_addresses && out->outer_count < PACKET_OUTERS_MAX)
		out->outers[out->outer_count] =
			(struct packet_outer){out->source.address, out->destination.address};
	out->outer_count += at->has_addresses;
	at->has_addresses = true;
}

/* Note a tag or tunnel and go on to what it carries. */
static inline enum layer layers_enter(struct layers *at, enum packet_tunnel tunnel, enum layer next)
{
	if (at->depth == PACKET_NESTING_MAX) {
		at->is_too_deep = true;
		return LAYER_UNSUPPORTED;
	}
	at->depth++;
	at->out->tunnels |= (uint16_t)tunnel;
	return next;
}

static inline enum layer layers_enter_type(struct layers *at, enum packet_tunnel tunnel,
					   uint16_t ether_type)
{
	at->type = ether_type;
	return layers_enter(at, tunnel, LAYER_ETHERTYPE);
}

enum layer link_layer(uint16_t link); /* LAYER_UNSUPPORTED: no decoder */
enum layer link_take(struct layers *at);
enum layer bsd_loop_take(struct layers *at);
enum layer cooked_take(struct layers *at);
enum layer cooked2_take(struct layers *at);
enum layer ppi_take(struct layers *at);
enum layer pktap_take(struct layers *at);
enum layer nflog_take(struct layers *at);
enum layer ipnet_take(struct layers *at);

enum layer ethernet_take(struct layers *at);
enum layer ether_type_take(struct layers *at);
enum layer llc_take(struct layers *at);
enum layer mpls_take(struct layers *at);
/* Ethernet with an EtherType that is known, and, where that is IP, an IP header that fits? */
bool ethernet_is_plausible(struct reader in, uint32_t cut);
bool ethernet_holds_ip(struct reader in, uint32_t cut);

enum layer ppp_take(struct layers *at);
enum layer pppoe_take(struct layers *at);
enum layer cisco_hdlc_take(struct layers *at);

enum layer wifi_take(struct layers *at);
enum layer radiotap_take(struct layers *at);
enum layer prism_take(struct layers *at);

enum layer ip_take(struct layers *at);
enum layer ipv4_take(struct layers *at);
enum layer ipv6_take(struct layers *at);
enum layer protocol_take(struct layers *at);

enum layer gre_take(struct layers *at);
enum layer etherip_take(struct layers *at);

/* Could this UDP payload be a tunnel? Ports, and the shape of VXLAN on any port. */
bool udp_tunnel_is_likely(const struct layers *at);
/* Open it; an end (LAYER_MALFORMED ...) when it is not one after all. */
enum layer udp_tunnel_take(struct layers *at);

#endif
