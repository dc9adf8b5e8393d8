#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "detect/authorised.h"

#define HASH	 "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
#define ID	 "4f1c0d9be2aa4f1c0d9be2aa4f1c0d9be2aa4f1c0d9be2aa4f1c0d9be2aa4f1c"
#define OTHER_ID "aaaa0d9be2aa4f1c0d9be2aa4f1c0d9be2aa4f1c0d9be2aa4f1c0d9be2aa4f1c"

static instant day(const char *text)
{
	instant at = {0};

	assert_true(instant_parse(str_from(text), &at));
	return at;
}

static void bad_entries_say_what_is_wrong(void **state)
{
	static const struct {
		const char *entry, *says; /* NULL: it is good */
	} rows[] = {
		{"sha256:" HASH " until 2027-01-31 because load tests", NULL},
		{"  unit:xmrig.service   until 2027-01-31  because  a b  ", NULL},
		{"container:4f1c0d9be2aa until 2027-01-31 because x", NULL},
		{"", "write it as"},
		{"xmrig", "write it as"},
		{"image:sha256:" HASH " until 2027-01-31 because x", NULL},
		{"image:x until 2027-01-31 because x", "not the image's name"},
		{"image:" HASH " until 2027-01-31 because x", "not the image's name"},
		{"pod:x until 2027-01-31 because x", "\"pod\" is not sha256"},
		{"sha256:9f86 until 2027-01-31 because x", "64 small hex digits"},
		{"sha256:" HASH " because x", "no day it ends on"},
		{"sha256:" HASH " until tomorrow because x", "\"tomorrow\" is no day"},
		{"sha256:" HASH " until 2027-02-31 because x", "\"2027-02-31\" is no day"},
		{"sha256:" HASH " until 2027-01-31", "no reason"},
		{"sha256:" HASH " until 2027-01-31 because", "no reason"},
		{"unit:xmrig until 2027-01-31 because x", "like xmrig.service"},
		{"unit:../x.service until 2027-01-31 because x", "like xmrig.service"},
		{"container:4f1c until 2027-01-31 because x", "12 hex digits"},
		{"container:my-miner-name until 2027-01-31 because x", "12 hex digits"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct authorised list = {0};
		struct error why = {0};
		bool is_good = authorised_add(&list, str_from(rows[i].entry), &why);
		if (is_good != !rows[i].says || (!is_good && !strstr(why.text, rows[i].says)))
			fail_msg("%s: %s", rows[i].entry, why.text);
		assert_int_equal(list.count, is_good);
	}
}

static void an_entry_fits_what_it_names_and_no_more(void **state)
{
	static const struct {
		const char *name, *entry;
		struct cgroup_place place;
		bool has_hash, is_other_hash, fits;
		size_t images; /* it is the last of them */
	} rows[] = {
		{.name = "the program", .entry = "sha256:" HASH, .has_hash = true, .fits = true},
		{.name = "a changed program",
		 .entry = "sha256:" HASH,
		 .has_hash = true,
		 .is_other_hash = true},
		{.name = "one that could not be read", .entry = "sha256:" HASH},
		{.name = "a unit",
		 .entry = "unit:x.service",
		 .place = {.path = STR("/system.slice/x.service"), .unit = STR("x.service")},
		 .fits = true},
		{.name = "another unit",
		 .entry = "unit:x.service",
		 .place = {.path = STR("/system.slice/xx.service"), .unit = STR("xx.service")}},
		{.name = "a user's own unit of that name",
		 .entry = "unit:x.service",
		 .place = {.path = STR("/user.slice/user-7.slice/user@7.service/app.slice/"
				       "x.service"),
			   .unit = STR("x.service")}},
		{.name = "a unit inside a container",
		 .entry = "unit:x.service",
		 .place = {.path = STR("/docker/" ID "/system.slice/x.service"),
			   .unit = STR("x.service"),
			   .container = STR(ID)}},
		{.name = "a unit below a slice of its own",
		 .entry = "unit:x.service",
		 .place = {.path = STR("/work.slice/work-ci.slice/x.service/worker")},
		 .fits = true},
		{.name = "what a service calls a unit",
		 .entry = "unit:x.service",
		 .place = {.path = STR("/system.slice/ci.service/x.service"),
			   .unit = STR("x.service")}},
		{.name = "what a machine of systemd calls a unit",
		 .entry = "unit:x.service",
		 .place = {.path = STR("/machine.slice/systemd-nspawn@m.service/payload/"
				       "system.slice/x.service"),
			   .unit = STR("x.service")}},
		{.name = "a container below its runtime",
		 .entry = "container:4f1c0d9be2aa",
		 .place = {.path = STR("/system.slice/containerd.service/docker-" ID ".scope"),
			   .container = STR(ID)},
		 .fits = true},
		{.name = "a container of the image",
		 .entry = "image:sha256:" HASH,
		 .place = {.path = STR("/docker/" ID), .container = STR(ID)},
		 .images = 3,
		 .fits = true},
		{.name = "a container of another image",
		 .entry = "image:sha256:" HASH,
		 .place = {.path = STR("/docker/" ID), .container = STR(ID)},
		 .images = 3,
		 .is_other_hash = true},
		{.name = "a container of an image that is not known",
		 .entry = "image:sha256:" HASH,
		 .place = {.path = STR("/docker/" ID), .container = STR(ID)}},
		{.name = "a program with the digits of the image",
		 .entry = "image:sha256:" HASH,
		 .place = {.path = STR("/docker/" ID), .container = STR(ID)},
		 .has_hash = true},
		{.name = "an image with the digits of the program",
		 .entry = "sha256:" HASH,
		 .place = {.path = STR("/docker/" ID), .container = STR(ID)},
		 .images = 1},
		{.name = "a user's container of the image",
		 .entry = "image:sha256:" HASH,
		 .place = {.path = STR("/user.slice/user@7.service/docker-" ID ".scope"),
			   .container = STR(ID)},
		 .images = 1},
		{.name = "a container of the image that another one says it has",
		 .entry = "image:sha256:" HASH,
		 .place = {.path = STR("/machine.slice/libpod-" OTHER_ID
				       ".scope/container/docker-" ID ".scope"),
			   .container = STR(ID)},
		 .images = 1},
		{.name = "a container that another one says it has",
		 .entry = "container:4f1c0d9be2aa",
		 .place = {.path = STR("/machine.slice/libpod-" OTHER_ID
				       ".scope/container/docker-" ID ".scope"),
			   .container = STR(ID)}},
		{.name = "a container that a service says it has",
		 .entry = "container:4f1c0d9be2aa",
		 .place = {.path = STR("/system.slice/ci.service/docker-" ID ".scope"),
			   .container = STR(ID)}},
		{.name = "a container",
		 .entry = "container:4f1c0d9be2aa",
		 .place = {.path = STR("/docker/" ID), .container = STR(ID)},
		 .fits = true},
		{.name = "a container in the root of all groups",
		 .entry = "container:4f1c0d9be2aa",
		 .place = {.path = STR("/" ID), .container = STR(ID)},
		 .fits = true},
		{.name = "a container of podman",
		 .entry = "container:4f1c0d9be2aa",
		 .place = {.path = STR("/libpod_parent/libpod-" ID), .container = STR(ID)},
		 .fits = true},
		{.name = "a container of podman under systemd",
		 .entry = "container:4f1c0d9be2aa",
		 .place = {.path = STR("/machine.slice/libpod-" ID ".scope/container"),
			   .container = STR(ID)},
		 .fits = true},
		{.name = "a container of a pod",
		 .entry = "container:4f1c0d9be2aa",
		 .place = {.path = STR("/kubepods/burstable/"
				       "pod4f1c0d9b-e2aa-4f1c-8d9b-e2aa4f1c0d9b/" ID),
			   .container = STR(ID)},
		 .fits = true},
		{.name = "a container of a pod under systemd",
		 .entry = "container:4f1c0d9be2aa",
		 .place = {.path = STR(
				   "/kubepods.slice/kubepods-besteffort.slice/cri-containerd-" ID
				   ".scope"),
			   .container = STR(ID)},
		 .fits = true},
		{.name = "a container below a slice of a runtime's unit",
		 .entry = "container:4f1c0d9be2aa",
		 .place = {.path = STR("/system.slice/containerd.service/"
				       "kubepods-burstable.slice:cri-containerd:" ID),
			   .container = STR(ID)},
		 .fits = true},
		{.name = "a container of containerd",
		 .entry = "image:sha256:" HASH,
		 .place = {.path = STR("/default/" ID), .container = STR(ID)},
		 .images = 1,
		 .fits = true},
		{.name = "a container of RKE2",
		 .entry = "container:4f1c0d9be2aa",
		 .place = {.path = STR("/system.slice/rke2-agent.service/"
				       "kubepods-burstable.slice:cri-containerd:" ID),
			   .container = STR(ID)},
		 .fits = true},
		{.name = "what a user calls containerd's",
		 .entry = "container:4f1c0d9be2aa",
		 .place = {.path = STR("/lab/default/" ID), .container = STR(ID)}},
		{.name = "a group that was handed to a user",
		 .entry = "container:4f1c0d9be2aa",
		 .place = {.path = STR("/lab/" ID), .container = STR(ID)}},
		{.name = "a group of a session without systemd",
		 .entry = "container:4f1c0d9be2aa",
		 .place = {.path = STR("/user/ann/0/" ID), .container = STR(ID)}},
		{.name = "what such a user calls docker",
		 .entry = "container:4f1c0d9be2aa",
		 .place = {.path = STR("/lab/docker/" ID), .container = STR(ID)}},
		{.name = "what such a user calls a slice",
		 .entry = "container:4f1c0d9be2aa",
		 .place = {.path = STR("/lab/x.slice/docker-" ID ".scope"), .container = STR(ID)}},
		{.name = "what such a user calls the pods'",
		 .entry = "container:4f1c0d9be2aa",
		 .place = {.path = STR("/lab/kubepods/" ID), .container = STR(ID)}},
		{.name = "what such a user calls a runtime",
		 .entry = "container:4f1c0d9be2aa",
		 .place = {.path = STR("/lab/docker.service/" ID), .container = STR(ID)}},
		{.name = "a group of that name below docker's",
		 .entry = "container:4f1c0d9be2aa",
		 .place = {.path = STR("/docker/lab/" ID), .container = STR(ID)}},
		{.name = "a group of that name below the pods'",
		 .entry = "container:4f1c0d9be2aa",
		 .place = {.path = STR("/kubepods/lab/" ID), .container = STR(ID)}},
		{.name = "a user's group below a slice's",
		 .entry = "container:4f1c0d9be2aa",
		 .place = {.path = STR("/work.slice/lab/" ID), .container = STR(ID)}},
		{.name = "a group whose name begins with the id",
		 .entry = "container:4f1c0d9be2aa",
		 .place = {.path = STR("/lab/" ID "-x/docker-" ID ".scope"), .container = STR(ID)}},
		{.name = "such a group, by the image",
		 .entry = "image:sha256:" HASH,
		 .place = {.path = STR("/lab/" ID), .container = STR(ID)},
		 .images = 1},
		{.name = "a user's control group that is called so",
		 .entry = "container:4f1c0d9be2aa",
		 .place = {.path = STR("/user.slice/user@7.service/docker-" ID ".scope"),
			   .container = STR(ID)}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct authorised list = {0};
		struct process process = {.cgroup = rows[i].place,
					  .executable.has_sha256 = rows[i].has_hash};
		CLEANUP(buf_fini) struct buf entry = {0};
		struct error why;
		buf_printf(&entry, "%s until 2027-01-31 because x", rows[i].entry);
		assert_true(authorised_add(&list, buf_view(&entry), &why));
		memcpy(process.executable.sha256, list.at[0].sha256, 32);
		process.executable.sha256[31] ^= rows[i].is_other_hash;
		process.image.count = rows[i].images;
		if (rows[i].images > 0)
			memcpy(process.image.digests[rows[i].images - 1], process.executable.sha256,
			       32);
		bool found = authorised_find(&list, &process, day("2026-11-22T00:00:00Z"));
		if (found != rows[i].fits)
			fail_msg("%s", rows[i].name);
	}
}

static void it_is_told_until_its_day_is_over(void **state)
{
	struct authorised list = {0};
	struct process process = {
		.cgroup = {.path = STR("/system.slice/x.service"), .unit = STR("x.service")}};
	struct finding finding = {.verdict = VERDICT_MINING,
				  .severity = SEVERITY_HIGH,
				  .title = STR("RandomX mining: x, pid 7")};
	struct arena scratch;
	struct error why;

	(void)state;
	assert_int_equal(arena_init(&scratch, 8192), 0);
	assert_true(
		authorised_add(&list, STR("unit:x.service until 2026-01-31 because it was"), &why));
	assert_true(authorised_add(&list, STR("unit:x.service until 2027-01-31 because load tests"),
				   &why));
	facts_add_text(&finding.facts, "state", STR("working"));
	finding_add_reason(&finding, STR("code"));
	finding_add_action(&finding, (struct action){.text = STR("kill it")});

	/* the day counts whole */
	const struct authorisation *one =
		authorised_find(&list, &process, day("2027-01-31T23:59:59Z"));
	assert_true(one && authorised_holds(one, day("2027-01-31T23:59:59Z")));
	const struct authorisation *over =
		authorised_find(&list, &process, day("2027-02-01T00:00:00Z"));
	assert_true(over && !authorised_holds(over, day("2027-02-01T00:00:00Z")));

	struct finding expired = finding;
	authorised_tell_expired(over, &scratch, &expired);
	assert_int_equal(expired.verdict, VERDICT_MINING);
	assert_int_equal(expired.reason_count, 2);
	assert_false(authorised_is_told(&expired));

	authorised_tell(one, &scratch, &finding);
	assert_true(authorised_is_told(&finding));
	assert_int_equal(finding.verdict, VERDICT_SIGNAL);
	assert_int_equal(finding.action_count, 0);
	assert_true(str_equal(finding.title, STR("Authorised: RandomX mining: x, pid 7")));
	assert_true(str_equal(finding.reasons[0],
			      STR("authorised by unit:x.service until 2027-01-31: load tests")));
	assert_true(str_equal(finding.reasons[1], STR("code")));
	struct authorisation read;
	assert_true(authorised_read_told(&finding, &read));
	assert_memory_equal(&read, one, sizeof(read));
	assert_false(authorised_read_told(&expired, &read));
	assert_true(str_equal(facts_text(&finding.facts, STR("authorised_as")), STR("mining")));
	arena_fini(&scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_entries_say_what_is_wrong),
		cmocka_unit_test(an_entry_fits_what_it_names_and_no_more),
		cmocka_unit_test(it_is_told_until_its_day_is_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
