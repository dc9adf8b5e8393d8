#include "lab/flow_traffic.h"

/*
 * Who says how much how often. Payload bytes, without TLS and headers. Ranges are wide on purpose:
 * a detector that only knows one setting of a program knows nothing.
 */
#define UP(rhythm_, gap_least, gap_most, said_least, said_most, answer_least, answer_most, \
	   varies_)                                                                        \
	{                                                                                  \
		.rhythm = RHYTHM_##rhythm_, .gap = {gap_least, gap_most},                  \
		.said = {said_least, said_most}, .answered = {answer_least, answer_most},  \
		.varies = (varies_)                                                        \
	}
#define DOWN(rhythm_, gap_least, gap_most, said_least, said_most, answer_least, answer_most, \
	     varies_)                                                                        \
	{                                                                                    \
		.rhythm = RHYTHM_##rhythm_, .is_down = true, .gap = {gap_least, gap_most},   \
		.said = {said_least, said_most}, .answered = {answer_least, answer_most},    \
		.varies = (varies_)                                                          \
	}

const struct flow_shape flow_shapes[] = {
	/*
	 * Mining. A share each 5 to 60 s (pools aim at 4 to 20 a minute for small miners) of 150 to
	 * 400 bytes, answered in 40 to 110; a job of 200 to 1500 bytes each 10 to 120 s, by the
	 * chain's chance (Monero's blocks: 120 s on average) and by the pool's clock (30 to 60 s);
	 * some programs send keepalived each minute. Sizes are those of the messages src/lab
	 * speaks.
	 */
	{"stratum", true, .port = 3333,
	 .talkers = {UP(CHANCE, 5, 60, 150, 400, 40, 110, 0.02),
		     DOWN(CHANCE, 20, 120, 200, 1500, 0, 0, 0.1),
		     DOWN(CLOCK, 25, 120, 200, 1500, 0, 0, 0.1)}},
	{"stratum over TLS", true, .tls_percent = 100, .port = 443,
	 .talkers = {UP(CHANCE, 5, 60, 150, 400, 40, 110, 0.02),
		     DOWN(CHANCE, 10, 120, 200, 1500, 0, 0, 0.1),
		     UP(CLOCK, 60, 60, 60, 90, 60, 90, 0)}},
	/* A processor held to a few per cent, at a pool whose least difficulty is not low enough.
	 */
	{"stratum, throttled", true, .tls_percent = 50, .port = 8443,
	 .talkers = {UP(CHANCE, 120, 240, 150, 400, 40, 110, 0.02),
		     DOWN(CHANCE, 20, 120, 200, 1500, 0, 0, 0.1)}},
	/* Fifty workers behind one upstream connection, difficulty not raised for them. */
	{"stratum, proxy of 50", true, .tls_percent = 50, .port = 443,
	 .talkers = {UP(CHANCE, 1.2, 6, 150, 400, 40, 110, 0.02),
		     DOWN(CHANCE, 10, 120, 200, 1500, 0, 0, 0.1)}},
	/* Each message filled up to any size. */
	{"stratum, padded", true, .tls_percent = 100, .port = 443,
	 .talkers = {UP(CHANCE, 5, 60, 300, 900, 300, 900, 0.5),
		     DOWN(CHANCE, 10, 120, 300, 1400, 0, 0, 0.3)}},

	/* MQTT 3.1.1: PUBLISH of a sensor, PUBACK 4 bytes, PINGREQ 2; keep-alive 60 s by default.
	 */
	{"mqtt, sensors by the clock", .tls_percent = 60, .port = 8883,
	 .talkers = {UP(CLOCK, 5, 60, 60, 350, 4, 4, 0.05), UP(CLOCK, 60, 60, 2, 2, 2, 2, 0)}},
	{"mqtt, sensors by event", .tls_percent = 60, .port = 8883,
	 .talkers = {UP(CHANCE, 5, 60, 60, 350, 4, 4, 0.2), UP(CLOCK, 60, 60, 2, 2, 2, 2, 0)}},
	{"mqtt, keep-alive alone", .tls_percent = 60, .port = 8883,
	 .talkers = {UP(CLOCK, 15, 60, 2, 2, 2, 2, 0)}},
	/* A page that is told each change; ping frames each 20 to 30 s by most servers' defaults.
	 */
	{"websocket dashboard", .tls_percent = 90, .port = 443,
	 .talkers = {DOWN(CLOCK, 1, 15, 150, 2500, 0, 0, 0.3),
		     DOWN(CLOCK, 20, 30, 2, 6, 6, 10, 0)}},
	{"websocket dashboard by event", .tls_percent = 90, .port = 443,
	 .talkers = {DOWN(CHANCE, 2, 30, 150, 2500, 0, 0, 0.5),
		     DOWN(CLOCK, 20, 30, 2, 6, 6, 10, 0)}},
	/* ServerAliveInterval 15 to 60; now and then somebody types. */
	{"ssh, idle", .port = 22, .talkers = {UP(CLOCK, 15, 60, 36, 52, 28, 36, 0)}},
	{"ssh, somebody types", .port = 22,
	 .talkers = {UP(TALK, 0.3, 3, 36, 52, 36, 400, 0.5), UP(CLOCK, 15, 60, 36, 52, 28, 36, 0)}},
	/* heartbeat.interval.ms 3000, fetch.max.wait.ms 500; NATS pings each 2 min. */
	{"kafka consumer, quiet topic", .tls_percent = 50, .port = 9092,
	 .talkers = {UP(CLOCK, 3, 3, 60, 110, 16, 30, 0),
		     UP(CLOCK, 0.5, 10, 70, 120, 20, 60, 0.05)}},
	{"nats subscriber", .tls_percent = 50, .port = 4222,
	 .talkers = {DOWN(CHANCE, 5, 120, 100, 1200, 0, 0, 0.5), UP(CLOCK, 120, 120, 6, 6, 6, 6, 0),
		     DOWN(CLOCK, 120, 120, 6, 6, 6, 6, 0)}},
	{"nats requests", .tls_percent = 50, .port = 4222,
	 .talkers = {UP(CHANCE, 5, 60, 100, 600, 100, 900, 0.5),
		     UP(CLOCK, 120, 120, 6, 6, 6, 6, 0)}},
	/* A pool's keep-alive query each 30 to 120 s, and bursts of real ones. */
	{"postgres pool", .tls_percent = 60, .port = 5432,
	 .talkers = {UP(CLOCK, 30, 120, 15, 40, 60, 90, 0),
		     UP(TALK, 0.2, 5, 60, 600, 100, 3000, 0.8)}},
	/* PersistentKeepalive 25: an empty message of 32 bytes; new keys each 120 s. */
	{"wireguard keep-alive", .is_udp = true, .port = 51820,
	 .talkers = {UP(CLOCK, 25, 25, 32, 32, 0, 0, 0), UP(CLOCK, 120, 120, 148, 148, 92, 92, 0),
		     DOWN(CLOCK, 25, 25, 32, 32, 0, 0, 0)}},
	/* keepalive 10 60 */
	{"openvpn keep-alive", .is_udp = true, .port = 1194,
	 .talkers = {UP(CLOCK, 10, 10, 40, 60, 0, 0, 0), DOWN(CLOCK, 10, 10, 40, 60, 0, 0, 0)}},
	/* Scrapes each 15 to 60 s of an exporter with some dozens of series. */
	{"prometheus, scraped from outside", .is_opened_outside = true, .port = 9100,
	 .talkers = {DOWN(CLOCK, 15, 60, 200, 350, 1500, 9000, 0.02)}},
	{"prometheus, scrapes outside", .port = 9100,
	 .talkers = {UP(CLOCK, 15, 60, 200, 350, 1500, 9000, 0.02)}},
	/* Remote write: queue_config's deadline of 5 s, snappy-compressed batches, HTTP headers. */
	{"prometheus remote write", .tls_percent = 100, .port = 443,
	 .talkers = {UP(CLOCK, 5, 60, 800, 5000, 80, 300, 0.2)}},
	/* minpoll 6 to maxpoll 10: 64 to 1024 s; 48 bytes each way. */
	{"ntp", .is_udp = true, .port = 123, .talkers = {UP(CLOCK, 64, 1024, 48, 48, 48, 48, 0)}},
	{"chrony, burst", .is_udp = true, .port = 123,
	 .talkers = {UP(CLOCK, 16, 64, 48, 48, 48, 48, 0)}},
	/* One connection per device or server: pings each 4 to 28 min, pushes when they come. */
	{"apns or fcm", .tls_percent = 100, .port = 5223,
	 .talkers = {UP(CLOCK, 240, 1680, 20, 60, 20, 60, 0),
		     DOWN(CHANCE, 120, 1800, 200, 2000, 30, 60, 0.5)}},
	/* Space or XEP-0199 ping each 60 s, presence of a roster's contacts. */
	{"xmpp presence", .tls_percent = 100, .port = 5222,
	 .talkers = {UP(CLOCK, 60, 60, 1, 90, 1, 90, 0), DOWN(CHANCE, 20, 300, 150, 600, 0, 0, 0.4),
		     UP(CHANCE, 120, 900, 100, 500, 0, 0, 0.4)}},
	{"redis pub/sub", .tls_percent = 30, .port = 6379,
	 .talkers = {DOWN(CHANCE, 2, 60, 60, 900, 0, 0, 0.4), UP(CLOCK, 30, 60, 14, 14, 7, 7, 0)}},
	/* force_flush_interval 60 s for metrics, 5 s for logs that are there; PutMetricData. */
	{"cloudwatch agent, metrics", .tls_percent = 100, .port = 443,
	 .talkers = {UP(CLOCK, 60, 60, 1200, 6000, 300, 500, 0.1)}},
	{"cloudwatch agent, logs", .tls_percent = 100, .port = 443,
	 .talkers = {UP(CHANCE, 5, 60, 600, 3000, 250, 450, 0.6)}},
	/* A long poll of some 20 s, health each 5 min, the channel's pings. */
	{"ssm agent, messages", .tls_percent = 100, .port = 443,
	 .talkers = {UP(CLOCK, 20, 21, 700, 1100, 250, 450, 0.02),
		     UP(CLOCK, 300, 300, 900, 1500, 250, 450, 0.05)}},
	{"ssm agent, channel", .tls_percent = 100, .port = 443,
	 .talkers = {UP(CLOCK, 60, 300, 6, 20, 6, 20, 0),
		     DOWN(CHANCE, 1200, 7200, 300, 1500, 200, 800, 0.5)}},
	/* Agents of other makers: flush each 10 to 15 s, compressed, size by what there is. */
	{"metrics agent, each 15 s", .tls_percent = 100, .port = 443,
	 .talkers = {UP(CLOCK, 10, 15, 400, 2500, 150, 350, 0.3)}},
	/* Events when people write, each acknowledged with its id; pings each 10 to 45 s. */
	{"chat bot", .tls_percent = 100, .port = 443,
	 .talkers = {DOWN(CHANCE, 15, 300, 400, 2500, 60, 110, 0.5),
		     DOWN(CLOCK, 10, 45, 10, 60, 10, 60, 0)}},
	{"chat bot, people talk", .tls_percent = 100, .port = 443,
	 .talkers = {DOWN(TALK, 2, 15, 400, 2500, 60, 110, 0.5),
		     DOWN(CLOCK, 10, 45, 10, 60, 10, 60, 0)}},
	/* HTTP/2 or gRPC: keepalive_time 10 to 60 s, calls when users come. */
	{"grpc calls", .tls_percent = 100, .port = 443,
	 .talkers = {UP(CHANCE, 5, 120, 100, 800, 60, 1200, 0.6),
		     UP(CLOCK, 10, 60, 17, 17, 17, 17, 0)}},
	{0},
};

const struct flow_shape *flow_shape_named(const char *name)
{
	for (const struct flow_shape *shape = flow_shapes; shape->name; shape++)
		if (str_equal(str_from(shape->name), str_from(name)))
			return shape;
	return NULL;
}
