#include "lab/headers.h"

#include <string.h>

enum {
	IP_PROTOCOL_IPIP = 4,
	IP_PROTOCOL_TCP = 6,
	IP_PROTOCOL_UDP = 17,
	IP_PROTOCOL_V6 = 41,
	IP_PROTOCOL_FRAGMENT = 44,
	IP_PROTOCOL_GRE = 47
};

static void add_be16(struct buf *out, uint32_t value)
{
	buf_add_byte(out, (char)(value >> 8));
	buf_add_byte(out, (char)value);
}

static void add_be32(struct buf *out, uint32_t value)
{
	add_be16(out, value >> 16);
	add_be16(out, value);
}

static void put_be16(struct buf *out, size_t at, uint32_t value)
{
	if (at + 2 <= out->len) {
		out->at[at] = (char)(value >> 8);
		out->at[at + 1] = (char)value;
	}
}

/* `header` goes to the front; its memory is freed. */
static void wrap(struct wrapped *w, struct buf *header, uint16_t ethertype)
{
	buf_add(header, buf_view(&w->bytes));
	bool failed = w->bytes.failed || header->failed;
	buf_fini(&w->bytes);
	w->bytes = *header;
	w->bytes.failed = failed;
	w->ethertype = ethertype;
}

/* RFC 1071: the ones' complement sum, continued from `sum`. */
static uint32_t add_words(uint32_t sum, struct str bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		sum += (uint32_t)(uint8_t)bytes.at[i] << (i % 2 ? 0 : 8);
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static struct str address_bytes(const struct address *address)
{
	return address_is_v4(address) ? str_of(address->bytes + 12, 4) : str_of(address->bytes, 16);
}

/* RFC 9293, 3.1 and RFC 8200, 8.1: both pseudo headers add up to this. */
static uint16_t transport_checksum(const struct header_context *c, uint8_t protocol,
				   struct str bytes)
{
	uint32_t sum = protocol + (uint32_t)bytes.len;

	sum = add_words(sum, address_bytes(&c->source.address));
	sum = add_words(sum, address_bytes(&c->destination.address));
	return fold(add_words(sum, bytes));
}

static void add_timestamps(struct buf *out, const struct segment *segment, bool is_syn)
{
	uint32_t ms = (uint32_t)(segment->at.ns / 1000000);

	buf_add(out, is_syn ? STR("") : STR("\1\1"));
	buf_add(out, STR("\x08\x0a"));
	add_be32(out, ms + (segment->side == LAB_POOL ? 0x10000000 : 0));
	add_be32(out, segment->flags == SEGMENT_SYN
			      ? 0
			      : ms - 20 + (segment->side == LAB_POOL ? 0 : 0x10000000));
}

void lab_headers_tcp(struct wrapped *w, const struct header_context *c,
		     const struct segment *segment, uint32_t sequence, uint32_t acknowledgement,
		     uint16_t segment_max)
{
	bool is_syn = segment->flags & SEGMENT_SYN;
	enum { CHECKSUM_AT = 16 };
	struct buf h = {0};

	add_be16(&h, c->source.port);
	add_be16(&h, c->destination.port);
	add_be32(&h, sequence);
	add_be32(&h, segment->flags & SEGMENT_ACK ? acknowledgement : 0);
	buf_add_byte(&h, (char)(is_syn ? 0xa0 : 0x80));
	buf_add_byte(&h, (char)segment->flags);
	add_be16(&h, is_syn ? 64240 : 501);
	add_be32(&h, 0);
	if (is_syn) {
		buf_add(&h, STR("\2\4"));
		add_be16(&h, segment_max + 12u);
		buf_add(&h, STR("\4\2")); /* SACK permitted */
	}
	add_timestamps(&h, segment, is_syn);
	if (is_syn)
		buf_add(&h, STR("\1\3\3\7")); /* window scale */
	wrap(w, &h, 0);
	uint16_t sum = transport_checksum(c, IP_PROTOCOL_TCP, buf_view(&w->bytes));
	put_be16(&w->bytes, CHECKSUM_AT, c->has_wrong_sum ? sum ^ 0x5a5a : sum);
}

static void add_v4(struct wrapped *w, const struct header_context *c, uint8_t protocol,
		   uint32_t fragment)
{
	enum { HEADER_LEN = 20, CHECKSUM_AT = 10 };
	struct buf h = {0};

	buf_add(&h, STR("\x45\0"));
	add_be16(&h, (uint32_t)w->bytes.len + HEADER_LEN);
	add_be16(&h, c->packet_id);
	add_be16(&h, fragment);
	buf_add_byte(&h, (char)(c->is_from_client ? 64 : 52));
	buf_add_byte(&h, (char)protocol);
	add_be16(&h, 0);
	buf_add(&h, address_bytes(&c->source.address));
	buf_add(&h, address_bytes(&c->destination.address));
	put_be16(&h, CHECKSUM_AT, fold(add_words(0, buf_view(&h))));
	wrap(w, &h, ETHERTYPE_V4);
}

static void add_v6(struct wrapped *w, const struct header_context *c, uint8_t next)
{
	struct buf h = {0};

	add_be32(&h, 0x60000000);
	add_be16(&h, (uint32_t)w->bytes.len);
	buf_add_byte(&h, (char)next);
	buf_add_byte(&h, (char)(c->is_from_client ? 64 : 52));
	buf_add(&h, address_bytes(&c->source.address));
	buf_add(&h, address_bytes(&c->destination.address));
	wrap(w, &h, ETHERTYPE_V6);
}

void lab_headers_ip(struct wrapped *w, const struct header_context *c, uint8_t protocol)
{
	enum { DONT_FRAGMENT = 0x4000 };

	if (address_is_v4(&c->source.address))
		add_v4(w, c, protocol, DONT_FRAGMENT);
	else
		add_v6(w, c, protocol);
}

void lab_headers_fragment(struct wrapped *w, const struct header_context *c, uint8_t protocol,
			  uint32_t offset, bool is_last)
{
	enum { MORE_V4 = 0x2000 };
	struct buf h = {0};

	if (address_is_v4(&c->source.address)) {
		add_v4(w, c, protocol, offset / 8 | (is_last ? 0 : MORE_V4));
		return;
	}
	buf_add_byte(&h, (char)protocol);
	buf_add_byte(&h, 0);
	add_be16(&h, offset | !is_last);
	add_be32(&h, 0x70000000u + c->packet_id);
	wrap(w, &h, 0);
	add_v6(w, c, IP_PROTOCOL_FRAGMENT);
}

/* The ends of a tunnel: two hosts of the operator's, the same for every flow. */
static struct header_context outer_of(const struct header_context *c, uint16_t source_port,
				      uint16_t destination_port)
{
	struct address near = address_v4(0xc0000201), far = address_v4(0xc0000202);

	bool leaves_near = c->is_from_client || c->leaves_one_end;

	return (struct header_context){
		.source = {leaves_near ? near : far, source_port},
		.destination = {leaves_near ? far : near, destination_port},
		.is_from_client = c->is_from_client,
		.packet_id = (uint16_t)(c->packet_id + 7000),
	};
}

static void add_udp(struct wrapped *w, const struct header_context *c)
{
	enum { HEADER_LEN = 8, CHECKSUM_AT = 6 };
	struct buf h = {0};

	add_be16(&h, c->source.port);
	add_be16(&h, c->destination.port);
	add_be16(&h, (uint32_t)w->bytes.len + HEADER_LEN);
	add_be16(&h, 0);
	wrap(w, &h, 0);
	uint16_t sum = transport_checksum(c, IP_PROTOCOL_UDP, buf_view(&w->bytes));
	put_be16(&w->bytes, CHECKSUM_AT, sum ? sum : 0xffff);
	lab_headers_ip(w, c, IP_PROTOCOL_UDP);
}

/* An overlay's outer source port is a hash of the inner flow: another one in each direction. */
static uint16_t hashed_port(const struct header_context *c)
{
	return (uint16_t)(49152 + ((uint32_t)c->source.port * 31 + c->destination.port) % 16384);
}

static void add_vxlan(struct wrapped *w, const struct header_context *c)
{
	struct header_context outer = outer_of(c, hashed_port(c), 4789);
	struct buf h = {0};

	lab_headers_ethernet(w, c);
	add_be32(&h, 0x08000000);
	add_be32(&h, 5001u << 8);
	wrap(w, &h, 0);
	add_udp(w, &outer);
}

static void add_geneve(struct wrapped *w, const struct header_context *c)
{
	enum { TRANSPARENT_ETHERNET = 0x6558 };
	struct header_context outer = outer_of(c, hashed_port(c), 6081);
	struct buf h = {0};

	lab_headers_ethernet(w, c);
	buf_add(&h, STR("\x02\0")); /* two words of options */
	add_be16(&h, TRANSPARENT_ETHERNET);
	add_be32(&h, 77u << 8);
	add_be32(&h, 0x01080101);
	add_be32(&h, c->random);
	wrap(w, &h, 0);
	add_udp(w, &outer);
}

static void add_gtpu(struct wrapped *w, const struct header_context *c)
{
	struct header_context outer = outer_of(c, 2152, 2152);
	struct buf h = {0};

	buf_add(&h, STR("\x30\xff"));
	add_be16(&h, (uint32_t)w->bytes.len);
	add_be32(&h, c->is_from_client ? 0x1a2b : 0x3c4d);
	wrap(w, &h, 0);
	add_udp(w, &outer);
}

static void add_gre(struct wrapped *w, const struct header_context *c)
{
	struct header_context outer = outer_of(c, 0, 0);
	struct buf h = {0};

	add_be16(&h, 0x2000); /* a key follows */
	add_be16(&h, w->ethertype);
	add_be32(&h, 42);
	wrap(w, &h, 0);
	lab_headers_ip(w, &outer, IP_PROTOCOL_GRE);
}

static void add_ipip(struct wrapped *w, const struct header_context *c)
{
	struct header_context outer = outer_of(c, 0, 0);

	lab_headers_ip(w, &outer, w->ethertype == ETHERTYPE_V6 ? IP_PROTOCOL_V6 : IP_PROTOCOL_IPIP);
}

static void add_tag(struct wrapped *w, uint16_t tag, uint16_t ethertype)
{
	struct buf h = {0};

	add_be16(&h, tag);
	add_be16(&h, w->ethertype);
	wrap(w, &h, ethertype);
}

static void add_mpls(struct wrapped *w)
{
	enum { BOTTOM = 0x100, TTL = 62 };
	struct buf h = {0};

	add_be32(&h, 16001u << 12 | TTL);
	add_be32(&h, 24005u << 12 | BOTTOM | TTL);
	wrap(w, &h, ETHERTYPE_MPLS);
}

static void add_pppoe(struct wrapped *w)
{
	enum { PPP_V4 = 0x21, PPP_V6 = 0x57 };
	struct buf h = {0};

	add_be32(&h, 0x11000000u | 0x0123);
	add_be16(&h, (uint32_t)w->bytes.len + 2);
	add_be16(&h, w->ethertype == ETHERTYPE_V6 ? PPP_V6 : PPP_V4);
	wrap(w, &h, ETHERTYPE_PPPOE);
}

void lab_headers_tunnel(struct wrapped *w, const struct header_context *c, enum lab_tunnel tunnel)
{
	switch (tunnel) {
	case LAB_TUNNEL_VLAN:
		add_tag(w, 0x2064, ETHERTYPE_VLAN);
		break;
	case LAB_TUNNEL_QINQ:
		add_tag(w, 0x01f4, ETHERTYPE_SERVICE_VLAN);
		break;
	case LAB_TUNNEL_MPLS:
		add_mpls(w);
		break;
	case LAB_TUNNEL_PPPOE:
		add_pppoe(w);
		break;
	case LAB_TUNNEL_VXLAN:
		add_vxlan(w, c);
		break;
	case LAB_TUNNEL_GENEVE:
		add_geneve(w, c);
		break;
	case LAB_TUNNEL_GRE:
		add_gre(w, c);
		break;
	case LAB_TUNNEL_IPIP:
		add_ipip(w, c);
		break;
	case LAB_TUNNEL_GTPU:
		add_gtpu(w, c);
		break;
	case LAB_TUNNELS:
		break;
	}
}

void lab_headers_ethernet(struct wrapped *w, const struct header_context *c)
{
	struct str client = STR("\x02\x42\xac\x11\x00\x02"),
		   gateway = STR("\x02\x42\x5d\x0a\x00\x01");
	struct buf h = {0};

	buf_add(&h, c->is_from_client ? gateway : client);
	buf_add(&h, c->is_from_client ? client : gateway);
	add_be16(&h, w->ethertype);
	wrap(w, &h, 0);
}
