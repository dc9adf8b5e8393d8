#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "programs/respond_target.h"

/* The kernel gives the number of a removed file to the next one, which is not to be taken for it.
 */
static void a_number_alone_is_no_program(void **state)
{
	static const struct {
		bool has_sha256;
		int inode, size, changed; /* by how much it is another's */
		bool may_run;
	} rows[] = {
		{false, 0, 0, 0, true},	 {false, 0, 0, 1, false}, {false, 0, 1, 0, false},
		{false, 1, 0, 0, false}, {true, 0, 0, 0, true},	  {true, 0, 0, 1, true},
		{true, 1, 0, 1, true}, /* perhaps a copy: its hash decides */
		{true, 0, 1, 0, false},	 {true, 0, 1, 1, false},
	};
	struct respond_targets t = {.opener = {.proc = open("/proc", O_RDONLY | O_DIRECTORY)}};
	struct stat file;

	assert_int_equal(stat("/proc/self/exe", &file), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct respond_program program = {
			.device = file.st_dev,
			.inode = file.st_ino + (uint64_t)rows[i].inode,
			.size_bytes = (uint64_t)(file.st_size + rows[i].size),
			.changed = instant_at(file.st_ctim.tv_sec,
					      file.st_ctim.tv_nsec - rows[i].changed),
			.has_sha256 = rows[i].has_sha256};
		bool may = respond_may_run(&t, (uint32_t)getpid(), &program, 1);
		if (may != rows[i].may_run)
			fail_msg("row %zu: %d", i, may);
	}
	close(t.opener.proc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_alone_is_no_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
