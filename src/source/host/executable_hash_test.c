#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "source/host/executable_hash.h"

enum { BYTES = 300 * 1024 };

/* A file of memory with contents that differ everywhere, and their hash. */
static int make_file(uint8_t first, uint8_t sha256[32])
{
	uint8_t *bytes = malloc(BYTES);
	int fd = memfd_create("program", MFD_CLOEXEC);

	assert_non_null(bytes);
	for (size_t i = 0; i < BYTES; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 256);
	bytes[0] = first;
	assert_int_equal(write(fd, bytes, BYTES), BYTES);
	crypto_hash_sha256(sha256, bytes, BYTES);
	free(bytes);
	return fd;
}

static void hashes_in_steps_and_remembers(void **state)
{
	struct executable_hashes *hashes;
	uint8_t expected[32], out[32];
	int fd = make_file(1, expected), steps = 0, result;

	assert_int_equal(executable_hashes_new(4, &hashes), 0);
	do {
		result = executable_hash_step(hashes, fd, 100000, instant_at(1, 0), out);
		steps++;
	} while (result == 0 && steps < 10);
	assert_int_equal(result, 1);
	assert_int_equal(steps, 4); /* the fourth reads the rest, and finds the end */
	assert_memory_equal(out, expected, 32);
	memset(out, 0, sizeof(out));
	assert_int_equal(executable_hash_step(hashes, fd, 0, instant_at(2, 0), out), 1);
	assert_memory_equal(out, expected, 32);
	close(fd);
	executable_hashes_free(hashes);
}

static void two_files_do_not_mix(void **state)
{
	struct executable_hashes *hashes;
	uint8_t first[32], second[32], out[32];
	int one = make_file(1, first), other = make_file(2, second);

	assert_int_equal(executable_hashes_new(4, &hashes), 0);
	assert_int_equal(executable_hash_step(hashes, one, 100000, instant_at(1, 0), out), 0);
	assert_int_equal(executable_hash_step(hashes, other, UINT64_MAX, instant_at(1, 0), out), 1);
	assert_memory_equal(out, second, 32);
	assert_int_equal(executable_hash_step(hashes, one, UINT64_MAX, instant_at(1, 0), out), 1);
	assert_memory_equal(out, first, 32);
	close(one);
	close(other);
	executable_hashes_free(hashes);
}

static void a_file_that_changes_is_read_again(void **state)
{
	struct executable_hashes *hashes;
	uint8_t before[32], expected[32], out[32];
	int fd = make_file(1, before);

	assert_int_equal(executable_hashes_new(4, &hashes), 0);
	assert_int_equal(executable_hash_step(hashes, fd, 100000, instant_at(1, 0), out), 0);
	assert_int_equal(ftruncate(fd, 3), 0); /* its size is part of who it is */
	assert_int_equal(pwrite(fd, "abc", 3, 0), 3);
	crypto_hash_sha256(expected, (const uint8_t *)"abc", 3);
	assert_int_equal(executable_hash_step(hashes, fd, UINT64_MAX, instant_at(1, 0), out), 1);
	assert_memory_equal(out, expected, 32);
	close(fd);
	executable_hashes_free(hashes);
}

static void a_budget_is_kept_and_taken_up_again(void **state)
{
	struct executable_hashes *hashes;
	uint8_t expected[32], out[32];
	int fd = make_file(1, expected);
	uint64_t budget = BYTES / 2;

	(void)state;
	assert_int_equal(executable_hashes_new(4, &hashes), 0);
	assert_int_equal(executable_hash_within(hashes, fd, &budget, instant_at(1, 0), out), 0);
	assert_int_equal(budget, 0);
	budget = BYTES;
	assert_int_equal(executable_hash_within(hashes, fd, &budget, instant_at(1, 0), out), 1);
	assert_int_equal(budget, BYTES / 2);
	assert_memory_equal(out, expected, 32);
	assert_int_equal(executable_hash_within(hashes, fd, &budget, instant_at(2, 0), out), 1);
	assert_int_equal(budget, BYTES / 2); /* remembered */
	assert_int_equal(executable_hash_within(hashes, -1, &budget, instant_at(2, 0), out),
			 -EBADF);
	close(fd);
	executable_hashes_free(hashes);
}

static void only_files_have_a_hash(void **state)
{
	struct executable_hashes *hashes;
	uint8_t out[32];
	int folder = open("/", O_RDONLY | O_DIRECTORY), null = open("/dev/null", O_RDONLY);

	assert_int_equal(executable_hashes_new(4, &hashes), 0);
	assert_int_equal(executable_hash_step(hashes, folder, 10, instant_at(1, 0), out), -EINVAL);
	assert_int_equal(executable_hash_step(hashes, null, 10, instant_at(1, 0), out), -EINVAL);
	assert_int_equal(executable_hash_step(hashes, -1, 10, instant_at(1, 0), out), -EBADF);
	close(folder);
	close(null);
	executable_hashes_free(hashes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_in_steps_and_remembers),
		cmocka_unit_test(two_files_do_not_mix),
		cmocka_unit_test(a_file_that_changes_is_read_again),
		cmocka_unit_test(a_budget_is_kept_and_taken_up_again),
		cmocka_unit_test(only_files_have_a_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
