#include "lab/flow_crowd.h"

#include <math.h>

enum { BROADCASTS_MAX = 20000, INTERFACES_SIZE = 16 };

/* A share each 5 to 60 s, answered; jobs come by the pool's broadcast. */
#define SHARES                                                               \
	{                                                                    \
		.rhythm = RHYTHM_CHANCE, .gap = {5, 60}, .said = {150, 400}, \
		.answered = {40, 110}, .varies = 0.02                        \
	}
#define HEARD                                            \
	{                                                \
		.rhythm = RHYTHM_SHARED, .is_down = true \
	}

const struct flow_crowd_kind flow_crowds[] = {
	/* A job with each block of the chain (120 s on average) and by the pool's clock. */
	{"workers of one pool behind a CDN", .is_mining = true,
	 .shape = {.is_mining = true, .tls_percent = 100, .port = 443, .talkers = {SHARES, HEARD}},
	 .by_chance = {60, 150}, .by_clock = {30, 60}, .bytes = {200, 1500}},
	{"workers of one pool, one address", .is_mining = true, .one_server = true,
	 .shape = {.is_mining = true, .port = 3333, .talkers = {SHARES, HEARD}},
	 .by_chance = {60, 150}, .by_clock = {30, 60}, .bytes = {200, 1500}},
	{"workers of one pool, no clock", .is_mining = true,
	 .shape = {.is_mining = true, .tls_percent = 100, .port = 443, .talkers = {SHARES, HEARD}},
	 .by_chance = {20, 120}, .bytes = {200, 1500}},
	{"workers, throttled", .is_mining = true,
	 .shape = {.is_mining = true,
		   .tls_percent = 100,
		   .port = 443,
		   .talkers = {{.rhythm = RHYTHM_CHANCE,
				.gap = {120, 240},
				.said = {150, 400},
				.answered = {40, 110},
				.varies = 0.02},
			       HEARD}},
	 .by_chance = {60, 150}, .by_clock = {30, 60}, .bytes = {200, 1500}},
	/* Each message is processed and acknowledged by each. */
	{"replicas on one topic",
	 .shape = {.tls_percent = 100,
		   .port = 443,
		   .talkers = {{.rhythm = RHYTHM_SHARED, .is_down = true, .answered = {20, 90}},
			       {.rhythm = RHYTHM_CLOCK,
				.gap = {20, 60},
				.said = {10, 20},
				.answered = {10, 20}}}},
	 .by_chance = {10, 60}, .bytes = {200, 1500}},
	{"replicas that only listen",
	 .shape = {.tls_percent = 100,
		   .port = 443,
		   .talkers = {HEARD,
			       {.rhythm = RHYTHM_CLOCK,
				.gap = {20, 60},
				.said = {10, 20},
				.answered = {10, 20}}}},
	 .by_chance = {10, 60}, .bytes = {200, 1500}},
	/* Subscribers that also ask for things of their own: the hardest to tell from workers. */
	{"replicas with calls of their own",
	 .shape = {.tls_percent = 100,
		   .port = 443,
		   .talkers = {HEARD,
			       {.rhythm = RHYTHM_CHANCE,
				.gap = {5, 60},
				.said = {150, 400},
				.answered = {60, 600},
				.varies = 0.3}}},
	 .by_chance = {20, 120}, .bytes = {200, 1500}},
	{"miners of different pools", .shape = {.is_mining = true,
						.tls_percent = 100,
						.port = 443,
						.talkers = {SHARES,
							    {.rhythm = RHYTHM_CHANCE,
							     .is_down = true,
							     .gap = {20, 120},
							     .said = {200, 1500},
							     .varies = 0.1}}}},
	{"agents, each by its own clock", .shape = {.tls_percent = 100,
						    .port = 443,
						    .talkers = {{.rhythm = RHYTHM_CLOCK,
								 .gap = {30, 60},
								 .said = {400, 2500},
								 .answered = {150, 450},
								 .varies = 0.3}}}},
	{"agents, all on the minute", .on_each_s = 60,
	 .shape = {.tls_percent = 100,
		   .port = 443,
		   .talkers = {{.rhythm = RHYTHM_SHARED, .answered = {150, 450}, .varies = 0.3}}},
	 .bytes = {400, 1500}},
	{"agents, each five minutes", .on_each_s = 300,
	 .shape = {.tls_percent = 100,
		   .port = 443,
		   .talkers = {{.rhythm = RHYTHM_SHARED, .answered = {300, 2500}, .varies = 0.2},
			       {.rhythm = RHYTHM_CLOCK,
				.gap = {30, 60},
				.said = {20, 40},
				.answered = {20, 40}}}},
	 .bytes = {400, 1500}},
	/* Broadcasts thin out towards both ends of the day, each host by its own chance. */
	{"sensors, busy by day", .by_day = true,
	 .shape = {.tls_percent = 100,
		   .port = 8883,
		   .talkers = {{.rhythm = RHYTHM_SHARED, .answered = {60, 300}, .varies = 0.3}}},
	 .by_chance = {5, 30}, .bytes = {60, 350}},
	{"chat bots of different rooms", .shape = {.tls_percent = 100,
						   .port = 443,
						   .talkers = {{.rhythm = RHYTHM_CHANCE,
								.is_down = true,
								.gap = {10, 100},
								.said = {400, 2500},
								.answered = {60, 110},
								.varies = 0.5},
							       {.rhythm = RHYTHM_CLOCK,
								.is_down = true,
								.gap = {10, 45},
								.said = {10, 60},
								.answered = {10, 60}}}}},
	{0},
};

const struct flow_crowd_kind *flow_crowd_named(const char *name)
{
	for (const struct flow_crowd_kind *kind = flow_crowds; kind->name; kind++)
		if (str_equal(str_from(kind->name), str_from(name)))
			return kind;
	return NULL;
}

static double between(struct lab_random *random, struct flow_span span)
{
	return span.least + lab_random_share(random) * (span.most - span.least);
}

struct broadcasts {
	double at[BROADCASTS_MAX];
	uint16_t bytes[BROADCASTS_MAX];
	size_t count;
};

static void add(struct broadcasts *out, double at, double bytes)
{
	size_t i = out->count;

	if (out->count == BROADCASTS_MAX)
		return;
	for (out->count++; i > 0 && out->at[i - 1] > at; i--) {
		out->at[i] = out->at[i - 1];
		out->bytes[i] = out->bytes[i - 1];
	}
	out->at[i] = at;
	out->bytes[i] = (uint16_t)bytes;
}

/* How busy it is at this time: 1 at noon, nearly 0 at both ends. */
static double busy(const struct flow_crowd *crowd, double at)
{
	return crowd->kind->by_day ? 0.1 + 0.9 * sin(M_PI * at / crowd->seconds) : 1;
}

static void draw_broadcasts(const struct flow_crowd *crowd, struct lab_random *random,
			    struct broadcasts *out)
{
	const struct flow_crowd_kind *kind = crowd->kind;
	double gap = between(random, kind->by_chance), clock = between(random, kind->by_clock);
	double bytes = between(random, kind->bytes);

	out->count = 0;
	for (double at = 0; gap > 0 && at < crowd->seconds;) {
		at += -log(lab_random_share(random)) * gap;
		if (lab_random_share(random) < busy(crowd, at))
			add(out, at, bytes * (0.9 + 0.2 * lab_random_share(random)));
	}
	for (double at = clock * lab_random_share(random); clock > 0 && at < crowd->seconds;
	     at += clock * (0.97 + 0.06 * lab_random_share(random)))
		add(out, at, bytes * (0.9 + 0.2 * lab_random_share(random)));
	int64_t start_s = crowd->start.ns / 1000000000;
	for (uint32_t at = 0; kind->on_each_s > 0 && at < crowd->seconds; at++)
		if ((start_s + at) % kind->on_each_s == 0)
			add(out, at, bytes * (0.6 + 0.8 * lab_random_share(random)));
}

void flow_crowd_rows(const struct flow_crowd *crowd, struct flow_rows_taker *taker)
{
	static const char *const interfaces[INTERFACES_SIZE] = {
		"eni-00", "eni-01", "eni-02", "eni-03", "eni-04", "eni-05", "eni-06", "eni-07",
		"eni-08", "eni-09", "eni-10", "eni-11", "eni-12", "eni-13", "eni-14", "eni-15"};
	struct lab_random seeding = {~crowd->seed}, random = {lab_random_next(&seeding)};
	struct broadcasts broadcasts;

	draw_broadcasts(crowd, &random, &broadcasts);
	for (unsigned i = 0; i < crowd->count; i++) {
		/* What comes by day or by cron has one clock, but each its own sizes and times. */
		if (crowd->kind->by_day || crowd->kind->on_each_s)
			draw_broadcasts(crowd, &random, &broadcasts);
		uint32_t number = (uint32_t)(crowd->seed % 100) * 256 + i;
		struct flow_traffic traffic = {
			.shape = &crowd->kind->shape,
			.seed = crowd->seed * 1009 + i,
			.start = crowd->start,
			/* interfaces have their windows at seconds of their own */
			.phase_s = lab_random_below(&random, crowd->window_s),
			.seconds = crowd->seconds,
			.window_s = crowd->window_s,
			.has_whole_windows = crowd->has_whole_windows,
			.shared = broadcasts.at,
			.shared_bytes = broadcasts.bytes,
			.shared_count = broadcasts.count,
			.local = {address_v4(0x0a010000u + number), 40000},
			.remote = {address_v4(0xc6336400u + (crowd->kind->one_server ? 7 : i)),
				   crowd->kind->shape.port},
			.account = STR("111122223333"),
			.interface = str_from(interfaces[i % INTERFACES_SIZE]),
			.network = STR("vpc-1"),
		};
		flow_traffic_rows(&traffic, taker);
	}
}
