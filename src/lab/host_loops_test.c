#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decode/code/code.h"
#include "lab/host_loops.h"

static void count_loop(const struct lab_loop *loop, struct code_counts *out, size_t *begins)
{
	CLEANUP(buf_fini) struct buf code = {0};
	int status;
	struct code_reader *reader = code_reader_new(CODE_X86_64, &status);

	assert_non_null(reader);
	*begins = lab_loop_write(&code, loop);
	assert_false(code.failed);
	assert_in_range(code.len, *begins + 32, LAB_LOOP_BYTES_MAX);
	code_read(reader, str_skip(buf_view(&code), *begins), 0);
	code_count(reader, 0, CODE_READ_MAX, out);
	code_reader_free(reader);
}

/* Nothing but known instructions comes out, from many seeds, if nothing is put between. */
static void test_is_code(void **state)
{
	for (unsigned shape = 0; shape < LAB_LOOP_COUNT; shape++) {
		for (uint64_t seed = 0; seed < 50; seed++) {
			struct lab_loop loop = {.shape = (enum lab_loop_shape)shape,
						.seed = seed,
						.masks_in_registers = seed & 1};
			struct code_counts counts;
			size_t begins;
			count_loop(&loop, &counts, &begins);
			if (counts.invalid_bytes > 12 || counts.groups[CODE_OTHER] > 60)
				fail_msg("%s %u: %u bytes are no code, %u unknown",
					 lab_loop_names[shape], (unsigned)seed,
					 counts.invalid_bytes, counts.groups[CODE_OTHER]);
		}
	}
}

static void test_masks(void **state)
{
	struct lab_loop loop = {.shape = LAB_LOOP_RANDOMX, .seed = 7};
	struct code_counts open, hidden;
	size_t begins;

	count_loop(&loop, &open, &begins);
	loop.masks_in_registers = true;
	count_loop(&loop, &hidden, &begins);
	assert_true(open.groups[CODE_MASK_ADDRESS] > 20);
	assert_int_equal(hidden.groups[CODE_MASK_ADDRESS], 0);
	assert_true(open.groups[CODE_CONVERT] >= 8 && hidden.groups[CODE_CONVERT] >= 8);
}

static void test_is_repeatable(void **state)
{
	CLEANUP(buf_fini) struct buf one = {0};
	CLEANUP(buf_fini) struct buf same = {0};
	CLEANUP(buf_fini) struct buf other = {0};

	lab_loop_write(&one, &(struct lab_loop){.seed = 3, .padding_percent = 130});
	lab_loop_write(&same, &(struct lab_loop){.seed = 3, .padding_percent = 130});
	lab_loop_write(&other, &(struct lab_loop){.seed = 4, .padding_percent = 130});
	assert_true(str_equal(buf_view(&one), buf_view(&same)));
	assert_false(str_equal(buf_view(&one), buf_view(&other)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_is_code),
		cmocka_unit_test(test_masks),
		cmocka_unit_test(test_is_repeatable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
