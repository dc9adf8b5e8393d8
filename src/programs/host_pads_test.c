/*
 * A page's memory looked through for pads and for whose page it is. The memory is a file of ours in
 * which an address is an offset: what is read is read as of a process, holes and ends included.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "decode/memory/page_site.h"
#include "lab/random.h"
#include "programs/host_memory.h"
#include "programs/host_pads.h"
#include "two_sides.h"

#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

enum {
	BASE = 64 << 20, /* where the first mapping lies */
	RW = MAPPING_READ | MAPPING_WRITE | MAPPING_ANONYMOUS,
	MAPPINGS = 3,
};

struct page {
	struct two_sides *sides;
	int memory;
	struct arena arena;
	struct process process;
	struct browser_process browser;
	struct mapping mappings[MAPPINGS];
	struct workload workload;
	uint64_t mark;
};

static void page_init(struct page *page, struct two_sides *sides, enum browser_engine engine,
		      const char *name)
{
	*page = (struct page){.sides = sides,
			      .memory = memfd_create("page", MFD_CLOEXEC),
			      .process = {.key.pid = 7, .name = str_from(name)},
			      .browser = {.role = BROWSER_PAGE, .engine = engine, .main_pid = 6}};
	assert_true(page->memory >= 0);
	assert_int_equal(arena_init(&page->arena, 1 * MIB), 0);
}

static void page_fini(struct page *page)
{
	close(page->memory);
	arena_fini(&page->arena);
}

static void put(struct page *page, uint64_t address, const void *bytes, size_t len)
{
	assert_int_equal(pwrite(page->memory, bytes, len, (off_t)address), len);
}

static void put_noise(struct page *page, uint64_t address, uint64_t bytes, uint64_t seed)
{
	struct lab_random random = {seed};
	CLEANUP(buf_fini) struct buf noise = {0};

	lab_random_add(&noise, &random, (uint32_t)bytes);
	put(page, address, noise.at, noise.len);
}

/* cap: of the room to read in */
static void find(struct page *page, size_t cap)
{
	const struct host_memory_of of = {.processes = page->sides->processes,
					  .arena = &page->arena,
					  .pid = 7,
					  .descriptor = page->memory};
	char *piece = malloc(cap);

	assert_non_null(piece);
	arena_reset(&page->arena);
	page->workload = (struct workload){
		.process = &page->process, .browser = &page->browser, .mappings = page->mappings};
	while (page->workload.mapping_count < MAPPINGS &&
	       page->mappings[page->workload.mapping_count].end > 0)
		page->workload.mapping_count++;
	host_pads_find(&of, &page->workload, piece, cap, &page->mark);
	free(piece);
}

static void pads_lie_where_a_page_may_write(void **state)
{
	static const struct {
		const char *name;
		struct mapping mappings[MAPPINGS];
		uint64_t at, bytes; /* of noise, from the first mapping on */
		uint64_t ends;	    /* of the memory, from there; 0: as mapped */
		size_t pads;
	} rows[] = {
		{"in an array",
		 {{.start = BASE, .end = BASE + 16 * MIB, .flags = RW}},
		 1 * MIB,
		 2 * MIB,
		 0,
		 1},
		{"in a module",
		 {{.start = BASE, .end = BASE + 16 * MIB, .flags = RW},
		  {.start = BASE + 16 * MIB, .end = BASE + 6 * GIB, .flags = MAPPING_ANONYMOUS}},
		 1 * MIB,
		 2 * MIB,
		 0,
		 1},
		{"in a module's memory that the program shares",
		 {{.start = BASE,
		   .end = BASE + 16 * MIB,
		   .flags = MAPPING_READ | MAPPING_WRITE | MAPPING_MEMFD},
		  {.start = BASE + 16 * MIB, .end = BASE + 6 * GIB, .flags = MAPPING_ANONYMOUS}},
		 1 * MIB,
		 2 * MIB,
		 0,
		 1},
		{"on a stack",
		 {{.start = BASE, .end = BASE + 16 * MIB, .flags = RW | MAPPING_STACK}},
		 1 * MIB,
		 2 * MIB,
		 0,
		 0},
		{"in the heap",
		 {{.start = BASE, .end = BASE + 16 * MIB, .flags = RW | MAPPING_HEAP}},
		 1 * MIB,
		 2 * MIB,
		 0,
		 0},
		{"in code",
		 {{.start = BASE, .end = BASE + 16 * MIB, .flags = RW | MAPPING_EXECUTE}},
		 1 * MIB,
		 2 * MIB,
		 0,
		 0},
		{"in what is only read",
		 {{.start = BASE,
		   .end = BASE + 16 * MIB,
		   .flags = MAPPING_READ | MAPPING_ANONYMOUS}},
		 1 * MIB,
		 2 * MIB,
		 0,
		 0},
		{"in a file",
		 {{.start = BASE,
		   .end = BASE + 16 * MIB,
		   .flags = MAPPING_READ | MAPPING_WRITE | MAPPING_SHARED}},
		 1 * MIB,
		 2 * MIB,
		 0,
		 0},
		{"in less than any pad",
		 {{.start = BASE, .end = BASE + 252 * KIB, .flags = RW}},
		 0,
		 252 * KIB,
		 0,
		 0},
		/* noise that goes on in the neighbour is two runs, and neither is a pad */
		{"across two regions",
		 {{.start = BASE, .end = BASE + 2 * MIB, .flags = RW},
		  {.start = BASE + 2 * MIB, .end = BASE + 4 * MIB, .flags = RW}},
		 1 * MIB + 512 * KIB,
		 1 * MIB,
		 0,
		 0},
		{"before memory ends early",
		 {{.start = BASE, .end = BASE + 16 * MIB, .flags = RW}},
		 1 * MIB,
		 2 * MIB,
		 4 * MIB,
		 1},
		{"at the very end of it",
		 {{.start = BASE, .end = BASE + 16 * MIB, .flags = RW}},
		 1 * MIB,
		 2 * MIB,
		 3 * MIB,
		 1},
		{"a mapping of nothing", {{.start = BASE, .end = BASE, .flags = RW}}, 0, 0, 0, 0},
		{"more than is read of arrays",
		 {{.start = BASE, .end = BASE + 129 * MIB, .flags = RW}},
		 1 * MIB,
		 2 * MIB,
		 0,
		 0},
		/* a page that fills arrays does not hide its module: that is read first */
		{"in a module behind what fills the budget",
		 {{.start = BASE - 48 * MIB, .end = BASE, .flags = RW},
		  {.start = BASE, .end = BASE + 100 * MIB, .flags = RW},
		  {.start = BASE + 100 * MIB, .end = BASE + 6 * GIB, .flags = MAPPING_ANONYMOUS}},
		 1 * MIB + 48 * MIB,
		 2 * MIB,
		 0,
		 1},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		for (size_t cap = 16 * KIB; cap <= 1 * MIB; cap *= 64) {
			const uint64_t from = rows[i].mappings[0].start;
			struct page page;
			page_init(&page, *state, ENGINE_CHROMIUM, "chromium");
			memcpy(page.mappings, rows[i].mappings, sizeof(page.mappings));
			uint64_t end = rows[i].ends ? from + rows[i].ends : from + 160 * MIB;
			assert_int_equal(ftruncate(page.memory, (off_t)end), 0);
			if (rows[i].bytes > 0)
				put_noise(&page, from + rows[i].at, rows[i].bytes, 3 + i);
			find(&page, cap);
			if (page.workload.pad_count != rows[i].pads)
				fail_msg("%s, pieces of %zu: %zu pads", rows[i].name, cap,
					 page.workload.pad_count);
			if (rows[i].pads > 0)
				assert_int_equal(page.workload.pads[0].address, from + rows[i].at);
			page_fini(&page);
		}
}

static bool may_not(void *context, uint32_t pid)
{
	unsigned *left = context;

	return pid == 7 && *left > 0 && (*left)--;
}

/* Another look at the same pads says nothing; at others, that somebody works on them. */
static void what_is_written_again_is_told(void **state)
{
	struct page page;
	unsigned left = 0;

	page_init(&page, *state, ENGINE_CHROMIUM, "chromium");
	page.mappings[0] = (struct mapping){.start = BASE, .end = BASE + 16 * MIB, .flags = RW};
	assert_int_equal(ftruncate(page.memory, BASE + 16 * MIB), 0);
	find(&page, 64 * KIB);
	assert_true(page.mark == 0 && !page.workload.pads_were_rewritten);
	put_noise(&page, BASE + 1 * MIB, 2 * MIB, 1);
	find(&page, 64 * KIB);
	assert_true(page.mark != 0 && !page.workload.pads_were_rewritten);
	find(&page, 64 * KIB);
	assert_false(page.workload.pads_were_rewritten);
	put_noise(&page, BASE + 1 * MIB, 2 * MIB, 2);
	find(&page, 64 * KIB);
	assert_true(page.workload.pads_were_rewritten);
	/* a look that was forbidden halfway is no look: what was known before stays so */
	const uint64_t mark = page.mark;
	left = 4;
	processes_ask_first(page.sides->processes, may_not, &left);
	find(&page, 64 * KIB);
	processes_ask_first(page.sides->processes, NULL, NULL);
	assert_int_equal(left, 0);
	assert_true(page.workload.pad_count == 0 && page.mark == mark);
	assert_false(page.workload.pads_were_rewritten);
	page_fini(&page);
}

/* -- whose page it is -- */

enum {
	SCHEME = BASE + 0x100000,
	HOST = SCHEME + 0x40,
	OWNER = SCHEME + 0x100,
	NOWHERE = 0x7000000
};

/* As decode/memory/page_site_test has it, of what Chromium 156 wrote. */
static void put_record(struct page *page, uint64_t at, uint64_t scheme, uint64_t host,
		       bool is_opaque, uint64_t precursor)
{
	const uint64_t words[] = {0x306c040000000009,
				  scheme,
				  is_opaque ? scheme : host,
				  is_opaque ? scheme : host,
				  0xbadbad00badb1fbb,
				  0xbadbad00badbad00,
				  0x20,
				  0xbadbad0000000000 | is_opaque,
				  0,
				  0x3cdeab12a2c1dd32,
				  0x7c27258cf089991f,
				  precursor};

	put(page, at, words, sizeof(words));
}

static void put_text(struct page *page, uint64_t at, const char *text)
{
	const uint32_t header[] = {8, (uint32_t)strlen(text), 0x13a38139};

	put(page, at, header, sizeof(header));
	put(page, at + sizeof(header), text, strlen(text));
}

struct records {
	const char *name;
	unsigned good, astray; /* of the page's own; with a host that is not there */
	uint64_t at, region, ends;
	uint64_t precursor; /* of one in a sandbox; 0: there is none */
	const char *site;   /* NULL: nothing is told */
	bool is_clear, is_opaque;
};

static void put_records(struct page *page, const struct records *row)
{
	put_text(page, SCHEME, "https");
	put_text(page, HOST, "mine.example");
	put_record(page, OWNER, SCHEME, HOST, false, 0);
	put(page, OWNER + 72, (uint64_t[]){0, 0}, 16); /* of no cluster: is only looked up */
	for (unsigned i = 0; i < row->good; i++)
		put_record(page, BASE + row->at + 96 * i, SCHEME, HOST, false, 0);
	for (unsigned i = 0; i < row->astray; i++)
		put_record(page, BASE + 256 * KIB + 96 * i, SCHEME, NOWHERE, false, 0);
	if (row->precursor)
		put_record(page, BASE + row->at, SCHEME, HOST, true, row->precursor);
}

static void records_of_chromium_lead_to_texts(void **state)
{
	static const struct records rows[] = {
		{"one", 1, 0, 64, 2 * MIB, 0, 0, "https://mine.example:8123", true, false},
		{"several of one site", 36, 0, 4096, 2 * MIB, 0, 0, "https://mine.example:8123",
		 true, false},
		{"at the end of a piece", 1, 0, 16 * KIB - 48, 2 * MIB, 0, 0,
		 "https://mine.example:8123", true, false},
		{"some that lead nowhere", 1, 16, 64, 2 * MIB, 0, 0, "https://mine.example:8123",
		 true, false},
		{"somebody guesses addresses", 1, 17, 64, 2 * MIB, 0, 0,
		 "https://mine.example:8123", false, false},
		{"guesses alone", 0, 40, 64, 2 * MIB, 0, 0, NULL, false, false},
		{"a page full of records", 400, 0, 8192, 2 * MIB, 0, 0, "https://mine.example:8123",
		 false, false},
		{"memory that ends early", 1, 0, 64, 4 * MIB, 3 * MIB, 0,
		 "https://mine.example:8123", false, false},
		{"an array of the page's", 1, 0, 64, 5 * MIB, 0, 0, NULL, false, false},
		{"in a sandbox", 0, 0, 64, 2 * MIB, 0, OWNER, "https://mine.example:8123", true,
		 true},
		{"a sandbox of itself", 0, 0, 64, 2 * MIB, 0, BASE + 64, NULL, false, false},
		{"a sandbox of nothing", 0, 0, 64, 2 * MIB, 0, NOWHERE, NULL, false, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct records *row = &rows[i];
		struct page page;
		page_init(&page, *state, ENGINE_CHROMIUM, "chromium");
		page.mappings[0] =
			(struct mapping){.start = BASE, .end = BASE + row->region, .flags = RW};
		put_records(&page, row);
		uint64_t end = BASE + (row->ends ? row->ends : row->region);
		assert_int_equal(ftruncate(page.memory, (off_t)end), 0);
		find(&page, 20 * KIB);
		const struct page_sites *sites = page.workload.sites;
		if ((sites != NULL) != (row->site != NULL))
			fail_msg("%s: %s", row->name, sites ? sites->at[0].text : "nothing");
		if (sites) {
			struct str text = str_of(sites->at[0].text, sites->at[0].len);
			if (!str_equal(text, str_from(row->site)) ||
			    sites->is_clear != row->is_clear ||
			    sites->at[0].is_opaque != row->is_opaque)
				fail_msg("%s: %.*s", row->name, STR_ARG(text));
			if (row->is_clear)
				assert_int_equal(sites->at[0].records, row->good + row->is_opaque);
		}
		page_fini(&page);
	}
}

/* Firefox's words are looked for in a process that it keeps for one site, wherever they lie there.
 */
static void words_of_firefox_count_where_a_site_is_alone(void **state)
{
	static const struct {
		const char *name;
		uint64_t region;
		bool is_told;
	} rows[] = {
		{"Isolated Web Co", 2 * MIB, true},  {"Isolated Web Co", 32 * MIB, true},
		{"WebCOOP+COEP Co", 2 * MIB, true},  {"Web Content", 2 * MIB, false},
		{"isolated Web Co", 2 * MIB, false},
	};
	static const char word[] = "webIsolated=https://mine.example";
	const uint32_t header[] = {3, 64};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct page page;
		page_init(&page, *state, ENGINE_FIREFOX, rows[i].name);
		page.mappings[0] =
			(struct mapping){.start = BASE, .end = BASE + rows[i].region, .flags = RW};
		assert_int_equal(ftruncate(page.memory, (off_t)(BASE + rows[i].region)), 0);
		put(&page, BASE + 160, header, sizeof(header));
		put(&page, BASE + 168, word, sizeof(word));
		find(&page, 20 * KIB);
		if ((page.workload.sites != NULL) != rows[i].is_told)
			fail_msg("%s: told %d", rows[i].name, !rows[i].is_told);
		if (rows[i].is_told)
			assert_true(page.workload.sites->is_clear &&
				    str_equal(str_of(page.workload.sites->at[0].text,
						     page.workload.sites->at[0].len),
					      STR("https://mine.example")));
		page_fini(&page);
	}
}

/* Only what runs pages: who calls itself a part of a browser, or has no browser, is no page. */
static void pages_are_told_from_parts(void **state)
{
	static const char program[] = "/usr/lib/chromium/chromium";
	static const struct {
		const char *arguments;
		bool has_browser, is_page;
	} rows[] = {
		{"/usr/lib/chromium/chromium --type=renderer", true, true},
		{"/usr/lib/chromium/chromium --type=renderer --extension-process", true, true},
		{"/usr/lib/chromium/chromium --type=gpu-process", true, false},
		{"/usr/lib/chromium/chromium --type=renderer", false, false},
		{"", true, false},
	};
	struct arena arena;

	(void)state;
	assert_int_equal(arena_init(&arena, 64 * KIB), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct process process = {.key.pid = 30,
					  .executable.path = str_from(program),
					  .arguments = str_from(rows[i].arguments),
					  .ancestor_count = rows[i].has_browser};
		process.ancestors[0] = (struct ancestor){.key.pid = 10,
							 .executable = str_from(program),
							 .arguments = str_from(program)};
		struct workload workload = {.process = &process};
		host_pads_tell_browser(&workload, &arena);
		if ((workload.browser != NULL) != rows[i].is_page)
			fail_msg("row %zu: %s", i, rows[i].arguments);
	}
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pads_lie_where_a_page_may_write),
		cmocka_unit_test(what_is_written_again_is_told),
		cmocka_unit_test(records_of_chromium_lead_to_texts),
		cmocka_unit_test(words_of_firefox_count_where_a_site_is_alone),
		cmocka_unit_test(pages_are_told_from_parts),
	};

	return cmocka_run_group_tests(tests, two_sides_set_up, two_sides_tear_down);
}
