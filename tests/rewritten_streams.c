#include "rewritten_streams.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "decode/packet/packet.h"

static bool ends_equal(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && address_equal(&a->address, &b->address);
}

/* The newest connection between the two ends. */
static struct connection *find(struct connections *all, const struct packet *packet, int *side)
{
	for (size_t i = all->count; i-- > 0;) {
		struct connection *c = &all->list[i];
		for (int from = 0; from < 2; from++)
			if (ends_equal(&c->ends[from], &packet->source) &&
			    ends_equal(&c->ends[!from], &packet->destination)) {
				*side = from;
				return c;
			}
	}
	return NULL;
}

static struct connection *add(struct connections *all, const struct packet *packet, int *side)
{
	bool is_answer = (packet->tcp_flags & TCP_SYN) && (packet->tcp_flags & TCP_ACK);

	if (!all->list)
		all->list = calloc(CONNECTIONS_MOST, sizeof(*all->list));
	if (!all->list || all->count == CONNECTIONS_MOST)
		return NULL;
	struct connection *c = &all->list[all->count++];
	*side = is_answer;
	c->ends[*side] = packet->source;
	c->ends[!*side] = packet->destination;
	return c;
}

static int append(struct stream *s, struct str bytes, instant at)
{
	if (!s->pieces)
		s->pieces = calloc(PIECES_MOST, sizeof(*s->pieces));
	if (!s->pieces || s->piece_count == PIECES_MOST)
		return -ENOMEM;
	s->pieces[s->piece_count++] = (struct piece){s->bytes.len, at};
	buf_add(&s->bytes, bytes);
	s->next += (uint32_t)bytes.len;
	return s->bytes.failed ? -ENOMEM : 0;
}

struct kept {
	uint32_t sequence;
	uint32_t len;
	instant at;
};

/* Whatever of the kept segments has become next. */
static int append_later(struct stream *s)
{
	int r = 0;

	for (size_t at = 0; r == 0 && at < s->later.len;) {
		struct kept kept;
		memcpy(&kept, s->later.at + at, sizeof(kept));
		struct str bytes = str_sub(buf_view(&s->later), at + sizeof(kept), kept.len);
		int32_t old = (int32_t)(s->next - kept.sequence);
		at += sizeof(kept) + kept.len;
		if (old >= 0 && (uint32_t)old < kept.len) {
			r = append(s, str_skip(bytes, (size_t)old), kept.at);
			at = 0; /* an earlier one may follow it */
		}
	}
	return r;
}

static int take_bytes(struct stream *s, uint32_t sequence, struct str bytes, instant at)
{
	if (!s->is_begun) {
		s->is_begun = true;
		s->next = sequence;
	}
	int32_t old = (int32_t)(s->next - sequence);
	if (old < 0) {
		struct kept kept = {sequence, (uint32_t)bytes.len, at};
		buf_add_bytes(&s->later, &kept, sizeof(kept));
		buf_add(&s->later, bytes);
		return s->later.failed ? -ENOMEM : 0;
	}
	if ((size_t)old >= bytes.len)
		return 0;
	int r = append(s, str_skip(bytes, (size_t)old), at);
	return r < 0 ? r : append_later(s);
}

int connections_take(struct connections *all, const struct frame *frame)
{
	struct packet packet;
	int side = 0;

	if (packet_decode(frame, NULL, &packet) != DECODED || packet.protocol != PROTOCOL_TCP)
		return 0;
	struct connection *c = find(all, &packet, &side);
	bool is_syn = packet.tcp_flags & TCP_SYN;
	if (c && is_syn && !(packet.tcp_flags & TCP_ACK) && c->streams[0].bytes.len > 0)
		c = NULL; /* the ports are used again */
	if (!c && packet.payload.len == 0 && !is_syn)
		return 0;
	if (!c && !(c = add(all, &packet, &side)))
		return -ENOMEM;
	c->has_bare |= packet.payload_len == 0 && !is_syn;
	if (is_syn) {
		c->has_syn = true;
		c->streams[side].is_begun = true;
		c->streams[side].next = packet.sequence + 1;
		return 0;
	}
	return packet.payload.len > 0
		       ? take_bytes(&c->streams[side], packet.sequence, packet.payload, frame->at)
		       : 0;
}

void connections_fini(struct connections *all)
{
	for (size_t i = 0; i < all->count; i++)
		for (int side = 0; side < 2; side++) {
			buf_fini(&all->list[i].streams[side].bytes);
			buf_fini(&all->list[i].streams[side].later);
			free(all->list[i].streams[side].pieces);
		}
	free(all->list);
	*all = (struct connections){0};
}

instant stream_time(const struct stream *stream, size_t offset)
{
	instant at = {0};

	for (size_t i = 0; i < stream->piece_count && stream->pieces[i].offset <= offset; i++)
		at = stream->pieces[i].at;
	return at;
}
