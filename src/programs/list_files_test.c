#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "programs/list_files.h"

#define HEADER "# name: test\n# source: us\n# date: 2026-11-22\n# licence: none\n"

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int make_place(void **state)
{
	char *folder = strdup("/tmp/davy-list-files-XXXXXX");

	*state = folder;
	if (!mkdtemp(folder) || chdir(folder) != 0)
		return -1;
	write_text("good.txt", HEADER "example.net\nshared 203.0.113.0/24\n");
	write_text("wrong.txt", HEADER "not a name\n");
	return mkfifo("fifo", 0600) == 0 && mkdir("folder", 0700) == 0 ? 0 : -1;
}

static int drop_place(void **state)
{
	unlink("good.txt");
	unlink("wrong.txt");
	unlink("fifo");
	rmdir("folder");
	int result = chdir("/") == 0 ? rmdir(*state) : -1;
	free(*state);
	return result;
}

struct told {
	char text[2048];
};

static void note(void *context, const char *path, const char *why)
{
	struct told *told = context;
	size_t len = strlen(told->text);

	snprintf(told->text + len, sizeof(told->text) - len, "%s=%s\n", path, why);
}

/* What cannot be read is told, in order, and what can be is shared. */
static void what_can_be_read_is_shared(void **state)
{
	struct settings *settings = NULL;
	struct pool_list list;
	struct pool_match match;
	struct told told = {0};
	struct error why = {0};

	assert_int_equal(settings_read(STR("lists:\n  shipped: false\n  pools: [missing.txt, fifo, "
					   "folder, wrong.txt, good.txt]\n"),
				       "f", &settings, &why),
			 0);
	int fd = list_files_share(settings, note, &told, &why);
	assert_true(fd >= 0);
	assert_non_null(strstr(told.text, "missing.txt=missing.txt: the list cannot be read: No "
					  "such file"));
	assert_non_null(strstr(told.text, "fifo=fifo: the list cannot be read: it is no regular"));
	assert_non_null(
		strstr(told.text, "folder=folder: the list cannot be read: Is a directory"));
	assert_non_null(strstr(told.text, "wrong.txt=wrong.txt:5: \"not a name\""));
	assert_non_null(strstr(told.text, "good.txt=\n"));
	assert_int_equal(write(fd, "x", 1), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(fd, 1), -1);
	assert_ptr_equal(mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
	assert_true(list_files_map(fd, &list));
	assert_int_equal(fcntl(fd, F_GETFD), -1); /* closed */
	assert_true(pool_list_find_name(&list, STR("a.example.net"), 1, &match));
	assert_int_equal(pool_list_count(&list), 2);
	settings_free(&settings);
}

static void no_lists_are_a_list_too(void **state)
{
	struct settings *settings = NULL;
	struct pool_list list;
	struct error why = {0};

	assert_int_equal(settings_read(STR("lists:\n  shipped: false\n"), "f", &settings, &why), 0);
	int fd = list_files_share(settings, NULL, NULL, &why);
	assert_true(fd >= 0);
	assert_true(list_files_map(fd, &list));
	assert_int_equal(pool_list_count(&list), 0);
	settings_free(&settings);
}

static void what_is_no_list_is_not_mapped(void **state)
{
	struct pool_list list;
	int fd = open("wrong.txt", O_RDONLY);

	assert_true(fd >= 0);
	assert_false(list_files_map(fd, &list));
	fd = open("/dev/null", O_RDONLY);
	assert_false(list_files_map(fd, &list));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_can_be_read_is_shared, make_place, drop_place),
		cmocka_unit_test_setup_teardown(no_lists_are_a_list_too, make_place, drop_place),
		cmocka_unit_test_setup_teardown(what_is_no_list_is_not_mapped, make_place,
						drop_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
