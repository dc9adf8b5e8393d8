#include "programs/store_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static int make_place(void **state)
{
	char *place = strdup("/tmp/davy-folder-XXXXXX");

	*state = place;
	return mkdtemp(place) && chdir(place) == 0 ? 0 : -1;
}

static int drop_place(void **state)
{
	static const char *const files[] = {"link", "file", "dangling"};
	static const char *const folders[] = {"new", "open", "target", "theirs"};

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		unlink(files[i]);
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		rmdir(folders[i]);
	int r = chdir("/") | rmdir(*state);
	free(*state);
	return r;
}

static struct stat must_stat(const char *path)
{
	struct stat is;

	assert_int_equal(lstat(path, &is), 0);
	return is;
}

static void a_folder_is_made_once(void **state)
{
	struct error why = {0};

	umask(0);
	assert_int_equal(store_folder_make("new/davy.db", &why), 0);
	assert_int_equal(must_stat("new").st_mode, S_IFDIR | 0750);
	/* one that is there is the administrator's, and stays as it is */
	assert_int_equal(mkdir("open", 0711), 0);
	assert_int_equal(store_folder_make("open/davy.db", &why), 0);
	assert_int_equal(must_stat("open").st_mode, S_IFDIR | 0711);
	assert_int_equal(store_folder_make("davy.db", &why), 0);
	assert_int_equal(store_folder_make("/davy.db", &why), 0);
	assert_int_equal(store_folder_make("missing/new/davy.db", &why), -ENOENT);
	assert_non_null(strstr(why.text, "missing/new: the store's folder cannot be made"));
}

/* As if it had been put there after the folder was made. */
static void what_took_its_place_is_left_alone(void **state)
{
	static const char *const rows[] = {"link", "dangling", "file", "theirs"};
	struct error why;

	umask(0);
	assert_int_equal(mkdir("target", 0711), 0);
	assert_int_equal(mkdir("theirs", 0711), 0);
	bool is_root = geteuid() == 0;
	if (is_root)
		assert_int_equal(chown("theirs", 12345, 12345), 0);
	assert_int_equal(symlink("target", "link"), 0);
	assert_int_equal(symlink("nowhere", "dangling"), 0);
	close(open("file", O_WRONLY | O_CREAT, 0604));
	struct stat target = must_stat("target"), file = must_stat("file");
	struct stat theirs = must_stat("theirs");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows) - !is_root; i++) {
		why = (struct error){0};
		if (store_folder_give(rows[i], 65534, 65534, &why) >= 0)
			fail_msg("%s was given away", rows[i]);
		assert_non_null(strstr(why.text, "somebody else put something in its place"));
	}
	assert_int_equal(must_stat("target").st_uid, target.st_uid);
	assert_int_equal(must_stat("target").st_mode, target.st_mode);
	assert_int_equal(must_stat("file").st_uid, file.st_uid);
	assert_int_equal(must_stat("file").st_mode, file.st_mode);
	assert_int_equal(must_stat("theirs").st_uid, theirs.st_uid);
	assert_int_equal(must_stat("theirs").st_mode, theirs.st_mode);
	/* and the folder itself is given */
	assert_int_equal(store_folder_give("target", 65534, 65534, &why), 0);
	assert_int_equal(must_stat("target").st_mode, S_IFDIR | 0750);
	assert_int_equal(must_stat("target").st_uid, is_root ? 65534 : geteuid());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_folder_is_made_once, make_place, drop_place),
		cmocka_unit_test_setup_teardown(what_took_its_place_is_left_alone, make_place,
						drop_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
