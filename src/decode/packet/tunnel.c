/* Tunnels that are IP protocols of their own: GRE with its many payloads, EtherIP. */
#include "decode/packet/layers.h"

enum {
	GRE_CHECKSUM = 0x8000,
	GRE_ROUTING = 0x4000,
	GRE_KEY = 0x2000,
	GRE_SEQUENCE = 0x1000,
	GRE_ACKNOWLEDGEMENT = 0x0080,
	GRE_VERSION = 0x0007,
	GRE_PPP = 0x880b,
	GRE_ERSPAN_2 = 0x88be, /* and 1 */
	GRE_ERSPAN_3 = 0x22eb,
};

/* A cloud's or switch's mirror. Type 1 has no header of its own, and no GRE sequence number. */
static enum layer erspan2_take(struct layers *at, bool has_header)
{
	if (has_header && !read_skip(&at->in, 8))
		return LAYER_MALFORMED;
	return layers_enter(at, TUNNEL_GRE, LAYER_ETHERNET);
}

/* source: draft-foschiano-erspan-03, section 4.3 */
static enum layer erspan3_take(struct layers *at)
{
	enum { HAS_SUBHEADER = 1, FRAME_TYPE_SHIFT = 10, FRAME_TYPE = 31, ETHERNET = 0, IP = 2 };
	uint16_t last;

	if (!read_skip(&at->in, 10) || !read_be16(&at->in, &last))
		return LAYER_MALFORMED;
	if (last & HAS_SUBHEADER && !read_skip(&at->in, 8))
		return LAYER_MALFORMED;
	switch (last >> FRAME_TYPE_SHIFT & FRAME_TYPE) {
	case ETHERNET:
		return layers_enter(at, TUNNEL_GRE, LAYER_ETHERNET);
	case IP:
		return layers_enter(at, TUNNEL_GRE, LAYER_IP);
	default:
		return LAYER_UNSUPPORTED;
	}
}

/* PPTP (RFC 2637): a key is always there; without a sequence number there is no payload. */
static enum layer pptp_take(struct layers *at, uint16_t flags)
{
	uint16_t len;

	if (!(flags & GRE_KEY) || !(flags & GRE_SEQUENCE))
		return LAYER_UNSUPPORTED;
	if (!read_be16(&at->in, &len) || !read_skip(&at->in, 6) ||
	    (flags & GRE_ACKNOWLEDGEMENT && !read_skip(&at->in, 4)))
		return LAYER_MALFORMED;
	layers_limit(at, len);
	return layers_enter(at, TUNNEL_GRE, LAYER_PPP);
}

enum layer gre_take(struct layers *at)
{
	uint16_t flags, type;

	if (!read_be16(&at->in, &flags) || !read_be16(&at->in, &type))
		return LAYER_MALFORMED;
	if ((flags & GRE_VERSION) == 1 && type == GRE_PPP)
		return pptp_take(at, flags);
	if (flags & (GRE_VERSION | GRE_ROUTING)) /* source routes: RFC 2784 took them away */
		return LAYER_UNSUPPORTED;
	size_t optional = (flags & GRE_CHECKSUM ? 4u : 0u) + (flags & GRE_KEY ? 4u : 0u) +
			  (flags & GRE_SEQUENCE ? 4u : 0u);
	if (!read_skip(&at->in, optional))
		return LAYER_MALFORMED;
	switch (type) {
	case GRE_ERSPAN_2:
		return erspan2_take(at, flags & GRE_SEQUENCE);
	case GRE_ERSPAN_3:
		return erspan3_take(at);
	default:
		return layers_enter_type(at, TUNNEL_GRE, type);
	}
}

enum layer etherip_take(struct layers *at)
{
	uint16_t version;

	if (!read_be16(&at->in, &version))
		return LAYER_MALFORMED;
	if (version >> 12 != 3) /* RFC 3378 */
		return LAYER_UNSUPPORTED;
	return layers_enter(at, TUNNEL_ETHERIP, LAYER_ETHERNET);
}
