/* What a capture puts before the network layer: the link types that are not Ethernet, PPP, Wi-Fi.
 */
#include "decode/packet/layers.h"

enum layer link_layer(uint16_t link)
{
	static const struct {
		uint16_t link; /* www.tcpdump.org/linktypes.html */
		uint8_t layer;
	} links[] = {
		{1, LAYER_ETHERNET},   {0, LAYER_BSD_LOOP}, {108, LAYER_BSD_LOOP},
		{9, LAYER_PPP},	       {50, LAYER_PPP},	    {51, LAYER_PPPOE},
		{12, LAYER_IP},	       {14, LAYER_IP},	    {101, LAYER_IP},
		{228, LAYER_IP},       {229, LAYER_IP},	    {104, LAYER_CISCO_HDLC},
		{105, LAYER_WIFI},     {119, LAYER_PRISM},  {163, LAYER_PRISM},
		{127, LAYER_RADIOTAP}, {113, LAYER_COOKED}, {276, LAYER_COOKED2},
		{192, LAYER_PPI},      {226, LAYER_IPNET},  {239, LAYER_NFLOG},
		{258, LAYER_PKTAP},
	};

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (links[i].link == link)
			return links[i].layer;
	return LAYER_UNSUPPORTED;
}

bool packet_link_is_known(uint16_t link)
{
	return link_layer(link) != LAYER_UNSUPPORTED;
}

enum layer link_take(struct layers *at)
{
	return link_layer(at->type);
}

/* An address family in the byte order of whoever captured; each BSD has its own number for IPv6. */
enum layer bsd_loop_take(struct layers *at)
{
	uint32_t family;

	if (!read_le32(&at->in, &family))
		return LAYER_MALFORMED;
	if (family > 0xffff)
		family = __builtin_bswap32(family);
	switch (family) {
	case 2:
	case 10:
	case 24:
	case 28:
	case 30:
		return LAYER_IP;
	default:
		return LAYER_UNSUPPORTED;
	}
}

/* Linux cooked captures name an EtherType, or one of a few small numbers of their own. */
static enum layer cooked_type(struct layers *at, uint16_t hardware, uint16_t type)
{
	enum { NETLINK = 824, RADIOTAP_HEADER = 803, LLC = 4 };

	if (hardware == NETLINK)
		return LAYER_UNSUPPORTED;
	if (hardware == RADIOTAP_HEADER)
		return LAYER_RADIOTAP;
	if (type == LLC)
		return LAYER_LLC;
	at->type = type;
	return LAYER_ETHERTYPE;
}

enum layer cooked_take(struct layers *at)
{
	uint16_t hardware, type;

	/* packet type, hardware type, address length, address, protocol */
	if (!read_skip(&at->in, 2) || !read_be16(&at->in, &hardware) || !read_skip(&at->in, 10) ||
	    !read_be16(&at->in, &type))
		return LAYER_MALFORMED;
	return cooked_type(at, hardware, type);
}

enum layer cooked2_take(struct layers *at)
{
	uint16_t hardware, type;

	/* protocol, reserved, interface, hardware type, packet type, address length, address */
	if (!read_be16(&at->in, &type) || !read_skip(&at->in, 6) ||
	    !read_be16(&at->in, &hardware) || !read_skip(&at->in, 10))
		return LAYER_MALFORMED;
	return cooked_type(at, hardware, type);
}

enum layer ppi_take(struct layers *at)
{
	uint16_t len;
	uint32_t link;

	/* version, flags, length with this header, link type, fields */
	if (!read_skip(&at->in, 2) || !read_le16(&at->in, &len) || !read_le32(&at->in, &link) ||
	    len < 8 || !read_skip(&at->in, len - 8u))
		return LAYER_MALFORMED;
	at->type = (uint16_t)link;
	return link <= UINT16_MAX ? LAYER_LINK : LAYER_UNSUPPORTED;
}

enum layer pktap_take(struct layers *at)
{
	uint32_t len, link;

	/* length with this header, record type, link type, and much more */
	if (!read_le32(&at->in, &len) || !read_skip(&at->in, 4) || !read_le32(&at->in, &link) ||
	    len < 12 || !read_skip(&at->in, len - 12))
		return LAYER_MALFORMED;
	at->type = (uint16_t)link;
	return link <= UINT16_MAX ? LAYER_LINK : LAYER_UNSUPPORTED;
}

/* Attributes, each a length (with its 4-byte head) and a type, padded to 4; one is the packet. */
enum layer nflog_take(struct layers *at)
{
	enum { HEAD = 4, PAYLOAD = 9, ATTRIBUTES_MAX = 32 };
	uint16_t len, type;

	if (!read_skip(&at->in, HEAD)) /* family, version, resource id */
		return LAYER_MALFORMED;
	for (int i = 0; i < ATTRIBUTES_MAX; i++) {
		if (!read_le16(&at->in, &len) || !read_le16(&at->in, &type) || len < HEAD)
			return LAYER_MALFORMED;
		if (type == PAYLOAD) {
			layers_limit(at, len - (uint32_t)HEAD);
			return LAYER_IP;
		}
		if (!read_skip(&at->in, ((len + 3u) & ~3u) - HEAD))
			return LAYER_MALFORMED;
	}
	return LAYER_UNSUPPORTED;
}

enum layer ipnet_take(struct layers *at)
{
	/* version, family, hook, length, two interfaces, two zones */
	return read_skip(&at->in, 24) ? LAYER_IP : LAYER_MALFORMED;
}
