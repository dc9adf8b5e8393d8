#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "decode/constants/constants.h"
#include "detect/host_room.h"

extern const struct host_room browser_tab_room;

enum { NOTHING = -1, PID = 4711 };

#define MIB UINT64_C(1048576)

static const uint64_t base = UINT64_C(0x109400000000);

/* What a page looked like to the sampler: a row of a table. */
struct row {
	const char *name;
	double share;	  /* of each step */
	uint32_t gap;	  /* every so many steps one without work; 0: none */
	double main_part; /* of the page's own thread; workers have the rest, two of them */
	double generated; /* of the samples */
	size_t pads;
	bool is_rewritten, is_walled, has_tables, is_no_page;
	int rhythm, memory; /* weights */
};

static int weight_of(const struct signs *signs, enum sign_family family)
{
	int weight = NOTHING;

	for (size_t i = 0; i < signs->count; i++) {
		assert_true(signs->at[i].reason.len > 20);
		if (signs->at[i].family == family && (int)signs->at[i].weight > weight)
			weight = (int)signs->at[i].weight;
	}
	return weight;
}

static void judge_row(const struct row *row, struct arena *scratch, struct signs *out)
{
	enum { RW = MAPPING_READ | MAPPING_WRITE | MAPPING_ANONYMOUS };
	static const struct browser_process browser = {.role = BROWSER_PAGE, .main_pid = 7};
	const struct process process = {.key.pid = PID};
	const struct workload_thread threads[] = {{PID, row->main_part},
						  {PID + 1, (1 - row->main_part) / 2},
						  {PID + 2, (1 - row->main_part) / 2}};
	const struct code_page pages[] = {
		{.samples = (uint32_t)(1000 * row->generated), .is_anonymous = true},
		{.samples = (uint32_t)(1000 * (1 - row->generated))}};
	const struct mapping maps[] = {{.start = base, .end = base + 16 * MIB, .flags = RW},
				       {.start = base + 16 * MIB,
					.end = base + (row->is_walled ? 8192 : 32) * MIB,
					.flags = MAPPING_ANONYMOUS}};
	const struct memory_pad pads[] = {{base + 65536, 2 * MIB, 1}, {base + 4 * MIB, 2 * MIB, 2}};
	const struct constant_hit table = {.kind = CONSTANT_TABLE, .address = base + 1024};
	float shares[60];
	for (uint32_t i = 0; i < 60; i++)
		shares[i] = row->gap && i % row->gap == 0 ? 0 : (float)row->share;
	const struct workload workload = {
		.process = &process,
		.browser = row->is_no_page ? NULL : &browser,
		.own_shares = shares,
		.own_share_count = 60,
		.share_step = DURATION_S(1),
		.sample_hz = 49,
		.threads = threads,
		.thread_count = 3,
		.pages = pages,
		.page_count = 2,
		.mappings = maps,
		.mapping_count = 2,
		.pads = pads,
		.pad_count = row->pads,
		.pads_were_rewritten = row->is_rewritten,
		.constants = &table,
		.constant_count = row->has_tables,
	};
	browser_tab_room.judge(&workload, scratch, out);
}

static void pages_that_work_and_pages_that_mine(void **state)
{
	static const struct row rows[] = {
		{"a miner", 1.9, 0, 0, 1, 2, true, true, true, false, SIGN_STRONG, SIGN_STRONG},
		{"held to a fifth", .2, 0, .02, .98, 1, true, true, false, false, SIGN_STRONG,
		 SIGN_STRONG},
		{"held to 2 % of a core", .02, 0, .02, .98, 1, true, true, false, false,
		 SIGN_STRONG, SIGN_STRONG},
		{"a browser's other process", 1.9, 0, 0, 1, 2, true, true, true, true, NOTHING,
		 NOTHING},
		{"a game: the page itself works", .9, 0, .6, .9, 0, .rhythm = NOTHING,
		 .memory = NOTHING},
		{"a decoder in the browser's own code", .9, 0, .01, .1, 0, .rhythm = SIGN_SUPPORTS,
		 .memory = NOTHING},
		{"a codec in a module", 1.5, 0, 0, 1, 0, .rhythm = SIGN_STRONG, .memory = NOTHING},
		{"work that comes now and then", .9, 2, 0, 1, 0, .rhythm = NOTHING,
		 .memory = NOTHING},
		{"an archive in memory", .9, 0, .5, 1, 1, false, true, false, false, NOTHING,
		 SIGN_SUPPORTS},
		{"an array of JavaScript", .9, 0, .5, 1, 1, true, false, false, false, NOTHING,
		 SIGN_SUPPORTS},
		{"too little to judge", .005, 0, 0, 1, 0, .rhythm = NOTHING, .memory = NOTHING},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct arena scratch;
		struct signs signs = {0};

		assert_int_equal(arena_init(&scratch, 16 * 1024), 0);
		judge_row(&rows[i], &scratch, &signs);
		if (weight_of(&signs, FAMILY_RHYTHM) != rows[i].rhythm ||
		    weight_of(&signs, FAMILY_MEMORY) != rows[i].memory)
			fail_msg("%s: rhythm %d, memory %d", rows[i].name,
				 weight_of(&signs, FAMILY_RHYTHM),
				 weight_of(&signs, FAMILY_MEMORY));
		arena_fini(&scratch);
	}
}

/* Nothing known of it but that it is a page. */
static void an_empty_page(void **state)
{
	static const struct browser_process browser = {.role = BROWSER_PAGE, .main_pid = 7};
	const struct process process = {.key.pid = PID};
	const struct workload workload = {
		.process = &process, .browser = &browser, .share_step = DURATION_S(1)};
	struct signs signs = {0};
	struct arena scratch;

	assert_int_equal(arena_init(&scratch, 4096), 0);
	browser_tab_room.judge(&workload, &scratch, &signs);
	assert_int_equal(signs.count, 0);
	arena_fini(&scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_that_work_and_pages_that_mine),
		cmocka_unit_test(an_empty_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
