#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "flow_records.h"

extern const struct record_detector flow_mining_detector;

enum { START_S = 1790000000, HOURS_2 = 7200, FIRST_SEED = 5000 };

static struct flow_traffic traffic_of(const char *shape, uint64_t seed, uint32_t window_s)
{
	struct flow_traffic traffic = {
		.shape = flow_shape_named(shape),
		.seed = seed,
		.start = instant_at(START_S, 0),
		.seconds = HOURS_2,
		.window_s = window_s,
		.local = {address_v4(0x0a000000u + (uint32_t)seed), 40000},
		.remote = {address_v4(0xc6336407u), 443},
		.account = STR("111122223333"),
		.interface = STR("eni-0abc"),
		.instance = STR("i-0123"),
		.network = STR("vpc-1"),
	};

	assert_non_null(traffic.shape);
	traffic.remote.port = traffic.shape->port;
	if (traffic.shape->is_opened_outside) {
		traffic.local.port = traffic.shape->port;
		traffic.remote.port = 40000;
	}
	return traffic;
}

static void generate(struct flow_records *records, const struct flow_traffic *traffic)
{
	flow_traffic_rows(traffic, &records->taker);
}

static void look(const struct flow_records *records, struct told_flows *told)
{
	told_flows_of(records, &flow_mining_detector, instant_at(START_S + HOURS_2, 0), told);
	assert_true(told->confidence < 0.6);
}

static void look_once(const struct flow_traffic *traffic, struct told_flows *told)
{
	struct flow_records records;

	flow_records_begin(&records);
	generate(&records, traffic);
	look(&records, told);
	flow_records_free(&records);
}

/* Seeds that nothing was learned from; the figures of many are in README.md. */
static void count_of(const char *shape, uint32_t window_s, unsigned seeds, struct told_flows *told)
{
	struct flow_records records;

	flow_records_begin(&records);
	for (unsigned i = 0; i < seeds; i++) {
		struct flow_traffic traffic = traffic_of(shape, FIRST_SEED + i, window_s);
		generate(&records, &traffic);
	}
	look(&records, told);
	flow_records_free(&records);
	told_flows_fini(told);
}

static void mining_sessions_are_suspected(void **state)
{
	enum { SEEDS = 40 };
	static const struct {
		const char *shape;
		uint32_t window_s;
		unsigned least; /* of SEEDS */
	} rows[] = {
		{"stratum", 60, 20},
		{"stratum over TLS", 60, 20},
		{"stratum, throttled", 60, 10},
		{"stratum, proxy of 50", 60, 16},
		{"stratum", 600, 24},
		{"stratum over TLS", 600, 24},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct told_flows told;
		count_of(rows[i].shape, rows[i].window_s, SEEDS, &told);
		if (told.suspects < rows[i].least || told.others > 0)
			fail_msg("%s at %u s: %u of %d suspected", rows[i].shape, rows[i].window_s,
				 told.suspects, SEEDS);
	}
}

static void look_alikes_are_not(void **state)
{
	enum { SEEDS = 40, MOST = 2 };

	(void)state;
	for (const struct flow_shape *shape = flow_shapes; shape->name; shape++) {
		for (uint32_t window_s = 60; window_s <= 600 && !shape->is_mining;
		     window_s += 540) {
			struct told_flows told;
			count_of(shape->name, window_s, SEEDS, &told);
			if (told.suspects > MOST || told.others > 0)
				fail_msg("%s at %u s: %u of %d suspected", shape->name, window_s,
					 told.suspects, SEEDS);
		}
	}
}

/* README.md: what a miner would do who read it. Whoever closes this changes the test. */
static void a_filler_by_the_clock_escapes(void **state)
{
	struct flow_shape shape = *flow_shape_named("stratum");
	struct flow_records records;
	struct told_flows told;

	(void)state;
	shape.talkers[3] = (struct flow_talker){
		.rhythm = RHYTHM_CLOCK, .gap = {3, 3}, .said = {400, 400}, .answered = {400, 400}};
	flow_records_begin(&records);
	for (unsigned i = 0; i < 20; i++) {
		struct flow_traffic traffic = traffic_of("stratum", FIRST_SEED + i, 60);
		traffic.shape = &shape;
		generate(&records, &traffic);
	}
	look(&records, &told);
	assert_true(told.suspects <= 2);
	told_flows_fini(&told);
	flow_records_free(&records);
}

/* The first seed whose session is suspected by its shape alone. */
static uint64_t suspected_seed(const char *shape)
{
	for (uint64_t seed = FIRST_SEED; seed < FIRST_SEED + 100; seed++) {
		struct flow_traffic traffic = traffic_of(shape, seed, 60);
		struct told_flows told;
		look_once(&traffic, &told);
		told_flows_fini(&told);
		if (told.suspects > 0)
			return seed;
	}
	fail_msg("no %s is suspected", shape);
	return 0;
}

static void words_say_who_and_what_to_do(void **state)
{
	struct flow_traffic traffic =
		traffic_of("stratum over TLS", suspected_seed("stratum over TLS"), 60);
	struct told_flows told;

	(void)state;
	traffic.local.address = address_v4(0x0a000005);
	look_once(&traffic, &told);
	assert_int_equal(told.suspects, 1);
	static const char *const words[] = {
		"\"verdict\":\"suspect\"",
		"\"techniques\":[\"T1496.001\"]",
		"\"subject\":{\"type\":\"session\",\"interface\":\"eni-0abc\","
		"\"client\":\"10.0.0.5:40000\",\"server\":\"198.51.100.7:443\","
		"\"protocol\":\"tcp\"}",
		"opened from inside",
		"never more than a suspicion",
		"davy watch",
		"aws ec2 modify-instance-attribute --instance-id i-0123 --groups",
		"--network-interface-ids eni-0abc",
		"--cidr-block 198.51.100.7/32",
		"\"instance\":\"i-0123\"",
	};
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!told_flows_say(&told, words[i]))
			fail_msg("not said: %s\n%.*s", words[i], STR_ARG(buf_view(&told.lines)));
	assert_false(told_flows_say(&told, "\"resolved\""));
	told_flows_fini(&told);
}

static void six_is_seen_as_four(void **state)
{
	uint64_t seed = suspected_seed("stratum");
	struct flow_traffic traffic = traffic_of("stratum", seed, 60);
	struct told_flows told;

	(void)state;
	assert_true(endpoint_parse(STR("[2001:db8::5]:40000"), &traffic.local));
	assert_true(endpoint_parse(STR("[2001:db8:9::7]:3333"), &traffic.remote));
	look_once(&traffic, &told);
	assert_int_equal(told.suspects, 1);
	assert_true(told_flows_say(&told, "\"client\":\"[2001:db8::5]:40000\""));
	assert_true(told_flows_say(&told, "--ipv6-cidr-block 2001:db8:9::7/128"));
	told_flows_fini(&told);
}

static void an_hour_is_the_least(void **state)
{
	struct flow_traffic traffic = traffic_of("stratum", suspected_seed("stratum"), 60);
	struct told_flows told;

	(void)state;
	traffic.seconds = 3000;
	look_once(&traffic, &told);
	assert_int_equal(told.suspects + told.signals + told.others, 0);
	told_flows_fini(&told);
}

static void add_lookup(struct flow_records *records, const char *name, const char *address,
		       int64_t time_s)
{
	struct record record = {
		.kind = RECORD_LOOKUP,
		.time = instant_at(time_s, 0),
		.lookup = {.name = str_from(name), .network = STR("vpc-1"), .answer_count = 1}};

	assert_true(address_parse(str_from(address), &record.lookup.answers[0]));
	flow_records_keep(&records->taker, &record);
}

static void the_resolver_is_asked(void **state)
{
	struct flow_traffic traffic = traffic_of("stratum", suspected_seed("stratum"), 60);
	struct flow_records records;
	struct told_flows told;

	(void)state;
	traffic.has_tcp_flags = true;
	flow_records_begin(&records);
	generate(&records, &traffic);
	add_lookup(&records, "other.example", "203.0.113.1", START_S - 3600);
	add_lookup(&records, "other.example", "203.0.113.1", START_S + HOURS_2);
	look(&records, &told);
	assert_int_equal(told.suspects, 1);
	assert_true(told_flows_say(&told, "\"resolved\":false"));
	assert_true(told_flows_say(&told, "nobody in this network asked the resolver"));
	told_flows_fini(&told);
	add_lookup(&records, "$(touch x)\x1b[2J.example", "198.51.100.7", START_S);
	look(&records, &told);
	assert_true(told_flows_say(&told, "\"resolved\":true"));
	assert_true(told_flows_say(&told, "$(touch x)\\\\x1b[2J.example"));
	told_flows_fini(&told);
	flow_records_free(&records);
}

/* Cut off each twenty minutes, from another port each time. */
static void who_connects_again_is_followed(void **state)
{
	struct flow_records records;
	struct told_flows told;
	unsigned suspects = 0;

	(void)state;
	for (uint64_t seed = FIRST_SEED; seed < FIRST_SEED + 20; seed++) {
		flow_records_begin(&records);
		for (unsigned part = 0; part < 6; part++) {
			struct flow_traffic traffic = traffic_of("stratum over TLS", seed, 60);
			traffic.start = instant_at(START_S + 1203 * part, 0);
			traffic.seconds = 1200;
			traffic.local.port = (uint16_t)(40000 + part * 17);
			generate(&records, &traffic);
		}
		look(&records, &told);
		suspects += told.suspects;
		if (told.suspects > 0)
			assert_true(told_flows_say(&told, "\"connections\":6"));
		assert_true(told.suspects + told.signals <= 1);
		told_flows_fini(&told);
		flow_records_free(&records);
	}
	assert_true(suspects >= 5);
}

static void many_hosts_with_one_server_are_counted(void **state)
{
	uint64_t seed = suspected_seed("stratum");
	struct flow_records records;
	struct told_flows told;

	(void)state;
	flow_records_begin(&records);
	for (unsigned i = 0; i < 4; i++) {
		struct flow_traffic traffic = traffic_of("stratum", seed, 60);
		traffic.local.address.bytes[13] = (uint8_t)i;
		generate(&records, &traffic);
	}
	look(&records, &told);
	assert_int_equal(told.suspects, 4);
	assert_true(told_flows_say(&told, "\"hosts\":4"));
	assert_true(told_flows_say(&told, "4 hosts keep up such a connection"));
	told_flows_fini(&told);
	flow_records_free(&records);
}

static void a_sample_alone_is_a_signal(void **state)
{
	struct flow_traffic traffic = traffic_of("stratum", suspected_seed("stratum"), 60);
	struct flow_records records;
	struct told_flows told;

	(void)state;
	flow_records_begin(&records);
	generate(&records, &traffic);
	for (size_t i = 0; i < records.count; i++)
		records.at[i].flow.is_sampled = true;
	look(&records, &told);
	assert_int_equal(told.suspects, 0);
	assert_int_equal(told.signals, 1);
	assert_true(told_flows_say(&told, "the log is a sample"));
	told_flows_fini(&told);
	flow_records_free(&records);
}

static void any_order_tells_the_same(void **state)
{
	static const char *const shapes[] = {"stratum", "stratum over TLS", "chat bot",
					     "stratum, throttled", "xmpp presence"};
	struct lab_random random = {11};
	struct flow_records records;
	struct told_flows first, told;

	(void)state;
	flow_records_begin(&records);
	for (unsigned i = 0; i < 30; i++) {
		struct flow_traffic traffic = traffic_of(shapes[i % 5], FIRST_SEED + i, 60);
		generate(&records, &traffic);
	}
	add_lookup(&records, "b.example", "198.51.100.7", START_S);
	add_lookup(&records, "a.example", "198.51.100.7", START_S);
	look(&records, &first);
	assert_true(first.suspects > 3);
	for (unsigned round = 0; round < 3; round++) {
		flow_records_shuffle(&records, &random);
		flow_records_keep(&records.taker,
				  &records.at[7]); /* and one more each round comes twice */
		look(&records, &told);
		assert_true(str_equal(buf_view(&told.lines), buf_view(&first.lines)));
		told_flows_fini(&told);
	}
	told_flows_fini(&first);
	flow_records_free(&records);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mining_sessions_are_suspected),
		cmocka_unit_test(look_alikes_are_not),
		cmocka_unit_test(a_filler_by_the_clock_escapes),
		cmocka_unit_test(words_say_who_and_what_to_do),
		cmocka_unit_test(six_is_seen_as_four),
		cmocka_unit_test(an_hour_is_the_least),
		cmocka_unit_test(the_resolver_is_asked),
		cmocka_unit_test(who_connects_again_is_followed),
		cmocka_unit_test(many_hosts_with_one_server_are_counted),
		cmocka_unit_test(a_sample_alone_is_a_signal),
		cmocka_unit_test(any_order_tells_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
