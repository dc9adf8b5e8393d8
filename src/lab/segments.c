#include "lab/segments.h"

#include <stdlib.h>
#include <string.h>

#include "lab/random.h"

void lab_segments_fini(struct segments *segments)
{
	free(segments->list);
	*segments = (struct segments){0};
}

static void add(struct segments *s, struct segment segment)
{
	if (s->count == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 256;
		struct segment *grown = reallocarray(s->list, cap, sizeof(*grown));
		if (!grown) {
			s->failed = true;
			return;
		}
		s->list = grown;
		s->cap = cap;
	}
	segment.order = (uint32_t)s->count;
	s->list[s->count++] = segment;
}

static int by_time(const void *a, const void *b)
{
	const struct segment *first = a, *second = b;

	if (first->at.ns != second->at.ns)
		return first->at.ns < second->at.ns ? -1 : 1;
	return first->order < second->order ? -1 : first->order > second->order;
}

static void sort(struct segments *s)
{
	if (s->count > 0)
		qsort(s->list, s->count, sizeof(*s->list), by_time);
}

static instant after_us(instant at, int64_t us)
{
	return (instant){at.ns + us * 1000};
}

static duration round_trip_of(const struct lab_packet_settings *settings)
{
	return settings->round_trip.ns ? settings->round_trip : DURATION_MS(40);
}

static void plan_handshake(struct segments *s, instant first, duration round_trip)
{
	instant syn = {first.ns - round_trip.ns - 2000000};
	instant answered = instant_add(syn, round_trip);

	add(s, (struct segment){.at = syn, .side = LAB_MINER, .flags = SEGMENT_SYN});
	add(s,
	    (struct segment){.at = answered, .side = LAB_POOL, .flags = SEGMENT_SYN | SEGMENT_ACK});
	add(s, (struct segment){
		       .at = after_us(answered, 50), .side = LAB_MINER, .flags = SEGMENT_ACK});
}

/*
 * One write as segments a few microseconds apart, after those of the side's last write; the last
 * one carries PSH. A write in many small segments takes no longer: the other side answers it when
 * it is whole, soon after it began.
 */
static instant plan_data(struct segments *s, const struct lab_event *event, instant not_before,
			 uint32_t offset, uint32_t segment_max)
{
	int64_t step_ns = segment_max < 64 ? 40 : 4000;
	instant at = event->at.ns > not_before.ns ? event->at : not_before;

	for (uint32_t done = 0, len; done < event->len; done += len) {
		uint32_t left = (uint32_t)event->len - done;
		len = left < segment_max ? left : segment_max;
		uint8_t push = len == left ? SEGMENT_PSH : 0;
		add(s, (struct segment){.at = at,
					.side = event->side,
					.flags = SEGMENT_ACK | push,
					.offset = offset + done,
					.len = len});
		at.ns += step_ns;
	}
	return at;
}

/*
 * The receiver's bare acknowledgement: the client's at once (delayed a little), the server's when
 * it comes back a round trip later; none when the receiver has something to say by then.
 */
static void plan_ack(struct segments *s, const struct lab_transcript *t, size_t index, instant sent,
		     duration round_trip)
{
	enum lab_side side = t->events[index].side;
	instant due = side == LAB_MINER ? instant_add(sent, round_trip) : after_us(sent, 500);

	for (size_t i = index + 1; i < t->count && t->events[i].at.ns <= due.ns + 1000000; i++)
		if (t->events[i].side != side && t->events[i].at.ns >= due.ns - 500000)
			return;
	add(s, (struct segment){.at = after_us(due, 300),
				.side = (enum lab_side) !side,
				.flags = SEGMENT_ACK});
}

static void plan_close(struct segments *s, instant last, duration round_trip)
{
	instant fin = instant_add(last, DURATION_MS(100));
	uint8_t flags = SEGMENT_FIN | SEGMENT_ACK;

	fin = instant_add(fin, round_trip);
	add(s, (struct segment){.at = fin, .side = LAB_MINER, .flags = flags});
	fin = instant_add(fin, round_trip);
	add(s, (struct segment){.at = fin, .side = LAB_POOL, .flags = flags});
	add(s, (struct segment){.at = after_us(fin, 60), .side = LAB_MINER, .flags = SEGMENT_ACK});
}

/*
 * Sequence numbers of what carries no data, and every acknowledgement: a side acknowledges what had
 * reached it, and the tap, beside the client, sees the server's word half a trip after it left.
 */
static void number(struct segments *s, duration round_trip)
{
	uint32_t sent[2] = {0}, seen[2] = {0};
	size_t lagging = 0; /* the first segment the server may not have had yet */
	/* An answer covers the whole of what it answers, though that took a moment to send. */
	int64_t lag = round_trip.ns - round_trip.ns / 8;
	bool is_closed[2] = {false};

	for (size_t i = 0; i < s->count; i++) {
		struct segment *g = &s->list[i];
		for (; lagging < i && s->list[lagging].at.ns <= g->at.ns - lag; lagging++) {
			const struct segment *old = &s->list[lagging];
			uint32_t end = old->offset + old->len + (old->flags & SEGMENT_FIN);
			if (old->side == LAB_MINER && end > seen[LAB_POOL])
				seen[LAB_POOL] = end;
		}
		if (g->len == 0)
			g->offset = sent[g->side] + is_closed[g->side];
		else
			sent[g->side] = g->offset + g->len;
		if (g->flags & SEGMENT_FIN)
			is_closed[g->side] = true;
		g->acked = seen[g->side];
		if (g->side == LAB_POOL)
			seen[LAB_MINER] = sent[LAB_POOL] + is_closed[LAB_POOL];
	}
}

/* A bare acknowledgement that says nothing new is not sent. */
static void drop_repeated_acks(struct segments *s)
{
	uint32_t said[2] = {0};
	size_t kept = 0;

	for (size_t i = 0; i < s->count; i++) {
		struct segment g = s->list[i];
		bool is_bare = g.flags == SEGMENT_ACK && g.len == 0;
		if (!is_bare || g.acked != said[g.side] || kept == 2) /* 2: of the handshake */
			s->list[kept++] = g;
		said[g.side] = g.acked;
	}
	s->count = kept;
}

void lab_segments_plan(const struct lab_transcript *t, const struct lab_packet_settings *settings,
		       struct segments *out)
{
	duration round_trip = round_trip_of(settings);
	uint32_t segment_max = settings->segment_max ? settings->segment_max : 1448;
	uint32_t offsets[2] = {0};
	instant ends[2] = {{0}}, last = {0};

	if (settings->shape & LAB_SHAPE_ONE_BYTE)
		segment_max = 1;
	if (t->count == 0)
		return;
	plan_handshake(out, t->events[0].at, round_trip);
	for (size_t i = 0; i < t->count; i++) {
		const struct lab_event *event = &t->events[i];
		last = plan_data(out, event, ends[event->side], offsets[event->side], segment_max);
		ends[event->side] = last;
		offsets[event->side] += (uint32_t)event->len;
		plan_ack(out, t, i, last, round_trip);
	}
	if (!(settings->shape & LAB_SHAPE_NO_CLOSE))
		plan_close(out, last, round_trip);
	sort(out);
	number(out, round_trip);
	drop_repeated_acks(out);
	/* A capture that begins in the middle has nothing from before. */
	if (settings->first_event > 0 && settings->first_event < t->count) {
		size_t first = 0;
		while (first < out->count &&
		       out->list[first].at.ns < t->events[settings->first_event].at.ns)
			first++;
		out->count -= first;
		memmove(out->list, out->list + first, out->count * sizeof(*out->list));
	}
}

/*
 * Some come late, some twice. What the server sent is not so late that the client, beside the tap,
 * would have acknowledged it before.
 */
static void shuffle(struct segments *s, struct lab_random *random)
{
	static const uint32_t latest_us[2] = {[LAB_MINER] = 3000, [LAB_POOL] = 200};
	size_t count = s->count;

	for (size_t i = 0; i < count; i++) {
		struct segment again = s->list[i];
		if (again.len == 0)
			continue;
		if (lab_random_chance(random, 25))
			s->list[i].at = after_us(
				again.at, 2 + lab_random_below(random, latest_us[again.side]));
		if (lab_random_chance(random, 15)) {
			again.at = after_us(again.at, 200000);
			add(s, again);
		}
	}
}

/* A segment becomes two that share their middle, or is sent again with the end of the last one. */
static void overlap(struct segments *s, struct lab_random *random)
{
	size_t count = s->count;

	for (size_t i = 0; i < count; i++) {
		struct segment again = s->list[i];
		if (again.len == 0 || !lab_random_chance(random, 40))
			continue;
		again.at = after_us(again.at, 1);
		if (again.len >= 3 && lab_random_chance(random, 60)) {
			uint32_t third = again.len / 3;
			s->list[i].len = 2 * third;
			s->list[i].flags &= (uint8_t)~SEGMENT_PSH;
			again.offset += third;
			again.len -= third;
		} else {
			uint32_t back = again.offset < 7 ? again.offset : 7;
			again.offset -= back;
			again.len += back;
		}
		add(s, again);
	}
}

static void keep_if(struct segments *s, bool (*is_kept)(const struct segment *segment))
{
	size_t kept = 0;

	for (size_t i = 0; i < s->count; i++)
		if (is_kept(&s->list[i]))
			s->list[kept++] = s->list[i];
	s->count = kept;
}

static bool is_clients(const struct segment *segment)
{
	return segment->side == LAB_MINER;
}

static bool is_servers(const struct segment *segment)
{
	return segment->side == LAB_POOL;
}

static bool is_clients_or_empty(const struct segment *segment)
{
	return segment->side == LAB_MINER || segment->len == 0;
}

/* The client goes on sending, and sending again; the server's numbers stay where they began. */
static void never_acknowledge(struct segments *s)
{
	keep_if(s, is_clients_or_empty);
	size_t count = s->count;
	for (size_t i = 0; i < count; i++) {
		struct segment again = s->list[i];
		s->list[i].acked = 0;
		if (again.side == LAB_POOL)
			s->list[i].offset = 0;
		if (again.side == LAB_MINER && again.len > 0) {
			again.acked = 0;
			again.at = after_us(again.at, 220000);
			add(s, again);
		}
	}
}

/* A segment with data from the middle of the capture is not there. */
static void lose_one(struct segments *s)
{
	for (size_t i = s->count / 2; i < s->count; i++)
		if (s->list[i].len > 0) {
			memmove(&s->list[i], &s->list[i + 1],
				(s->count - i - 1) * sizeof(*s->list));
			s->count--;
			return;
		}
}

/* The client's host never began this connection: it refuses whatever comes for it. */
static void refuse(struct segments *s)
{
	size_t count = s->count;

	for (size_t i = 0; i < count; i++)
		if (s->list[i].side == LAB_POOL)
			add(s, (struct segment){.at = after_us(s->list[i].at, 150),
						.side = LAB_MINER,
						.flags = SEGMENT_RST,
						.offset = s->list[i].acked});
}

/* A box in between sends it, thrice for good measure, when the server has said something. */
static void reset_once(struct segments *s)
{
	for (size_t i = s->count / 2; i < s->count; i++)
		if (s->list[i].side == LAB_POOL && s->list[i].len > 0) {
			struct segment reset = {.at = after_us(s->list[i].at, 20),
						.side = LAB_MINER,
						.flags = SEGMENT_RST,
						.offset = s->list[i].acked};
			for (int times = 0; times < 3; times++)
				add(s, reset);
			return;
		}
}

static void put_junk_first(struct segments *s, bool has_pools)
{
	size_t count = s->count;

	for (size_t i = 0; i < count; i++) {
		struct segment junk = s->list[i];
		if ((junk.side != LAB_MINER && !has_pools) || junk.len == 0)
			continue;
		junk.is_junk = true;
		junk.at.ns -= 1;
		add(s, junk);
	}
}

void lab_segments_reshape(struct segments *s, const struct lab_packet_settings *settings)
{
	struct lab_random random = {settings->seed ^ 0x5e6};
	uint32_t shape = settings->shape;

	if (shape & LAB_SHAPE_GAP)
		lose_one(s);
	if (shape & LAB_SHAPE_UNACKNOWLEDGED)
		never_acknowledge(s);
	if (shape & LAB_SHAPE_OVERLAP)
		overlap(s, &random);
	if (shape & LAB_SHAPE_OUT_OF_ORDER)
		shuffle(s, &random);
	if (shape & LAB_SHAPE_REFUSED)
		refuse(s);
	if (shape & LAB_SHAPE_RESET_ONCE)
		reset_once(s);
	if (shape & LAB_SHAPE_JUNK_FIRST)
		put_junk_first(s, shape & LAB_SHAPE_JUNK_POOL);
	if (shape & LAB_SHAPE_CLIENT_ONLY)
		keep_if(s, is_clients);
	if (shape & LAB_SHAPE_SERVER_ONLY)
		keep_if(s, is_servers);
	sort(s);
}
