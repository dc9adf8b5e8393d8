#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "source/host/setup_files.h"

static char root[64];

static void in_root(char out[512], const char *path)
{
	snprintf(out, 512, "%s%s", root, path);
}

static void make_folders(const char *path)
{
	char whole[512];

	in_root(whole, path);
	for (char *c = whole + strlen(root) + 1; *c; c++) {
		if (*c != '/')
			continue;
		*c = '\0';
		mkdir(whole, 0755);
		*c = '/';
	}
}

static void make_file(const char *path, const char *text)
{
	char whole[512];

	make_folders(path);
	in_root(whole, path);
	FILE *file = fopen(whole, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void make_link(const char *path, const char *target)
{
	char whole[512];

	make_folders(path);
	in_root(whole, path);
	assert_int_equal(symlink(target, whole), 0);
}

static int setup(void **state)
{
	snprintf(root, sizeof(root), "/tmp/davy-setup-XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int teardown(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf -- %s", root);
	return system(command);
}

static struct setup_walk *open_walk(void)
{
	struct setup_walk *walk;
	struct error why;

	assert_int_equal(setup_walk_open(root, &walk, &why), 0);
	return walk;
}

/* Walks all; the file that was asked for, its text, or false. */
static bool find(struct setup_walk *walk, const char *path, struct setup_file *out, char text[64])
{
	struct setup_file file;
	bool found = false;
	int fd;

	setup_walk_again(walk, true);
	while (setup_walk_next(walk, &file, &fd)) {
		if (str_equal(setup_file_path(&file), str_from(path))) {
			*out = file;
			ssize_t got = fd >= 0 ? pread(fd, text, 63, 0) : 0;
			text[got > 0 ? got : 0] = '\0';
			found = true;
		}
		if (fd >= 0)
			close(fd);
	}
	return found;
}

static void files_are_found_where_they_lie(void **state)
{
	static const struct {
		const char *path;
		enum setup_form form;
		bool is_home, is_loose;
	} rows[] = {
		{"/etc/crontab", SETUP_CRONTAB, false, false},
		{"/etc/cron.d/a;touch x", SETUP_CRONTAB, false, false},
		{"/var/spool/cron/crontabs/ann", SETUP_CRONTAB_USER, false, false},
		{"/etc/systemd/system/x.service", SETUP_UNIT, false, false},
		{"/etc/systemd/system/ssh.service.d/o.conf", SETUP_UNIT, false, false},
		{"/home/USER/.ssh/authorized_keys", SETUP_KEYS, true, false},
		{"/var/lib/redis/.ssh/authorized_keys", SETUP_KEYS, true, false},
		{"/root"
		 "/.bashrc",
		 SETUP_PROFILE, true, false},
		{"/home/USER/.config/autostart/x.desktop", SETUP_DESKTOP, true, false},
		{"/etc/ld.so.preload", SETUP_PRELOAD, false, false},
		{"/tmp/a/b/.c", SETUP_MINER, false, true},
	};
	static const char text[] = "twenty bytes and more";
	struct setup_walk *walk;
	struct setup_file file;
	char got[64];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		make_file(rows[i].path, text);
	make_file("/etc/systemd/system/README", text);
	make_file("/tmp/small", "x");
	walk = open_walk();
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (!find(walk, rows[i].path, &file, got))
			fail_msg("%s was not found", rows[i].path);
		assert_int_equal(file.form, rows[i].form);
		assert_int_equal(file.is_home, rows[i].is_home);
		assert_int_equal(file.is_loose, rows[i].is_loose);
		assert_int_equal(file.error, 0);
		assert_string_equal(got, text);
	}
	assert_false(find(walk, "/etc/systemd/system/README", &file, got));
	assert_false(find(walk, "/tmp/small", &file, got));
	assert_null(setup_walk_left_out(walk));
	setup_walk_close(walk);
}

/* A FIFO would make us wait, a link could lead to this machine's own secrets. */
static void tricks_lead_nowhere(void **state)
{
	struct setup_walk *walk;
	struct setup_file file;
	char whole[512], got[64];

	make_file("/secret", "of the image");
	make_link("/etc/cron.d/out", "/../../../../etc/passwd");
	make_link("/etc/cron.d/inside", "/secret");
	make_link("/etc/cron.d/loop", "loop");
	make_link("/etc/profile.d", "profile.d");
	make_link("/etc/cron.d/magic", "/proc/self/root/etc/passwd");
	in_root(whole, "/etc/cron.d/fifo");
	assert_int_equal(mkfifo(whole, 0666), 0);
	make_link("/etc/cron.d/to_fifo", "fifo");
	in_root(whole, "/etc/rc.local");
	assert_int_equal(mkdir(whole, 0755), 0);
	walk = open_walk();
	assert_true(find(walk, "/etc/cron.d/out", &file, got));
	assert_int_equal(file.error, -ENOENT);
	assert_true(find(walk, "/etc/cron.d/inside", &file, got));
	assert_string_equal(got, "of the image");
	assert_true(find(walk, "/etc/cron.d/loop", &file, got));
	assert_int_equal(file.error, -ELOOP);
	assert_true(find(walk, "/etc/cron.d/magic", &file, got));
	assert_true(file.error < 0);
	assert_false(find(walk, "/etc/cron.d/fifo", &file, got));
	assert_true(find(walk, "/etc/cron.d/to_fifo", &file, got));
	assert_string_equal(got, ""); /* known, never opened */
	assert_true(find(walk, "/etc/rc.local", &file, got));
	assert_string_equal(got, "");
	setup_walk_close(walk);
}

static void who_could_change_a_file(void **state)
{
	struct setup_walk *walk;
	struct setup_file file;
	char whole[512];
	int fd;

	if (getuid() != 0) /* everything here would be a user's */
		return;
	make_file("/opt/a/run", "x");
	make_file("/opt/b/run", "x");
	make_file("/opt/c/run", "x");
	make_link("/opt/link", "/opt/b/run");
	in_root(whole, "");
	chmod(whole, 0755);
	in_root(whole, "/opt/b");
	chmod(whole, 0777);
	in_root(whole, "/opt/c/run");
	assert_int_equal(chown(whole, 1000, 1000), 0);
	walk = open_walk();
	static const struct {
		const char *path, *weak;
		enum setup_weakness weakness;
	} rows[] = {
		{"/opt/a/run", "", SETUP_SOUND},
		{"/opt/b/run", "/opt/b", SETUP_OF_ANYBODY},
		{"/opt/link", "/opt/b", SETUP_OF_ANYBODY},
		{"/opt/c/run", "/opt/c/run", SETUP_OF_USER},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		setup_walk_look(walk, str_from(rows[i].path), &file, &fd);
		assert_int_equal(file.error, 0);
		assert_int_equal(file.weakness, rows[i].weakness);
		assert_string_equal(file.weak, rows[i].weak);
		close(fd);
	}
	in_root(whole, "/opt/b");
	chmod(whole, 01777); /* as /tmp: others' files cannot be replaced */
	setup_walk_look(walk, STR("/opt/b/run"), &file, &fd);
	assert_int_equal(file.weakness, SETUP_SOUND);
	close(fd);
	setup_walk_look(walk, STR("relative"), &file, &fd);
	assert_int_equal(file.error, -EINVAL);
	setup_walk_look(walk, STR("/nul\0l"), &file, &fd);
	assert_int_equal(file.error, -EINVAL);
	setup_walk_look(walk, STR("/opt/none"), &file, &fd);
	assert_int_equal(file.error, -ENOENT);
	assert_int_equal(fd, -1);
	setup_walk_close(walk);
}

static void a_worker_asks_and_is_answered(void **state)
{
	struct channel side, worker;
	struct setup_walk *walk;
	struct setup_file file;
	struct message message;
	int ends[2], fd, files = 0;

	make_file("/etc/crontab", "x");
	walk = open_walk();
	assert_int_equal(channel_pair(ends), 0);
	channel_init(&side, ends[0], false);
	channel_init(&worker, ends[1], true);
	for (int kind = SETUP_REQUEST_FIRST;; kind = SETUP_REQUEST_NEXT) {
		assert_int_equal(setup_request_send(&worker, 20, (enum setup_request_kind)kind,
						    (struct str){0}),
				 0);
		assert_int_equal(channel_await(&side, 1000, &message), MESSAGE_READY);
		assert_int_equal(setup_request_answer(walk, message.body, &side, 21), 0);
		assert_int_equal(channel_await(&worker, 1000, &message), MESSAGE_READY);
		if (setup_answer_receive(&message, &file, &fd) == 0)
			break;
		assert_true(str_equal(setup_file_path(&file), STR("/etc/crontab")));
		assert_true(fd >= 0);
		close(fd);
		files++;
	}
	assert_int_equal(files, 1);
	static const char *const lies[] = {"", "\x09", "\xff"};
	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++)
		assert_int_equal(setup_request_answer(walk, str_from(lies[i]), &side, 21), -EPROTO);
	channel_fini(&side);
	channel_fini(&worker);
	setup_walk_close(walk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(files_are_found_where_they_lie, setup, teardown),
		cmocka_unit_test_setup_teardown(tricks_lead_nowhere, setup, teardown),
		cmocka_unit_test_setup_teardown(who_could_change_a_file, setup, teardown),
		cmocka_unit_test_setup_teardown(a_worker_asks_and_is_answered, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
