/* PPP with and without HDLC framing, over Ethernet, and Cisco's HDLC. */
#include "decode/packet/layers.h"

enum { HDLC_ALL_STATIONS = 0xff, HDLC_UNNUMBERED = 0x03 };

static bool is_cisco_address(uint8_t address)
{
	return address == 0x0f || address == 0x8f; /* unicast, broadcast */
}

/* The framing bytes may be left out, and so may the protocol's zero upper byte (RFC 1661, 6.5). */
enum layer ppp_take(struct layers *at)
{
	struct reader in = at->in;
	uint8_t address, control, low;
	uint16_t protocol;

	if (!read_u8(&in, &address))
		return LAYER_MALFORMED;
	if (is_cisco_address(address) && read_u8(&in, &control) && control == 0)
		return LAYER_CISCO_HDLC;
	if (address == HDLC_ALL_STATIONS && read_u8(&in, &control) && control == HDLC_UNNUMBERED)
		at->in = in;
	if (!read_u8(&at->in, &low))
		return LAYER_MALFORMED;
	protocol = low;
	if (!(low & 1)) {
		if (!read_u8(&at->in, &low))
			return LAYER_MALFORMED;
		protocol = (uint16_t)(protocol << 8 | low);
	}
	switch (protocol) {
	case 0x0021:
		return LAYER_IPV4;
	case 0x0057:
		return LAYER_IPV6;
	case 0x0281:
	case 0x0283:
		return LAYER_MPLS;
	default:
		return LAYER_UNSUPPORTED;
	}
}

enum layer pppoe_take(struct layers *at)
{
	enum { VERSION_AND_TYPE = 0x11, SESSION = 0 };
	uint8_t version, code;
	uint16_t len;

	/* version and type, code, session, length */
	if (!read_u8(&at->in, &version) || !read_u8(&at->in, &code) || !read_skip(&at->in, 2) ||
	    !read_be16(&at->in, &len))
		return LAYER_MALFORMED;
	if (version != VERSION_AND_TYPE || code != SESSION)
		return LAYER_UNSUPPORTED;
	layers_limit(at, len);
	return layers_enter(at, TUNNEL_PPPOE, LAYER_PPP);
}

enum layer cisco_hdlc_take(struct layers *at)
{
	uint8_t address;

	if (!read_u8(&at->in, &address) || !read_skip(&at->in, 1) || !read_be16(&at->in, &at->type))
		return LAYER_MALFORMED;
	return is_cisco_address(address) ? LAYER_ETHERTYPE : LAYER_UNSUPPORTED;
}
