#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <cmocka.h>

#include "detect/host_room.h"

extern const struct host_room rhythm_room;

enum { HZ = 49, STEPS_MAX = 120, PAGES = 64, NOTHING = -1 };

/* A load: this share while it is on; on for `on` of each `period` steps; `noise` shakes it. */
struct load {
	const char *name;
	double share;
	uint32_t steps, on, period;
	bool is_random; /* pauses and bursts of random length */
	uint32_t pages;
	uint64_t calls; /* in each second of processor time */
	bool without_io;
	int weight;
};

/* Small and the same everywhere; only its evenness matters. */
static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

static void fill(const struct load *load, float *shares)
{
	uint32_t random = 12345, left = 0;
	bool is_on = true;
	double owed = 0;

	for (uint32_t i = 0; i < load->steps; i++) {
		if (load->is_random && left-- == 0) {
			is_on = !is_on;
			left = is_on ? 1 + next_random(&random) % 3 : 4 + next_random(&random) % 20;
		}
		bool runs =
			load->is_random ? is_on : load->period == 0 || i % load->period < load->on;
		/* samples come whole: at 5 % two or three a second */
		owed += runs ? load->share * HZ : 0;
		uint32_t samples = (uint32_t)owed;
		owed -= samples;
		shares[i] = (float)samples / HZ;
	}
}

static int weight_of(const struct load *load)
{
	float shares[STEPS_MAX];
	struct code_page pages[PAGES];
	struct signs signs = {0};
	struct arena scratch;
	double seconds = 0;

	fill(load, shares);
	for (uint32_t i = 0; i < load->steps; i++)
		seconds += (double)shares[i];
	for (uint32_t i = 0; i < load->pages; i++)
		pages[i] = (struct code_page){.address = 4096 * (uint64_t)i, .samples = 10};
	const struct workload workload = {
		.shares = shares,
		.share_count = load->steps,
		.share_step = DURATION_S(1),
		.sample_hz = HZ,
		.pages = pages,
		.page_count = load->pages,
		.cpu_time = {(int64_t)(seconds * 1e9)},
		.has_io = !load->without_io,
		.io_calls = (uint64_t)((double)load->calls * seconds),
	};
	assert_int_equal(arena_init(&scratch, 8192), 0);
	rhythm_room.judge(&workload, &scratch, &signs);
	int weight = signs.count ? (int)signs.at[0].weight : NOTHING;
	if (signs.count)
		assert_true(signs.at[0].reason.len > 0 && signs.at[0].family == FAMILY_RHYTHM);
	arena_fini(&scratch);
	return weight;
}

static void what_goes_on_is_told_from_what_comes_and_goes(void **state)
{
	static const struct load rows[] = {
		{"full speed for 8 s", 1, 8, .pages = 3, .weight = SIGN_STRONG},
		{"four threads", 4, 8, .pages = 3, .weight = SIGN_STRONG},
		{"full speed, too short to say", 1, 4, .pages = 3, .weight = NOTHING},
		{"held to 5 % of a core for 25 s", 0.05, 25, .pages = 3, .weight = SIGN_STRONG},
		{"5 %, too short to say", 0.05, 10, .pages = 3, .weight = NOTHING},
		{"1 % for 100 s", 0.01, 100, .pages = 3, .weight = NOTHING},
		{"2 % for a minute", 0.02, 60, .pages = 3, .weight = SIGN_STRONG},
		{"one second in ten", 1, 60, 1, 10, .pages = 3, .weight = SIGN_STRONG},
		{"five seconds in twenty", 0.6, 60, 5, 20, .pages = 3, .weight = SIGN_STRONG},
		{"bursts at no time in particular", 1, 60, .is_random = true, .pages = 3,
		 .weight = NOTHING},
		{"steady, but in a lot of code", 1, 60, .pages = 60, .weight = SIGN_SUPPORTS},
		{"steady, and reads all the time", 1, 60, .pages = 3, .calls = 5000,
		 .weight = SIGN_SUPPORTS},
		{"nobody knows what it reads", 1, 60, .pages = 3, .without_io = true,
		 .weight = SIGN_SUPPORTS},
		{"idle", 0, 60, .pages = 0, .weight = NOTHING},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int weight = weight_of(&rows[i]);
		if (weight != rows[i].weight)
			fail_msg("%s: %d instead of %d", rows[i].name, weight, rows[i].weight);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_goes_on_is_told_from_what_comes_and_goes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
