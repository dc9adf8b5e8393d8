/* IPv4, IPv6 with its chain of extension headers, and the turn to fragments. */
#include "decode/packet/layers.h"

enum protocol {
	PROTOCOL_HOP_BY_HOP = 0,
	PROTOCOL_IPV4 = 4,
	PROTOCOL_IPV6 = 41,
	PROTOCOL_ROUTING = 43,
	PROTOCOL_FRAGMENT = 44,
	PROTOCOL_GRE = 47,
	PROTOCOL_AUTHENTICATION = 51,
	PROTOCOL_OPTIONS = 60,
	PROTOCOL_ETHERIP = 97,
	PROTOCOL_MOBILITY = 135,
	PROTOCOL_MPLS = 137,
	PROTOCOL_HIP = 139,
	PROTOCOL_SHIM6 = 140,
};

enum layer ip_take(struct layers *at)
{
	struct reader peek = at->in;
	uint8_t first;

	if (!read_u8(&peek, &first))
		return LAYER_MALFORMED;
	switch (first >> 4) {
	case 4:
		return LAYER_IPV4;
	case 6:
		return LAYER_IPV6;
	default:
		return LAYER_UNSUPPORTED;
	}
}

/*
 * Only whole fragments are put together. One that the capture cut cannot complete a datagram, but
 * the first of them still tells the ports.
 */
static enum layer reassemble(struct layers *at, struct fragment *fragment)
{
	struct str whole;
	uint8_t protocol;

	at->type = fragment->protocol;
	if (!at->fragments || !at->is_whole)
		return fragment->offset == 0 ? LAYER_PROTOCOL : LAYER_UNSUPPORTED;
	fragment->at = at->at;
	fragment->source = &at->out->source.address;
	fragment->destination = &at->out->destination.address;
	fragment->tunnels = at->out->tunnels;
	fragment->bytes = reader_rest(&at->in);
	enum decoded result = fragment_add(at->fragments, fragment, &whole, &protocol);
	if (result != DECODED)
		return (enum layer)result;
	at->in = reader_of(whole);
	at->cut = 0;
	at->type = protocol;
	return LAYER_PROTOCOL;
}

enum layer ipv4_take(struct layers *at)
{
	enum { HEADER = 20, MORE_FRAGMENTS = 0x2000, OFFSET = 0x1fff };
	uint8_t version, protocol;
	uint16_t total, id, offset;
	struct str head, addresses;

	if (!read_span(&at->in, HEADER, &head))
		return LAYER_MALFORMED;
	struct reader in = reader_of(head);
	if (!read_u8(&in, &version) || !read_skip(&in, 1) || !read_be16(&in, &total) ||
	    !read_be16(&in, &id) || !read_be16(&in, &offset) || !read_skip(&in, 1) ||
	    !read_u8(&in, &protocol) || !read_skip(&in, 2) || !read_span(&in, 8, &addresses))
		return LAYER_MALFORMED;
	uint32_t header = (version & 15u) * 4;
	if (version >> 4 != 4 || header < HEADER || !read_skip(&at->in, header - HEADER))
		return LAYER_MALFORMED;
	at->is_whole = at->cut == 0;
	if (total != 0) { /* 0: a host that leaves segmentation to its card was captured */
		if (total < header)
			return LAYER_MALFORMED;
		at->is_whole = layers_limit(at, total - header);
	}
	layers_go_inside(at);
	at->out->source.address = address_v4_bytes((const uint8_t *)addresses.at);
	at->out->destination.address = address_v4_bytes((const uint8_t *)addresses.at + 4);
	at->is_v6 = false;
	at->type = protocol;
	if (!(offset & (MORE_FRAGMENTS | OFFSET)))
		return protocol == PROTOCOL_TCP ? LAYER_TCP : LAYER_PROTOCOL;
	struct fragment fragment = {
		.id = id,
		.offset = (uint16_t)((offset & OFFSET) << 3),
		.protocol = protocol,
		.more = offset & MORE_FRAGMENTS,
	};
	return reassemble(at, &fragment);
}

/* The length in a hop-by-hop header's jumbo option (RFC 2675); 0 without one. */
static uint32_t jumbo_length(struct reader in)
{
	enum { PAD = 0, JUMBO = 0xc2 };
	uint8_t units, type, len;
	struct str options;
	uint32_t jumbo;

	if (!read_skip(&in, 1) || !read_u8(&in, &units) ||
	    !read_span(&in, units * 8u + 6, &options))
		return 0;
	for (in = reader_of(options); read_u8(&in, &type);) {
		if (type == PAD)
			continue;
		if (!read_u8(&in, &len))
			break;
		if (type == JUMBO && len == 4 && read_be32(&in, &jumbo))
			return jumbo;
		if (!read_skip(&in, len))
			break;
	}
	return 0;
}

enum layer ipv6_take(struct layers *at)
{
	uint8_t version, next;
	uint16_t len;
	struct str source, destination;

	if (!read_u8(&at->in, &version) || !read_skip(&at->in, 3) || !read_be16(&at->in, &len) ||
	    !read_u8(&at->in, &next) || !read_skip(&at->in, 1) ||
	    !read_span(&at->in, 16, &source) || !read_span(&at->in, 16, &destination) ||
	    version >> 4 != 6)
		return LAYER_MALFORMED;
	/* 0 and no jumbo option: segmentation left to the card, all that was captured belongs to it
	 */
	uint32_t payload = len;
	if (len == 0 && next == PROTOCOL_HOP_BY_HOP)
		payload = jumbo_length(at->in);
	at->is_whole = payload != 0 ? layers_limit(at, payload) : at->cut == 0;
	layers_go_inside(at);
	memcpy(at->out->source.address.bytes, source.at, 16);
	memcpy(at->out->destination.address.bytes, destination.at, 16);
	at->is_v6 = true;
	at->type = next;
	return LAYER_PROTOCOL;
}

/* Next header, and a length in units of 8 bytes after the first 8, or of 4 after the first 8. */
static enum layer extension_take(struct layers *at, uint32_t unit)
{
	uint8_t next, len;

	if (!read_u8(&at->in, &next) || !read_u8(&at->in, &len) ||
	    !read_skip(&at->in, 6 + len * unit))
		return LAYER_MALFORMED;
	at->type = next;
	return LAYER_PROTOCOL;
}

static enum layer fragment_header_take(struct layers *at)
{
	struct fragment fragment = {.is_v6 = true};
	uint16_t offset;

	if (!read_u8(&at->in, &fragment.protocol) || !read_skip(&at->in, 1) ||
	    !read_be16(&at->in, &offset) || !read_be32(&at->in, &fragment.id))
		return LAYER_MALFORMED;
	fragment.offset = offset & 0xfff8;
	fragment.more = offset & 1;
	at->type = fragment.protocol;
	if (fragment.offset == 0 && !fragment.more) /* atomic, RFC 6946 */
		return LAYER_PROTOCOL;
	return reassemble(at, &fragment);
}

static enum layer extension_header_take(struct layers *at)
{
	switch (at->type) {
	case PROTOCOL_HOP_BY_HOP:
	case PROTOCOL_ROUTING:
	case PROTOCOL_OPTIONS:
	case PROTOCOL_MOBILITY:
	case PROTOCOL_HIP:
	case PROTOCOL_SHIM6:
		return extension_take(at, 8);
	case PROTOCOL_FRAGMENT:
		return fragment_header_take(at);
	default:
		return LAYER_UNSUPPORTED;
	}
}

enum layer protocol_take(struct layers *at)
{
	switch (at->type) {
	case PROTOCOL_TCP:
		return LAYER_TCP;
	case PROTOCOL_UDP:
		return LAYER_UDP;
	case PROTOCOL_IPV4:
		return layers_enter(at, TUNNEL_IPIP, LAYER_IPV4);
	case PROTOCOL_IPV6:
		return layers_enter(at, TUNNEL_IPIP, LAYER_IPV6);
	case PROTOCOL_GRE:
		return LAYER_GRE;
	case PROTOCOL_ETHERIP:
		return LAYER_ETHERIP;
	case PROTOCOL_MPLS:
		return LAYER_MPLS;
	case PROTOCOL_AUTHENTICATION:
		return extension_take(at, 4);
	default:
		return at->is_v6 ? extension_header_take(at) : LAYER_UNSUPPORTED;
	}
}
