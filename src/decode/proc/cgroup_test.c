#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "decode/proc/cgroup.h"

#define ID    "1f2e3d4c5b6a79880123456789abcdef1f2e3d4c5b6a79880123456789abcdef"
#define ID2   "aaaabbbbccccddddeeeeffff0000111122223333444455556666777788889999"
#define UID   "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
#define UID__ "0a1b2c3d_4e5f_6071_8293_a4b5c6d7e8f9"

static const struct {
	const char *name, *text, *path, *unit, *container, *pod;
	enum container_runtime runtime;
} cases[] = {
	{"root", "0::/\n", "/", "", "", "", CONTAINER_NONE},
	{"service", "0::/system.slice/cron.service\n", "/system.slice/cron.service", "cron.service",
	 "", "", CONTAINER_NONE},
	{"session", "0::/user.slice/user-1000.slice/session-3.scope\n",
	 "/user.slice/user-1000.slice/session-3.scope", "session-3.scope", "", "", CONTAINER_NONE},
	{"service of a user",
	 "0::/user.slice/user-1000.slice/user@1000.service/app.slice/x.service\n",
	 "/user.slice/user-1000.slice/user@1000.service/app.slice/x.service", "x.service", "", "",
	 CONTAINER_NONE},
	{"user's manager", "0::/user.slice/user-1000.slice/user@1000.service/init.scope\n",
	 "/user.slice/user-1000.slice/user@1000.service/init.scope", "init.scope", "", "",
	 CONTAINER_NONE},
	{"docker, systemd", "0::/system.slice/docker-" ID ".scope\n",
	 "/system.slice/docker-" ID ".scope", "docker-" ID ".scope", ID, "", CONTAINER_DOCKER},
	{"docker, cgroupfs", "0::/docker/" ID "\n", "/docker/" ID, "", ID, "", CONTAINER_DOCKER},
	{"docker in docker", "0::/system.slice/docker-" ID ".scope/docker/" ID2 "\n",
	 "/system.slice/docker-" ID ".scope/docker/" ID2, "docker-" ID ".scope", ID2, "",
	 CONTAINER_DOCKER},
	{"systemd in docker", "0::/system.slice/docker-" ID ".scope/system.slice/ssh.service\n",
	 "/system.slice/docker-" ID ".scope/system.slice/ssh.service", "docker-" ID ".scope", ID,
	 "", CONTAINER_DOCKER},
	{"kubernetes, systemd, containerd",
	 "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID__
	 ".slice/cri-containerd-" ID ".scope\n",
	 NULL, "cri-containerd-" ID ".scope", ID, UID, CONTAINER_CONTAINERD},
	{"kubernetes, guaranteed, cri-o",
	 "0::/kubepods.slice/kubepods-pod" UID__ ".slice/crio-" ID ".scope\n", NULL,
	 "crio-" ID ".scope", ID, UID, CONTAINER_CRIO},
	{"kubernetes, cgroupfs", "11:cpu,cpuacct:/kubepods/besteffort/pod" UID "/" ID "\n", NULL,
	 "", ID, UID, CONTAINER_OTHER},
	{"kubernetes, static pod, docker",
	 "0::/kubepods.slice/kubepods-burstable.slice/"
	 "kubepods-burstable-pod0123456789abcdef0123456789abcdef.slice/docker-" ID ".scope\n",
	 NULL, "docker-" ID ".scope", ID, "0123456789abcdef0123456789abcdef", CONTAINER_DOCKER},
	{"kubernetes, drivers that differ",
	 "0::/system.slice/containerd.service/kubepods-burstable-pod" UID__
	 ".slice:cri-containerd:" ID "\n",
	 NULL, "containerd.service", ID, UID, CONTAINER_CONTAINERD},
	{"kind: kubernetes in docker",
	 "0::/system.slice/docker-" ID2 ".scope/kubelet.slice/kubelet-kubepods.slice/"
	 "kubelet-kubepods-pod" UID__ ".slice/cri-containerd-" ID ".scope\n",
	 NULL, "docker-" ID2 ".scope", ID, UID, CONTAINER_CONTAINERD},
	{"containerd", "0::/default/" ID "\n", NULL, "", ID, "", CONTAINER_CONTAINERD},
	{"containerd, another namespace", "0::/k8s.io/" ID "\n", NULL, "", ID, "",
	 CONTAINER_CONTAINERD},
	{"containerd, by a name", "0::/default/redis\n", "/default/redis", "", "", "",
	 CONTAINER_NONE},
	{"nerdctl", "0::/system.slice/nerdctl-" ID ".scope\n", NULL, "nerdctl-" ID ".scope", ID, "",
	 CONTAINER_CONTAINERD},
	{"podman", "0::/machine.slice/libpod-" ID ".scope/container\n", NULL, "libpod-" ID ".scope",
	 ID, "", CONTAINER_PODMAN},
	{"podman, without root",
	 "0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope\n", NULL,
	 "libpod-" ID ".scope", ID, "", CONTAINER_PODMAN},
	{"podman's monitor is no container", "0::/machine.slice/libpod-conmon-" ID ".scope\n", NULL,
	 "libpod-conmon-" ID ".scope", "", "", CONTAINER_NONE},
	{"lxc, v2", "0::/lxc.payload.web\n", NULL, "", "web", "", CONTAINER_LXC},
	{"lxc's monitor is no container", "0::/lxc.monitor.web\n", NULL, "", "", "",
	 CONTAINER_NONE},
	{"lxc, v1", "5:cpu,cpuacct:/lxc/101/ns\n", NULL, "", "101", "", CONTAINER_LXC},
	{"nspawn", "0::/machine.slice/machine-deb.scope/payload\n", NULL, "machine-deb.scope",
	 "deb", "", CONTAINER_OTHER},
	{"a virtual machine is no container", "0::/machine.slice/machine-qemu\\x2d1\\x2dvm.scope\n",
	 NULL, "machine-qemu\\x2d1\\x2dvm.scope", "", "", CONTAINER_NONE},
	{"an id of nobody we know", "0::/ecs/task/" ID "\n", NULL, "", ID, "", CONTAINER_OTHER},
	{"v1 only", "3:memory:/a\n2:cpu,cpuacct:/b\n1:name=systemd:/c.service\n", "/b", "c.service",
	 "", "", CONTAINER_NONE},
	{"both, v2 says nothing", "2:cpu:/docker/" ID "\n1:name=systemd:/docker/" ID "\n0::/\n",
	 "/docker/" ID, "", ID, "", CONTAINER_DOCKER},
	{"both, v2 speaks",
	 "2:cpu:/\n1:name=systemd:/system.slice/a.service\n"
	 "0::/system.slice/a.service\n",
	 "/system.slice/a.service", "a.service", "", "", CONTAINER_NONE},
	{"moved out of its container in v2 only", "4:pids:/docker/" ID "\n0::/mine\n", "/mine", "",
	 ID, "", CONTAINER_DOCKER},
	{"no cpu controller", "4:pids:/x\n", "/x", "", "", "", CONTAINER_NONE},
	{"removed", "0::/system.slice/a.service (deleted)\n", "/system.slice/a.service",
	 "a.service", "", "", CONTAINER_NONE},
	{"a colon in the path", "0::/a:b/c\n", "/a:b/c", "", "", "", CONTAINER_NONE},
	{"what only looks like one", "0::/docker-zz.scope/pod1/libpod-.scope\n",
	 "/docker-zz.scope/pod1/libpod-.scope", "libpod-.scope", "", "", CONTAINER_NONE},
	{"without its end", "0::/system.slice/cron.service", "/system.slice/cron.service",
	 "cron.service", "", "", CONTAINER_NONE},
};

static void expect(const char *name, const char *what, struct str is, const char *should)
{
	if (should && !str_equal(is, str_from(should)))
		fail_msg("%s: %s is '%.*s', not '%s'", name, what, STR_ARG(is), should);
}

static void reads_places(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char scratch[CGROUP_POD_UID_LEN];
		struct cgroup_place place;
		const char *name = cases[i].name;
		if (proc_cgroup_read(str_from(cases[i].text), scratch, &place) != DECODED)
			fail_msg("%s is not decoded", name);
		expect(name, "path", place.path, cases[i].path);
		expect(name, "unit", place.unit, cases[i].unit);
		expect(name, "container", place.container, cases[i].container);
		expect(name, "pod", place.pod, cases[i].pod);
		if (place.runtime != cases[i].runtime)
			fail_msg("%s: runtime %s", name, container_runtime_name(place.runtime));
		assert_int_equal(place.id, 0);
	}
}

static void refuses_what_is_none(void **state)
{
	static const char *const none[] = {"", "\n", "0:", "0::", "0::relative\n", "a\nb\n"};
	char scratch[CGROUP_POD_UID_LEN];
	struct cgroup_place place;

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_int_equal(proc_cgroup_read(str_from(none[i]), scratch, &place), MALFORMED);
}

static void knows_what_lies_below(void **state)
{
	static const struct {
		const char *path, *group;
		bool is_within;
	} rows[] = {
		{"/a/b", "/a", true}, {"/a", "/a", true},    {"/a/b", "/a/", true},
		{"/ab", "/a", false}, {"/a", "/a/b", false}, {"/a/b", "/", true},
		{"/a", "", true},     {"", "/", true},	     {"", "/a", false},
		{"a", "/", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (cgroup_is_within(str_from(rows[i].path), str_from(rows[i].group)) !=
		    rows[i].is_within)
			fail_msg("'%s' and '%s'", rows[i].path, rows[i].group);
}

static void knows_what_a_user_may_make(void **state)
{
	assert_true(cgroup_is_of_a_user(STR("/user.slice/user-1000.slice/session-3.scope")));
	assert_true(cgroup_is_of_a_user(STR("/elsewhere/user@1000.service/app.slice/x.service")));
	assert_false(cgroup_is_of_a_user(STR("/system.slice/user.service")));
	assert_false(cgroup_is_of_a_user(STR("/system.slice/superuser.slice")));
	assert_false(cgroup_is_of_a_user(STR("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_places),
		cmocka_unit_test(refuses_what_is_none),
		cmocka_unit_test(knows_what_lies_below),
		cmocka_unit_test(knows_what_a_user_may_make),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
