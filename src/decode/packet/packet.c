#include "decode/packet/packet.h"

#include "decode/packet/layers.h"

/* More headers than that (tags, extensions, tunnels together) is an attack on our time. */
enum { HEADERS_MAX = 64 };

static enum layer tcp_take(struct layers *at)
{
	enum { HEADER = 20, FLAGS = 0x1f };
	struct packet *out = at->out;
	uint8_t offset, flags;
	struct str head;

	out->segment = reader_rest(&at->in);

	if (!read_span(&at->in, HEADER, &head))
		return LAYER_MALFORMED;
	struct reader in = reader_of(head);
	if (!read_be16(&in, &out->source.port) || !read_be16(&in, &out->destination.port) ||
	    !read_be32(&in, &out->sequence) || !read_be32(&in, &out->acknowledgement) ||
	    !read_u8(&in, &offset) || !read_u8(&in, &flags))
		return LAYER_MALFORMED;
	if (offset >> 4 < 5)
		return LAYER_MALFORMED;
	size_t options = (offset >> 4) * 4u - HEADER;
	if (!read_skip(&at->in, options)) {
		size_t missing = options - reader_left(&at->in);
		if (missing > at->cut)
			return LAYER_MALFORMED;
		at->in = reader_of((struct str){0});
		at->cut -= (uint32_t)missing;
	}
	out->protocol = PROTOCOL_TCP;
	out->tcp_flags = flags & FLAGS;
	out->payload = reader_rest(&at->in);
	out->payload_len = (uint32_t)out->payload.len + at->cut;
	return LAYER_DECODED;
}

static enum layer udp_take(struct layers *at)
{
	enum { HEADER = 8 };
	struct packet *out = at->out;
	uint16_t len;

	if (!read_be16(&at->in, &out->source.port) || !read_be16(&at->in, &out->destination.port) ||
	    !read_be16(&at->in, &len) || !read_skip(&at->in, 2))
		return LAYER_MALFORMED;
	if (len != 0) { /* 0: more than 64 KiB, RFC 2675; also left to the card */
		if (len < HEADER)
			return LAYER_MALFORMED;
		layers_limit(at, len - (uint32_t)HEADER);
	}
	out->protocol = PROTOCOL_UDP;
	out->tcp_flags = 0;
	out->sequence = out->acknowledgement = 0;
	out->payload = reader_rest(&at->in);
	out->payload_len = (uint32_t)out->payload.len + at->cut;
	return LAYER_DECODED;
}

typedef enum layer step(struct layers *at);

static step *const steps[LAYER_COUNT] = {
	[LAYER_LINK] = link_take,
	[LAYER_BSD_LOOP] = bsd_loop_take,
	[LAYER_COOKED] = cooked_take,
	[LAYER_COOKED2] = cooked2_take,
	[LAYER_PPI] = ppi_take,
	[LAYER_PKTAP] = pktap_take,
	[LAYER_NFLOG] = nflog_take,
	[LAYER_IPNET] = ipnet_take,
	[LAYER_ETHERNET] = ethernet_take,
	[LAYER_ETHERTYPE] = ether_type_take,
	[LAYER_LLC] = llc_take,
	[LAYER_MPLS] = mpls_take,
	[LAYER_PPP] = ppp_take,
	[LAYER_PPPOE] = pppoe_take,
	[LAYER_CISCO_HDLC] = cisco_hdlc_take,
	[LAYER_WIFI] = wifi_take,
	[LAYER_RADIOTAP] = radiotap_take,
	[LAYER_PRISM] = prism_take,
	[LAYER_IP] = ip_take,
	[LAYER_IPV4] = ipv4_take,
	[LAYER_IPV6] = ipv6_take,
	[LAYER_PROTOCOL] = protocol_take,
	[LAYER_GRE] = gre_take,
	[LAYER_ETHERIP] = etherip_take,
	[LAYER_TCP] = tcp_take,
	[LAYER_UDP] = udp_take,
};

/* Take headers off up to an end; a UDP packet is an end, whatever it carries. */
static enum layer layers_take(struct layers *at, enum layer layer, int *headers)
{
	while (layer > LAYER_UNSUPPORTED) {
		if (++*headers > HEADERS_MAX) {
			at->is_too_deep = true;
			return LAYER_UNSUPPORTED;
		}
		layer = steps[layer](at);
	}
	return layer;
}

/*
 * Most frames by far: Ethernet, IPv4 without options and in one piece, TCP, all of it captured.
 * What is not exactly so goes the long way, which gives the same for these.
 */
static bool is_plain_tcp(const struct frame *frame, struct packet *out)
{
	enum { ETHERNET = 14, IP = 20, TCP = 20, PLAIN = ETHERNET + IP + TCP, FLAGS = 0x1f };
	struct reader all = reader_of(frame->bytes);
	uint16_t type, version, total, fragment;
	uint8_t protocol, offset, flags;
	struct str head, addresses;

	if (frame->link != 1 || !read_span(&all, PLAIN, &head))
		return false;
	struct reader in = reader_of(head);
	if (!read_skip(&in, 12) || !read_be16(&in, &type) || !read_be16(&in, &version) ||
	    !read_be16(&in, &total) || !read_skip(&in, 2) || !read_be16(&in, &fragment) ||
	    !read_skip(&in, 1) || !read_u8(&in, &protocol) || !read_skip(&in, 2) ||
	    !read_span(&in, 8, &addresses))
		return false;
	if (type != 0x0800 || version >> 8 != 0x45 || (fragment & 0x3fff) != 0 ||
	    protocol != PROTOCOL_TCP || total > frame->bytes.len - ETHERNET ||
	    !read_be16(&in, &out->source.port) || !read_be16(&in, &out->destination.port) ||
	    !read_be32(&in, &out->sequence) || !read_be32(&in, &out->acknowledgement) ||
	    !read_u8(&in, &offset) || !read_u8(&in, &flags))
		return false;
	uint32_t header = IP + (offset >> 4) * 4u;
	if (offset >> 4 < 5 || total < header)
		return false;
	out->source.address = address_v4_bytes((const uint8_t *)addresses.at);
	out->destination.address = address_v4_bytes((const uint8_t *)addresses.at + 4);
	out->protocol = PROTOCOL_TCP;
	out->tcp_flags = flags & FLAGS;
	out->tunnels = 0;
	out->outer_count = 0;
	out->segment = str_of(frame->bytes.at + ETHERNET + IP, total - (size_t)IP);
	out->payload = str_of(frame->bytes.at + ETHERNET + header, total - header);
	out->payload_len = (uint32_t)out->payload.len;
	return true;
}

enum decoded packet_decode(const struct frame *frame, struct fragment_table *fragments,
			   struct packet *out)
{
	size_t cut = frame->wire_len > frame->bytes.len ? frame->wire_len - frame->bytes.len : 0;

	if (is_plain_tcp(frame, out))
		return DECODED;
	struct layers at = {
		.in = reader_of(frame->bytes),
		.cut = (uint32_t)cut,
		.at = frame->at,
		.fragments = fragments,
		.out = out,
	};
	struct packet carrier; /* the innermost UDP packet that may be a tunnel */
	bool has_carrier = false;
	int headers = 0;

	if (fragments)
		fragment_table_begin(fragments);
	out->source.port = out->destination.port = 0;
	out->tunnels = 0;
	out->outer_count = 0;
	out->segment = (struct str){0};
	enum layer layer = layers_take(&at, link_layer(frame->link), &headers);
	while (layer == LAYER_DECODED && out->protocol == PROTOCOL_UDP &&
	       udp_tunnel_is_likely(&at)) {
		carrier = *out;
		has_carrier = true;
		layer = layers_take(&at, udp_tunnel_take(&at), &headers);
	}
	if (has_carrier && !at.is_too_deep &&
	    (layer == LAYER_MALFORMED || layer == LAYER_UNSUPPORTED)) {
		*out = carrier;
		layer = LAYER_DECODED;
	}
	return (enum decoded)layer;
}
