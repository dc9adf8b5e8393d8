/* Ethernet and what an EtherType names: tags, label stacks, and LLC where there is a length. */
#include "decode/packet/layers.h"

enum ether_type {
	ETHER_IPV4 = 0x0800,
	ETHER_ARP = 0x0806,
	ETHER_TRANSPARENT = 0x6558, /* bridged Ethernet, in GRE and Geneve */
	ETHER_VLAN = 0x8100,
	ETHER_IPV6 = 0x86dd,
	ETHER_PPP = 0x880b,
	ETHER_MPLS = 0x8847,
	ETHER_MPLS_UPSTREAM = 0x8848,
	ETHER_PPPOE = 0x8864,
	ETHER_QINQ = 0x88a8,
	ETHER_BACKBONE = 0x88e7, /* 802.1ah */
	ETHER_FABRIC_PATH = 0x8903,
	ETHER_VN_TAG = 0x8926,
	ETHER_QINQ_OLD = 0x9100,
	ETHER_QINQ_OLDER = 0x9200,
	ETHER_LENGTH_MAX = 1500,
};

enum layer ethernet_take(struct layers *at)
{
	if (!read_skip(&at->in, 12) || !read_be16(&at->in, &at->type))
		return LAYER_MALFORMED;
	if (at->type == ETHER_IPV4)
		return LAYER_IPV4;
	return at->type <= ETHER_LENGTH_MAX ? LAYER_LLC : LAYER_ETHERTYPE;
}

static enum layer vlan_take(struct layers *at)
{
	if (!read_skip(&at->in, 2) || !read_be16(&at->in, &at->type))
		return LAYER_MALFORMED;
	enum layer next = at->type <= ETHER_LENGTH_MAX ? LAYER_LLC : LAYER_ETHERTYPE;
	return layers_enter(at, TUNNEL_VLAN, next);
}

static enum layer vn_tag_take(struct layers *at)
{
	if (!read_skip(&at->in, 4) || !read_be16(&at->in, &at->type))
		return LAYER_MALFORMED;
	return layers_enter(at, TUNNEL_VLAN, LAYER_ETHERTYPE);
}

/* A whole frame behind a switch's own addresses and a tag of `len` bytes. */
static enum layer bridged_take(struct layers *at, size_t len)
{
	if (!read_skip(&at->in, len))
		return LAYER_MALFORMED;
	return layers_enter(at, TUNNEL_VLAN, LAYER_ETHERNET);
}

enum layer ether_type_take(struct layers *at)
{
	switch (at->type) {
	case ETHER_IPV4:
		return LAYER_IPV4;
	case ETHER_IPV6:
		return LAYER_IPV6;
	case ETHER_VLAN:
	case ETHER_QINQ:
	case ETHER_QINQ_OLD:
	case ETHER_QINQ_OLDER:
		return vlan_take(at);
	case ETHER_MPLS:
	case ETHER_MPLS_UPSTREAM:
		return LAYER_MPLS;
	case ETHER_PPPOE:
		return LAYER_PPPOE;
	case ETHER_PPP:
		return LAYER_PPP;
	case ETHER_TRANSPARENT:
		return LAYER_ETHERNET;
	case ETHER_BACKBONE:
		return bridged_take(at, 4);
	case ETHER_FABRIC_PATH:
		return bridged_take(at, 2);
	case ETHER_VN_TAG:
		return vn_tag_take(at);
	default:
		return LAYER_UNSUPPORTED;
	}
}

/* 802.2: SNAP brings back an EtherType, and IP has a service access point of its own. */
enum layer llc_take(struct layers *at)
{
	enum { UNNUMBERED = 3, SAP_IP = 6, SAP_SNAP = 0xaa };
	uint8_t destination, source, control;
	uint32_t organisation;

	if (!read_u8(&at->in, &destination) || !read_u8(&at->in, &source) ||
	    !read_u8(&at->in, &control))
		return LAYER_MALFORMED;
	if (destination == SAP_IP && control == UNNUMBERED)
		return LAYER_IP;
	if (destination != SAP_SNAP || source != SAP_SNAP || control != UNNUMBERED)
		return LAYER_UNSUPPORTED;
	if (!read_be24(&at->in, &organisation) || !read_be16(&at->in, &at->type))
		return LAYER_MALFORMED;
	/* 0000f8: RFC 1042's bridge tunnel, used for a few protocols on Wi-Fi */
	return organisation == 0 || organisation == 0xf8 ? LAYER_ETHERTYPE : LAYER_UNSUPPORTED;
}

static bool ip_fits(struct reader in, uint16_t type, uint32_t cut)
{
	uint64_t left = (uint64_t)reader_left(&in) + cut;
	uint8_t first;
	uint16_t len;

	if (!read_u8(&in, &first))
		return false;
	if (type == ETHER_IPV4)
		return first >> 4 == 4 && (first & 15) >= 5 && read_skip(&in, 1) &&
		       read_be16(&in, &len) && len >= (first & 15) * 4 && len <= left;
	return first >> 4 == 6 && read_skip(&in, 3) && read_be16(&in, &len) && len + 40u <= left;
}

/* Reads past addresses and at most one tag. */
static bool read_ether_type(struct reader *in, uint16_t *type)
{
	if (!read_skip(in, 12) || !read_be16(in, type))
		return false;
	return *type != ETHER_VLAN || (read_skip(in, 2) && read_be16(in, type));
}

bool ethernet_holds_ip(struct reader in, uint32_t cut)
{
	uint16_t type;

	return read_ether_type(&in, &type) && (type == ETHER_IPV4 || type == ETHER_IPV6) &&
	       ip_fits(in, type, cut);
}

bool ethernet_is_plausible(struct reader in, uint32_t cut)
{
	uint16_t type;

	if (!read_ether_type(&in, &type))
		return false;
	switch (type) {
	case ETHER_IPV4:
	case ETHER_IPV6:
		return ip_fits(in, type, cut);
	case ETHER_ARP:
	case ETHER_VLAN:
	case ETHER_QINQ:
	case ETHER_MPLS:
	case ETHER_PPPOE:
		return true;
	default:
		return false;
	}
}

/*
 * A label stack does not say what it carries. IP shows its version; an Ethernet pseudowire begins
 * with a control word whose first nibble is 0 (RFC 4385), or without one, with a hardware address
 * that may look like anything, so what fits decides.
 */
enum layer mpls_take(struct layers *at)
{
	enum { LABELS_MAX = 16, BOTTOM_OF_STACK = 0x100 };
	uint32_t label = 0;
	int labels = 0;

	while (!(label & BOTTOM_OF_STACK)) {
		if (!read_be32(&at->in, &label))
			return LAYER_MALFORMED;
		if (++labels > LABELS_MAX)
			return LAYER_UNSUPPORTED;
	}
	if (ip_fits(at->in, ETHER_IPV4, at->cut) || ip_fits(at->in, ETHER_IPV6, at->cut))
		return layers_enter(at, TUNNEL_MPLS, LAYER_IP);
	if (ethernet_is_plausible(at->in, at->cut))
		return layers_enter(at, TUNNEL_MPLS, LAYER_ETHERNET);
	struct reader word = at->in;
	uint32_t control;
	if (!read_be32(&word, &control))
		return LAYER_MALFORMED;
	switch (control >> 28) {
	case 0:
		at->in = word;
		return layers_enter(at, TUNNEL_MPLS, LAYER_ETHERNET);
	case 4:
	case 6: /* IP that does not fit: let the IP decoder say what is wrong with it */
		return layers_enter(at, TUNNEL_MPLS, LAYER_IP);
	default:
		return LAYER_UNSUPPORTED;
	}
}
