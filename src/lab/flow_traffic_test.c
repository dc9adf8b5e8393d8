#include <setjmp.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/hash.h"
#include "lab/flow_crowd.h"

enum { WINDOWS = 120, UP = 0, DOWN = 1 };

struct summed {
	struct flow_rows_taker taker;
	struct endpoint local;
	instant start;
	uint64_t bytes[2], packets[2], digest;
	unsigned rows;
	double down[WINDOWS];
};

static void sum(struct flow_rows_taker *taker, const struct record *record)
{
	struct summed *summed = (struct summed *)taker;
	const struct record_flow *flow = &record->flow;
	int way = endpoint_equal(&flow->source, &summed->local) ? UP : DOWN;
	int64_t window = instant_since(flow->start, summed->start).ns / 1000000000 / 60;
	const uint64_t told[] = {(uint64_t)way, flow->bytes, flow->packets,
				 (uint64_t)flow->start.ns};

	assert_true(flow->end.ns >= flow->start.ns && flow->packets > 0);
	assert_true(window >= 0 && window < WINDOWS);
	summed->rows++;
	summed->bytes[way] += flow->bytes;
	summed->packets[way] += flow->packets;
	summed->digest = hash_bytes(told, sizeof(told), summed->digest);
	if (way == DOWN)
		summed->down[window] = (double)flow->bytes;
}

static void generate(const struct flow_shape *shape, uint64_t seed, struct summed *out)
{
	struct flow_traffic traffic = {.shape = shape,
				       .seed = seed,
				       .start = instant_at(1790000000, 0),
				       .seconds = WINDOWS * 60,
				       .window_s = 60,
				       .local = {address_v4(0x0a000001), 40000},
				       .remote = {address_v4(0xc6336407), 443}};

	*out = (struct summed){.taker.take = sum, .local = traffic.local, .start = traffic.start};
	flow_traffic_rows(&traffic, &out->taker);
}

/* A request of 100 bytes each 60 s, an answer of 200, each in a segment; one acknowledgement. */
static void bytes_are_those_of_the_network(void **state)
{
	static const struct flow_shape shape = {.name = "one",
						.talkers = {{.rhythm = RHYTHM_CLOCK,
							     .gap = {60, 60},
							     .said = {100, 100},
							     .answered = {200, 200}}}};
	struct summed summed;

	(void)state;
	generate(&shape, 1, &summed);
	uint64_t times = summed.packets[DOWN];
	assert_in_range(times, 114, 121);
	assert_int_equal(summed.bytes[DOWN], times * (200 + 52));
	assert_int_equal(summed.packets[UP], 2 * times);
	assert_int_equal(summed.bytes[UP], times * (100 + 52 + 52));
}

static void a_seed_is_a_session(void **state)
{
	(void)state;
	for (const struct flow_shape *shape = flow_shapes; shape->name; shape++) {
		struct summed one, again, other;
		generate(shape, 7, &one);
		generate(shape, 7, &again);
		generate(shape, 8, &other);
		assert_true(one.rows > 0);
		assert_true(one.digest == again.digest);
		assert_true(one.digest != other.digest);
	}
}

/* They once were the same sequence, a step apart, and moved together. */
static void neighbouring_seeds_have_nothing_in_common(void **state)
{
	const struct flow_shape *shape = flow_shape_named("grpc calls");
	double worst = 0;

	(void)state;
	for (uint64_t seed = 1; seed < 20; seed++) {
		struct summed a, b;
		double n = WINDOWS - 1, x = 0, y = 0, xx = 0, yy = 0, xy = 0;
		generate(shape, seed, &a);
		generate(shape, seed + 1, &b);
		for (unsigned i = 1; i < WINDOWS; i++) {
			double one = log1p(a.down[i]), other = log1p(b.down[i]);
			x += one;
			y += other;
			xx += one * one;
			yy += other * other;
			xy += one * other;
		}
		double spread = (n * xx - x * x) * (n * yy - y * y);
		double both = spread > 0 ? (n * xy - x * y) / sqrt(spread) : 0;
		worst = fabs(both) > worst ? fabs(both) : worst;
	}
	assert_true(worst < 0.45);
}

static void take_nothing(struct flow_rows_taker *taker, const struct record *record)
{
	(void)record;
	((struct summed *)taker)->rows++;
}

static void every_crowd_has_rows(void **state)
{
	(void)state;
	for (const struct flow_crowd_kind *kind = flow_crowds; kind->name; kind++) {
		struct summed summed = {.taker.take = take_nothing};
		const struct flow_crowd crowd = {.kind = kind,
						 .count = 3,
						 .seed = 5,
						 .start = instant_at(1790000000, 0),
						 .seconds = 3600,
						 .window_s = 60};
		flow_crowd_rows(&crowd, &summed.taker);
		assert_true(summed.rows >= 3 * 2 * 50);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_are_those_of_the_network),
		cmocka_unit_test(a_seed_is_a_session),
		cmocka_unit_test(neighbouring_seeds_have_nothing_in_common),
		cmocka_unit_test(every_crowd_has_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
