#include "decode/flow/tcp_stream.h"

#include "decode/packet/packet.h"

enum known {
	BEGUN = 1 << 0,
	ACKED = 1 << 1,
	FIN_SEEN = 1 << 2,
	LOST = 1 << 3,
	REFUSED = 1 << 4,
	FAR = 1 << 5,
};

/* How much before the last far segment's end an acknowledgement may be that confirms it. */
enum { FAR_SLACK = 1 << 20 };

static bool is_near(uint32_t a, uint32_t b)
{
	int32_t distance = (int32_t)(a - b);

	return distance <= TCP_STREAM_WINDOW && distance >= -TCP_STREAM_WINDOW;
}

static void begin(struct tcp_stream *s, uint32_t seq)
{
	s->next = seq;
	s->known = BEGUN;
}

static void move(struct tcp_stream *s, uint32_t len)
{
	if (s->lost_until - s->next <= len)
		s->known &= (uint8_t)~LOST;
	s->next += len;
}

static void deliver(struct tcp_stream *s, size_t len)
{
	move(s, (uint32_t)len);
	s->delivered += len;
}

void tcp_stream_init(struct tcp_stream *s)
{
	*s = (struct tcp_stream){0};
}

void tcp_stream_fini(struct tcp_stream *s, struct segment_pool *pool)
{
	segments_clear(pool, &s->queue);
}

void tcp_stream_syn(struct tcp_stream *s, uint32_t isn)
{
	if (!(s->known & BEGUN))
		begin(s, isn + 1);
}

static enum tcp_delivery outside(struct tcp_stream *s, uint8_t flags, uint32_t end)
{
	s->outside++;
	/* a SYN after payload is another connection; whether to follow it is the caller's to say */
	if (!(flags & TCP_SYN) || s->delivered == 0) {
		s->far_end = flags & TCP_FIN ? end + 1 : end;
		s->known |= FAR;
	}
	return TCP_OUTSIDE;
}

/* Keep bytes that are ahead of a hole, or behind something that was kept before. */
static enum tcp_delivery keep(struct tcp_stream *s, struct segment_pool *pool, uint32_t seq,
			      struct str bytes)
{
	struct segments_added added =
		segments_add(pool, &s->queue, s->next, seq, bytes, TCP_STREAM_BLOCKS_MAX);

	s->repeated += added.repeated;
	if (added.refused > 0) {
		s->refused_at = added.refused_at;
		s->known |= REFUSED;
		return TCP_FULL;
	}
	return added.stored > 0 ? TCP_QUEUED : TCP_NOTHING;
}

/* The segment begins at the next byte. What is kept came first: deliver up to there. */
static enum tcp_delivery take_next(struct tcp_stream *s, struct segment_pool *pool,
				   struct str payload, uint32_t wire_len, struct str *now)
{
	uint32_t end = s->next + wire_len;
	uint32_t kept_at;

	*now = payload;
	if (segments_first(pool, &s->queue, &kept_at) && kept_at - s->next < payload.len)
		now->len = kept_at - s->next;
	deliver(s, now->len);
	if (now->len < payload.len) {
		enum tcp_delivery rest = keep(s, pool, s->next, str_skip(payload, now->len));
		return rest == TCP_FULL || now->len == 0 ? rest : TCP_IN_ORDER;
	}
	if (end != s->next) { /* the capture cut the rest off */
		s->lost_until = end;
		s->known |= LOST;
	}
	return now->len > 0 ? TCP_IN_ORDER : TCP_NOTHING;
}

enum tcp_delivery tcp_stream_feed(struct tcp_stream *s, struct segment_pool *pool, uint32_t seq,
				  uint8_t flags, struct str payload, uint32_t wire_len,
				  struct str *now)
{
	*now = (struct str){0};
	s->known &= (uint8_t)~REFUSED;
	if (flags & TCP_RST)
		return TCP_NOTHING;
	if (flags & TCP_SYN)
		tcp_stream_syn(s, seq++);
	if (wire_len < payload.len)
		wire_len = (uint32_t)payload.len;
	if (!(s->known & BEGUN)) {
		if (wire_len == 0 && !(flags & TCP_FIN)) /* may be a keep-alive, one byte back */
			return TCP_NOTHING;
		begin(s, seq);
	}
	uint32_t end = seq + wire_len;
	if (wire_len > TCP_STREAM_WINDOW || !is_near(seq, s->next) || !is_near(end, s->next))
		return outside(s, flags, end);
	if (flags & TCP_FIN && (int32_t)(end - s->next) >= 0) {
		s->fin_at = end;
		s->known |= FIN_SEEN;
	}
	if ((int32_t)(seq - s->next) > 0)
		return keep(s, pool, seq, payload);
	uint32_t old = s->next - seq; /* of its bytes, those that were delivered before */
	struct str fresh = str_skip(payload, old);
	s->repeated += (uint32_t)(payload.len - fresh.len);
	if (old >= wire_len)
		return TCP_NOTHING;
	return take_next(s, pool, fresh, wire_len - old, now);
}

bool tcp_stream_contradicts(const struct tcp_stream *s, const struct segment_pool *pool,
			    uint32_t seq, struct str payload)
{
	uint32_t end = seq + (uint32_t)payload.len;

	if (!(s->known & BEGUN) || s->queue.count == 0 || payload.len > TCP_STREAM_WINDOW ||
	    !is_near(seq, s->next) || !is_near(end, s->next))
		return false;
	if ((int32_t)(seq - s->next) < 0) { /* what was delivered is not kept */
		payload = str_skip(payload, s->next - seq);
		seq = s->next;
	}
	return segments_contradict(pool, &s->queue, s->next, seq, payload);
}

bool tcp_stream_next(struct tcp_stream *s, struct segment_pool *pool, struct str *bytes)
{
	uint32_t at;

	if (!segments_first(pool, &s->queue, &at) || at != s->next)
		return false;
	segments_take(pool, &s->queue, &at, bytes);
	deliver(s, bytes->len);
	return true;
}

/* How far it is to the nearest thing known to lie behind the hole; 0: there is none, or no hole. */
static uint32_t hole_len(const struct tcp_stream *s, const struct segment_pool *pool)
{
	uint32_t least = UINT32_MAX, at;

	if (segments_first(pool, &s->queue, &at))
		least = at - s->next;
	if (s->known & REFUSED && (int32_t)(s->refused_at - s->next) >= 0 &&
	    s->refused_at - s->next < least)
		least = s->refused_at - s->next;
	if (s->known & FIN_SEEN && (int32_t)(s->fin_at - s->next) > 0 &&
	    s->fin_at - s->next < least)
		least = s->fin_at - s->next;
	if (s->known & LOST && s->lost_until - s->next < least)
		least = s->lost_until - s->next;
	return least == UINT32_MAX ? 0 : least;
}

bool tcp_stream_is_stuck(const struct tcp_stream *s, const struct segment_pool *pool)
{
	if (!(s->known & (LOST | ACKED)))
		return false;
	uint32_t len = hole_len(s, pool);
	if (len == 0)
		return false;
	return s->known & LOST || (int32_t)(s->acked - (s->next + len)) >= 0;
}

/* Both sides are somewhere else: it began there, or the capture lost more than a window. */
static void follow(struct tcp_stream *s, uint32_t ack)
{
	if (s->delivered == 0 && s->queue.count == 0) {
		begin(s, ack);
		return;
	}
	s->lost_until = s->far_end;
	s->known = (uint8_t)((s->known | LOST) & ~FAR);
}

bool tcp_stream_acked(struct tcp_stream *s, const struct segment_pool *pool, uint32_t ack)
{
	if (!(s->known & BEGUN))
		return false;
	if (is_near(ack, s->next)) {
		bool is_newer = !(s->known & ACKED) || !is_near(s->acked, s->next) ||
				(int32_t)(ack - s->acked) > 0;
		if (is_newer)
			s->acked = ack;
		s->known |= ACKED;
	} else if (s->known & FAR && s->far_end - ack < FAR_SLACK) {
		follow(s, ack);
	}
	return tcp_stream_is_stuck(s, pool);
}

uint32_t tcp_stream_gap(struct tcp_stream *s, const struct segment_pool *pool)
{
	uint32_t len = s->known & BEGUN ? hole_len(s, pool) : 0;

	move(s, len);
	s->missing += len;
	return len;
}

bool tcp_stream_is_finished(const struct tcp_stream *s)
{
	return s->known & FIN_SEEN && s->next == s->fin_at;
}

bool tcp_stream_in_window(const struct tcp_stream *s, uint32_t seq)
{
	int32_t distance = (int32_t)(seq - s->next);

	return !(s->known & BEGUN) || (distance >= -1 && distance <= TCP_STREAM_WINDOW);
}
