/* Findings that wait for the image of their container: which do, for how long, and that each is
 * told in the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "decode/proc/cgroup.h"
#include "programs/host_held.h"
#include "two_sides.h"

#define ID    "1111111111111111111111111111111111111111111111111111111111111111"
#define IMAGE "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define OTHER "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define PLACE "/docker/" ID

#define BY_IMAGE     "image:sha256:" IMAGE
#define BY_CONTAINER "container:" ID

enum { TYPE = MESSAGE_FIRST_FREE, WAIT_MS = 20000, BEGIN_S = 1000 };

struct fixture {
	struct authorised authorised;
	struct host_images *images;
	struct host_held *held;
	struct two_sides sides;
};

static int set_up(void **state)
{
	static struct fixture f;

	f = (struct fixture){0};
	two_sides_open(&f.sides);
	assert_int_equal(host_images_new(f.sides.processes, &f.images), 0);
	assert_int_equal(host_held_new(&f.authorised, f.images, &f.held), 0);
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	host_held_free(f->held);
	host_images_free(f->images);
	two_sides_close(&f->sides);
	return 0;
}

static instant at(int64_t seconds)
{
	return (instant){(BEGIN_S + seconds) * 1000000000};
}

static void authorise(struct fixture *f, const char *who, const char *until)
{
	CLEANUP(buf_fini) struct buf entry = {0};
	struct error why;

	buf_printf(&entry, "%s until %s because x", who, until);
	assert_true(authorised_add(&f->authorised, buf_view(&entry), &why));
}

static bool take(struct fixture *f, const char *path, uint32_t pid, const char *title,
		 int64_t second)
{
	char scratch[CGROUP_POD_UID_LEN];
	struct process process = {.key = {pid, 5}};
	struct finding finding = {.detector = STR("host"),
				  .verdict = VERDICT_MINING,
				  .severity = SEVERITY_HIGH,
				  .title = str_from(title),
				  .subject.type = STR("process")};

	cgroup_place_of_path(str_from(path), scratch, &process.cgroup);
	facts_add_number(&finding.subject.keys, "pid", pid);
	facts_add_text(&finding.facts, "state", STR("working"));
	return host_held_take(f->held, &process, &finding, at(second));
}

static unsigned asks(struct fixture *f, int64_t second)
{
	struct image_request request;
	unsigned count = 0;

	while (host_images_ask(f->images, at(second), &request))
		count++;
	return count;
}

/* As Docker has it on disk; image NULL: no file knows the container. */
static void answer(struct fixture *f, const char *image, int64_t second)
{
	char folder[] = "/tmp/davy-test-XXXXXX", command[512];
	struct image_request request;
	struct message message;

	assert_non_null(mkdtemp(folder));
	snprintf(command, sizeof(command),
		 "cd %s && mkdir -p var/lib/docker/containers/" ID " && echo '{\"ID\":\"" ID
		 "\",\"Image\":\"sha256:%s\"}' >var/lib/docker/containers/" ID "/config.v2.json",
		 folder, image ? image : "");
	assert_int_equal(system(command), 0);
	int root = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(image_request_of(STR(ID), &request));
	assert_int_equal(image_files_answer(image ? root : -1, str_of(&request, sizeof(request)),
					    &f->sides.rights, TYPE),
			 0);
	assert_int_equal(channel_await(&f->sides.worker, WAIT_MS, &message), MESSAGE_READY);
	host_images_take(f->images, &message, at(second));
	close(root);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(system(command), 0);
}

static bool next(struct fixture *f, int64_t second, struct finding *out)
{
	return host_held_next(f->held, false, at(second), out);
}

/* -- who waits -- */

static void only_what_an_entry_could_change_is_held(void **state)
{
	static const struct {
		const char *name, *entry, *path;
		bool is_held, is_asked;
	} rows[] = {
		{"a container", BY_IMAGE, PLACE, true, true},
		{"no entry by image", BY_CONTAINER, PLACE, false, true},
		{"no entry", NULL, PLACE, false, true},
		{"a user's own group", BY_IMAGE,
		 "/user.slice/user-7.slice/user@7.service/app.slice/" ID, false, false},
		{"a group that was handed to a user", BY_IMAGE, "/lab/" ID, false, false},
		{"a container's own group", BY_IMAGE, "/docker/" OTHER "/" ID, false, false},
		{"no container", BY_IMAGE, "/system.slice/x.service", false, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(set_up(state), 0);
		struct fixture *f = *state;
		struct finding finding;
		if (rows[i].entry)
			authorise(f, rows[i].entry, "2027-01-31");
		if (take(f, rows[i].path, 7, "x", 0) != rows[i].is_held)
			fail_msg("%s: held", rows[i].name);
		if ((asks(f, 0) > 0) != rows[i].is_asked)
			fail_msg("%s: asked", rows[i].name);
		if (host_held_next(f->held, true, at(0), &finding) != rows[i].is_held)
			fail_msg("%s: told", rows[i].name);
		tear_down(state);
	}
}

/* -- and what comes of it -- */

static void it_is_told_as_its_image_has_it(void **state)
{
	static const struct {
		const char *name, *image, *until;
		bool is_authorised, has_digests;
		size_t reasons;
	} rows[] = {
		{"the image", IMAGE, "2027-01-31", true, true, 1},
		{"the image, its day is over", IMAGE, "1970-01-01", false, true, 1},
		{"another image", OTHER, "2027-01-31", false, true, 0},
		{"no file has it", NULL, "2027-01-31", false, false, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const int64_t later = i == 1 ? 2 * 86400 : 0;
		assert_int_equal(set_up(state), 0);
		struct fixture *f = *state;
		struct finding finding;
		authorise(f, BY_IMAGE, rows[i].until);
		assert_true(take(f, PLACE, 7, "x", later));
		assert_int_equal(asks(f, later), 1);
		assert_false(next(f, later + 1, &finding));
		answer(f, rows[i].image, later + 1);
		/* its process may have ended: nothing is asked of it */
		assert_true(next(f, later + 1, &finding));
		if (authorised_is_told(&finding) != rows[i].is_authorised ||
		    finding.verdict != (rows[i].is_authorised ? VERDICT_SIGNAL : VERDICT_MINING) ||
		    finding.reason_count != rows[i].reasons ||
		    !facts_find(&finding.facts, STR("image_digests")) == rows[i].has_digests)
			fail_msg("%s", rows[i].name);
		char id[FINDING_ID_LEN + 1];
		finding_identify(&finding, id); /* it is still whom it was */
		assert_true(str_equal(finding.id, str_from(id)));
		assert_false(next(f, later + 1, &finding));
		tear_down(state);
	}
}

static void it_is_told_without_an_answer(void **state)
{
	struct fixture *f = *state;
	struct finding finding;

	authorise(f, BY_IMAGE, "2027-01-31");
	assert_true(take(f, PLACE, 7, "x", 0));
	for (int64_t second = 0; second <= HOST_HELD_S; second++) {
		(void)asks(f, second);
		assert_false(next(f, second, &finding));
	}
	assert_true(next(f, HOST_HELD_S + 1, &finding));
	assert_int_equal(finding.verdict, VERDICT_MINING);
	assert_false(next(f, HOST_HELD_S + 1, &finding));
	/* the clock was set back */
	assert_true(take(f, PLACE, 7, "x", 100));
	assert_true(next(f, 50, &finding));
}

/* Who is looked at again and again waits no longer for that, and is told once. */
static void a_newer_one_takes_its_place_and_not_its_time(void **state)
{
	struct fixture *f = *state;
	struct finding finding;

	authorise(f, BY_IMAGE, "2027-01-31");
	for (int64_t second = 0; second < HOST_HELD_S; second++)
		assert_true(take(f, PLACE, 7, second == HOST_HELD_S - 1 ? "last" : "x", second));
	assert_true(take(f, PLACE, 8, "other", HOST_HELD_S));
	assert_true(next(f, HOST_HELD_S + 1, &finding));
	assert_true(str_equal(finding.title, STR("last")));
	assert_false(next(f, HOST_HELD_S + 1, &finding));
	/* it is known meanwhile: what is told now is newer than what was held */
	(void)asks(f, HOST_HELD_S + 1);
	answer(f, OTHER, HOST_HELD_S + 1);
	assert_false(take(f, PLACE, 8, "newer", HOST_HELD_S + 1));
	assert_false(next(f, HOST_HELD_S + 1, &finding));
}

static void whoever_finds_no_place_is_told_at_once(void **state)
{
	struct fixture *f = *state;
	struct finding finding;
	unsigned count = 0;

	authorise(f, BY_IMAGE, "2027-01-31");
	for (uint32_t pid = 1; pid <= HOST_HELD_MAX; pid++)
		assert_true(take(f, PLACE, pid, "x", 0));
	assert_false(take(f, PLACE, HOST_HELD_MAX + 1, "x", 0));
	while (host_held_next(f->held, true, at(0), &finding))
		count++;
	assert_int_equal(count, HOST_HELD_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_an_entry_could_change_is_held),
		cmocka_unit_test(it_is_told_as_its_image_has_it),
		cmocka_unit_test_setup_teardown(it_is_told_without_an_answer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_newer_one_takes_its_place_and_not_its_time,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(whoever_finds_no_place_is_told_at_once, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
