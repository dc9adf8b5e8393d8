#include "decode/flow/tracker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "decode/flow/inspection.h"

enum {
	BOTH = 3, /* sides, as bits: whoever is watched has been heard by the other end */
	FLOW_IDLE_S =
		3600, /* pools send a job at least every few minutes; throttled ones less often */
	EXPIRE_EVERY = 64, /* packets */
	EXPIRE_MOST = 128, /* looked at then: two a packet keeps up with any rate of new flows */
	QUIET_BYTES =
		512 * 1024, /* so much without anything of interest: the rest is only counted */
	FAST_BYTES =
		128 * 1024, /* in a second; the kernel opens a cut flow again below half of it */
	ACKNOWLEDGED_AHEAD = 1 << 20, /* bytes that the capture may have missed */
	RESET_BEHIND = 1 << 16,	      /* of what is on the way already */
	GATHER_MOST = 32,
	PORT_DNS = 53,
};

struct tracker {
	struct tracker_settings settings;
	struct table *flows;
	struct names *names;
	struct inspections *inspections;
	struct origin origin;
	instant now;
	bool is_walking; /* through the inspections: no flow may be evicted meanwhile */
	struct tracker_counters counters;
};

static void observe(void *context, struct flow *flow, struct observation *seen,
		    const struct conversation *conversation)
{
	struct tracker *tracker = context;
	struct flow_view view;

	/* what was acknowledged before was something else: this message is to be acknowledged anew
	 */
	flow->acknowledged &= (uint8_t) ~(1u << seen->side);
	flow->speaks_mining = true;
	flow_describe(flow, seen->at, &view);
	conversation_describe(conversation, &view);
	for (int side = 0; side < 2; side++)
		view.name_count[side] = (uint8_t)names_find(tracker->names, &flow->key.ends[side],
							    view.names[side], FLOW_NAMES_MAX);
	seen->flow = &view;
	seen->origin = tracker->origin;
	tracker->settings.observe(tracker->settings.context, seen);
}

static void learn_name(void *context, struct flow *flow, int side, struct str name)
{
	struct tracker *tracker = context;

	names_learn(tracker->names, &flow->key.ends[side], name, tracker->now);
}

static void flow_dropped(void *context, void *entry)
{
	struct tracker *tracker = context;
	struct flow *flow = entry;

	if (flow->inspection)
		inspection_close(tracker->inspections, flow);
}

int tracker_new(const struct tracker_settings *settings, struct tracker **out)
{
	struct tracker *tracker = calloc(1, sizeof(*tracker));
	struct table_settings flows = {.capacity = settings->flows,
				       .entry_size = sizeof(struct flow),
				       .key_size = sizeof(struct flow_key),
				       .apart_size = FLOW_BEHAVIOUR_BYTES,
				       .seed = settings->seed,
				       .idle = DURATION_S(FLOW_IDLE_S),
				       .class_share = {0, 0.9, 0.25},
				       .on_drop = flow_dropped,
				       .context = tracker};
	struct inspections_settings inspections = {.capacity = settings->inspections,
						   .bytes = settings->inspection_bytes,
						   .seed = settings->seed,
						   .observe = observe,
						   .name = learn_name,
						   .context = tracker};

	if (!tracker)
		return -ENOMEM;
	tracker->settings = *settings;
	int r = table_new(&flows, &tracker->flows);
	if (r == 0)
		r = names_new(settings->names, settings->seed, &tracker->names);
	if (r == 0)
		r = inspections_new(&inspections, &tracker->inspections);
	if (r < 0) {
		tracker_free(tracker);
		return r;
	}
	*out = tracker;
	return 0;
}

void tracker_free(struct tracker *tracker)
{
	if (!tracker)
		return;
	inspections_free(tracker->inspections); /* leaves nothing in the flows to be closed */
	table_discard(tracker->flows);
	names_free(tracker->names);
	free(tracker);
}

static bool is_dns(const struct packet *packet)
{
	return packet->source.port == PORT_DNS || packet->destination.port == PORT_DNS;
}

static void book_start(struct flow *flow, const struct packet *packet, int side, instant at)
{
	flow->first_ns = at.ns;
	flow->initiator = -1;
	if (packet->tcp_flags & TCP_SYN)
		flow->initiator = (int8_t)(packet->tcp_flags & TCP_ACK ? !side : side);
}

static struct flow *find_flow(struct tracker *tracker, const struct packet *packet,
			      const struct tracker_expected *expected, instant at)
{
	struct flow *flow =
		table_find_likely(tracker->flows, expected->likely, &expected->key, expected->hash);

	if (flow)
		return flow;
	flow = table_insert(tracker->flows, &expected->key, expected->hash, at);
	book_start(flow, packet, expected->side, at);
	return flow;
}

/* The flow's first SYN, seen late or once more: everything since lies between it and next. */
static bool is_syn_again(const struct flow *flow, int side, uint32_t next)
{
	return flow->next[side] - next == (uint32_t)flow->bytes[side];
}

/* Nothing that was booked on the old connection, least of all who answered whom, is the new one's.
 */
static void forget_connection(struct tracker *tracker, struct flow *flow)
{
	if (flow->inspection)
		inspection_close(tracker->inspections, flow);
	flow->has_next = flow->has_spoken = flow->acknowledged = flow->syn = 0;
	flow->doubts = flow->reset[0] = flow->reset[1] = 0;
	flow->tunnel[0] = flow->tunnel[1] = 0;
	flow->quiet_bytes = 0;
	flow->minutes = 0;
	memset(flow->bytes, 0, sizeof(flow->bytes));
	memset(flow->packets, 0, sizeof(flow->packets));
	memset(flow->first_sizes, 0, sizeof(flow->first_sizes));
}

/* A SYN with a new sequence number on a known pair of ends: the ports are used again. */
static void book_syn(struct tracker *tracker, struct flow *flow, const struct packet *packet,
		     int side, instant at)
{
	uint8_t bit = (uint8_t)(1u << side);
	uint32_t next = packet->sequence + 1;

	if ((flow->has_spoken & bit) && !is_syn_again(flow, side, next) &&
	    !(packet->tcp_flags & TCP_ACK)) {
		forget_connection(tracker, flow);
		flow->packets[side]++;
		book_start(flow, packet, side, at);
	}
	if (flow->has_spoken & bit)
		return;
	if (flow->next[side] != next)
		flow->reset[side] = RESET_NONE;
	flow->next[side] = next;
	flow->has_next |= bit;
	flow->syn |= bit;
	if (flow->initiator < 0)
		flow->initiator = (int8_t)(packet->tcp_flags & TCP_ACK ? !side : side);
}

/* Whoever accuses a flow wants to know that both ends really took part in it. */
static void tell_acknowledged(struct tracker *tracker, struct flow *flow, int side,
			      const struct tunnel *tunnel, instant at)
{
	struct observation seen = {.kind = OBSERVE_ACKNOWLEDGED, .at = at, .side = side};
	struct flow_view view;

	if (!flow->speaks_mining)
		return;
	if (flow->acknowledged == BOTH && table_class(tracker->flows, flow) != FLOW_WATCHED)
		table_set_class(tracker->flows, flow, FLOW_WATCHED);
	flow_describe(flow, at, &view);
	view.has_tunnel_end = tunnel->from != NULL;
	if (tunnel->from)
		view.tunnel_end = *tunnel->from;
	seen.flow = &view;
	tracker->settings.observe(tracker->settings.context, &seen);
}

/* New doubts are told like an acknowledgement, whether or not it counts as one. */
static void judge_acknowledgement(struct tracker *tracker, struct flow *flow, int side,
				  const struct tunnel *tunnel, instant at)
{
	static const uint8_t doubts[] = {[TUNNEL_ONE_END] = DOUBT_ONE_TUNNEL_END,
					 [TUNNEL_ELSEWHERE] = DOUBT_TUNNELS_APART,
					 [TUNNEL_IS_MIRRORED] = DOUBT_MIRROR_BELIEVED};
	enum tunnel_answer answer = tunnel_answers(flow->tunnel[!side], tunnel->ends);
	uint8_t before = flow->doubts;

	if (flow->reset[side] != RESET_NONE)
		return;
	if (answer != TUNNEL_ANSWERS)
		flow->doubts |= doubts[answer];
	bool counts = answer == TUNNEL_ANSWERS || answer == TUNNEL_IS_MIRRORED;
	if (counts)
		flow->acknowledged |= (uint8_t)(1u << !side);
	if (counts || flow->doubts != before)
		tell_acknowledged(tracker, flow, !side, tunnel, at);
}

static void book_acknowledgement(struct tracker *tracker, struct flow *flow,
				 const struct packet *packet, int side, const struct tunnel *tunnel,
				 instant at)
{
	uint8_t other = (uint8_t)(1u << !side);

	if (!(packet->tcp_flags & TCP_ACK))
		return;
	if (table_class(tracker->flows, flow) == FLOW_UNANSWERED && (flow->packets[!side] > 0))
		table_set_class(tracker->flows, flow, FLOW_ANSWERED);
	if ((flow->has_spoken & other) && !(flow->acknowledged & other)) {
		int32_t ahead = (int32_t)(packet->acknowledgement - flow->next[!side]);
		if (ahead >= 0 && ahead < ACKNOWLEDGED_AHEAD)
			judge_acknowledgement(tracker, flow, side, tunnel, at);
	}
}

/* A reset that a receiver would heed, or that refuses what the other side has just acknowledged. */
static void book_reset(struct flow *flow, const struct packet *packet, int side)
{
	uint8_t *reset = &flow->reset[side];
	int32_t ahead = (int32_t)(packet->sequence - flow->next[side]);

	if (!(flow->has_next >> side & 1) || ahead < -RESET_BEHIND || ahead >= ACKNOWLEDGED_AHEAD ||
	    packet_tcp_checksum(packet) == CHECKSUM_WRONG)
		return;
	if (*reset == RESET_NONE)
		flow->reset_at[side] = packet->sequence;
	if ((int32_t)(packet->sequence - flow->reset_at[side]) > 0) {
		if (*reset >= RESET_SPOKE)
			flow->doubts |= DOUBT_REFUSED_ITSELF;
		flow->reset_at[side] = packet->sequence;
	}
	*reset = RESET_SENT;
}

static void book_speech(struct flow *flow, const struct packet *packet, int side)
{
	uint8_t *own = &flow->reset[side], *others = &flow->reset[!side];
	uint32_t end = packet->sequence + packet->payload_len;

	if (*others >= RESET_SPOKE && ++*others >= RESET_FORGIVEN)
		*others = RESET_NONE;
	if (*own == RESET_SENT && packet->payload_len > 0 && (int32_t)(end - flow->next[side]) > 0)
		*own = RESET_SPOKE;
}

static void book_bytes(struct flow *flow, const struct packet *packet, int side)
{
	uint8_t bit = (uint8_t)(1u << side);
	uint32_t end = packet->sequence + packet->payload_len;
	int32_t ahead = (int32_t)(end - flow->next[side]);

	if (!(flow->has_next & bit)) {
		flow->has_next |= bit;
		flow->next[side] = end;
		flow->bytes[side] += packet->payload_len;
	} else if (ahead > 0) {
		flow->bytes[side] += (uint32_t)ahead < packet->payload_len ? (uint32_t)ahead
									   : packet->payload_len;
		flow->next[side] = end;
	} else if (ahead < -(1 << 24)) { /* far behind: forged or another connection; follow it */
		flow->next[side] = end;
	}
}

/* Data that came through a tunnel once is not cleared by a copy without it: kernels unwrap. */
static void book_tunnel(struct flow *flow, int side, const struct tunnel *tunnel)
{
	if (tunnel->ends != 0)
		flow->tunnel[side] = tunnel->ends;
}

static void book_presence(struct flow *flow, const struct packet *packet, instant at)
{
	int64_t minute = instant_since(at, (instant){flow->first_ns}).ns / DURATION_S(60).ns;
	uint32_t count = flow->packets[0] + flow->packets[1];

	if (minute >= 0 && minute < 64 && flow->minute != minute + 1) {
		flow->minute = (uint8_t)(minute + 1);
		flow->minutes |= 1ull << minute;
	}
	if (count <= 8 && count > 0 && packet->payload_len > 0)
		flow->first_sizes[count - 1] =
			(uint16_t)(packet->payload_len > 65535 ? 65535 : packet->payload_len);
}

static enum tracker_interest judge_interest(struct flow *flow, const struct packet *packet,
					    instant at)
{
	if (flow->inspection) {
		bool was_cut = flow->is_cut;
		flow->is_cut = false;
		return was_cut ? TRACKER_REOPENS : TRACKER_LISTENS;
	}
	if (flow->quiet_bytes < QUIET_BYTES)
		return TRACKER_LISTENS;
	uint32_t second = (uint32_t)(at.ns / 1000000000);
	if (flow->second != second) {
		flow->second = second;
		flow->second_bytes = 0;
	}
	flow->second_bytes += packet->payload_len;
	if (flow->second_bytes < FAST_BYTES)
		return TRACKER_LISTENS;
	flow->is_cut = true;
	return TRACKER_COUNTS;
}

void tracker_expect(const struct tracker *tracker, const struct packet *packet,
		    struct tracker_expected *out)
{
	out->is_tcp = packet->protocol == PROTOCOL_TCP;
	out->is_told = packet->payload_len > 0 || (packet->tcp_flags & (TCP_FIN | TCP_RST));
	out->likely = NULL;
	if (!out->is_tcp)
		return;
	out->side = flow_key_of(packet, &out->key);
	out->hash = table_hash(tracker->flows, &out->key);
	table_prefetch(tracker->flows, out->hash);
}

/* Of the connections that somebody listens to. Each loop reads what the one before asked for. */
static void gather_inspections(const struct tracker_expected *expected, size_t count)
{
	const struct inspection *heard[GATHER_MOST];
	bool is_told[GATHER_MOST];
	size_t some = 0;

	for (size_t i = 0; i < count; i++) {
		const struct flow *likely = expected[i].likely;
		if (!likely || !likely->inspection)
			continue;
		inspection_prefetch(likely->inspection);
		heard[some] = likely->inspection;
		is_told[some++] = expected[i].is_told;
	}
	for (size_t i = 0; i < some; i++)
		inspection_prefetch_conversation(heard[i]);
	for (size_t i = 0; i < some; i++)
		if (is_told[i])
			inspection_prefetch_state(heard[i]);
}

/* Here, too, each loop reads what the one before asked for. */
void tracker_gather(const struct tracker *tracker, struct tracker_expected *expected, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (expected[i].is_tcp)
			expected[i].likely = table_approach(tracker->flows, expected[i].hash);
	for (size_t at = 0; at < count; at += GATHER_MOST)
		gather_inspections(expected + at,
				   count - at < GATHER_MOST ? count - at : GATHER_MOST);
}

static void look_after_tables(struct tracker *tracker)
{
	table_expire(tracker->flows, tracker->now, EXPIRE_MOST);
	inspections_allow(tracker->inspections, table_counters(tracker->flows).used);
}

static void take_udp(struct tracker *tracker, const struct packet *packet, instant at)
{
	tracker->counters.udp_packets++;
	if (is_dns(packet))
		names_take_dns(tracker->names, &packet->source, &packet->destination,
			       packet->payload, at);
}

enum tracker_interest tracker_take(struct tracker *tracker, const struct packet *packet,
				   const struct tracker_expected *expected, instant at,
				   const struct origin *origin)
{
	tracker->now = at; /* also backwards: one frame from the far future must not age the rest */
	tracker->counters.packets++;
	tracker->counters.payload_bytes += packet->payload_len;
	if (packet->protocol != PROTOCOL_TCP) {
		take_udp(tracker, packet, at);
		return TRACKER_IGNORES;
	}
	struct flow *flow = find_flow(tracker, packet, expected, at);
	int side = expected->side;
	table_touch(tracker->flows, flow, at);
	flow->packets[side]++;
	flow->tunnels |= packet->tunnels;
	struct tunnel tunnel = tunnel_of(packet, tracker->settings.mirrors, tracker->settings.seed);
	if (packet->tcp_flags & TCP_SYN)
		book_syn(tracker, flow, packet, side, at);
	tracker->origin = *origin;
	if (packet->tcp_flags & TCP_RST)
		book_reset(flow, packet, side);
	else if (flow->reset[0] | flow->reset[1])
		book_speech(flow, packet, side);
	book_acknowledgement(tracker, flow, packet, side, &tunnel, at);
	book_presence(flow, packet, at);
	if (packet->payload_len > 0 || flow->inspection)
		inspections_packet(tracker->inspections, flow, packet, side, at);
	if (packet->payload_len > 0) {
		book_bytes(flow, packet, side);
		book_tunnel(flow, side, &tunnel);
		flow->has_spoken |= (uint8_t)(1u << side);
	}
	enum tracker_interest interest = judge_interest(flow, packet, at);
	if (tracker->counters.packets % EXPIRE_EVERY == 0) /* may drop this very flow */
		look_after_tables(tracker);
	return interest;
}

enum tracker_interest tracker_packet(struct tracker *tracker, const struct packet *packet,
				     instant at, const struct origin *origin)
{
	struct tracker_expected expected;

	tracker_expect(tracker, packet, &expected);
	return tracker_take(tracker, packet, &expected, at, origin);
}

void tracker_tick(struct tracker *tracker, instant now)
{
	enum { EXPIRE_ON_TICK = 4096 };

	tracker->now = now.ns > tracker->now.ns ? now : tracker->now;
	tracker->is_walking = true;
	tracker->origin.has_offset = false; /* no frame brings what comes now */
	inspections_tick(tracker->inspections, tracker->now);
	tracker->is_walking = false;
	table_expire(tracker->flows, tracker->now, EXPIRE_ON_TICK);
}

void tracker_flush(struct tracker *tracker)
{
	tracker->is_walking = true;
	tracker->origin.has_offset = false; /* no frame brings what comes now */
	inspections_flush(tracker->inspections, tracker->now);
	tracker->is_walking = false;
}

struct tracker_counters tracker_counters(const struct tracker *tracker)
{
	struct tracker_counters counters = tracker->counters;

	counters.flows = table_counters(tracker->flows);
	counters.names = names_counters(tracker->names);
	counters.names_unasked = names_unasked(tracker->names);
	inspections_count(tracker->inspections, &counters);
	return counters;
}
