/*
 * A sensor from frames to findings: sessions of the lab, as a tap, three taps, or a forger would
 * show them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "lab/innocent.h"
#include "lab/packets.h"
#include "programs/sensor.h"

static const instant begins = {1795341600000000000};

struct told {
	struct finding_sink sink;
	size_t findings; /* different ones */
	char ids[8][FINDING_ID_LEN + 1];
	enum verdict verdict; /* of the newest revision, as the rest */
	double confidence;
	uint64_t shares;
};

static void take(struct finding_sink *sink, const struct finding *finding)
{
	struct told *told = (struct told *)sink;
	size_t i = 0;

	while (i < told->findings && !str_equal(finding->id, str_from(told->ids[i])))
		i++;
	assert_true(i < 8 && finding->id.len == FINDING_ID_LEN);
	if (i == told->findings)
		memcpy(told->ids[told->findings++], finding->id.at, FINDING_ID_LEN);
	told->verdict = finding->verdict;
	told->confidence = finding->confidence;
	told->shares = facts_number(&finding->facts, STR("shares"));
}

static void count_only(struct finding_sink *sink, const struct finding *finding)
{
	((struct told *)sink)->findings++;
}

static void play(const char *dialect, struct lab_transcript *transcript)
{
	struct lab_session session = {.actor = {.seed = 7, .shares = 12}, .begins = begins};
	struct lab_outcome outcome;
	struct error why = {0};

	session.actor.dialect = lab_dialect_find(str_from(dialect));
	assert_non_null(session.actor.dialect);
	if (lab_session_play(&session, transcript, &outcome, &why) != 0)
		fail_msg("%s: %s", dialect, why.text);
}

/* Each frame is seen on the first `taps` interfaces, one after the other. */
static struct told sense(const struct lab_transcript *transcript, uint32_t shape, uint32_t taps,
			 bool is_live)
{
	static const char *const names[] = {"veth1", "br0", "eth0"};
	struct lab_packet_settings shaping = {
		.client = {address_v4(0x0a000007), 40001},
		.server = {address_v4(0xc6336414), 443},
		.shape = shape,
	};
	struct told told = {.sink = {take}};
	struct sensor_settings settings = {
		.memory_bytes = 16 << 20, .is_live = is_live, .sink = &told.sink};
	struct lab_packets packets = {0};
	struct sensor *sensor;
	struct packet packet;

	assert_int_equal(lab_packets_make(transcript, &shaping, &packets), 0);
	assert_int_equal(sensor_new(&settings, &sensor), 0);
	for (size_t i = 0; i < packets.count; i++)
		for (uint32_t tap = 0; tap < taps; tap++)
			(void)sensor_frame(sensor, &packets.frames[i], str_from(names[tap]),
					   &packet);
	sensor_flush(sensor);
	assert_int_equal(sensor_counters(sensor).frames, packets.count * taps);
	assert_int_equal(sensor_counters(sensor).malformed, 0);
	sensor_free(sensor);
	lab_packets_fini(&packets);
	return told;
}

/* One flow is one finding with the shares that were sent, however many taps see it. */
static void a_flow_seen_on_three_interfaces_is_one_finding(void **state)
{
	static const char *const dialects[] = {"bitcoin-stratum-v1", "cryptonote", "eth-proxy",
					       "duino-coin", "stratum-v2"};

	for (size_t i = 0; i < sizeof(dialects) / sizeof(*dialects); i++)
		for (int is_live = 0; is_live < 2; is_live++) {
			struct lab_transcript transcript = {0};
			play(dialects[i], &transcript);
			struct told once = sense(&transcript, 0, 1, is_live);
			struct told thrice = sense(&transcript, 0, 3, is_live);
			if (once.findings != 1 || thrice.findings != 1 || once.shares != 12 ||
			    thrice.shares != 12)
				fail_msg("%s: %zu with %lu shares, %zu with %lu shares",
					 dialects[i], once.findings, (unsigned long)once.shares,
					 thrice.findings, (unsigned long)thrice.shares);
			assert_string_equal(once.ids[0], thrice.ids[0]);
			assert_int_equal(once.verdict, VERDICT_MINING);
			assert_int_equal(thrice.verdict, VERDICT_MINING);
			assert_true(once.confidence == thrice.confidence);
			lab_transcript_fini(&transcript);
		}
}

/* What one end alone may have made up never convinces. */
static void one_sided_traffic_is_suspect_at_most(void **state)
{
	static const uint32_t shapes[] = {LAB_SHAPE_CLIENT_ONLY | LAB_SHAPE_UNACKNOWLEDGED,
					  LAB_SHAPE_UNACKNOWLEDGED};
	static const char *const dialects[] = {"bitcoin-stratum-v1", "cryptonote", "eth-proxy"};

	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++)
		for (size_t d = 0; d < sizeof(dialects) / sizeof(*dialects); d++) {
			struct lab_transcript transcript = {0};
			play(dialects[d], &transcript);
			struct told told = sense(&transcript, shapes[i], 1, false);
			if (told.findings > 0 && told.verdict > VERDICT_SUSPECT)
				fail_msg("%s, shape %zu: %s", dialects[d], i,
					 verdict_name(told.verdict));
			lab_transcript_fini(&transcript);
		}
}

static void innocents_are_not_accused(void **state)
{
	for (size_t i = 0; i < lab_innocent_count; i++) {
		struct lab_transcript transcript = {0};
		assert_int_equal(lab_innocent_play(lab_innocents[i], 3, begins, &transcript), 0);
		struct told told = sense(&transcript, 0, 1, false);
		if (told.findings > 0 && told.verdict > VERDICT_SUSPECT)
			fail_msg("%s: %s", lab_innocents[i]->name, verdict_name(told.verdict));
		lab_transcript_fini(&transcript);
	}
}

static struct sensor_counters sense_many(uint16_t sessions)
{
	struct told told = {.sink = {count_only}};
	struct sensor_settings settings = {.memory_bytes = 1 << 20, .sink = &told.sink};
	struct lab_transcript transcript = {0};
	struct sensor *sensor;
	struct packet packet;

	play("cryptonote", &transcript);
	assert_int_equal(sensor_new(&settings, &sensor), 0);
	for (uint16_t n = 0; n < sessions; n++) {
		struct lab_packet_settings shaping = {
			.client = {address_v4(0x0a000007), (uint16_t)(20000 + n)},
			.server = {address_v4(0xc6336414), 443},
		};
		struct lab_packets packets = {0};
		assert_int_equal(lab_packets_make(&transcript, &shaping, &packets), 0);
		for (size_t i = 0; i + 4 < packets.count; i++) /* none is closed */
			(void)sensor_frame(sensor, &packets.frames[i], STR("eth0"), &packet);
		lab_packets_fini(&packets);
	}
	struct sensor_counters counters = sensor_counters(sensor);
	sensor_free(sensor);
	lab_transcript_fini(&transcript);
	return counters;
}

static void what_is_given_up_is_counted(void **state)
{
	const struct sensor_counters each = {
		.tracker = {.flows.evicted = 1, .inspections_evicted = 2, .inspections_refused = 4},
		.sessions.evicted = 8,
		.fragments = {.evicted = 16, .refused = 32}};
	struct sensor_counters few = sense_many(10), many = sense_many(400);

	assert_int_equal(sensor_dropped(&each), 63);
	assert_int_equal(sensor_dropped(&few), 0);
	assert_true(many.sessions.evicted >= 100);
	assert_true(sensor_dropped(&many) >= many.sessions.evicted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flow_seen_on_three_interfaces_is_one_finding),
		cmocka_unit_test(one_sided_traffic_is_suspect_at_most),
		cmocka_unit_test(innocents_are_not_accused),
		cmocka_unit_test(what_is_given_up_is_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
