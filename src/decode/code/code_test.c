#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "decode/code/code.h"

struct fixture {
	struct code_reader *reader;
};

static int set_up(void **state)
{
	static struct fixture fixture;
	int code;

	fixture.reader = code_reader_new(CODE_X86_64, &code);
	*state = &fixture;
	return fixture.reader ? 0 : -1;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	code_reader_free(fixture->reader);
	return 0;
}

static struct code_counts count_hex(struct fixture *fixture, const char *hex)
{
	uint8_t bytes[256];
	struct code_counts counts;
	ptrdiff_t len = str_decode_hex(str_from(hex), bytes, sizeof(bytes));

	assert_true(len >= 0);
	code_read(fixture->reader, str_of(bytes, (size_t)len), 0);
	code_count(fixture->reader, 0, (uint32_t)len, &counts);
	return counts;
}

/* One instruction, the group it must be counted in, and one it must not. */
static void test_groups(void **state)
{
	static const struct {
		const char *text, *hex;
		enum code_group is, is_not;
	} cases[] = {
		{"and eax, 0x3ff8", "25f83f0000", CODE_MASK_ADDRESS, CODE_MASK_AES},
		{"and ecx, 0x1ffff8", "81e1f8ff1f00", CODE_MASK_ADDRESS, CODE_MASK_CONSTANT},
		{"and eax, 0x7fffffc0", "25c0ffff7f", CODE_MASK_ADDRESS, CODE_LOAD},
		{"and eax, 0x1ffff0", "25f0ff1f00", CODE_MASK_AES, CODE_MASK_ADDRESS},
		{"and rsp, -64", "4883e4c0", CODE_LOGIC, CODE_MASK_ADDRESS},
		{"and eax, 0xfffffff8", "83e0f8", CODE_LOGIC, CODE_MASK_ADDRESS},
		{"and eax, 0xff0", "25f00f0000", CODE_LOGIC, CODE_MASK_AES},
		{"mov ebx, 0x3ff8", "bbf83f0000", CODE_MASK_CONSTANT, CODE_MASK_ADDRESS},
		{"mov ebx, 0x3ff9", "bbf93f0000", CODE_MOVE, CODE_MASK_CONSTANT},
		{"mul r9", "49f7e1", CODE_MULTIPLY_HIGH, CODE_MULTIPLY},
		{"imul r9", "49f7e9", CODE_MULTIPLY_HIGH, CODE_MULTIPLY_32},
		{"mul ecx", "f7e1", CODE_MULTIPLY_32, CODE_MULTIPLY_HIGH},
		{"mulx rax, rcx, rdx", "c4e2f3f6c2", CODE_MULTIPLY_HIGH, CODE_MULTIPLY},
		{"mul qword [rsi+rcx]", "48f7240e", CODE_LOAD, CODE_STORE},
		{"imul r8, r9", "4d0fafc1", CODE_MULTIPLY, CODE_MULTIPLY_HIGH},
		{"imul eax, eax, 0x1000193", "69c093010001", CODE_MULTIPLY_FNV, CODE_MULTIPLY},
		{"ror r8, 5", "49c1c805", CODE_ROTATE_64, CODE_ROTATE_32},
		{"ror r8, cl", "49d3c8", CODE_ROTATE_64, CODE_SHIFT},
		{"rol eax, 7", "c1c007", CODE_ROTATE_32, CODE_ROTATE_64},
		{"rorx rax, rax, 3", "c4e3fbf0c003", CODE_ROTATE_64, CODE_ROTATE_32},
		{"cvtdq2pd xmm0, [rsi+8]", "f30fe64608", CODE_CONVERT, CODE_STORE},
		{"vcvtdq2pd xmm0, xmm1", "c5fae6c1", CODE_CONVERT, CODE_SIMD},
		{"sqrtpd xmm4, xmm4", "660f51e4", CODE_PACKED_SQRT, CODE_SCALAR_DOUBLE_SLOW},
		{"sqrtsd xmm4, xmm4", "f20f51e4", CODE_SCALAR_DOUBLE_SLOW, CODE_PACKED_SQRT},
		{"divpd xmm4, xmm5", "660f5ee5", CODE_PACKED_DIVIDE, CODE_SINGLE},
		{"vmulpd xmm4, xmm5, xmm6", "c5d159e6", CODE_PACKED_DOUBLE, CODE_SINGLE},
		{"mulps xmm4, xmm5", "0f59e5", CODE_SINGLE, CODE_PACKED_DOUBLE},
		{"vfmadd213pd xmm0, xmm1, xmm2", "c4e2f1a8c2", CODE_PACKED_DOUBLE, CODE_SINGLE},
		{"ldmxcsr [rsp]", "0fae1424", CODE_FLOAT_CONTROL, CODE_STORE},
		{"aesenc xmm0, xmm1", "660f38dcc1", CODE_AES, CODE_SIMD},
		{"vaesdec xmm0, xmm1, xmm2", "c4e271dec2", CODE_AES, CODE_SIMD},
		{"sha256rnds2 xmm1, xmm2", "0f38cbca", CODE_SHA256, CODE_SHA_OTHER},
		{"pclmulqdq xmm0, xmm1, 0", "660f3a44c100", CODE_CARRYLESS, CODE_AES},
		{"pmuludq xmm0, xmm1", "660ff4c1", CODE_SIMD_MULTIPLY, CODE_SIMD},
		{"paddd xmm0, xmm1", "660ffec1", CODE_SIMD, CODE_ADD},
		{"adcx rax, rcx", "66480f38f6c1", CODE_CARRY, CODE_ADD},
		{"fsin", "d9fe", CODE_X87, CODE_OTHER},
		{"prefetchnta [rdi+rax]", "0f180407", CODE_PREFETCH, CODE_LOAD},
		{"mov [rsi+rax], r8", "4c890406", CODE_STORE, CODE_LOAD},
		{"nop [rax]", "0f1f4000", CODE_NOP, CODE_LOAD},
		{"lea rcx, [rdx+8]", "488d4a08", CODE_ADD, CODE_LOAD},
		{"jmp [rax*8+rcx]", "ff24c1", CODE_BRANCH_INDIRECT, CODE_CALL},
		{"ret", "c3", CODE_CALL, CODE_BRANCH},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct code_counts counts = count_hex(*state, cases[i].hex);
		if (counts.instructions != 1 || counts.groups[cases[i].is] != 1 ||
		    counts.groups[cases[i].is_not] != 0 || counts.invalid_bytes != 0)
			fail_msg(
				"%s: %u instructions, %u in its group, %u in the other, %u invalid",
				cases[i].text, counts.instructions, counts.groups[cases[i].is],
				counts.groups[cases[i].is_not], counts.invalid_bytes);
	}
}

static void test_rotations(void **state)
{
	static const uint8_t amounts[] = {5, 25, 7, 0};
	/* ror r8, 5; rol eax, 7; ror eax, 1; psrld xmm0, 3; psllq xmm0, 1 */
	struct code_counts counts = count_hex(*state, "49c1c805"
						      "c1c007"
						      "d1c8"
						      "660f72d003"
						      "660f73f001");

	assert_int_equal(counts.instructions, 5);
	assert_int_equal(counts.rotations_64[5], 1);
	assert_int_equal(counts.rotations_32[25], 1);
	assert_int_equal(counts.rotations_32[1], 1);
	assert_int_equal(counts.rotations_32[3], 1);
	assert_int_equal(counts.rotations_64[63], 1);
	assert_int_equal(code_rotations_of(counts.rotations_32, amounts), 1);
}

/* Bytes that are no instruction are passed over and counted; what follows is found again. */
static void test_resynchronises(void **state)
{
	struct code_counts counts = count_hex(*state, "49f7e1"
						      "0606"
						      "49f7e1"
						      "49f7");

	assert_int_equal(counts.groups[CODE_MULTIPLY_HIGH], 2);
	assert_int_equal(counts.instructions, 2);
	assert_int_equal(counts.invalid_bytes, 4);
	assert_int_equal(count_hex(*state, "").instructions, 0);
	assert_int_equal(count_hex(*state, "06").invalid_bytes, 1);
}

/* The window begins in the middle of `mov r8, number`, whose bytes read as something else. */
static void test_before_the_sample(void **state)
{
	struct fixture *fixture = *state;
	uint8_t bytes[64];
	struct code_counts counts;
	ptrdiff_t len = str_decode_hex(STR("b8f7e1f7e1f7e1f7e1"
					   "49f7e1"
					   "4d0fafc1"
					   "4d0fafc1"),
				       bytes, sizeof(bytes));

	code_read(fixture->reader, str_of(bytes, (size_t)len), 12);
	code_count(fixture->reader, 9, (uint32_t)len, &counts);
	assert_int_equal(counts.groups[CODE_MULTIPLY_HIGH], 1);
	assert_int_equal(counts.groups[CODE_MULTIPLY], 2);
	code_read(fixture->reader, str_of(bytes, (size_t)len), 1000); /* no offset of this window */
	code_count(fixture->reader, 0, 1000, &counts);
	assert_true(counts.bytes + counts.invalid_bytes <= (uint32_t)len);
}

static void test_loops(void **state)
{
	struct fixture *fixture = *state;
	uint8_t bytes[64];
	struct code_loop loop;
	/* 0: mul r9; 3: inc r8; 6: jnz 3; 8: jnz 0; 10: jnz 10 */
	ptrdiff_t len = str_decode_hex(STR("49f7e1"
					   "49ffc0"
					   "75fb"
					   "75f6"
					   "75fe"),
				       bytes, sizeof(bytes));

	code_read(fixture->reader, str_of(bytes, (size_t)len), 3);
	assert_true(code_find_loop(fixture->reader, 0, &loop));
	assert_int_equal(loop.from, 3);
	assert_int_equal(loop.to, 8);
	assert_true(code_find_loop(fixture->reader, 6, &loop));
	assert_int_equal(loop.from, 0);
	assert_int_equal(loop.to, 10);
	assert_false(code_find_loop(fixture->reader, 64, &loop));
}

/* A path goes through a jump over rubbish, and ends at a return. */
static void test_path(void **state)
{
	struct fixture *fixture = *state;
	uint8_t bytes[64];
	struct code_counts counts;
	ptrdiff_t len = str_decode_hex(STR("49f7e1"
					   "eb03"
					   "1122c4"
					   "49f7e1"
					   "c3"
					   "49f7e1"),
				       bytes, sizeof(bytes));

	code_read(fixture->reader, str_of(bytes, (size_t)len), 0);
	code_count_path(fixture->reader, 100, &counts);
	assert_in_range(counts.groups[CODE_MULTIPLY_HIGH], 1, 2);
	code_count_path(fixture->reader, 1, &counts);
	assert_int_equal(counts.instructions, 1);
	/* without rubbish in between the step is not lost */
	len = str_decode_hex(STR("49f7e1"
				 "eb03"
				 "49f7e1"
				 "4d0fafc1"
				 "c3"
				 "49f7e1"),
			     bytes, sizeof(bytes));
	code_read(fixture->reader, str_of(bytes, (size_t)len), 0);
	code_count_path(fixture->reader, 100, &counts);
	assert_int_equal(counts.groups[CODE_MULTIPLY_HIGH], 1);
	assert_int_equal(counts.groups[CODE_MULTIPLY], 1);
	assert_int_equal(counts.instructions, 4);
}

static void test_text(void **state)
{
	struct fixture *fixture = *state;
	char text[16];

	assert_int_equal(
		code_text(fixture->reader, str_of("\x49\xf7\xe1", 3), 0, text, sizeof(text)), 3);
	assert_string_equal(text, "mul r9");
	assert_int_equal(code_text(fixture->reader, str_of("\x06", 1), 0, text, sizeof(text)), 0);
	assert_string_equal(text, "");
}

static void test_unknown_architecture(void **state)
{
	int code = 0;

	assert_null(code_reader_new(CODE_ARM64, &code));
	assert_int_equal(code, -ENOTSUP);
	code_reader_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_groups),	       cmocka_unit_test(test_rotations),
		cmocka_unit_test(test_resynchronises), cmocka_unit_test(test_before_the_sample),
		cmocka_unit_test(test_loops),	       cmocka_unit_test(test_path),
		cmocka_unit_test(test_text),	       cmocka_unit_test(test_unknown_architecture),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
