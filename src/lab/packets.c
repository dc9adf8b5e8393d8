#include "lab/packets.h"

#include <errno.h>
#include <stdlib.h>

#include "lab/headers.h"
#include "lab/random.h"

enum { LINK_ETHERNET = 1, PROTOCOL_OF_TCP = 6, FRAGMENT_LEN = 128 };

const char *lab_tunnel_name(enum lab_tunnel tunnel)
{
	static const char *const names[LAB_TUNNELS] = {
		[LAB_TUNNEL_VLAN] = "vlan",   [LAB_TUNNEL_QINQ] = "qinq",
		[LAB_TUNNEL_MPLS] = "mpls",   [LAB_TUNNEL_PPPOE] = "pppoe",
		[LAB_TUNNEL_VXLAN] = "vxlan", [LAB_TUNNEL_GENEVE] = "geneve",
		[LAB_TUNNEL_GRE] = "gre",     [LAB_TUNNEL_IPIP] = "ipip",
		[LAB_TUNNEL_GTPU] = "gtpu",
	};

	return tunnel < LAB_TUNNELS ? names[tunnel] : "";
}

struct packer {
	const struct lab_packet_settings *settings;
	struct lab_packets *out;
	size_t cap;
	struct buf streams[2];
	uint32_t starts[2]; /* initial sequence numbers */
	uint16_t packet_ids[2];
	struct lab_random random;
	bool failed;
};

/* Frames point into a buffer that still moves: offsets first, pointers at the end. */
static void put_frame(struct packer *p, instant at, const struct buf *bytes)
{
	struct lab_packets *out = p->out;
	uint32_t snap_len = p->settings->snap_len;

	if (out->count == p->cap) {
		size_t cap = p->cap ? p->cap * 2 : 256;
		struct frame *grown = reallocarray(out->frames, cap, sizeof(*grown));
		if (!grown) {
			p->failed = true;
			return;
		}
		out->frames = grown;
		p->cap = cap;
	}
	struct str kept = str_sub(buf_view(bytes), 0, snap_len ? snap_len : bytes->len);
	out->frames[out->count++] = (struct frame){
		.at = at,
		.bytes = {NULL, kept.len},
		.wire_len = (uint32_t)bytes->len,
		.link = LINK_ETHERNET,
		.offset = out->bytes.len,
	};
	buf_add(&out->bytes, kept);
	p->failed = p->failed || bytes->failed || out->bytes.failed;
}

/* An IP packet, complete, through the tunnels and onto the link. */
static void put_packet(struct packer *p, instant at, struct wrapped *w,
		       const struct header_context *context)
{
	for (unsigned i = p->settings->tunnel_count; i-- > 0;)
		lab_headers_tunnel(w, context, p->settings->tunnels[i]);
	lab_headers_ethernet(w, context);
	put_frame(p, at, &w->bytes);
	buf_fini(&w->bytes);
}

static void put_fragments(struct packer *p, instant at, struct wrapped *whole,
			  const struct header_context *context)
{
	struct str left = buf_view(&whole->bytes);

	for (uint32_t offset = 0; left.len > 0; offset += FRAGMENT_LEN) {
		struct wrapped part = {0};
		buf_add(&part.bytes, str_sub(left, 0, FRAGMENT_LEN));
		left = str_skip(left, FRAGMENT_LEN);
		lab_headers_fragment(&part, context, PROTOCOL_OF_TCP, offset, left.len == 0);
		put_packet(p, at, &part, context);
		at.ns += 50; /* all before the next segment */
	}
	buf_fini(&whole->bytes);
}

static void put_segment(struct packer *p, const struct segment *segment)
{
	const struct lab_packet_settings *s = p->settings;
	bool is_client = segment->side == LAB_MINER;
	struct header_context context = {
		.source = is_client ? s->client : s->server,
		.destination = is_client ? s->server : s->client,
		.is_from_client = is_client,
		.leaves_one_end = s->shape & LAB_SHAPE_ONE_TUNNEL_END,
		.has_wrong_sum = segment->is_junk && s->shape & LAB_SHAPE_JUNK_SUM,
		.packet_id = p->packet_ids[segment->side]++,
		.random = (uint32_t)lab_random_next(&p->random),
	};
	struct wrapped w = {0};
	/* The SYN is before the first byte; what follows it counts it. */
	uint32_t after_syn = !(segment->flags & SEGMENT_SYN);

	if (segment->is_junk)
		for (uint32_t i = 0; i < segment->len; i++)
			buf_add_byte(&w.bytes, (char)('a' + i % 26));
	else
		buf_add(&w.bytes, str_sub(buf_view(&p->streams[segment->side]), segment->offset,
					  segment->len));
	lab_headers_tcp(&w, &context, segment,
			p->starts[segment->side] + after_syn + segment->offset,
			p->starts[!segment->side] + 1 + segment->acked,
			s->segment_max ? s->segment_max : 1448);
	if (s->shape & LAB_SHAPE_IP_FRAGMENTS && segment->len > 0) {
		put_fragments(p, segment->at, &w, &context);
	} else {
		lab_headers_ip(&w, &context, PROTOCOL_OF_TCP);
		put_packet(p, segment->at, &w, &context);
	}
}

static int by_time(const void *a, const void *b)
{
	const struct frame *first = a, *second = b;

	if (first->at.ns != second->at.ns)
		return first->at.ns < second->at.ns ? -1 : 1;
	return first->offset < second->offset ? -1 : first->offset > second->offset;
}

static void point_frames(struct lab_packets *out)
{
	if (out->count > 0)
		qsort(out->frames, out->count, sizeof(*out->frames), by_time);
	for (size_t i = 0; i < out->count; i++) {
		out->frames[i].bytes.at = out->bytes.at + out->frames[i].offset;
		out->frames[i].offset = 0; /* nowhere in a capture yet */
	}
}

int lab_packets_make(const struct lab_transcript *transcript,
		     const struct lab_packet_settings *settings, struct lab_packets *out)
{
	struct packer p = {.settings = settings, .out = out, .random.state = settings->seed};
	struct segments segments = {0};

	*out = (struct lab_packets){0};
	if (address_is_v4(&settings->client.address) != address_is_v4(&settings->server.address) ||
	    settings->tunnel_count > LAB_TUNNEL_DEPTH)
		return -EINVAL;
	for (unsigned side = LAB_MINER; side <= LAB_POOL; side++) {
		lab_transcript_stream(transcript, (enum lab_side)side, &p.streams[side]);
		p.starts[side] = (uint32_t)lab_random_next(&p.random);
		p.packet_ids[side] = (uint16_t)lab_random_next(&p.random);
	}
	lab_segments_plan(transcript, settings, &segments);
	lab_segments_reshape(&segments, settings);
	p.failed = segments.failed || p.streams[0].failed || p.streams[1].failed;
	for (size_t i = 0; i < segments.count && !p.failed; i++)
		put_segment(&p, &segments.list[i]);
	lab_segments_fini(&segments);
	buf_fini(&p.streams[0]);
	buf_fini(&p.streams[1]);
	if (p.failed) {
		lab_packets_fini(out);
		return -ENOMEM;
	}
	point_frames(out);
	return 0;
}

void lab_packets_fini(struct lab_packets *packets)
{
	free(packets->frames);
	buf_fini(&packets->bytes);
	*packets = (struct lab_packets){0};
}
