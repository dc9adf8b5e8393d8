#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "respond/quarantine.h"
#include "respond/task.h"

#define OURS  CONTROL_GROUP_OURS "/0123456789abcdef"
#define OTHER CONTROL_GROUP_OURS "/fedcba9876543210"

enum { NODES = 64 };

/* A machine of files: FOLDER/proc/OUR_PID, and control groups below FOLDER/mount. */
struct machine {
	char folder[64], mount[80];
	struct response_place place;
	uint64_t start; /* of ourselves, the only process there */
};

static void put(const char *folder, const char *name, const char *text)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void get(const char *folder, const char *name, char text[64])
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	size_t got = fread(text, 1, 63, file);
	text[got] = '\0';
	fclose(file);
}

static void make(const struct machine *m, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", m->folder, name);
	assert_int_equal(mkdir(path, 0755), 0);
}

static void stand_in(const struct machine *m, const char *group)
{
	char name[64], line[256];

	snprintf(name, sizeof(name), "proc/%d/cgroup", getpid());
	snprintf(line, sizeof(line), "0::%s\n", group);
	put(m->folder, name, line);
}

static void add_process(struct machine *m)
{
	char name[64], text[512], stat[4096];
	int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct str all;

	snprintf(name, sizeof(name), "proc/%d", getpid());
	make(m, name);
	assert_int_equal(task_text(proc, (uint32_t)getpid(), "stat", stat, sizeof(stat) - 1, &all),
			 0);
	stat[all.len] = '\0';
	m->start = task_start(proc, (uint32_t)getpid(), NULL);
	close(proc);
	snprintf(name, sizeof(name), "proc/%d/stat", getpid());
	put(m->folder, name, stat);
	snprintf(name, sizeof(name), "proc/%d/mountinfo", getpid());
	snprintf(text, sizeof(text), "30 1 0:30 / %s rw - cgroup2 cgroup2 rw\n", m->mount);
	put(m->folder, name, text);
}

static void machine_open(struct machine *m)
{
	static const char *const folders[] = {
		"proc",	     "mount",	    "mount" CONTROL_GROUP_OURS, "mount" OURS, "mount/sshd",
		"mount/old", "mount/frozen"};
	char number[16], proc[80];

	*m = (struct machine){.folder = "/tmp/davy-quarantine-XXXXXX"};
	assert_non_null(mkdtemp(m->folder));
	snprintf(m->mount, sizeof(m->mount), "%s/mount", m->folder);
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		make(m, folders[i]);
	add_process(m);
	snprintf(number, sizeof(number), "%d\n", getpid());
	put(m->mount, OURS "/cgroup.procs", number);
	put(m->mount, "old/cgroup.procs", "");
	put(m->mount, "frozen/cgroup.procs", "");
	put(m->mount, "frozen/cgroup.events", "populated 1\nfrozen 1\n");
	snprintf(proc, sizeof(proc), "%s/proc", m->folder);
	m->place = (struct response_place){.proc = open(proc, O_RDONLY | O_DIRECTORY)};
}

static void machine_close(struct machine *m)
{
	char command[128];

	close(m->place.proc);
	snprintf(command, sizeof(command), "rm -rf '%s'", m->folder);
	assert_int_equal(system(command), 0);
}

static int recalled(const struct machine *m, const char *mount, const char *group, bool in_place,
		    const char *old, struct quarantine *out)
{
	struct json_node nodes[NODES];
	struct json doc = {.nodes = nodes, .cap = NODES};
	char text[1024];

	int len = snprintf(text, sizeof(text),
			   "{\"mount\":\"%s\",\"group\":\"%s\",\"in_place\":%s,\"tasks\":[{\"pid\":"
			   "%d,\"start_ns\":%llu,\"old\":\"%s\"}]}",
			   mount, group, in_place ? "true" : "false", getpid(),
			   (unsigned long long)m->start, old);
	assert_int_equal(json_read(&doc, str_of(text, (size_t)len)), len);
	return quarantine_recall(&m->place, json_root(&doc), true, out, NULL);
}

/* Whoever may write to the store is not to move the processes of others with our rights. */
static void a_forged_memory_is_refused(void **state)
{
	static const struct {
		const char *mount; /* NULL: the real one */
		const char *group;
		bool in_place;
		const char *old;
		int result;
	} rows[] = {
		{NULL, OURS, false, "/old", 0},
		{NULL, OURS, false, "/", 0},
		{NULL, OURS, false, "/..of a user", 0},
		{NULL, OURS, false, OURS, 0},
		{NULL, OURS, false, OTHER, 0},
		{NULL, OURS, true, OURS, 0},
		{NULL, "/user.slice/x.service", true, "/user.slice/x.service", 0},
		{"", OURS, false, "/old", -EBADMSG},
		{"/tmp", OURS, false, "/old", -EBADMSG},
		{NULL, "/sshd", false, "/old", -EBADMSG},
		{NULL, "", false, "/old", -EBADMSG},
		{NULL, CONTROL_GROUP_OURS, false, "/old", -EBADMSG},
		{NULL, CONTROL_GROUP_OURS "/0123456789abcde", false, "/old", -EBADMSG},
		{NULL, OURS "/below", false, "/old", -EBADMSG},
		{NULL, CONTROL_GROUP_OURS "/../sshd", false, "/old", -EBADMSG},
		{NULL, "/sshd/." OURS, false, "/old", -EBADMSG},
		{NULL, OURS, false, "", -EBADMSG},
		{NULL, OURS, false, "old", -EBADMSG},
		{NULL, OURS, false, "/../etc", -EBADMSG},
		{NULL, OURS, false, "/old/..", -EBADMSG},
		{NULL, OURS, false, "//old", -EBADMSG},
		{NULL, OURS, false, CONTROL_GROUP_OURS, -EBADMSG},
		{NULL, OURS, false, CONTROL_GROUP_OURS "/mine", -EBADMSG},
		{NULL, OURS, false, "/." OURS, -EBADMSG},
		{NULL, "/sshd", true, "/old", -EBADMSG},
		{NULL, CONTROL_GROUP_OURS "/mine", true, CONTROL_GROUP_OURS "/mine", -EBADMSG},
	};
	struct machine m;

	machine_open(&m);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct quarantine q;
		int result = recalled(&m, rows[i].mount ? rows[i].mount : m.mount, rows[i].group,
				      rows[i].in_place, rows[i].old, &q);
		if (result != rows[i].result)
			fail_msg("row %zu: %d", i, result);
		quarantine_fini(&q);
	}
	machine_close(&m);
}

/* The number of one who has gone may be another's: the kernel says who is in our group. */
static void only_who_stands_in_our_group_is_moved(void **state)
{
	static const struct {
		const char *group, *old;
		bool moves, says_frozen;
	} rows[] = {{OURS, "/old", true, false},
		    {OURS, "/frozen", true, true},
		    {"/sshd", "/old", false, false},
		    {"/sshd", "/frozen", false, false}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP(buf_fini) struct buf outcome = {0};
		struct machine m;
		struct quarantine q;
		char name[64], text[64], number[16];
		machine_open(&m);
		stand_in(&m, rows[i].group);
		assert_int_equal(recalled(&m, m.mount, OURS, false, rows[i].old, &q), 0);
		/* a file does not forget who was moved out of it, as a control group would */
		assert_int_equal(quarantine_leave(&m.place, &q, &outcome, NULL), -EBUSY);
		snprintf(name, sizeof(name), "%s/cgroup.procs", rows[i].old + 1);
		get(m.mount, name, text);
		snprintf(number, sizeof(number), "%d", getpid());
		if (strcmp(text, rows[i].moves ? number : "") != 0)
			fail_msg("row %zu: %s", i, text);
		if ((str_find(buf_view(&outcome), STR("which is frozen itself")) >= 0) !=
		    rows[i].says_frozen)
			fail_msg("row %zu: %.*s", i, STR_ARG(buf_view(&outcome)));
		quarantine_fini(&q);
		machine_close(&m);
	}
}

/* Removed and made again by the same name between plan and apply: a clean restart is in it. */
static void a_group_of_their_own_is_theirs_only_while_they_are_in_it(void **state)
{
	static const struct {
		const char *stands_in;
		uint64_t later_ns; /* than the one that was planned for */
		int result;
	} rows[] = {{"/old", 0, 0},
		    {"/sshd", 0, -ESRCH},
		    {"/old (deleted)", 0, -ESRCH},
		    {"/old", 1000000000, -ESRCH}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct machine m;
		struct quarantine q;
		struct error why = {0};
		size_t entered;
		machine_open(&m);
		stand_in(&m, rows[i].stands_in);
		assert_int_equal(recalled(&m, m.mount, "/old", true, "/old", &q), 0);
		q.tasks[0].key.start_ns -= rows[i].later_ns;
		int result = quarantine_enter(&m.place, &q, &entered, &why);
		if (result != rows[i].result || entered != (result == 0))
			fail_msg("row %zu: %d, %zu: %s", i, result, entered, why.text);
		quarantine_fini(&q);
		machine_close(&m);
	}
}

/* Whoever is in it goes on, but for one that stood still before. */
static void a_freeze_that_finds_others_in_its_place_lets_them_go(void **state)
{
	static const struct {
		const char *group, *left;
	} rows[] = {{"/old", "0"}, {"/frozen", "1"}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP(buf_fini) struct buf outcome = {0};
		struct machine m;
		struct json_node nodes[NODES];
		struct json doc = {.nodes = nodes, .cap = NODES};
		struct error why = {0};
		char text[1024], name[64], left[64];
		machine_open(&m);
		stand_in(&m, "/sshd");
		snprintf(name, sizeof(name), "%s/cgroup.freeze", rows[i].group + 1);
		put(m.mount, name, "");
		int len =
			snprintf(text, sizeof(text),
				 "{\"how\":\"v2\",\"mount\":\"%s\",\"group\":\"%s\",\"in_place\":"
				 "true,\"tasks\":[{\"pid\":%d,\"start_ns\":%llu,\"old\":\"%s\"}]}",
				 m.mount, rows[i].group, getpid(), (unsigned long long)m.start,
				 rows[i].group);
		assert_int_equal(json_read(&doc, str_of(text, (size_t)len)), len);
		const struct response_case c = {.place = &m.place};
		assert_int_equal(freeze_step.apply(&c, json_root(&doc), &outcome, &why), -ESRCH);
		get(m.mount, name, left);
		assert_string_equal(left, rows[i].left);
		machine_close(&m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_forged_memory_is_refused),
		cmocka_unit_test(only_who_stands_in_our_group_is_moved),
		cmocka_unit_test(a_group_of_their_own_is_theirs_only_while_they_are_in_it),
		cmocka_unit_test(a_freeze_that_finds_others_in_its_place_lets_them_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
