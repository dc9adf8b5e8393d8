/* What the policy keeps unasked has an end: of one, in all, and where the disk is nearly full. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/json.h"
#include "respond/evidence/evidence.h"
#include "respond/respond.h"
#include "respond/task.h"

#define MIB (1024ull * 1024)
#define GIB (1024 * MIB)

struct row {
	const char *what;
	struct evidence_space space;
	uint64_t size, left;
	int result;
	bool has_program;
	const char *limit; /* a part of it; NULL: is not changed */
};

static const struct row rows[] = {
	{"an empty disk", {2 * GIB, 0, 100 * GIB}, 256 * MIB, 256 * MIB, 0, true, NULL},
	{"a tenth of what is free",
	 {2 * GIB, 0, 2 * GIB},
	 256 * MIB,
	 2 * GIB / 10,
	 0,
	 true,
	 "tenth"},
	{"what is left of the total",
	 {2 * GIB, 2 * GIB - 5, 100 * GIB},
	 256 * MIB,
	 5,
	 0,
	 true,
	 "evidence_total"},
	{"the total is used up", {2 * GIB, 2 * GIB, 100 * GIB}, 256 * MIB, MIB, 0, false, "texts"},
	{"more than the total",
	 {2 * GIB, UINT64_MAX, 100 * GIB},
	 256 * MIB,
	 MIB,
	 0,
	 false,
	 "texts"},
	{"less than a GiB free", {2 * GIB, 0, GIB - 1}, 256 * MIB, MIB, 0, false, "texts"},
	{"nearly full", {2 * GIB, 0, 128 * MIB - 1}, 256 * MIB, 256 * MIB, -ENOSPC, true, NULL},
};

static void the_policy_is_allowed_so_much(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *row = &rows[i];
		struct evidence_room room = {.left = row->size, .limit = "as it was"};
		int result = evidence_allow(&row->space, &room);
		if (result != row->result || room.left != row->left ||
		    (room.texts_only == NULL) != row->has_program ||
		    !strstr(room.limit, row->limit ? row->limit : "as it was"))
			fail_msg("%s: result %d, %llu bytes, limit %s, texts only: %s", row->what,
				 result, (unsigned long long)room.left, room.limit,
				 room.texts_only ? room.texts_only : "no");
	}
}

struct kept {
	char folder[64], path[128], said[512];
};

/* Of this very process, into a folder named by `n`. */
static void keep(struct kept *kept, int n, bool by_policy, uint64_t total)
{
	const struct response_place place = {
		.proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		.evidence_folder = kept->folder,
		.evidence_bytes = 256 * MIB,
		.by_policy = by_policy,
		.evidence_total = total,
	};
	const struct process process = {
		.key = {(uint32_t)getpid(), task_start(place.proc, (uint32_t)getpid(), NULL)}};
	const struct process *targets[] = {&process};
	const struct finding finding = {.id = STR("0123456789abcdef")};
	const struct response_case c = {.place = &place,
					.finding = &finding,
					.finding_json = STR("{}"),
					.targets = targets,
					.target_count = 1,
					.now = instant_at(1000000000 + n, 0)};
	struct json_node *nodes = calloc(RESPONSE_NODES_MAX, sizeof(*nodes));
	struct json doc = {.nodes = nodes, .cap = RESPONSE_NODES_MAX};
	struct response_plan plan = {0};
	CLEANUP(buf_fini) struct buf outcome = {0};
	struct error why = {0};

	assert_int_equal(evidence_step.plan(&c, &plan, &why), 0);
	assert_true(json_read(&doc, buf_view(&plan.memory)) != 0);
	if (evidence_step.apply(&c, json_root(&doc), &outcome, &why) != 0)
		fail_msg("%s", why.text);
	snprintf(kept->said, sizeof(kept->said), "%.*s", STR_ARG(buf_view(&outcome)));
	assert_int_equal(sscanf(kept->said, "kept in %127[^, ;]", kept->path), 1);
	buf_fini(&plan.memory);
	buf_fini(&plan.lines);
	free(nodes);
	close(place.proc);
}

static bool has(const struct kept *kept, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/pid-%d/%s", kept->path, (int)getpid(), name);
	return access(path, F_OK) == 0;
}

static void past_the_total_there_are_texts_only(void **state)
{
	struct kept kept = {.folder = "/tmp/davy-evidence-XXXXXX"};
	char command[128], marker[256];

	assert_non_null(mkdtemp(kept.folder));
	keep(&kept, 1, false, 1); /* asked for by hand: all of it */
	assert_true(has(&kept, "executable"));
	assert_null(strstr(kept.said, "without"));
	keep(&kept, 2, true, 80 * 1024); /* what was kept by hand does not count */
	snprintf(marker, sizeof(marker), "%s/" EVIDENCE_BY_POLICY, kept.path);
	assert_int_equal(access(marker, F_OK), 0);
	assert_true(has(&kept, "executable"));
	assert_true(strstr(kept.said, "cut at respond.evidence_total") != NULL);
	keep(&kept, 3, true, 1024);
	assert_false(has(&kept, "executable"));
	assert_true(has(&kept, "executable.sha256") && has(&kept, "maps"));
	assert_true(strstr(kept.said, "without the program itself: the policy has kept") != NULL);
	snprintf(command, sizeof(command), "rm -r %s", kept.folder);
	assert_int_equal(system(command), 0);
}

static bool is_there(const char *folder, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return access(path, F_OK) == 0;
}

/* Kept on the third of June 2026, but for the last; looked at 90 days later. */
static void what_is_older_is_removed(void **state)
{
	static const struct {
		const char *name;
		bool stays;
	} folders[] = {
		{"0123456789abcdef-20260603T100000.000Z", false},
		{"1123456789abcdef-20260603T120000.001Z", true}, /* a moment too young */
		{"2123456789abcdef-20260603T100000.000Z", true}, /* wanted: a file named keep */
		{"3123456789abcdef-20260603T100000.000Z", true}, /* others may enter it */
		{"4123456789abcdef-20260603T100000Z", true},	 /* no name of ours */
		{"5123456789ABCDEx-20260603T100000.000Z", true},
		{"notes", true},
	};
	char folder[] = "/tmp/davy-evidence-XXXXXX", command[2048], beside[128];
	struct evidence_expired expired;

	assert_non_null(mkdtemp(folder));
	snprintf(beside, sizeof(beside), "%s.beside", folder);
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		snprintf(command, sizeof(command),
			 "mkdir -p %s/%s/pid-1 && cd %s/%s && touch about.txt pid-1/maps "
			 "pid-1/executable && chmod 700 . && mkdir -p %s && touch %s/others && ln "
			 "-s %s linked",
			 folder, folders[i].name, folder, folders[i].name, beside, beside, beside);
		assert_int_equal(system(command), 0);
	}
	snprintf(command, sizeof(command),
		 "touch %s/%s/keep && chmod 750 %s/%s && ln -s %s "
		 "%s/6123456789abcdef-20260603T100000.000Z",
		 folder, folders[2].name, folder, folders[3].name, beside, folder);
	assert_int_equal(system(command), 0);
	const instant now = instant_at(1780488000 + 90 * 86400, 0); /* 12:00 on that day, later */
	expired = evidence_expire(folder, now, DURATION_S(0));
	assert_int_equal(expired.removed, 0);
	expired = evidence_expire(folder, now, DURATION_S(90 * 86400));
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		if (is_there(folder, folders[i].name) != folders[i].stays)
			fail_msg("%s %s", folders[i].name,
				 folders[i].stays ? "is gone" : "is there");
	assert_int_equal(expired.removed, 1);
	assert_int_equal(expired.failed, 0);
	assert_true(is_there(beside, "others"));
	snprintf(command, sizeof(command), "rm -r %s %s", folder, beside);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_policy_is_allowed_so_much),
		cmocka_unit_test(past_the_total_there_are_texts_only),
		cmocka_unit_test(what_is_older_is_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
