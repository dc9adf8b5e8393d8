/*
 * What detect/co_movement makes of the crowds of src/lab/flow_crowd.c, and how fast the rows are
 * taken.
 *
 * usage: flow_crowds [TRIALS]    a table: of TRIALS (200) crowds of each kind and size, how many
 *                                were called what
 *        flow_crowds --speed     rows a second into the two rooms that stitch flows
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "detect/record_detector.h"
#include "lab/flow_crowd.h"

extern const struct record_detector co_movement_detector, flow_mining_detector;

enum { TRIALS = 200, START_S = 1790000000, SCRATCH = 64 * 1024 };

struct told {
	struct record_teller teller;
	unsigned suspects, signals;
	double heard, said;
};

static void tell(struct record_teller *teller, struct finding *finding)
{
	struct told *told = (struct told *)teller;
	const struct fact *heard = facts_find(&finding->facts, STR("correlation_down"));
	const struct fact *said = facts_find(&finding->facts, STR("correlation_up"));

	told->suspects += finding->verdict == VERDICT_SUSPECT;
	told->signals += finding->verdict == VERDICT_SIGNAL;
	told->heard = heard ? heard->real : 0;
	told->said = said ? said->real : 0;
}

struct feeding {
	struct flow_rows_taker taker;
	void *state;
};

static void feed(struct flow_rows_taker *taker, const struct record *record)
{
	co_movement_detector.observe(((struct feeding *)taker)->state, record);
}

static struct told look(const struct flow_crowd *crowd)
{
	const struct record_settings settings = {.seed = 3, .capacity = 1 << 14};
	struct feeding feeding = {.taker.take = feed};
	struct told told = {.teller.tell = tell};
	struct arena scratch;

	if (arena_init(&scratch, SCRATCH) || co_movement_detector.create(&settings, &feeding.state))
		exit(2);
	flow_crowd_rows(crowd, &feeding.taker);
	co_movement_detector.report(feeding.state, instant_at(START_S, 0), &scratch, &told.teller);
	co_movement_detector.destroy(feeding.state);
	arena_fini(&scratch);
	return told;
}

struct cell {
	unsigned count;
	uint32_t hours;
	bool has_whole_windows;
};

static void print_cell(const struct flow_crowd_kind *kind, const struct cell *cell, unsigned trials)
{
	double heard = 0, said = 0;
	unsigned suspects = 0, signals = 0;

	for (unsigned trial = 0; trial < trials; trial++) {
		const struct flow_crowd crowd = {
			.kind = kind,
			.count = cell->count,
			.seed = 1000 + trial,
			.start = instant_at(START_S, 0),
			.seconds = cell->hours * 3600,
			.window_s = 60,
			.has_whole_windows = cell->has_whole_windows,
		};
		struct told told = look(&crowd);
		suspects += told.suspects > 0;
		signals += told.suspects == 0 && told.signals > 0;
		heard += told.heard;
		said += told.said;
	}
	unsigned told = suspects + signals;
	printf(" %.1f / %.1f (%.2f, %.2f) |", 100.0 * suspects / trials, 100.0 * signals / trials,
	       told ? heard / told : 0, told ? said / told : 0);
}

static void print_table(unsigned trials)
{
	static const struct cell cells[] = {{.count = 3, .hours = 2},
					    {.count = 10, .hours = 2},
					    {.count = 10, .hours = 4},
					    {.count = 10, .hours = 4, .has_whole_windows = true}};
	enum { CELLS = sizeof(cells) / sizeof(*cells) };

	printf("| of 100 crowds: suspect / signal (correlation down, up) |");
	for (unsigned i = 0; i < CELLS; i++)
		printf(" %u hosts, %u h%s |", cells[i].count, cells[i].hours,
		       cells[i].has_whole_windows ? ", whole windows" : "");
	printf("\n|---|---|---|---|---|\n");
	for (const struct flow_crowd_kind *kind = flow_crowds; kind->name; kind++) {
		printf("| %s |", kind->name);
		for (unsigned i = 0; i < CELLS; i++)
			print_cell(kind, &cells[i], trials);
		printf("\n");
		fflush(stdout);
	}
}

/* -- speed -- */

static double seconds_of_cpu(void)
{
	return (double)clock() / CLOCKS_PER_SEC;
}

/* Connections that each have a row in each direction and window, as an account's log has them. */
static void measure_speed(const char *what, uint32_t connections, bool is_shared)
{
	enum { ROWS = 6000000 };
	static const char *const interfaces[] = {"eni-0aa1", "eni-0aa2", "eni-0aa3", "eni-0aa4"};
	struct flow_sessions *flows = NULL;
	const struct record_settings settings = {.seed = 3, .flows = is_shared ? &flows : NULL};
	void *states[2];

	if (flow_mining_detector.create(&settings, &states[0]) ||
	    co_movement_detector.create(&settings, &states[1]))
		exit(2);
	double begun = seconds_of_cpu();
	for (uint32_t i = 0; i < ROWS; i++) {
		uint32_t number = i / 2 % connections, window = i / 2 / connections;
		const struct endpoint local = {address_v4(0x0a000000u + number / 16),
					       (uint16_t)(32768 + number % 16)};
		const struct endpoint remote = {address_v4(0xc0000000u + number * 7919u % 65536u),
						443};
		struct record record = {
			.kind = RECORD_FLOW,
			.time = instant_at(START_S + 60 * window, 0),
			.flow = {.provider = PROVIDER_AWS,
				 .account = STR("111122223333"),
				 .interface = str_from(interfaces[number % 4]),
				 .instance = STR("i-0123456789abcdef0"),
				 .network = STR("vpc-0123456789abcdef0"),
				 .source = i % 2 ? remote : local,
				 .destination = i % 2 ? local : remote,
				 .protocol = 6,
				 .packets = 4,
				 .bytes = 400 + i % 100,
				 .start = instant_at(START_S + 60 * window, 0),
				 .end = instant_at(START_S + 60 * window + 50, 0)},
		};
		flow_mining_detector.observe(states[0], &record);
		co_movement_detector.observe(states[1], &record);
	}
	double spent = seconds_of_cpu() - begun;
	printf("%s: %.2f million rows a second, %.0f ns a row\n", what, ROWS / spent / 1e6,
	       spent * 1e9 / ROWS);
	flow_mining_detector.destroy(states[0]);
	co_movement_detector.destroy(states[1]);
}

int main(int count, char **arguments)
{
	unsigned trials = count > 1 ? (unsigned)strtoul(arguments[1], NULL, 10) : TRIALS;

	if (count > 1 && strcmp(arguments[1], "--speed") == 0) {
		measure_speed("5,000 connections, two rooms, each its own", 5000, false);
		measure_speed("5,000 connections, two rooms, one stitching", 5000, true);
		measure_speed("300,000 connections, one stitching", 300000, true);
		measure_speed("3,000,000 connections, one window each, one stitching", 3000000,
			      true);
		return 0;
	}
	if (trials == 0) {
		fprintf(stderr, "usage: flow_crowds [--speed | TRIALS]\n");
		return 2;
	}
	print_table(trials);
	return 0;
}
