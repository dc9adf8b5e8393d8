/*
 * What an attacker may send to drown a miner: while a mining session goes on, millions of half-open
 * connections, connections that never end, segments of one byte, segments out of order, and
 * conversations in JSON. The session must be found whole, and memory must stay below its ceiling.
 *
 * DAVY_FLOOD=N makes the floods N times as long (scripts/soak).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "lab/packets.h"
#include "lab/random.h"
#include "programs/sensor.h"

enum {
	MEMORY = 64 << 20,
	SHARES = 12,
	HALF_OPEN = 2000000,
	ENDLESS = 300000,
	TRICKLES = 3000,
	TRICKLE_LEN = 150,
	CHATTERS = 150000,
	HEADERS = 54,
	PAYLOAD_MAX = 1400,
	HANDSHAKE = 3, /* frames of the session */
#ifdef __SANITIZE_ADDRESS__
	GROWTH_MAX = 4 * MEMORY, /* with the shadow and the quarantine of the sanitizer */
#else
	GROWTH_MAX = MEMORY + (MEMORY >> 3), /* and what malloc loses */
#endif
};

struct listener {
	struct finding_sink sink;
	uint64_t findings, mining, accepted;
};

/* A sensor with a mining session, of which `sent` frames have passed. */
struct watch {
	struct sensor *sensor;
	struct listener listener;
	struct lab_packets session;
	size_t sent;
	struct lab_random random;
	size_t resident; /* before */
	instant now;
};

static void take(struct finding_sink *sink, const struct finding *finding)
{
	struct listener *listener = (struct listener *)sink;

	listener->findings++;
	if (finding->verdict != VERDICT_MINING)
		return;
	listener->mining++;
	listener->accepted = facts_number(&finding->facts, STR("accepted"));
}

static size_t resident_bytes(void)
{
	unsigned long total, resident = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%lu %lu", &total, &resident), 2);
	fclose(file);
	return resident * (size_t)sysconf(_SC_PAGESIZE);
}

static uint32_t times(uint32_t count)
{
	const char *factor = getenv("DAVY_FLOOD");
	uint64_t by = 1;

	if (factor && !str_to_u64(str_from(factor), &by))
		fail_msg("DAVY_FLOOD=%s is no number", factor);
	return (uint32_t)(count * by);
}

static void watch_begin(struct watch *w)
{
	struct lab_session session = {.actor = {.seed = 11,
						.dialect = lab_dialect_find(STR("cryptonote")),
						.shares = SHARES},
				      .begins = instant_at(1795341600, 0)};
	struct lab_packet_settings settings = {.seed = 11,
					       .client = {address_v4(0x0a000007), 40001},
					       .server = {address_v4(0xc6336414), 8443}};
	struct lab_transcript transcript = {0};
	struct lab_outcome outcome;
	struct error why;

	*w = (struct watch){.listener.sink.take = take, .random = {5}};
	assert_int_equal(lab_session_play(&session, &transcript, &outcome, &why), 0);
	assert_int_equal(outcome.accepted, SHARES);
	assert_int_equal(lab_packets_make(&transcript, &settings, &w->session), 0);
	lab_transcript_fini(&transcript);
	w->now = w->session.frames[0].at;
	w->resident = resident_bytes();
	struct sensor_settings sensor = {.memory_bytes = MEMORY, .sink = &w->listener.sink};
	assert_int_equal(sensor_new(&sensor, &w->sensor), 0);
}

/* The session goes on up to this frame. */
static void mine_until(struct watch *w, size_t frame)
{
	assert_true(frame <= w->session.count);
	for (; w->sent < frame; w->sent++) {
		w->now = w->session.frames[w->sent].at;
		sensor_frames(w->sensor, &w->session.frames[w->sent], 1, STR("miner"), NULL);
	}
	sensor_tick(w->sensor, w->now);
}

struct segment {
	uint32_t client, server; /* IPv4 */
	uint16_t client_port, server_port;
	bool from_server;
	uint8_t flags;
	uint32_t sequence, acknowledgement;
	struct str payload;
};

static void put_be(uint8_t *at, uint32_t value, int bytes)
{
	while (bytes-- > 0) {
		at[bytes] = (uint8_t)value;
		value >>= 8;
	}
}

/* Checksums are left out: nobody on the way of a capture checks them. */
static void send_segment(struct watch *w, const struct segment *s)
{
	uint8_t bytes[HEADERS + PAYLOAD_MAX] = {[12] = 8, [14] = 0x45, [22] = 64, [23] = 6};
	size_t len = HEADERS + s->payload.len;
	struct frame frame = {
		.at = w->now, .bytes = str_of(bytes, len), .wire_len = (uint32_t)len, .link = 1};

	put_be(bytes + 16, (uint32_t)len - 14, 2);
	put_be(bytes + 26, s->from_server ? s->server : s->client, 4);
	put_be(bytes + 30, s->from_server ? s->client : s->server, 4);
	put_be(bytes + 34, s->from_server ? s->server_port : s->client_port, 2);
	put_be(bytes + 36, s->from_server ? s->client_port : s->server_port, 2);
	put_be(bytes + 38, s->sequence, 4);
	put_be(bytes + 42, s->acknowledgement, 4);
	bytes[46] = 0x50;
	bytes[47] = s->flags;
	if (s->payload.len > 0)
		memcpy(bytes + HEADERS, s->payload.at, s->payload.len);
	sensor_frames(w->sensor, &frame, 1, STR("flood"), NULL);
}

/* Of a connection with random ends; the session's own are never hit (10.x is not used). */
static struct segment anyone(struct watch *w)
{
	uint64_t chance = lab_random_next(&w->random);

	return (struct segment){.client = 0x20000000u | (uint32_t)(chance & 0x1fffffff),
				.server = 0x40000000u | (uint32_t)(chance >> 35),
				.client_port = (uint16_t)lab_random_next(&w->random),
				.server_port = 443,
				.sequence = (uint32_t)lab_random_next(&w->random)};
}

/* SYN, SYN and ACK, ACK: `s` is then the client's next segment. */
static void open_connection(struct watch *w, struct segment *s)
{
	struct segment answer = *s;

	s->flags = TCP_SYN;
	send_segment(w, s);
	s->sequence++;
	answer.from_server = true;
	answer.flags = TCP_SYN | TCP_ACK;
	answer.sequence = 7000;
	answer.acknowledgement = s->sequence;
	send_segment(w, &answer);
	s->flags = TCP_ACK;
	s->acknowledgement = 7001;
	send_segment(w, s);
}

/* The session is found whole, and memory is what it may be. */
static void watch_end(struct watch *w, const char *flood)
{
	mine_until(w, w->session.count);
	sensor_flush(w->sensor);
	struct sensor_counters counters = sensor_counters(w->sensor);
	size_t resident = resident_bytes();
	size_t growth = resident > w->resident ? resident - w->resident : 0;

	print_message("# %s: %lu flows, %lu evicted, inspections: %lu opened, %lu evicted; "
		      "%zu KiB more\n",
		      flood, (unsigned long)counters.tracker.flows.inserted,
		      (unsigned long)counters.tracker.flows.evicted,
		      (unsigned long)counters.tracker.inspections_opened,
		      (unsigned long)counters.tracker.inspections.evicted, growth / 1024);
	assert_int_equal(w->listener.mining, 1);
	assert_int_equal(w->listener.findings, 1);
	assert_int_equal(w->listener.accepted, SHARES);
	assert_int_equal(counters.tracker.flows.evicted_by_class[FLOW_WATCHED], 0);
	assert_int_equal(counters.tracker.inspections.evicted_by_class[FLOW_WATCHED], 0);
	assert_true(growth <= GROWTH_MAX);
	sensor_free(w->sensor);
	lab_packets_fini(&w->session);
}

static void half_open_connections_evict_no_miner(void **state)
{
	struct watch w;
	uint32_t count = times(HALF_OPEN);

	watch_begin(&w);
	mine_until(&w, w.session.count / 2);
	for (uint32_t i = 0; i < count; i++) {
		struct segment s = anyone(&w);
		s.flags = TCP_SYN;
		send_segment(&w, &s);
	}
	assert_true(sensor_counters(w.sensor).tracker.flows.evicted > count / 2);
	watch_end(&w, "half-open connections");
}

/* The flood comes between the handshake and the first word: the flow is answered, not yet watched.
 */
static void half_open_connections_evict_no_answered_one(void **state)
{
	struct watch w;

	watch_begin(&w);
	mine_until(&w, HANDSHAKE);
	for (uint32_t i = times(HALF_OPEN / 4); i > 0; i--) {
		struct segment s = anyone(&w);
		s.flags = TCP_SYN;
		send_segment(&w, &s);
	}
	struct table_counters flows = sensor_counters(w.sensor).tracker.flows;
	assert_true(flows.evicted > 0);
	assert_int_equal(flows.evicted_by_class[FLOW_ANSWERED], 0);
	watch_end(&w, "half-open connections, early");
}

static void connections_without_end_evict_no_miner(void **state)
{
	struct watch w;

	watch_begin(&w);
	mine_until(&w, w.session.count / 2);
	for (uint32_t i = times(ENDLESS); i > 0; i--) {
		struct segment s = anyone(&w);
		open_connection(&w, &s);
		s.payload = STR("GET /endless HTTP/1.1\r\nHost: www.example.com\r\n");
		send_segment(&w, &s);
	}
	assert_true(sensor_counters(w.sensor).tracker.inspections_evicted > 0);
	watch_end(&w, "connections without end");
}

/* In order, byte by byte, of what might become a message. */
static void single_bytes_hide_no_miner(void **state)
{
	struct watch w;
	char text[TRICKLE_LEN];

	memset(text, 'x', sizeof(text));
	memcpy(text, "{\"method\":\"", 11);
	watch_begin(&w);
	mine_until(&w, w.session.count / 2);
	for (uint32_t i = times(TRICKLES); i > 0; i--) {
		struct segment s = anyone(&w);
		open_connection(&w, &s);
		for (size_t k = 0; k < sizeof(text); k++, s.sequence++) {
			s.payload = str_of(text + k, 1);
			send_segment(&w, &s);
		}
	}
	watch_end(&w, "single bytes");
}

/* Every other segment is missing: what comes is kept until there is no room. */
static void segments_out_of_order_hide_no_miner(void **state)
{
	struct watch w;
	char text[700];

	memset(text, '7', sizeof(text));
	memcpy(text, "{\"id\":", 6);
	watch_begin(&w);
	mine_until(&w, w.session.count / 2);
	for (uint32_t i = times(TRICKLES); i > 0; i--) {
		struct segment s = anyone(&w);
		open_connection(&w, &s);
		for (size_t k = 0; k < 40; k++, s.sequence += 2 * sizeof(text)) {
			s.payload = str_of(text, sizeof(text));
			send_segment(&w, &s);
		}
	}
	watch_end(&w, "segments out of order");
}

static void chat(struct watch *w, uint32_t count)
{
	static const char message[] =
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":[]}\n"
		"{\"jsonrpc\":\"2.0\",\"method\":\"unfinished\",\"params\":[1,2,3";

	for (uint32_t i = 0; i < count; i++) {
		struct segment s = anyone(w);
		open_connection(w, &s);
		s.payload = str_of(message, sizeof(message) - 1);
		send_segment(w, &s);
	}
}

/* Conversations fill the budget before the session has said a word, and again while it works. */
static void json_of_others_hides_no_miner(void **state)
{
	struct watch w;

	watch_begin(&w);
	mine_until(&w, HANDSHAKE);
	chat(&w, times(CHATTERS) / 2);
	assert_true(sensor_counters(w.sensor).tracker.inspections_evicted > 0);
	mine_until(&w, w.session.count / 2);
	chat(&w, times(CHATTERS) / 2);
	watch_end(&w, "conversations in JSON");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(half_open_connections_evict_no_miner),
		cmocka_unit_test(half_open_connections_evict_no_answered_one),
		cmocka_unit_test(connections_without_end_evict_no_miner),
		cmocka_unit_test(single_bytes_hide_no_miner),
		cmocka_unit_test(segments_out_of_order_hide_no_miner),
		cmocka_unit_test(json_of_others_hides_no_miner),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
