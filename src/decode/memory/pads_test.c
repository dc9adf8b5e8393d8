#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "decode/memory/pads.h"
#include "lab/random.h"

#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)

enum { MEMORY_BYTES = 16 << 20 };

static void add_zeros(struct buf *out, size_t to)
{
	static const char zeros[65536];

	while (out->len < to)
		buf_add(out, str_of(zeros,
				    to - out->len < sizeof(zeros) ? to - out->len : sizeof(zeros)));
}

static struct buf memory_of(uint64_t from, uint64_t bytes, uint64_t seed)
{
	struct lab_random random = {seed};
	struct buf out = {0};

	add_zeros(&out, from);
	lab_random_add(&out, &random, (uint32_t)bytes);
	assert_false(out.failed);
	return out;
}

static void read_in_pieces(struct pad_finder *finder, const struct buf *memory, size_t piece)
{
	for (size_t at = 0; at < memory->len; at += piece)
		pad_finder_read(finder, str_sub(buf_view(memory), at, piece), 0x10000 + at);
	pad_finder_end(finder);
}

static void pads_by_their_size(void **state)
{
	static const struct {
		const char *name;
		uint64_t from, bytes;
		size_t pads;
	} rows[] = {
		{"CryptoNight", 65536, 2 * MIB, 1},
		{"that does not begin with a page", 65536 + 1040, 2 * MIB, 1},
		{"its light kind", 4 * MIB, 1 * MIB, 1},
		{"its smallest kind", 8192, 256 * KIB, 1},
		{"four, side by side", 1 * MIB, 8 * MIB, 1},
		{"something packed", 65536, 2 * MIB - 40 * KIB, 0},
		{"something packed of 3 MiB", 65536, 3 * MIB, 0},
		{"a key", 65536, 32, 0},
		{"nothing", 65536, 0, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf memory = memory_of(rows[i].from, rows[i].bytes, 7 + i);
		add_zeros(&memory, MEMORY_BYTES);
		for (size_t piece = 4096; piece <= MEMORY_BYTES; piece *= 16) {
			struct pad_finder finder = {0};
			read_in_pieces(&finder, &memory, piece);
			if (finder.count != rows[i].pads)
				fail_msg("%s: %zu pads in pieces of %zu", rows[i].name,
					 finder.count, piece);
		}
		buf_fini(&memory);
	}
}

static void other_noise_has_another_mark(void **state)
{
	struct pad_finder finder[3] = {0};

	for (size_t i = 0; i < 3; i++) {
		struct buf memory = memory_of(65536, 2 * MIB, i / 2);
		add_zeros(&memory, 4 * MIB);
		read_in_pieces(&finder[i], &memory, MIB);
		assert_int_equal(finder[i].count, 1);
		assert_int_equal(finder[i].pads[0].address, 0x10000 + 65536);
		buf_fini(&memory);
	}
	assert_int_equal(finder[0].pads[0].mark, finder[1].pads[0].mark);
	assert_int_not_equal(finder[1].pads[0].mark, finder[2].pads[0].mark);
}

/* A hole between two pieces, and more pads than fit. */
static void what_is_cut_and_what_is_many(void **state)
{
	struct buf noise = memory_of(0, 256 * KIB, 3);
	struct pad_finder finder = {0};

	pad_finder_read(&finder, str_sub(buf_view(&noise), 0, 128 * KIB), 0);
	pad_finder_read(&finder, str_sub(buf_view(&noise), 0, 128 * KIB), MIB);
	pad_finder_end(&finder);
	assert_int_equal(finder.count, 0);
	for (uint64_t i = 0; i < 2 * PADS_MAX; i++)
		pad_finder_read(&finder, buf_view(&noise), i * MIB);
	pad_finder_end(&finder);
	assert_int_equal(finder.count, PADS_MAX);
	buf_fini(&noise);
}

static void walls_behind_a_memory(void **state)
{
	enum { RW = MAPPING_READ | MAPPING_WRITE | MAPPING_ANONYMOUS };
	const uint64_t end = UINT64_C(0x109400000000) + 16 * MIB;
	static const struct {
		const char *name;
		uint32_t flags, wall_flags;
		uint64_t odd, gap, wall_mib, before;
		bool is_walled;
	} rows[] = {
		{"a module's memory", RW, MAPPING_ANONYMOUS, 0, 0, 8176, 0, true},
		{"a module's memory in Firefox", RW, MAPPING_ANONYMOUS, 0, 0, 4112, 4096, true},
		{"that begins anywhere", RW, MAPPING_ANONYMOUS, 0, 0, 8176, 8192, false},
		{"no wall", RW, MAPPING_ANONYMOUS, 0, 0, 1, 0, false},
		{"a wall that can be read", RW, MAPPING_ANONYMOUS | MAPPING_READ, 0, 0, 8176, 0,
		 false},
		{"a hole before the wall", RW, MAPPING_ANONYMOUS, 0, 4096, 8176, 0, false},
		{"no whole pages of 64 KiB", RW, MAPPING_ANONYMOUS, 4096, 0, 8176, 0, false},
		{"code", RW | MAPPING_EXECUTE, MAPPING_ANONYMOUS, 0, 0, 8176, 0, false},
		{"a stack", RW | MAPPING_STACK, MAPPING_ANONYMOUS, 0, 0, 8176, 0, false},
		{"a file", MAPPING_READ | MAPPING_WRITE, MAPPING_ANONYMOUS, 0, 0, 8176, 0, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint64_t wall = end + rows[i].odd + rows[i].gap;
		const struct mapping maps[] = {
			{.start = UINT64_C(0x109400000000) - rows[i].before,
			 .end = end + rows[i].odd,
			 .flags = rows[i].flags},
			{.start = wall,
			 .end = wall + rows[i].wall_mib * MIB,
			 .flags = rows[i].wall_flags},
		};
		if (memory_is_walled(maps, 2, 0) != rows[i].is_walled)
			fail_msg("%s", rows[i].name);
		assert_false(memory_is_walled(maps, 2, 1));
		assert_false(memory_is_walled(maps, 1, 0));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pads_by_their_size),
		cmocka_unit_test(other_noise_has_another_mark),
		cmocka_unit_test(what_is_cut_and_what_is_many),
		cmocka_unit_test(walls_behind_a_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
