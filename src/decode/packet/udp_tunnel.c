/*
 * Tunnels inside UDP, known by their ports. A port is only a hint: each opener checks all that its
 * header lets it check, and an end tells packet.c to give the UDP packet itself.
 */
#include "decode/packet/layers.h"

typedef enum layer opener(struct layers *at);

/* Of eight flag bits only "has a network id" is set by all; group policy (GBP) sets another. */
static enum layer vxlan_open(struct layers *at)
{
	enum { HAS_NETWORK = 0x08 };
	uint8_t flags;

	if (!read_u8(&at->in, &flags) || !read_skip(&at->in, 7) || !(flags & HAS_NETWORK))
		return LAYER_MALFORMED;
	return layers_enter(at, TUNNEL_VXLAN, LAYER_ETHERNET);
}

/* source: draft-ietf-nvo3-vxlan-gpe-13, section 3 */
static enum layer vxlan_gpe_open(struct layers *at)
{
	enum { HAS_NEXT = 0x04, VERSION = 0x30, IPV4 = 1, IPV6 = 2, ETHERNET = 3, MPLS = 5 };
	uint8_t flags, next;

	if (!read_u8(&at->in, &flags) || !read_skip(&at->in, 2) || !read_u8(&at->in, &next) ||
	    !read_skip(&at->in, 4) || flags & VERSION)
		return LAYER_MALFORMED;
	switch (flags & HAS_NEXT ? next : ETHERNET) {
	case IPV4:
		return layers_enter(at, TUNNEL_VXLAN, LAYER_IPV4);
	case IPV6:
		return layers_enter(at, TUNNEL_VXLAN, LAYER_IPV6);
	case ETHERNET:
		return layers_enter(at, TUNNEL_VXLAN, LAYER_ETHERNET);
	case MPLS:
		return layers_enter(at, TUNNEL_VXLAN, LAYER_MPLS);
	default:
		return LAYER_UNSUPPORTED;
	}
}

static enum layer geneve_open(struct layers *at)
{
	enum { VERSION_SHIFT = 6, OPTION_WORDS = 0x3f };
	uint8_t first;
	uint16_t type;

	if (!read_u8(&at->in, &first) || !read_skip(&at->in, 1) || !read_be16(&at->in, &type) ||
	    !read_skip(&at->in, 4 + (first & OPTION_WORDS) * 4u) || first >> VERSION_SHIFT)
		return LAYER_MALFORMED;
	return layers_enter_type(at, TUNNEL_GENEVE, type);
}

/* Extension headers: a length in units of 4 bytes, content, and the type of the next one. */
static bool skip_gtpu_extensions(struct layers *at, uint8_t type)
{
	enum { EXTENSIONS_MAX = 16 };

	for (int i = 0; type != 0; i++) {
		uint8_t units;
		if (i == EXTENSIONS_MAX || !read_u8(&at->in, &units) || units == 0 ||
		    !read_skip(&at->in, units * 4u - 2) || !read_u8(&at->in, &type))
			return false;
	}
	return true;
}

/* source: 3GPP TS 29.281, section 5 */
static enum layer gtpu_open(struct layers *at)
{
	enum { VERSION_AND_KIND = 0xf0, VERSION_1_GTP = 0x30, OPTIONAL = 0x07, HAS_NEXT = 0x04 };
	enum { PACKET = 255 };
	uint8_t flags, message, next = 0;
	uint16_t len;

	if (!read_u8(&at->in, &flags) || !read_u8(&at->in, &message) || !read_be16(&at->in, &len) ||
	    !read_skip(&at->in, 4))
		return LAYER_MALFORMED;
	if ((flags & VERSION_AND_KIND) != VERSION_1_GTP || message != PACKET)
		return LAYER_UNSUPPORTED;
	layers_limit(at, len);
	if (flags & OPTIONAL && (!read_skip(&at->in, 3) || !read_u8(&at->in, &next)))
		return LAYER_MALFORMED;
	if (flags & HAS_NEXT && !skip_gtpu_extensions(at, next))
		return LAYER_MALFORMED;
	return layers_enter(at, TUNNEL_GTPU, LAYER_IP);
}

/* Version 2, RFC 2661. Version 3 has no field that says what it carries. */
static enum layer l2tp_open(struct layers *at)
{
	enum {
		CONTROL = 0x8000,
		LENGTH = 0x4000,
		SEQUENCE = 0x0800,
		OFFSET = 0x0200,
		VERSION = 15
	};
	uint16_t flags, offset = 0;

	if (!read_be16(&at->in, &flags))
		return LAYER_MALFORMED;
	if (flags & CONTROL || (flags & VERSION) != 2)
		return LAYER_UNSUPPORTED;
	if ((flags & LENGTH && !read_skip(&at->in, 2)) || !read_skip(&at->in, 4) ||
	    (flags & SEQUENCE && !read_skip(&at->in, 4)) ||
	    (flags & OFFSET && (!read_be16(&at->in, &offset) || !read_skip(&at->in, offset))))
		return LAYER_MALFORMED;
	return layers_enter(at, TUNNEL_L2TP, LAYER_PPP);
}

/* RFC 4380: IPv6, perhaps after an authentication and an origin, that fills the packet exactly. */
static enum layer teredo_open(struct layers *at)
{
	enum { ORIGIN = 0, AUTHENTICATION = 1, NONCE_AND_CONFIRMATION = 9 };
	struct reader in = at->in;
	uint16_t kind, len;
	uint8_t id_len, value_len;

	if (!read_be16(&in, &kind))
		return LAYER_MALFORMED;
	if (kind == AUTHENTICATION) {
		if (!read_u8(&in, &id_len) || !read_u8(&in, &value_len) ||
		    !read_skip(&in, (size_t)id_len + value_len + NONCE_AND_CONFIRMATION))
			return LAYER_MALFORMED;
		at->in = in;
		if (!read_be16(&in, &kind))
			return LAYER_MALFORMED;
	}
	if (kind == ORIGIN) {
		if (!read_skip(&in, 6))
			return LAYER_MALFORMED;
		at->in = in;
		if (!read_be16(&in, &kind))
			return LAYER_MALFORMED;
	}
	size_t wire = reader_left(&at->in) + at->cut;
	if (kind >> 12 != 6 || !read_skip(&in, 2) || !read_be16(&in, &len) || len + 40u != wire)
		return LAYER_MALFORMED;
	return layers_enter(at, TUNNEL_TEREDO, LAYER_IPV6);
}

/* Mirrors of access points and of small routers. source: Wireshark's description of the protocol */
static enum layer tzsp_open(struct layers *at)
{
	enum { TAG_PADDING = 0, TAG_END = 1, TAGS_MAX = 64 };
	uint8_t version, kind, tag = TAG_PADDING, len;
	uint16_t encapsulated;

	if (!read_u8(&at->in, &version) || !read_u8(&at->in, &kind) ||
	    !read_be16(&at->in, &encapsulated) || version != 1 || kind > 1)
		return LAYER_MALFORMED;
	for (int i = 0; tag != TAG_END; i++) {
		if (i == TAGS_MAX || !read_u8(&at->in, &tag))
			return LAYER_MALFORMED;
		if (tag != TAG_PADDING && tag != TAG_END &&
		    (!read_u8(&at->in, &len) || !read_skip(&at->in, len)))
			return LAYER_MALFORMED;
	}
	switch (encapsulated) {
	case 1:
		return layers_enter(at, TUNNEL_TZSP, LAYER_ETHERNET);
	case 18:
		return layers_enter(at, TUNNEL_TZSP, LAYER_WIFI);
	case 119:
	case 127:
		return layers_enter(at, TUNNEL_TZSP, LAYER_PRISM);
	default:
		return LAYER_UNSUPPORTED;
	}
}

/* RFC 5415, section 4: data between an access point and its controller, when not under DTLS. */
static enum layer capwap_open(struct layers *at)
{
	enum { WORDS_SHIFT = 11, BINDING_SHIFT = 1, BINDING = 0x1f, IS_NATIVE = 1, WIFI = 1 };
	enum { IS_FRAGMENT = 0x80, IS_KEEP_ALIVE = 0x08, FIXED = 8 };
	uint8_t preamble, flags;
	uint16_t fields;

	if (!read_u8(&at->in, &preamble) || !read_be16(&at->in, &fields) ||
	    !read_u8(&at->in, &flags))
		return LAYER_MALFORMED;
	uint32_t header = (uint32_t)(fields >> WORDS_SHIFT) * 4;
	if (preamble != 0 || flags & (IS_FRAGMENT | IS_KEEP_ALIVE))
		return LAYER_UNSUPPORTED;
	if (header < FIXED || !read_skip(&at->in, header - 4))
		return LAYER_MALFORMED;
	if (!(fields & IS_NATIVE))
		return layers_enter(at, TUNNEL_CAPWAP, LAYER_ETHERNET);
	if ((fields >> BINDING_SHIFT & BINDING) != WIFI)
		return LAYER_UNSUPPORTED;
	at->wifi_quirks = WIFI_REWRITTEN;
	return layers_enter(at, TUNNEL_CAPWAP, LAYER_WIFI);
}

static enum layer mpls_open(struct layers *at)
{
	return LAYER_MPLS;
}

static enum layer gre_open(struct layers *at)
{
	return LAYER_GRE;
}

static opener *opener_of_port(uint16_t port)
{
	switch (port) {
	case 4789:
	case 8472: /* Linux's port before 4789 was assigned, still flannel's */
		return vxlan_open;
	case 4790:
		return vxlan_gpe_open;
	case 6081:
		return geneve_open;
	case 2152:
		return gtpu_open;
	case 1701:
		return l2tp_open;
	case 3544:
		return teredo_open;
	case 37008:
		return tzsp_open;
	case 5247:
		return capwap_open;
	case 6635:
		return mpls_open;
	case 4754:
		return gre_open;
	default:
		return NULL;
	}
}

/* Mirrors may be told to use any port: the header as the RFC has it, and IP in Ethernet that fits.
 */
static bool is_vxlan(const struct layers *at)
{
	struct reader in = at->in;
	uint32_t flags, network;

	return read_be32(&in, &flags) && flags == 0x08000000 && read_be32(&in, &network) &&
	       (network & 0xff) == 0 && ethernet_holds_ip(in, at->cut);
}

static opener *opener_of(const struct layers *at)
{
	opener *open = opener_of_port(at->out->destination.port);

	if (!open)
		open = opener_of_port(at->out->source.port);
	return !open && is_vxlan(at) ? vxlan_open : open;
}

bool udp_tunnel_is_likely(const struct layers *at)
{
	return opener_of(at) != NULL;
}

enum layer udp_tunnel_take(struct layers *at)
{
	opener *open = opener_of(at);

	return open ? open(at) : LAYER_UNSUPPORTED;
}
