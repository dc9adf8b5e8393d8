#include "decode/flow/inspection.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "decode/flow/spoken.h"
#include "decode/flow/tcp_stream.h"

enum {
	STREAM_PERCENT = 40, /* of the byte ceiling: bytes out of order; the rest: conversations */
	HOLE_PATIENCE_MS =
		3000, /* a lost segment is sent again within the retransmission time-out */
	IDLE_S = 3600,
};

struct inspection {
	struct flow *flow; /* the table's key */
	struct tcp_stream streams[2];
	struct conversation *conversation;
	int64_t hole_since_ns[2]; /* 0: no hole */
	struct inspection *newer_hole, *older_hole;
	bool is_listed; /* among those with a hole */
	struct wrong {
		uint32_t at, len;
	} wrong[2]; /* the last segment delivered whose checksum no receiver takes */
	struct spoken spoken[2];
};

struct inspections {
	struct inspections_settings settings;
	struct table *table;
	struct segment_pool *pool;
	struct conversation_host host;
	struct spoken_key spoken_key;
	struct inspection *newest_hole; /* those that wait for something, for the tick */
	size_t conversation_bytes;	/* may be held now */
	uint64_t opened, refused, evicted, gaps, gap_bytes;
};

static void take(void *context, struct conversation *conversation, struct observation *seen)
{
	struct inspections *in = context;

	in->settings.observe(in->settings.context, conversation_owner(conversation), seen,
			     conversation);
}

static void take_name(void *context, struct conversation *conversation, int side, struct str name)
{
	struct inspections *in = context;

	if (in->settings.name)
		in->settings.name(in->settings.context, conversation_owner(conversation), side,
				  name);
}

static void prefetch(const void *at, size_t bytes)
{
	enum { CACHE_LINE = 64 };

	for (size_t i = 0; i < bytes; i += CACHE_LINE)
		__builtin_prefetch((const char *)at + i, 1);
}

void inspection_prefetch(const struct inspection *inspection)
{
	prefetch(inspection, offsetof(struct inspection, spoken));
}

void inspection_prefetch_conversation(const struct inspection *inspection)
{
	enum { HEAD = 256 }; /* layers and counters */

	prefetch(inspection->conversation, HEAD);
}

void inspection_prefetch_state(const struct inspection *inspection)
{
	enum { MOST = 512 }; /* the outermost layer's; what is inside it is rarely there */
	struct str state = conversation_state(inspection->conversation);

	prefetch(state.at, state.len < MOST ? state.len : MOST);
}

static void unlist(struct inspections *in, struct inspection *inspection)
{
	if (!inspection->is_listed)
		return;
	if (inspection->newer_hole)
		inspection->newer_hole->older_hole = inspection->older_hole;
	else
		in->newest_hole = inspection->older_hole;
	if (inspection->older_hole)
		inspection->older_hole->newer_hole = inspection->newer_hole;
	inspection->is_listed = false;
}

static void list(struct inspections *in, struct inspection *inspection)
{
	if (inspection->is_listed)
		return;
	inspection->is_listed = true;
	inspection->newer_hole = NULL;
	inspection->older_hole = in->newest_hole;
	if (in->newest_hole)
		in->newest_hole->newer_hole = inspection;
	in->newest_hole = inspection;
}

static void inspection_dropped(void *context, void *entry)
{
	struct inspections *in = context;
	struct inspection *inspection = entry;

	inspection->flow->inspection = NULL;
	unlist(in, inspection);
	tcp_stream_fini(&inspection->streams[0], in->pool);
	tcp_stream_fini(&inspection->streams[1], in->pool);
	conversation_free(inspection->conversation);
}

int inspections_new(const struct inspections_settings *settings, struct inspections **out)
{
	struct inspections *in = calloc(1, sizeof(*in));
	struct table_settings table = {.capacity = settings->capacity,
				       .entry_size = sizeof(struct inspection),
				       .key_size = sizeof(struct flow *),
				       .seed = settings->seed,
				       .idle = DURATION_S(IDLE_S),
				       .class_share = {0, 0, 0.5},
				       .on_drop = inspection_dropped,
				       .context = in};

	if (!in)
		return -ENOMEM;
	in->settings = *settings;
	in->host.take = take;
	in->host.name = take_name;
	in->host.context = in;
	spoken_key_init(&in->spoken_key, settings->seed);
	int r = conversation_host_init(&in->host);
	if (r == 0)
		r = segment_pool_new(settings->bytes / 100 * STREAM_PERCENT, &in->pool);
	if (r == 0)
		r = table_new(&table, &in->table);
	if (r < 0) {
		inspections_free(in);
		return r;
	}
	inspections_allow(in, 0);
	*out = in;
	return 0;
}

void inspections_free(struct inspections *in)
{
	if (!in)
		return;
	table_free(in->table);
	segment_pool_free(in->pool);
	conversation_host_fini(&in->host);
	free(in);
}

void inspection_close(struct inspections *in, struct flow *flow)
{
	table_remove(in->table, flow->inspection);
}

void inspections_allow(struct inspections *in, uint32_t flows)
{
	size_t most = in->settings.bytes / 100 * (100 - STREAM_PERCENT);
	size_t wanted = INSPECTION_FLOOR + (size_t)flows * INSPECTION_BYTES_PER_FLOW;

	in->conversation_bytes = wanted < most ? wanted : most;
}

/* What all conversations and their places in the table take. */
static size_t held_bytes(const struct inspections *in)
{
	struct table_counters counters = table_counters(in->table);

	return in->host.bytes_used + counters.used * counters.bytes_per_entry;
}

static void make_room(struct inspections *in)
{
	while (held_bytes(in) > in->conversation_bytes && table_evict(in->table))
		in->evicted++;
}

/*
 * Where each side's stream begins. A side that has not spoken is awaited from its SYN on, so that a
 * first segment that comes out of order waits for the one before it. In mid-connection the
 * segment that made us listen is the beginning: what was before it is not wanted.
 */
static void start_streams(struct inspection *inspection, const struct flow *flow,
			  const struct packet *packet, int side)
{
	for (int i = 0; i < 2; i++) {
		bool has_spoken = flow->has_spoken >> i & 1;
		tcp_stream_init(&inspection->streams[i]);
		if (!has_spoken && (flow->syn >> i & 1))
			tcp_stream_syn(&inspection->streams[i], flow->next[i] - 1);
		else if (i == side)
			tcp_stream_syn(&inspection->streams[i], packet->sequence - 1);
	}
}

static bool open_inspection(struct inspections *in, struct flow *flow, const struct packet *packet,
			    int side, instant at)
{
	struct conversation *conversation;

	make_room(in);
	conversation = conversation_new(&in->host, flow);
	if (!conversation) {
		in->refused++;
		return false;
	}
	struct inspection *inspection =
		table_insert(in->table, &flow, table_hash(in->table, &flow), at);
	inspection->conversation = conversation;
	start_streams(inspection, flow, packet, side);
	flow->inspection = inspection;
	in->opened++;
	return true;
}

/* Is what this segment brings next in its stream, as far as anybody knows? */
static bool is_next(const struct flow *flow, const struct packet *packet, int side)
{
	bool is_known = flow->has_next >> side & 1, has_spoken = flow->has_spoken >> side & 1;

	return has_spoken || !is_known || flow->next[side] == packet->sequence;
}

/* Nothing in it is new in its stream. */
static bool is_sent_again(const struct flow *flow, const struct packet *packet, int side)
{
	uint32_t end = packet->sequence + packet->payload_len;

	return (flow->has_next >> side & 1) && (int32_t)(end - flow->next[side]) <= 0;
}

/*
 * A connection's first payload of a side, or a later one: is it worth listening to? A later segment
 * would be the beginning of what is heard (start_streams), so it is judged as one too.
 */
static bool is_worth(struct inspections *in, struct flow *flow, const struct packet *packet,
		     int side)
{
	struct str name;

	if (packet->payload.len == 0)
		return false;
	/* sent again: it was looked at when it was new, or its conversation is over; unless what
	 * was new then was made for us to hear, and this is for the other side */
	bool is_again = is_sent_again(flow, packet, side);
	if (is_again && flow->speaks_mining)
		return false;
	if ((is_again || (flow->has_spoken >> side & 1)) && !segment_may_matter(packet->payload))
		return false;
	enum opening opening = opening_judge(packet->payload, &in->host.scratch, &name);
	if (is_again)
		return opening == OPENING_MAY_MATTER;
	switch (opening) {
	case OPENING_OF_NOTHING: /* unless it is not the opening: the first may come after it */
		return !(flow->has_spoken >> side & 1) && !is_next(flow, packet, side);
	case OPENING_IS_ALL:
		if ((packet->tcp_flags & TCP_SYN) || packet->payload.len < packet->payload_len ||
		    !is_next(flow, packet, side))
			return true;
		if (name.len > 0 && in->settings.name)
			in->settings.name(in->settings.context, flow, !side, name);
		return false;
	default:
		return true;
	}
}

/* Bytes that have just become the stream's last. */
static void deliver(struct inspections *in, struct inspection *inspection, int side,
		    struct str bytes, instant at)
{
	uint32_t from = inspection->streams[side].next - (uint32_t)bytes.len;

	spoken_note(&inspection->spoken[side], &in->spoken_key, from, bytes);
	conversation_feed(inspection->conversation, side, bytes, at);
}

/* Everything that has become contiguous. */
static void drain(struct inspections *in, struct inspection *inspection, int side, instant at)
{
	struct str bytes;

	while (tcp_stream_next(&inspection->streams[side], in->pool, &bytes))
		deliver(in, inspection, side, bytes, at);
}

/* Give up the hole a side waits at. */
static void skip_hole(struct inspections *in, struct inspection *inspection, int side, instant at)
{
	uint32_t missing = tcp_stream_gap(&inspection->streams[side], in->pool);

	inspection->hole_since_ns[side] = 0;
	if (missing > 0) {
		in->gaps++;
		in->gap_bytes += missing;
		conversation_gap(inspection->conversation, side, missing);
	}
	drain(in, inspection, side, at);
}

static void skip_stuck(struct inspections *in, struct inspection *inspection, int side, instant at)
{
	enum { HOLES_MOST = 256 }; /* each skip ends one; a stream holds no more blocks than that */

	for (int i = 0; i < HOLES_MOST && tcp_stream_is_stuck(&inspection->streams[side], in->pool);
	     i++)
		skip_hole(in, inspection, side, at);
}

static void feed(struct inspections *in, struct inspection *inspection, const struct packet *packet,
		 int side, instant at)
{
	struct tcp_stream *stream = &inspection->streams[side];
	enum tcp_delivery delivery;
	struct str now;

	for (int tries = 0; tries < 8; tries++) {
		delivery = tcp_stream_feed(stream, in->pool, packet->sequence, packet->tcp_flags,
					   packet->payload, packet->payload_len, &now);
		if (now.len > 0)
			deliver(in, inspection, side, now, at);
		drain(in, inspection, side, at);
		skip_stuck(in, inspection, side, at);
		if (delivery != TCP_FULL)
			break;
		skip_hole(in, inspection, side, at);
	}
	if (delivery != TCP_QUEUED)
		inspection->hole_since_ns[side] = 0;
	else if (inspection->hole_since_ns[side] == 0)
		inspection->hole_since_ns[side] = at.ns;
	if (inspection->hole_since_ns[side] != 0)
		list(in, inspection);
}

/* A hole that nobody filled for longer than a retransmission takes: the capture missed it. */
static void skip_old_hole(struct inspections *in, struct inspection *inspection, int side,
			  instant at)
{
	int64_t since = inspection->hole_since_ns[side];

	if (since != 0 && instant_since(at, (instant){since}).ns > DURATION_MS(HOLE_PATIENCE_MS).ns)
		skip_hole(in, inspection, side, at);
}

/* What the connection has turned out to be worth. */
static void settle(struct inspections *in, struct flow *flow, struct inspection *inspection)
{
	enum conversation_interest interest = conversation_interest(inspection->conversation);

	if (interest == INTEREST_NONE) {
		table_remove(in->table, inspection);
	} else if (interest == INTEREST_MINING) {
		flow->quiet_bytes = 0;
		/* one side alone can be forged in any number: it earns no better place */
		if (flow->acknowledged != 0)
			table_set_class(in->table, inspection, FLOW_WATCHED);
	}
}

static bool has_ended(const struct inspection *inspection, const struct packet *packet, int side)
{
	if (packet->tcp_flags & TCP_RST)
		return tcp_stream_in_window(&inspection->streams[side], packet->sequence);
	return tcp_stream_is_finished(&inspection->streams[0]) &&
	       tcp_stream_is_finished(&inspection->streams[1]);
}

static void count_quiet(struct flow *flow, const struct packet *packet)
{
	if (__builtin_add_overflow(flow->quiet_bytes, packet->payload_len, &flow->quiet_bytes))
		flow->quiet_bytes = UINT32_MAX;
}

/* New bytes that no receiver takes: remembered, and believed all the same while no others come. */
static void note_wrong(struct inspection *inspection, const struct packet *packet, int side)
{
	uint32_t end = packet->sequence + packet->payload_len;

	if (packet->payload.len > 0 && (int32_t)(end - inspection->streams[side].next) > 0 &&
	    packet_tcp_checksum(packet) == CHECKSUM_WRONG)
		inspection->wrong[side] = (struct wrong){packet->sequence, packet->payload_len};
}

static bool overlaps_wrong(const struct inspection *inspection, const struct packet *packet,
			   int side)
{
	const struct wrong *wrong = &inspection->wrong[side];

	return wrong->len > 0 && (int32_t)(packet->sequence - wrong->at) < (int32_t)wrong->len &&
	       (int32_t)(wrong->at - packet->sequence) < (int32_t)packet->payload_len;
}

/* Some systems' keep-alives bring one byte of anything where the last one was. */
static bool is_keep_alive(const struct inspection *inspection, const struct packet *packet,
			  int side)
{
	return packet->payload.len == 1 && packet->sequence == inspection->streams[side].next - 1;
}

/* Does it repeat, with another content, what was delivered or is kept? */
static bool is_another_version(struct inspections *in, struct inspection *inspection,
			       const struct packet *packet, int side)
{
	if (packet->payload.len == 0 || packet->tcp_flags & (TCP_SYN | TCP_RST) ||
	    is_keep_alive(inspection, packet, side))
		return false;
	return spoken_differs(&inspection->spoken[side], &in->spoken_key, packet->sequence,
			      packet->payload) ||
	       tcp_stream_contradicts(&inspection->streams[side], in->pool, packet->sequence,
				      packet->payload);
}

/*
 * Two versions of the same bytes. One that no receiver takes is nobody's word: noise on the line,
 * or made for us. Two that can both be taken are somebody's attempt to be heard as two things.
 *
 * returns: whether the second is what is worth listening to: the first, heard so far, was not
 *          mining, and the second may be
 */
static bool is_second_worth(struct inspections *in, struct flow *flow, const struct packet *packet,
			    int side)
{
	struct inspection *inspection = flow->inspection;
	struct str name;

	if (!is_another_version(in, inspection, packet, side) ||
	    packet_tcp_checksum(packet) == CHECKSUM_WRONG)
		return false;
	if (!overlaps_wrong(inspection, packet, side))
		flow->doubts |= DOUBT_TWO_VERSIONS;
	return !flow->speaks_mining && segment_may_matter(packet->payload) &&
	       opening_judge(packet->payload, &in->host.scratch, &name) == OPENING_MAY_MATTER;
}

/* The inspection this packet belongs to; NULL: nobody listens. */
static struct inspection *inspection_for(struct inspections *in, struct flow *flow,
					 const struct packet *packet, int side, instant at)
{
	if (flow->inspection) {
		if (!is_second_worth(in, flow, packet, side))
			return flow->inspection;
		table_remove(in->table, flow->inspection);
	} else {
		if (!is_worth(in, flow, packet, side))
			return NULL;
		if (is_sent_again(flow, packet, side))
			flow->doubts |= DOUBT_TWO_VERSIONS;
	}
	return open_inspection(in, flow, packet, side, at) ? flow->inspection : NULL;
}

void inspections_packet(struct inspections *in, struct flow *flow, const struct packet *packet,
			int side, instant at)
{
	count_quiet(flow, packet);
	struct inspection *inspection = inspection_for(in, flow, packet, side, at);
	if (!inspection)
		return;
	note_wrong(inspection, packet, side);
	table_touch(in->table, inspection, at);
	if (packet->payload_len > 0 || (packet->tcp_flags & (TCP_FIN | TCP_RST)))
		feed(in, inspection, packet, side, at);
	if ((packet->tcp_flags & TCP_ACK) &&
	    tcp_stream_acked(&inspection->streams[!side], in->pool, packet->acknowledgement))
		skip_stuck(in, inspection, !side, at);
	for (int i = 0; i < 2; i++)
		skip_old_hole(in, inspection, i, at);
	if (has_ended(inspection, packet, side)) {
		conversation_end(inspection->conversation, at);
		table_remove(in->table, inspection);
		return;
	}
	settle(in, flow, inspection);
}

struct visit {
	struct inspections *in;
	instant now;
};

static void skip_old_holes(struct inspections *in, instant now)
{
	struct inspection *older;

	for (struct inspection *i = in->newest_hole; i; i = older) {
		older = i->older_hole;
		for (int side = 0; side < 2; side++)
			skip_old_hole(in, i, side, now);
		if (i->hole_since_ns[0] == 0 && i->hole_since_ns[1] == 0)
			unlist(in, i);
	}
}

void inspections_tick(struct inspections *in, instant now)
{
	skip_old_holes(in, now);
	table_expire(in->table, now, 64);
	make_room(in);
}

static void visit_end(void *context, void *entry)
{
	const struct visit *visit = context;
	struct inspection *inspection = entry;

	for (int side = 0; side < 2; side++)
		for (int i = 0; i < 64 && inspection->streams[side].queue.count > 0; i++)
			skip_hole(visit->in, inspection, side, visit->now);
	conversation_end(inspection->conversation, visit->now);
}

void inspections_flush(struct inspections *in, instant now)
{
	struct visit visit = {in, now};

	table_each(in->table, visit_end, &visit);
}

void inspections_count(const struct inspections *in, struct tracker_counters *counters)
{
	counters->inspections = table_counters(in->table);
	counters->inspections_opened = in->opened;
	counters->inspections_refused = in->refused;
	counters->inspections_evicted = in->evicted;
	counters->messages = in->host.messages;
	counters->malformed = in->host.malformed;
	counters->gaps = in->gaps;
	counters->gap_bytes = in->gap_bytes;
	struct segment_pool_counters segments = segment_pool_counters(in->pool);
	counters->refused_bytes = segments.refused;
	counters->inspection_bytes = held_bytes(in) + (size_t)segments.used * SEGMENT_BLOCK_BYTES;
}
