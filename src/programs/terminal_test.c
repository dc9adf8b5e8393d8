#include "programs/terminal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

/* systemd names the pipe it reads by device and inode; a pipe of somebody else is none. */
static void the_journal_is_known_by_its_stream(void **state)
{
	static const struct {
		const char *name, *format; /* NULL: not set */
		bool is_journal;
	} rows[] = {
		{"not set", NULL, false},   {"this one", "%llu:%llu", true},
		{"empty", "", false},	    {"no number", "journal", false},
		{"cut off", "%llu", false}, {"another", "%llu:1%llu", false},
	};
	struct stat is;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(fstat(ends[1], &is), 0);
	unsigned long long device = is.st_dev, inode = is.st_ino;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char stream[64];
		unsetenv("JOURNAL_STREAM");
		if (rows[i].format) {
			/* the formats are the rows' own */
			const char *format = rows[i].format;
			snprintf(stream, sizeof(stream), format, device, inode);
			setenv("JOURNAL_STREAM", stream, 1);
		}
		if (terminal_is_journal(ends[1]) != rows[i].is_journal)
			fail_msg("%s", rows[i].name);
		assert_false(terminal_is_journal(-1));
	}
	unsetenv("JOURNAL_STREAM");
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(the_journal_is_known_by_its_stream)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
