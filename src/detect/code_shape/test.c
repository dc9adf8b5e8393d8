#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "detect/code_shape/shapes.h"
#include "detect/host_room.h"
#include "lab/host_loops.h"
#include "lab/random.h"

extern const struct host_room code_shape_room;

enum { WINDOWS = WORKLOAD_WINDOWS_MAX };

struct bench {
	struct arena scratch;
	struct buf code[WINDOWS];
	struct code_window windows[WINDOWS];
	struct workload workload;
	struct signs signs;
};

static int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	*state = bench;
	return bench ? arena_init(&bench->scratch, 65536) : -1;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;

	for (size_t i = 0; i < WINDOWS; i++)
		buf_fini(&bench->code[i]);
	arena_fini(&bench->scratch);
	free(bench);
	return 0;
}

/* An offset at which an instruction begins, as a sampler finds: some way along from the loop's
 * start. */
static size_t step_to(struct str code, size_t begins, uint32_t steps)
{
	char text[64];
	int status;
	struct code_reader *reader = code_reader_new(CODE_X86_64, &status);
	size_t at = begins;

	assert_non_null(reader);
	while (steps-- > 0) {
		size_t size = code_text(reader, str_skip(code, at), 0, text, sizeof(text));
		if (size == 0 || at + size + 16 > code.len)
			break;
		at += size;
	}
	code_reader_free(reader);
	return at;
}

/* A window of 4096 bytes around a random instruction of a loop; fewer at its ends. */
static void add_window(struct bench *bench, const struct lab_loop *loop, struct lab_random *random,
		       uint32_t samples)
{
	size_t i = bench->workload.window_count++;
	struct buf *code = &bench->code[i];

	buf_clear(code);
	size_t begins = lab_loop_write(code, loop);
	assert_false(code->failed);
	size_t sampled = step_to(buf_view(code), begins, lab_random_below(random, 400));
	size_t from = sampled > CODE_WINDOW_BYTES / 2 ? sampled - CODE_WINDOW_BYTES / 2 : 0;
	bench->windows[i] = (struct code_window){
		.address = 0x7f0000000000 + from,
		.sampled_address = 0x7f0000000000 + sampled,
		.bytes = str_sub(buf_view(code), from, CODE_WINDOW_BYTES),
		.samples = samples,
		.is_anonymous = true,
	};
}

static void judge(struct bench *bench)
{
	arena_reset(&bench->scratch);
	bench->signs = (struct signs){0};
	bench->workload.windows = bench->windows;
	code_shape_room.judge(&bench->workload, &bench->scratch, &bench->signs);
	for (size_t i = 0; i < bench->signs.count; i++) {
		const struct sign *sign = &bench->signs.at[i];
		assert_int_equal(sign->family, FAMILY_CODE);
		assert_true(sign->reason.len > 20 && sign->quote.len > 10);
		assert_int_not_equal(sign->reason.at[sign->reason.len - 1], '.');
		assert_true(sign->strength > 0 && sign->strength <= 1);
	}
}

/* As a miner runs it: another program in each window. */
static void judge_loop(struct bench *bench, struct lab_loop loop, uint32_t windows, uint64_t seed)
{
	struct lab_random random = {seed};

	bench->workload = (struct workload){0};
	for (uint32_t i = 0; i < windows; i++) {
		loop.seed = lab_random_next(&random);
		add_window(bench, &loop, &random, 1);
	}
	judge(bench);
}

static int weight_said(const struct bench *bench, const char *algorithm)
{
	int weight = -1;

	for (size_t i = 0; i < bench->signs.count; i++)
		if (strcmp(bench->signs.at[i].algorithm, algorithm) == 0 &&
		    (int)bench->signs.at[i].weight > weight)
			weight = (int)bench->signs.at[i].weight;
	return weight;
}

/* Shapes and what is done against being seen; 40 workloads each. */
static void test_loops(void **state)
{
	static const struct {
		const char *name, *algorithm;
		struct lab_loop loop;
		int least, most; /* weight; -1: no sign */
	} cases[] = {
		{"program", "rx", {.shape = LAB_LOOP_RANDOMX}, SIGN_SPECIFIC, SIGN_SPECIFIC},
		{"masks in registers",
		 "rx",
		 {.shape = LAB_LOOP_RANDOMX, .masks_in_registers = true},
		 SIGN_SPECIFIC,
		 SIGN_SPECIFIC},
		{"half dead code",
		 "rx",
		 {.shape = LAB_LOOP_RANDOMX, .padding_percent = 100},
		 SIGN_STRONG,
		 SIGN_SPECIFIC},
		{"thinned four times, masks in registers",
		 "rx",
		 {.shape = LAB_LOOP_RANDOMX, .padding_percent = 300, .masks_in_registers = true},
		 SIGN_STRONG,
		 SIGN_SPECIFIC},
		{"a small pad",
		 "rx",
		 {.shape = LAB_LOOP_RANDOMX, .pad_bytes = 1 << 18},
		 SIGN_SPECIFIC,
		 SIGN_SPECIFIC},
		{"dataset",
		 "rx",
		 {.shape = LAB_LOOP_SUPERSCALAR},
		 SIGN_LOOKS_ALIKE,
		 SIGN_LOOKS_ALIKE},
		{"cryptonight",
		 "cn",
		 {.shape = LAB_LOOP_CRYPTONIGHT},
		 SIGN_SPECIFIC,
		 SIGN_SPECIFIC},
		{"cryptonight, mask in a register",
		 "cn",
		 {.shape = LAB_LOOP_CRYPTONIGHT, .masks_in_registers = true},
		 SIGN_STRONG,
		 SIGN_STRONG},
		{"float", "rx", {.shape = LAB_LOOP_FLOAT}, -1, -1},
		{"big numbers", "rx", {.shape = LAB_LOOP_BIG_NUMBERS}, -1, -1},
		{"vector", "rx", {.shape = LAB_LOOP_VECTOR}, -1, -1},
		{"mixer", "rx", {.shape = LAB_LOOP_MIXER}, -1, -1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (uint64_t seed = 0; seed < 40; seed++) {
			judge_loop(*state, cases[i].loop, 20, seed);
			int weight = weight_said(*state, cases[i].algorithm);
			if (weight < cases[i].least || weight > cases[i].most)
				fail_msg("%s, seed %u: weight %d", cases[i].name, (unsigned)seed,
					 weight);
		}
	}
}

/* A third of a program's windows are enough beside innocent code, one in ten is not. */
static void test_shares(void **state)
{
	struct bench *bench = *state;
	struct lab_random random = {5};

	for (unsigned mining = 0; mining <= 8; mining += 8) {
		bench->workload = (struct workload){0};
		for (unsigned i = 0; i < 20; i++)
			add_window(bench,
				   &(struct lab_loop){.shape = i < mining ? LAB_LOOP_RANDOMX
									  : LAB_LOOP_MIXER,
						      .seed = i},
				   &random, 1);
		judge(bench);
		assert_int_equal(weight_said(bench, "rx"), mining ? SIGN_SPECIFIC : -1);
	}
	bench->windows[19].samples = 1000; /* an innocent window that outweighs the rest */
	judge(bench);
	assert_int_equal(weight_said(bench, "rx"), -1);
}

/* Light mode: the dataset's lines are made as it goes; nodes that check blocks run it, too. */
static void test_light_mode(void **state)
{
	struct bench *bench = *state;
	struct lab_random random = {6};

	bench->workload = (struct workload){0};
	for (unsigned i = 0; i < 20; i++)
		add_window(
			bench,
			&(struct lab_loop){.shape = i < 3 ? LAB_LOOP_RANDOMX : LAB_LOOP_SUPERSCALAR,
					   .seed = i},
			&random, 1);
	judge(bench);
	assert_int_equal(weight_said(bench, "rx"), SIGN_STRONG);
}

static void test_too_little(void **state)
{
	struct bench *bench = *state;

	judge_loop(bench, (struct lab_loop){.shape = LAB_LOOP_RANDOMX}, 2, 1);
	assert_int_equal(bench->signs.count, 0);
	bench->workload = (struct workload){0};
	judge(bench);
	assert_int_equal(bench->signs.count, 0);
}

/* Windows that lie about themselves, and bytes that are no code. */
static void test_hostile(void **state)
{
	struct bench *bench = *state;
	struct lab_random random = {9};

	for (unsigned round = 0; round < 50; round++) {
		bench->workload = (struct workload){.window_count = WINDOWS};
		for (unsigned i = 0; i < WINDOWS; i++) {
			buf_clear(&bench->code[i]);
			lab_random_add(&bench->code[i], &random, lab_random_below(&random, 4097));
			bench->windows[i] = (struct code_window){
				.address = lab_random_next(&random),
				.sampled_address = lab_random_next(&random),
				.bytes = buf_view(&bench->code[i]),
				.samples = (uint32_t)lab_random_next(&random),
			};
			if (i % 2)
				bench->windows[i].sampled_address =
					bench->windows[i].address + lab_random_below(&random, 4097);
		}
		judge(bench);
		assert_int_equal(weight_said(bench, "rx"), -1);
	}
}

/* cases/NAME.hex: "# SHAPE" (or "# none"), then a window in hex, sampled about its middle. */
static void judge_case(const char *path, const char *name)
{
	char line[256], expected[64] = "";
	uint8_t bytes[CODE_WINDOW_BYTES];
	size_t len = 0;
	FILE *file = fopen(path, "re");
	struct code_counts all, inner;
	struct code_loop loop;
	int status;
	struct code_reader *reader = code_reader_new(CODE_X86_64, &status);

	assert_non_null(file);
	assert_non_null(reader);
	while (fgets(line, sizeof(line), file)) {
		if (line[0] == '#') {
			if (!expected[0])
				assert_int_equal(sscanf(line, "# %63[^\n]", expected), 1);
			continue;
		}
		ptrdiff_t got =
			str_decode_hex(str_trim(str_from(line)), bytes + len, sizeof(bytes) - len);
		assert_true(got > 0);
		len += (size_t)got;
	}
	fclose(file);
	size_t sampled = 0;
	while (sampled < len / 2) {
		size_t size = code_text(reader, str_skip(str_of(bytes, len), sampled), 0, line,
					sizeof(line));
		sampled += size ? size : 1;
	}
	code_read(reader, str_of(bytes, len), sampled);
	code_count(reader, 0, CODE_READ_MAX, &all);
	bool has_loop = code_find_loop(reader, 64, &loop);
	if (has_loop)
		code_count(reader, loop.from, loop.to, &inner);
	uint32_t found = shapes_of(&all, has_loop ? &inner : &all, false);
	uint32_t wanted = 0;
	for (unsigned i = 0; i < SHAPE_COUNT; i++)
		if (strcmp(shape_name((enum shape)i), expected) == 0)
			wanted = 1u << i;
	code_reader_free(reader);
	if (found != wanted || (!wanted && strcmp(expected, "none") != 0))
		fail_msg("%s: found %x, not %s", name, found, expected);
}

static void test_cases(void **state)
{
	char folder[512], path[1024];
	const char *root = getenv("DAVY_SOURCE_ROOT");
	unsigned seen = 0;

	snprintf(folder, sizeof(folder), "%s/src/detect/code_shape/cases", root ? root : ".");
	DIR *cases = opendir(folder);
	assert_non_null(cases);
	for (struct dirent *entry; (entry = readdir(cases));) {
		if (!str_ends(str_from(entry->d_name), STR(".hex")))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		judge_case(path, entry->d_name);
		seen++;
	}
	closedir(cases);
	assert_true(seen >= 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loops),	   cmocka_unit_test(test_shares),
		cmocka_unit_test(test_light_mode), cmocka_unit_test(test_too_little),
		cmocka_unit_test(test_hostile),	   cmocka_unit_test(test_cases),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
