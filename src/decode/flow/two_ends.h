/*
 * For tests of this folder: two ends that speak TCP to each other as a script says, packet by
 * packet, into a tracker whose observations are kept. Private to the tests of decode/flow.
 */
#ifndef DAVY_DECODE_FLOW_TWO_ENDS_H
#define DAVY_DECODE_FLOW_TWO_ENDS_H

#include <stdio.h>
#include <string.h>

#include "decode/flow/tracker.h"

enum { MINER, POOL };

/* What a test wants to know of an observation after the views in it are gone. */
struct kept {
	enum observation_kind kind;
	enum mining_act act;
	bool by_miner; /* said by the end that opened the connection here */
	int initiator; /* as ends[] below: MINER, POOL or -1 */
	uint64_t bytes[2];
	uint32_t packets[2];
	bool acknowledged[2];
	uint8_t doubts;
	struct address tunnel_end;
	int64_t first_seen_ns;
	uint8_t carrier_count, carriers[CARRIERS_MAX];
	char names[256]; /* of the pool, newest first, each followed by a blank */
	char target[128], server_name[128], quote[64];
};

enum { KEPT_MOST = 256 };

struct watched {
	struct tracker *tracker;
	size_t count; /* of all; the first KEPT_MOST are in at[] */
	struct kept at[KEPT_MOST];
	struct endpoint miner; /* whom by_miner and the like are about; address and port */
};

/* One connection; a second one between the same hosts has another port. */
struct two_ends {
	struct watched *watched;
	struct endpoint ends[2];
	uint32_t next[2]; /* sequence numbers */
	instant now;
	uint32_t interfaces;		/* each packet is seen so often; 0: once */
	struct packet_outer tunnels[2]; /* of each side's packets */
	bool is_tunnelled[2];
	bool is_one_sided; /* no acknowledgements are made up */
	enum tracker_interest interest;
};

static inline void keep_text(char *to, size_t cap, struct str text)
{
	snprintf(to, cap, "%.*s", (int)(text.len < cap ? text.len : cap - 1),
		 text.at ? text.at : "");
}

static inline void keep(void *context, const struct observation *seen)
{
	struct watched *watched = context;
	const struct flow_view *flow = seen->flow;
	const struct endpoint *end = &watched->miner;

	watched->count++;
	if (watched->count > KEPT_MOST)
		return;
	struct kept *kept = &watched->at[watched->count - 1];
	int miner = !endpoint_equal(&flow->ends[0], end);
	*kept = (struct kept){.kind = seen->kind,
			      .act = seen->mining ? seen->mining->act : ACT_NONE,
			      .by_miner = seen->side == miner,
			      .initiator = flow->initiator < 0 ? -1 : flow->initiator != miner,
			      .first_seen_ns = flow->first_seen.ns,
			      .doubts = flow->doubts,
			      .carrier_count = flow->carrier_count};
	if (flow->has_tunnel_end)
		kept->tunnel_end = flow->tunnel_end;
	for (int side = 0; side < 2; side++) {
		int from = side == MINER ? miner : !miner;
		kept->bytes[side] = flow->bytes[from];
		kept->packets[side] = flow->packets[from];
		kept->acknowledged[side] = flow->acknowledged[from];
	}
	memcpy(kept->carriers, flow->carriers, sizeof(kept->carriers));
	for (uint8_t i = 0; i < flow->name_count[!miner]; i++) {
		size_t len = strlen(kept->names);
		snprintf(kept->names + len, sizeof(kept->names) - len, "%.*s ",
			 STR_ARG(flow->names[!miner][i]));
	}
	keep_text(kept->target, sizeof(kept->target), flow->target);
	keep_text(kept->server_name, sizeof(kept->server_name), flow->server_name);
	keep_text(kept->quote, sizeof(kept->quote), seen->quote);
}

static inline void watched_begin(struct watched *watched, const struct tracker_settings *changed)
{
	struct tracker_settings settings = {
		.flows = 4096, .inspections = 256, .inspection_bytes = 8 << 20, .names = 256};

	if (changed)
		settings = *changed;
	settings.seed = 7;
	settings.observe = keep;
	settings.context = watched;
	memset(watched, 0, sizeof(*watched));
	if (tracker_new(&settings, &watched->tracker) != 0)
		abort();
}

/* The n-th connection of a test. */
static inline struct two_ends two_ends_of(struct watched *watched, uint32_t n)
{
	struct two_ends ends = {.watched = watched, .now = instant_at(1795341600, 0)};

	ends.ends[MINER] = (struct endpoint){address_v4(0x0a000007 + (n >> 14)),
					     (uint16_t)(40000 + (n & 0x3fff))};
	ends.ends[POOL] = (struct endpoint){address_v4(0xc6336414), 443};
	ends.next[MINER] = 1000 + n;
	ends.next[POOL] = 0xfffffff0 + n; /* goes over the top soon */
	return ends;
}

/* One packet as it is; the sequence number of its side does not move. */
static inline void send_at(struct two_ends *t, int side, uint32_t sequence,
			   uint32_t acknowledgement, uint8_t flags, struct str payload,
			   uint32_t wire_len)
{
	static const char *const interfaces[] = {"eth0", "br0", "veth1"};
	struct packet packet = {.source = t->ends[side],
				.destination = t->ends[!side],
				.protocol = PROTOCOL_TCP,
				.tcp_flags = flags,
				.sequence = sequence,
				.acknowledgement = flags & TCP_ACK ? acknowledgement : 0,
				.payload = payload,
				.payload_len = wire_len,
				.outer_count = t->is_tunnelled[side],
				.outers = {t->tunnels[side]}};

	t->watched->miner = t->ends[MINER];
	for (uint32_t i = 0; i == 0 || i < t->interfaces; i++) {
		struct origin origin = {.source = str_from(interfaces[i % 3])};
		t->interest = tracker_packet(t->watched->tracker, &packet, t->now, &origin);
		t->now.ns += 10000;
	}
	t->now.ns += 1000000;
}

static inline void two_ends_acknowledge(struct two_ends *t, int side)
{
	send_at(t, side, t->next[side], t->next[!side], TCP_ACK, (struct str){0}, 0);
}

static inline void two_ends_open(struct two_ends *t)
{
	send_at(t, MINER, t->next[MINER]++, 0, TCP_SYN, (struct str){0}, 0);
	send_at(t, POOL, t->next[POOL]++, t->next[MINER], TCP_SYN | TCP_ACK, (struct str){0}, 0);
	two_ends_acknowledge(t, MINER);
}

/* Payload in order, acknowledged at once by the other end unless it is one-sided. */
static inline void say_bytes(struct two_ends *t, int side, struct str payload)
{
	send_at(t, side, t->next[side], t->is_one_sided ? 0 : t->next[!side],
		t->is_one_sided ? TCP_PSH : TCP_ACK | TCP_PSH, payload, (uint32_t)payload.len);
	t->next[side] += (uint32_t)payload.len;
	if (!t->is_one_sided)
		two_ends_acknowledge(t, !side);
}

static inline void say(struct two_ends *t, int side, const char *text)
{
	say_bytes(t, side, str_from(text));
}

/* Payload that the capture did not get, though the other end did. */
static inline void lose(struct two_ends *t, int side, uint32_t len)
{
	t->next[side] += len;
	two_ends_acknowledge(t, !side);
}

/* Far more bytes than matter, in segments as large as they come. */
static inline void say_much(struct two_ends *t, int side, char byte, size_t bytes)
{
	static char block[16 * 1024];

	memset(block, byte, sizeof(block));
	for (size_t done = 0; done < bytes; done += sizeof(block))
		say_bytes(t, side, str_of(block, sizeof(block)));
}

#define SUBSCRIBE "{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"cgminer/4.10\"]}\n"
#define SUBSCRIBED                                                                                 \
	"{\"id\":1,\"result\":[[[\"mining.notify\",\"ae6812eb\"]],\"08000002\",4],\"error\":null}" \
	"\n"
#define AUTHORIZE                                                                                \
	"{\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"1BoatSLRHtKNngkdXEeobR76b53LET" \
	"tpyT.w\",\"x\"]}\n"
#define AUTHORIZED "{\"id\":2,\"result\":true,\"error\":null}\n"
#define SHARE                                                                          \
	"{\"id\":4,\"method\":\"mining.submit\",\"params\":[\"w\",\"j\",\"00000001\"," \
	"\"5b6c7d8e\","                                                                \
	"\"deadbeef\"]}\n"

/* How many messages of an act were told. */
static inline size_t told(const struct watched *watched, enum mining_act act)
{
	size_t found = 0;

	for (size_t i = 0; i < watched->count && i < KEPT_MOST; i++)
		found += watched->at[i].kind == OBSERVE_MINING && watched->at[i].act == act;
	return found;
}

static inline const struct kept *last_kept(const struct watched *watched)
{
	size_t count = watched->count < KEPT_MOST ? watched->count : KEPT_MOST;

	return count ? &watched->at[count - 1] : &watched->at[0];
}

static inline void watched_end(struct watched *watched)
{
	tracker_free(watched->tracker);
	watched->tracker = NULL;
}

#endif
