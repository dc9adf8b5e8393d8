#include "lab/flow_traffic.h"

#include <math.h>
#include <string.h>

enum {
	HEADERS = 52, /* IPv4 and TCP with timestamps: what a bare acknowledgement weighs */
	HEADERS_UDP = 28,
	SEGMENT = 1448,
	TLS_AROUND =
		29, /* record header, nonce or type byte, tag: RFC 5246 and 8446 with AES-GCM */
	HELLO_UP = 600,
	HELLO_DOWN = 4200, /* TLS set-up, with a chain of certificates */
	WINDOWS_MAX = 2048,
	TALK_BURST = 12,
	TALK_PAUSE = 30,
};

struct window {
	uint64_t bytes, packets;
	double first, last;
	bool is_used;
};

struct running {
	const struct flow_traffic *traffic;
	struct lab_random random;
	unsigned around; /* bytes around each message */
	unsigned headers;
	struct window windows[2][WINDOWS_MAX]; /* up, down */
};

static double draw(struct lab_random *random, struct flow_span span)
{
	if (span.least <= 0 || span.most <= span.least)
		return span.most > span.least
			       ? span.least + lab_random_share(random) * (span.most - span.least)
			       : span.least;
	return span.least * pow(span.most / span.least, lab_random_share(random));
}

static void add_packets(struct running *run, bool is_down, double at, unsigned packets,
			double bytes)
{
	double index = (at + run->traffic->phase_s) / run->traffic->window_s;

	if (at < 0 || at >= run->traffic->seconds || index >= WINDOWS_MAX)
		return;
	struct window *window = &run->windows[is_down][(unsigned)index];
	if (!window->is_used || at < window->first)
		window->first = at;
	if (!window->is_used || at > window->last)
		window->last = at;
	window->is_used = true;
	window->packets += packets;
	window->bytes += (uint64_t)bytes;
}

/* One message in segments; each second one is acknowledged, the last by the answer if any. */
static void add_message(struct running *run, bool is_down, double at, double payload,
			bool is_answered)
{
	payload += run->around;
	unsigned segments = (unsigned)(payload / SEGMENT) + 1;
	unsigned acknowledged = run->traffic->shape->is_udp ? 0
				: is_answered		    ? segments / 2
							    : (segments + 1) / 2;

	add_packets(run, is_down, at, segments, payload + segments * (double)run->headers);
	if (acknowledged > 0)
		add_packets(run, !is_down, at + 0.03, acknowledged, acknowledged * (double)HEADERS);
}

struct talking {
	const struct flow_talker *talker;
	double gap, said, answered, at;
	unsigned left; /* of a burst */
	size_t next;   /* of the shared times */
};

static double varied(struct running *run, double bytes, double by)
{
	return bytes * (1 + by * (2 * lab_random_share(&run->random) - 1));
}

static void next_time(struct running *run, struct talking *talk)
{
	switch (talk->talker->rhythm) {
	case RHYTHM_CLOCK:
		talk->at += talk->gap * (0.95 + 0.1 * lab_random_share(&run->random));
		return;
	case RHYTHM_TALK:
		if (talk->left == 0) {
			talk->left = 1 + lab_random_below(&run->random, TALK_BURST);
			talk->at += -log(lab_random_share(&run->random)) * talk->gap * TALK_PAUSE;
			return;
		}
		talk->left--;
		talk->at += -log(lab_random_share(&run->random)) * talk->gap;
		return;
	case RHYTHM_SHARED:
		if (run->traffic->shared) {
			talk->at = talk->next < run->traffic->shared_count
					   ? run->traffic->shared[talk->next++] +
						     0.5 * lab_random_share(&run->random)
					   : INFINITY;
			return;
		} /* fall through */
	case RHYTHM_CHANCE:
	default:
		talk->at += -log(lab_random_share(&run->random)) * talk->gap;
	}
}

static void add_talk(struct running *run, const struct flow_talker *talker)
{
	struct talking talk = {.talker = talker,
			       .gap = draw(&run->random, talker->gap),
			       .said = draw(&run->random, talker->said),
			       .answered = draw(&run->random, talker->answered)};

	talk.at = talker->rhythm == RHYTHM_SHARED ? 0 : talk.gap * lab_random_share(&run->random);
	for (next_time(run, &talk); talk.at < run->traffic->seconds; next_time(run, &talk)) {
		bool is_told = talker->rhythm == RHYTHM_SHARED && run->traffic->shared &&
			       run->traffic->shared_bytes;
		double said = is_told ? run->traffic->shared_bytes[talk.next - 1]
				      : varied(run, talk.said, talker->varies);
		add_message(run, talker->is_down, talk.at, said, talk.answered > 0);
		if (talk.answered > 0)
			add_message(run, !talker->is_down, talk.at + 0.05,
				    varied(run, talk.answered, talker->varies / 2), false);
	}
}

/* A pool begins with easy work and finds its pace within minutes: shares come fast at first. */
static void add_ramp(struct running *run, const struct flow_talker *talker)
{
	enum { RAMP_S = 300 };
	double said = draw(&run->random, talker->said);

	for (double at = 1; at < RAMP_S; at += 2 + at / 20) {
		add_message(run, false, at, said, true);
		add_message(run, true, at + 0.05, 60, false);
	}
}

static struct record record_of(const struct flow_traffic *traffic, const struct window *window,
			       bool is_down, unsigned index)
{
	double from = window->first, to = window->last;

	if (traffic->has_whole_windows) {
		from = (double)index * traffic->window_s - traffic->phase_s;
		to = from + traffic->window_s;
	}
	instant start = instant_add(traffic->start, (duration){(int64_t)(from * 1e9)});
	instant end = instant_add(traffic->start, (duration){(int64_t)(to * 1e9)});
	bool is_opener = traffic->shape->is_opened_outside == is_down;

	return (struct record){
		.kind = RECORD_FLOW,
		.time = end,
		.flow =
			{
				.provider = PROVIDER_AWS,
				.account = traffic->account,
				.interface = traffic->interface,
				.instance = traffic->instance,
				.network = traffic->network,
				.source = is_down ? traffic->remote : traffic->local,
				.destination = is_down ? traffic->local : traffic->remote,
				.protocol = traffic->shape->is_udp ? 17 : 6,
				.packets = window->packets,
				.bytes = window->bytes,
				.tcp_flags = !traffic->has_tcp_flags || index > 0 ? 0
					     : is_opener			  ? 2
										  : 18,
				.start = start,
				.end = end,
				.action = FLOW_ACCEPTED,
			},
	};
}

static void hand_over(struct running *run, unsigned index, struct flow_rows_taker *taker)
{
	const struct flow_traffic *traffic = run->traffic;
	struct window *up = &run->windows[0][index], *down = &run->windows[1][index];

	if (traffic->is_two_way && (up->is_used || down->is_used)) {
		struct record both = record_of(traffic, up->is_used ? up : down, false, index);
		both.flow.packets = up->packets;
		both.flow.bytes = up->bytes;
		both.flow.has_back = true;
		both.flow.packets_back = down->packets;
		both.flow.bytes_back = down->bytes;
		both.flow.start = both.flow.end = both.time = instant_add(
			traffic->start,
			DURATION_S((int64_t)(index + 1) * traffic->window_s - traffic->phase_s));
		both.flow.provider = PROVIDER_AZURE;
		both.flow.state = index > 0 ? FLOW_CONTINUES : FLOW_BEGINS;
		taker->take(taker, &both);
		return;
	}
	for (int is_down = 0; is_down < 2 && !traffic->is_two_way; is_down++) {
		if (!run->windows[is_down][index].is_used)
			continue;
		struct record row =
			record_of(traffic, &run->windows[is_down][index], is_down, index);
		taker->take(taker, &row);
	}
}

void flow_traffic_rows(const struct flow_traffic *traffic, struct flow_rows_taker *taker)
{
	struct lab_random seeding = {traffic->seed};
	/* Through the generator once: neighbouring seeds would give one sequence, a step apart. */
	struct running run = {.traffic = traffic, .random = {lab_random_next(&seeding)}};
	const struct flow_shape *shape = traffic->shape;

	run.headers = shape->is_udp ? HEADERS_UDP : HEADERS;
	if (lab_random_share(&run.random) * 100 < shape->tls_percent) {
		run.around = TLS_AROUND;
		add_message(&run, false, 0.1, HELLO_UP, true);
		add_message(&run, true, 0.2, HELLO_DOWN, false);
	}
	for (unsigned i = 0; i < FLOW_TALKERS_MAX && shape->talkers[i].rhythm; i++)
		add_talk(&run, &shape->talkers[i]);
	if (shape->is_mining)
		add_ramp(&run, &shape->talkers[0]);
	unsigned windows = (traffic->seconds + traffic->phase_s) / traffic->window_s;
	for (unsigned i = 0; i <= windows && i < WINDOWS_MAX; i++)
		if (!lab_random_chance(&run.random, traffic->lost_percent))
			hand_over(&run, i, taker);
}
