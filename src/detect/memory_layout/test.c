#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "detect/host_room.h"

extern const struct host_room memory_layout_room;

#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)

enum {
	RW = MAPPING_READ | MAPPING_WRITE | MAPPING_ANONYMOUS,
	RX = MAPPING_READ | MAPPING_EXECUTE | MAPPING_ANONYMOUS,
	NOTHING = -1,
};

static void sizes_of_an_algorithm_are_seen(void **state)
{
	static const struct {
		const char *name;
		struct {
			uint64_t size;
			uint32_t flags;
		} mappings[8];
		uint64_t resident;
		uint32_t hot_threads;
		int weight; /* of the first sign */
	} rows[] = {
		{"a dataset", {{2080 * MIB, RW}, {76 * KIB, RX}}, 2400 * MIB, 1, SIGN_STRONG},
		{"a dataset in huge pages",
		 {{2080 * MIB, RW | MAPPING_HUGE_PAGES}},
		 2400 * MIB,
		 2,
		 SIGN_STRONG},
		{"with malloc's head", {{2080 * MIB + 4 * KIB, RW}}, 2400 * MIB, 1, SIGN_STRONG},
		{"with eight pads beside it", {{2096 * MIB, RW}}, 2400 * MIB, 8, SIGN_STRONG},
		{"with the cache beside it, one mapping for both",
		 {{2336 * MIB + 8 * KIB, RW}, {76 * KIB, RX}},
		 700 * MIB,
		 1,
		 SIGN_STRONG},
		{"with two caches beside it, as monerod has them now and then",
		 {{2592 * MIB + 12 * KIB, RW}},
		 700 * MIB,
		 1,
		 SIGN_STRONG},
		{"a heap of 2.6 GB", {{2603 * MIB, RW}}, 2400 * MIB, 1, NOTHING},
		{"asked for, not used", {{2080 * MIB, RW}}, 100 * MIB, 1, NOTHING},
		{"a file of that size", {{2080 * MIB, MAPPING_READ}}, 2400 * MIB, 1, NOTHING},
		{"a heap of 2100.5 MiB", {{2100 * MIB + 512 * KIB, RW}}, 2400 * MIB, 1, NOTHING},
		{"a heap of 4 GiB", {{4096 * MIB, RW}}, 4096 * MIB, 4, NOTHING},
		{"a cache, pads, code",
		 {{256 * MIB, RW}, {2 * MIB, RW}, {2 * MIB, RW}, {128 * KIB, RX}},
		 300 * MIB,
		 2,
		 SIGN_STRONG},
		{"a cache alone", {{256 * MIB, RW}, {128 * KIB, RX}}, 300 * MIB, 2, SIGN_SUPPORTS},
		{"a cache and a pad too few",
		 {{256 * MIB, RW}, {2 * MIB, RW}, {128 * KIB, RX}},
		 300 * MIB,
		 2,
		 SIGN_SUPPORTS},
		{"pads alone", {{2 * MIB, RW}, {2 * MIB, RW}}, 10 * MIB, 2, SIGN_SUPPORTS},
		{"a stack of 256 MiB", {{256 * MIB, RW | MAPPING_STACK}}, 10 * MIB, 1, NOTHING},
		{"little", {{64 * KIB, RW}}, 10 * MIB, 1, NOTHING},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct process process = {.resident_bytes = rows[i].resident};
		struct mapping mappings[8];
		struct signs signs = {0};
		struct arena scratch;
		struct workload workload = {.process = &process,
					    .hot_threads = rows[i].hot_threads,
					    .mappings = mappings};
		uint64_t at = 0x7f0000000000;

		for (size_t m = 0; m < 8 && rows[i].mappings[m].size; m++) {
			mappings[workload.mapping_count++] =
				(struct mapping){.start = at,
						 .end = at + rows[i].mappings[m].size,
						 .flags = rows[i].mappings[m].flags};
			at += rows[i].mappings[m].size + MIB;
		}
		assert_int_equal(arena_init(&scratch, 8192), 0);
		memory_layout_room.judge(&workload, &scratch, &signs);
		int weight = signs.count ? (int)signs.at[0].weight : NOTHING;
		if (weight != rows[i].weight)
			fail_msg("%s: %d instead of %d", rows[i].name, weight, rows[i].weight);
		arena_fini(&scratch);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_of_an_algorithm_are_seen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
