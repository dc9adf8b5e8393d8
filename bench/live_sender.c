/*
 * Plays the traffic of a busy link into an interface for so long: whole flows one after the other,
 * each with addresses of its own, and flows that begin and are never answered, as many of them as
 * it takes to keep the rates.
 *
 *     live_sender INTERFACE SECONDS PACKETS_PER_S FLOWS_PER_S
 *
 * The frames lie ready in memory; of each only the addresses are changed before it goes out. Time
 * is played by the millisecond: what is due in one goes out at once, so the traffic is as bursty
 * as its flows are. Held up, it catches up at CATCH_UP times the rate, and what is more than
 * BEHIND_MOST_MS late is not made up for. Prints one line of JSON; ends early on SIGTERM.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "bench/traffic.h"
#include "lab/random.h"

enum {
	SLOTS = 4096, /* milliseconds ahead; a power of two, more than GAP_MOST_MS */
	GAP_MOST_MS = 2000,
	PLAYING_MOST = 1 << 18,
	BATCH = 64,
	FRAME_MAX = 1514,
	CATCH_UP = 3,
	BEHIND_MOST_MS = 300,
	WARM_MS = 5000, /* until as many flows end as begin */
};

/* A flow under way. */
struct playing {
	uint32_t next;	/* in the same slot, + 1 */
	uint32_t frame; /* + 1 */
	uint32_t left;	/* frames to play; the rest is never sent */
	uint16_t shift;
	uint16_t rest_us; /* of the millisecond */
};

struct batch {
	int socket;
	unsigned count;
	struct mmsghdr messages[BATCH];
	struct iovec pieces[BATCH];
	uint8_t frames[BATCH][FRAME_MAX];
};

struct counts {
	uint64_t packets, bytes, flows, unanswered, refused, left_out, late_ms;
};

struct sender {
	struct traffic traffic;
	uint32_t *order; /* of the flows */
	struct playing *pool;
	uint32_t free; /* + 1 */
	uint32_t slots[SLOTS];
	uint64_t flow_number, planned; /* flows begun, and the packets they come to */
	double packets_per_flow, flows_per_ms, flows_due;
	struct lab_random random;
	struct batch batch;
	struct counts counts;
	uint64_t warm_packets; /* sent when it was warm, and when that was */
	int64_t began_us, warm_us, ended_us;
};

static volatile sig_atomic_t is_asked_to_end;

static void on_signal(int number)
{
	(void)number;
	is_asked_to_end = 1;
}

static void send_batch(struct sender *s)
{
	struct batch *b = &s->batch;

	for (unsigned sent = 0; sent < b->count;) {
		int done = sendmmsg(b->socket, b->messages + sent, b->count - sent, 0);
		if (done > 0) {
			sent += (unsigned)done;
		} else if (errno != EINTR) {
			s->counts.refused++; /* the one in front */
			sent++;
		}
	}
	b->count = 0;
}

static void send_frame(struct sender *s, const struct traffic_frame *frame, uint16_t shift)
{
	struct batch *b = &s->batch;

	memcpy(b->frames[b->count], s->traffic.bytes.at + frame->offset, frame->len);
	traffic_shift(b->frames[b->count], shift);
	b->pieces[b->count].iov_len = frame->len;
	s->counts.packets++;
	s->counts.bytes += frame->len;
	if (++b->count == BATCH)
		send_batch(s);
}

static uint64_t gap_us(const struct traffic *traffic, const struct traffic_frame *frame)
{
	int64_t gap = traffic->frames[frame->next - 1].at_ns - frame->at_ns;

	if (gap > DURATION_MS(GAP_MOST_MS).ns)
		gap = DURATION_MS(GAP_MOST_MS).ns;
	return gap > 0 ? (uint64_t)gap / 1000 : 0;
}

/* Plays a flow on from this millisecond; puts it into the slot of its next frame, or ends it. */
static void play(struct sender *s, uint32_t index, uint32_t slot)
{
	struct playing *p = &s->pool[index - 1];

	for (;;) {
		const struct traffic_frame *frame = &s->traffic.frames[p->frame - 1];
		send_frame(s, frame, p->shift);
		p->frame = frame->next;
		if (--p->left == 0 || p->frame == 0)
			break;
		uint64_t wait = p->rest_us + gap_us(&s->traffic, frame);
		p->rest_us = (uint16_t)(wait % 1000);
		if (wait < 1000)
			continue;
		slot = (slot + (uint32_t)(wait / 1000)) % SLOTS;
		p->next = s->slots[slot];
		s->slots[slot] = index;
		return;
	}
	p->next = s->free;
	s->free = index;
}

static void begin_flow(struct sender *s, uint32_t slot)
{
	uint64_t n = s->flow_number++, count = s->traffic.flow_count;
	const struct traffic_flow *flow = &s->traffic.flows[s->order[n % count]];
	/* So many are whole that the packets come to what was asked for. */
	bool is_whole = (double)s->planned <= s->packets_per_flow * (double)n;
	uint32_t index = s->free;

	s->planned += is_whole ? flow->frames : 1;
	s->counts.flows++;
	s->counts.unanswered += !is_whole;
	if (index == 0) {
		s->counts.left_out++;
		return;
	}
	struct playing *p = &s->pool[index - 1];
	s->free = p->next;
	*p = (struct playing){.frame = flow->first,
			      .left = is_whole ? flow->frames : 1,
			      .shift = (uint16_t)(n / count)};
	play(s, index, slot);
}

static void play_millisecond(struct sender *s, uint32_t slot)
{
	uint32_t due = s->slots[slot];

	s->slots[slot] = 0;
	while (due) {
		uint32_t next = s->pool[due - 1].next;
		play(s, due, slot);
		due = next;
	}
	/* By chance from none to twice as many, as calls come in. */
	s->flows_due += s->flows_per_ms * 2 * lab_random_below(&s->random, 1001) / 1000;
	for (; s->flows_due >= 1; s->flows_due--)
		begin_flow(s, slot);
	send_batch(s);
}

static int64_t clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Ends by the clock, also when there is more to play. */
static void play_for(struct sender *s, int64_t seconds)
{
	int64_t begin = clock_us(), end = begin + seconds * 1000000, played = 0, now;

	s->began_us = begin;
	while (!is_asked_to_end && (now = clock_us()) < end) {
		if (!s->warm_us && now - s->began_us >= WARM_MS * 1000) {
			s->warm_us = now;
			s->warm_packets = s->counts.packets;
		}
		int64_t behind = (now - begin) / 1000 - played;
		if (behind > BEHIND_MOST_MS) {
			s->counts.late_ms += (uint64_t)(behind - BEHIND_MOST_MS);
			begin += (behind - BEHIND_MOST_MS) * 1000;
		}
		for (int i = 0; i < CATCH_UP && behind > 0; i++, behind--, played++)
			play_millisecond(s, (uint32_t)(played % SLOTS));
		int64_t next = begin + (played + 1) * 1000;
		now = clock_us();
		int64_t wait = next > now ? next - now : behind > 0 ? 1000 : 0;
		nanosleep(&(struct timespec){0, wait * 1000}, NULL);
	}
	s->ended_us = clock_us();
}

static void shuffle(struct sender *s)
{
	for (uint32_t i = 0; i < s->traffic.flow_count; i++)
		s->order[i] = i;
	for (uint32_t i = (uint32_t)s->traffic.flow_count; i > 1; i--) {
		uint32_t other = lab_random_below(&s->random, i), kept = s->order[i - 1];
		s->order[i - 1] = s->order[other];
		s->order[other] = kept;
	}
}

static int open_socket(struct batch *batch, const char *interface)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET,
				      .sll_protocol = 0, /* hears nothing */
				      .sll_ifindex = (int)if_nametoindex(interface)};
	int yes = 1;

	batch->socket = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (batch->socket < 0 || address.sll_ifindex == 0 ||
	    bind(batch->socket, (struct sockaddr *)&address, sizeof(address)) ||
	    setsockopt(batch->socket, SOL_PACKET, PACKET_QDISC_BYPASS, &yes, sizeof(yes)))
		return -errno;
	for (unsigned i = 0; i < BATCH; i++) {
		batch->pieces[i].iov_base = batch->frames[i];
		batch->messages[i].msg_hdr =
			(struct msghdr){.msg_iov = &batch->pieces[i], .msg_iovlen = 1};
	}
	return 0;
}

static int set_up(struct sender *s, const char *interface, uint64_t packets, uint64_t flows)
{
	int r = traffic_live(&s->traffic);

	s->random = (struct lab_random){.state = 2018};
	s->order = calloc(s->traffic.flow_count, sizeof(*s->order));
	s->pool = calloc(PLAYING_MOST, sizeof(*s->pool));
	if (r == 0 && (!s->order || !s->pool))
		r = -ENOMEM;
	if (r < 0)
		return r;
	for (uint32_t i = PLAYING_MOST; i-- > 0;) {
		s->pool[i].next = s->free;
		s->free = i + 1;
	}
	shuffle(s);
	s->packets_per_flow = (double)packets / (double)flows;
	s->flows_per_ms = (double)flows / 1000;
	return open_socket(&s->batch, interface);
}

static void print_counts(const struct sender *s)
{
	const struct counts *c = &s->counts;
	double seconds = (double)(s->ended_us - s->began_us) / 1e6;
	double warm = s->warm_us ? (double)(s->ended_us - s->warm_us) / 1e6 : 0;
	double steady = warm > 0 ? (double)(c->packets - s->warm_packets) / warm : 0;

	printf("{\"seconds\":%.3f,\"steady_per_s\":%.0f,\"packets\":%" PRIu64 ",\"bytes\":%" PRIu64
	       ",\"flows\":%" PRIu64 ",\"unanswered\":%" PRIu64 ",\"refused\":%" PRIu64
	       ",\"left_out\":%" PRIu64 ",\"late_ms\":%" PRIu64 ",\"distinct\":%zu}\n",
	       seconds, steady, c->packets, c->bytes, c->flows, c->unanswered, c->refused,
	       c->left_out, c->late_ms, s->traffic.flow_count);
}

int main(int argc, char **argv)
{
	static struct sender sender;
	uint64_t seconds, packets, flows;

	if (argc != 5 || !str_to_u64(str_from(argv[2]), &seconds) ||
	    !str_to_u64(str_from(argv[3]), &packets) || !str_to_u64(str_from(argv[4]), &flows) ||
	    flows == 0 || seconds > 86400) {
		fputs("usage: live_sender INTERFACE SECONDS PACKETS_PER_S FLOWS_PER_S\n", stderr);
		return 2;
	}
	int r = set_up(&sender, argv[1], packets, flows);
	if (r < 0) {
		fprintf(stderr, "live_sender: %s: %s\n", argv[1], strerror(-r));
		return 2;
	}
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	play_for(&sender, (int64_t)seconds);
	print_counts(&sender);
	close(sender.batch.socket);
	free(sender.order);
	free(sender.pool);
	traffic_fini(&sender.traffic);
	return 0;
}
