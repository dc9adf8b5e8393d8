/*
 * The hook of the step block in a real kernel: to whom it refuses what, until when, and that it
 * outlives the process that made it. Over loopback, in control groups of the test's own; the bpf
 * file system is one that only this test sees.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "cgroups.h"
#include "host_child.h"
#include "respond/block/block.h"
#include "respond/block/hook.h"
#include "respond/control_group.h"

enum { LONG_S = 3600, DEADLINE_S = 30, GROUPS = 2 };

static const struct str id = {"00c0ffee00c0ffee", 16};

struct scene {
	char point[CGROUP_POINT_MAX], groups[GROUPS][CGROUP_POINT_MAX + 64];
	int sockets[4]; /* TCP and UDP on the pool's port, and on another */
	uint16_t pool, other;
	pid_t maker; /* of the hook */
};

/* -- who is reached -- */

static int listen_on(int kind, uint16_t *port)
{
	struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_port = htons(*port)};
	socklen_t size = sizeof(at);
	int fd = socket(AF_INET6, kind | SOCK_CLOEXEC, 0), off = 0;

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)), 0);
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 ||
	    (kind == SOCK_STREAM && listen(fd, 64) != 0)) {
		close(fd);
		return -1;
	}
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
	*port = ntohs(at.sin6_port);
	return fd;
}

/* The same port for both kinds. */
static uint16_t serve(int sockets[2])
{
	for (int i = 0; i < 50; i++) {
		uint16_t port = 0;
		sockets[0] = listen_on(SOCK_STREAM, &port);
		sockets[1] = listen_on(SOCK_DGRAM, &port);
		if (sockets[0] >= 0 && sockets[1] >= 0)
			return port;
		close(sockets[0]);
		close(sockets[1]);
	}
	fail_msg("no port is free for both");
	return 0;
}

enum way { TCP, MPTCP, UDP, UDP_CONNECTED, WAYS };

struct attempt {
	const char *group; /* NULL: that of the test */
	const char *address;
	uint16_t port;
	enum way way;
	bool in_new_network;
};

static socklen_t address_of(const struct attempt *a, struct sockaddr_storage *out)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)out;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;

	*out = (struct sockaddr_storage){.ss_family = strchr(a->address, ':') ? AF_INET6 : AF_INET};
	if (out->ss_family == AF_INET) {
		v4->sin_port = htons(a->port);
		return inet_pton(AF_INET, a->address, &v4->sin_addr) == 1 ? sizeof(*v4) : 0;
	}
	v6->sin6_port = htons(a->port);
	return inet_pton(AF_INET6, a->address, &v6->sin6_addr) == 1 ? sizeof(*v6) : 0;
}

/* In a child, which makes its socket after it has joined; its status is the errno. */
static int try_it(void *context)
{
	const struct attempt *a = context;
	struct sockaddr_storage to;
	socklen_t size = address_of(a, &to);

	if (size == 0 || (a->group && !cgroup_join(a->group, getpid())) ||
	    (a->in_new_network && unshare(CLONE_NEWNET) != 0))
		return 255;
	int fd = socket(to.ss_family, a->way <= MPTCP ? SOCK_STREAM : SOCK_DGRAM,
			a->way == MPTCP ? IPPROTO_MPTCP : 0);
	if (fd < 0)
		return 254;
	if (a->way == UDP)
		return sendto(fd, "x", 1, 0, (struct sockaddr *)&to, size) == 1 ? 0 : errno;
	return connect(fd, (struct sockaddr *)&to, size) == 0 ? 0 : errno;
}

static int reached(const struct attempt *attempt)
{
	struct attempt copy = *attempt;
	int status = child_wait(child_start(try_it, &copy), NULL);

	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static const char *const addresses[] = {"127.0.0.1", "::1", "::ffff:127.0.0.1"};
enum { ADDRESSES = 3 };

static bool kernel_has(enum way way)
{
	int fd = way == MPTCP ? socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP) : -1;

	if (fd >= 0)
		close(fd);
	return way != MPTCP || fd >= 0;
}

static void expect(const char *group, uint16_t port, int expected)
{
	for (int i = 0; i < ADDRESSES; i++)
		for (int way = 0; way < WAYS; way++) {
			const struct attempt attempt = {group, addresses[i], port, (enum way)way};
			int result = kernel_has(attempt.way) ? reached(&attempt) : expected;
			if (result != expected)
				fail_msg("%s, way %d: %s", addresses[i], way, strerror(result));
		}
}

/* -- the hook -- */

struct order {
	const struct scene *scene;
	int group;
	uint64_t seconds;
};

static int attach(const struct order *order)
{
	struct endpoint pools[2] = {{.port = order->scene->pool}, {.port = order->scene->pool}};
	struct error why = {0};
	bool is_new;

	if (!address_parse(STR("127.0.0.1"), &pools[0].address) ||
	    !address_parse(STR("::1"), &pools[1].address))
		return -EINVAL;
	int result = hook_attach(id, order->scene->groups[order->group], pools, 2, order->seconds,
				 &is_new, &why);
	if (result != 0)
		printf("# %s\n", why.text);
	return result;
}

static int attach_and_wait(void *context)
{
	if (attach(context) != 0)
		return 1;
	for (;;)
		pause();
}

static void remove_hook(void)
{
	struct error why = {0};

	if (hook_remove(id, &why) != 0)
		fail_msg("%s", why.text);
}

/* Until it is as wanted; each look takes its time. */
static void await_programs(unsigned count)
{
	duration until = {since_boot().ns + DURATION_S(DEADLINE_S).ns};
	struct hook_state state;

	for (hook_look(id, &state); state.programs != count; hook_look(id, &state)) {
		assert_true(since_boot().ns < until.ns);
		(void)poll(NULL, 0, 5);
	}
}

static int scene_open(void **state)
{
	struct scene *scene = *state;

	scene->maker = 0;
	for (int i = 0; i < GROUPS; i++) {
		snprintf(scene->groups[i], sizeof(scene->groups[i]), "%s/davy-test-%d-%d",
			 scene->point, getpid(), i);
		if (mkdir(scene->groups[i], 0755) != 0)
			return -1;
	}
	scene->pool = serve(scene->sockets);
	scene->other = serve(scene->sockets + 2);
	return 0;
}

static int scene_close(void **state)
{
	struct scene *scene = *state;

	if (scene->maker > 0)
		child_kill(scene->maker);
	remove_hook();
	for (int i = 0; i < 4; i++)
		close(scene->sockets[i]);
	for (int i = 0; i < GROUPS; i++)
		if (rmdir(scene->groups[i]) != 0 && errno != ENOENT)
			return -1;
	return 0;
}

static void it_refuses_the_pool_to_the_group_and_outlives_its_maker(void **state)
{
	struct scene *scene = *state;
	struct order order = {scene, 0, LONG_S};
	struct hook_state held;
	struct stat folder;

	expect(scene->groups[0], scene->pool, 0);
	scene->maker = child_start(attach_and_wait, &order);
	await_programs(HOOK_PROGRAMS);
	child_kill(scene->maker);
	scene->maker = 0;
	expect(scene->groups[0], scene->pool, EPERM);
	expect(scene->groups[0], scene->other, 0);
	expect(NULL, scene->pool, 0);
	expect(scene->groups[1], scene->pool, 0);
	hook_look(id, &held);
	assert_int_equal(held.programs, HOOK_PROGRAMS);
	assert_int_equal(held.places, 2);
	assert_true(held.seconds > LONG_S / 2 && held.seconds <= LONG_S);
	assert_int_equal(stat(scene->groups[0], &folder), 0);
	assert_int_equal(held.group, folder.st_ino);
	assert_int_equal(stat(HOOK_FOLDER, &folder), 0);
	assert_int_equal(folder.st_mode & 07777, 0700);
	remove_hook();
	expect(scene->groups[0], scene->pool, 0);
	hook_look(id, &held);
	assert_false(held.is_in);
}

/* Where nothing answers, the answer tells who was asked. */
static void it_holds_in_whatever_network(void **state)
{
	struct scene *scene = *state;
	const struct order order = {scene, 0, LONG_S};
	struct attempt attempt = {scene->groups[0], "127.0.0.1", scene->pool, TCP, true};

	assert_int_equal(reached(&attempt), ENETUNREACH);
	assert_int_equal(attach(&order), 0);
	assert_int_equal(reached(&attempt), EPERM);
	attempt.group = NULL;
	assert_int_equal(reached(&attempt), ENETUNREACH);
}

static void it_ends_with_its_time_and_is_swept(void **state)
{
	struct scene *scene = *state;
	const struct attempt attempt = {scene->groups[0], "127.0.0.1", scene->pool, TCP};
	duration until = {since_boot().ns + DURATION_S(DEADLINE_S).ns};
	struct order order = {scene, 0, LONG_S};
	struct hook_state held;

	assert_int_equal(attach(&order), 0);
	expect(scene->groups[0], scene->pool, EPERM);
	hooks_sweep();
	expect(scene->groups[0], scene->pool, EPERM);
	order.seconds = 1; /* from now on */
	assert_int_equal(attach(&order), 0);
	for (int result = EPERM; result != 0; result = reached(&attempt)) {
		assert_int_equal(result, EPERM);
		assert_true(since_boot().ns < until.ns);
	}
	expect(scene->groups[0], scene->pool, 0);
	hook_look(id, &held);
	assert_int_equal(held.places, 0);
	assert_true(held.is_in);
	hooks_sweep();
	hook_look(id, &held);
	assert_false(held.is_in);
}

static void said_again_it_goes_over_to_the_other_group(void **state)
{
	struct scene *scene = *state;
	struct order order = {scene, 0, LONG_S};
	struct hook_state held;

	assert_int_equal(attach(&order), 0);
	order.group = 1;
	assert_int_equal(attach(&order), 0);
	expect(scene->groups[0], scene->pool, 0);
	expect(scene->groups[1], scene->pool, EPERM);
	assert_int_equal(rmdir(scene->groups[1]), 0);
	await_programs(0); /* the kernel lets go of a removed group a moment later */
	hook_look(id, &held);
	assert_int_equal(held.group, 0);
	assert_int_equal(held.places, 2);
}

static void where_it_cannot_be_it_says_why(void **state)
{
	struct scene *scene = *state;
	const struct order order = {scene, 0, LONG_S};

	assert_null(hook_lacks());
	assert_int_equal(mkdir(HOOK_FOLDER, 0700) == 0 || errno == EEXIST, 1);
	assert_int_equal(chown(HOOK_FOLDER, 65534, 65534), 0);
	assert_int_equal(attach(&order), -EPERM);
	assert_int_equal(chown(HOOK_FOLDER, 0, 0), 0);
	assert_int_equal(mount("none", "/sys/fs/bpf", "tmpfs", 0, NULL), 0);
	assert_non_null(hook_lacks());
	assert_int_equal(attach(&order), -EOPNOTSUPP);
	assert_int_equal(umount("/sys/fs/bpf"), 0);
	assert_int_equal(attach(&order), 0);
	expect(scene->groups[0], scene->pool, EPERM);
}

/* -- the step, which hooks the group of processes -- */

enum { TARGETS_MAX = 2, NODES = 512 };

static int stay(void *context)
{
	(void)context;
	while (pause() != 0)
		continue;
	return 0;
}

static struct process start_in(const char *group)
{
	pid_t pid = child_start(stay, NULL);

	assert_true(cgroup_join(group, pid));
	return (struct process){.key = {(uint32_t)pid, child_start_ns(pid)}};
}

static void end_process(const struct process *process)
{
	child_kill((pid_t)process->key.pid);
}

/* One block of these processes. */
struct cut {
	struct process processes[TARGETS_MAX];
	const struct process *targets[TARGETS_MAX];
	struct finding finding;
	struct response_place place;
	struct response_case response_case;
	struct endpoint pools[2];
	struct buf lines, memory, outcome;
	struct json_node nodes[NODES];
	struct json doc;
};

static void cut_plan(struct cut *cut, const struct scene *scene, const struct process *processes,
		     size_t count)
{
	*cut = (struct cut){.finding = {.id = id},
			    .place = {.proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
				      .block_for = DURATION_S(LONG_S)},
			    .pools = {{.port = scene->pool}, {.port = scene->pool}},
			    .doc = {.cap = NODES}};
	cut->doc.nodes = cut->nodes;
	assert_true(address_parse(STR("127.0.0.1"), &cut->pools[0].address));
	assert_true(address_parse(STR("::1"), &cut->pools[1].address));
	for (size_t i = 0; i < count; i++) {
		cut->processes[i] = processes[i];
		cut->targets[i] = &cut->processes[i];
	}
	cut->response_case = (struct response_case){.place = &cut->place,
						    .finding = &cut->finding,
						    .targets = cut->targets,
						    .target_count = count};
	group_plan(&cut->response_case, cut->pools, 2, &cut->lines, &cut->memory);
	if (json_read(&cut->doc, buf_view(&cut->memory)) == 0)
		fail_msg("%.*s", STR_ARG(buf_view(&cut->lines)));
}

static int cut_apply(struct cut *cut)
{
	return group_cut(&cut->response_case, json_root(&cut->doc), cut->pools, 2, LONG_S,
			 &cut->outcome);
}

/* With its undo. */
static void cut_end(struct cut *cut)
{
	struct error why = {0};

	if (group_free(&cut->place, json_root(&cut->doc), id, &cut->outcome, &why) != 0)
		fail_msg("%s", why.text);
	buf_fini(&cut->lines);
	buf_fini(&cut->memory);
	buf_fini(&cut->outcome);
	close(cut->place.proc);
}

/* Two were cut; then one of them alone is to be, and ends before: the other stays cut. */
static void one_that_comes_too_late_leaves_the_first_in_force(void **state)
{
	struct scene *scene = *state;
	struct process both[2] = {start_in(scene->groups[0]), start_in(scene->groups[1])};
	char quarantine[CGROUP_POINT_MAX + 64];
	struct cut first, late, last;
	struct hook_state held;

	snprintf(quarantine, sizeof(quarantine), "%s" CONTROL_GROUP_OURS "/%.*s", scene->point,
		 STR_ARG(id));
	cut_plan(&first, scene, both, 2);
	assert_int_equal(cut_apply(&first), 0);
	expect(quarantine, scene->pool, EPERM);
	cut_plan(&late, scene, both, 1);
	cut_plan(&last, scene, both + 1, 1);
	end_process(&both[0]);
	assert_int_equal(cut_apply(&late), -ESRCH);
	expect(quarantine, scene->pool, EPERM);
	end_process(&both[1]);
	assert_int_equal(cut_apply(&last), -ESRCH);
	hook_look(id, &held);
	assert_false(held.is_in); /* of nobody any more */
	cut_end(&last);
	cut_end(&late);
	cut_end(&first);
}

/* One that was cut in its place; with a child that nobody knew it would be moved, but it ended. */
static void one_for_nobody_does_not_go_over_to_an_empty_group(void **state)
{
	struct scene *scene = *state;
	struct process miner = start_in(scene->groups[0]);
	struct cut first, late;

	cut_plan(&first, scene, &miner, 1);
	assert_int_equal(cut_apply(&first), 0);
	struct process child = start_in(scene->groups[0]);
	cut_plan(&late, scene, &miner, 1);
	end_process(&miner);
	assert_int_equal(cut_apply(&late), -ESRCH);
	expect(scene->groups[0], scene->pool, EPERM);
	end_process(&child);
	cut_end(&late);
	cut_end(&first);
}

/* A service that was started again, clean, while the miner's block was on its way. */
static void another_group_of_the_same_name_is_not_hooked(void **state)
{
	struct scene *scene = *state;
	struct process miner = start_in(scene->groups[0]);
	duration until = {since_boot().ns + DURATION_S(DEADLINE_S).ns};
	struct cut cut, late;
	struct hook_state held;

	cut_plan(&cut, scene, &miner, 1);
	cut_plan(&late, scene, &miner, 1);
	assert_int_equal(cut_apply(&cut), 0);
	expect(scene->groups[0], scene->pool, EPERM);
	cut_end(&cut);
	end_process(&miner);
	while (rmdir(scene->groups[0]) != 0) {
		assert_int_equal(errno, EBUSY);
		assert_true(since_boot().ns < until.ns);
		(void)poll(NULL, 0, 5);
	}
	assert_int_equal(mkdir(scene->groups[0], 0755), 0);
	struct process clean = start_in(scene->groups[0]);
	assert_int_equal(cut_apply(&late), -ESRCH);
	hook_look(id, &held);
	assert_false(held.is_in);
	expect(scene->groups[0], scene->pool, 0);
	end_process(&clean);
	cut_end(&late);
}

static bool has_own_file_system(void)
{
	return unshare(CLONE_NEWNS) == 0 &&
	       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("davy-test", "/sys/fs/bpf", "bpf", 0, "mode=0700") == 0;
}

int main(void)
{
	static struct scene scene;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate_setup_teardown(
			it_refuses_the_pool_to_the_group_and_outlives_its_maker, scene_open,
			scene_close, &scene),
		cmocka_unit_test_prestate_setup_teardown(it_holds_in_whatever_network, scene_open,
							 scene_close, &scene),
		cmocka_unit_test_prestate_setup_teardown(it_ends_with_its_time_and_is_swept,
							 scene_open, scene_close, &scene),
		cmocka_unit_test_prestate_setup_teardown(said_again_it_goes_over_to_the_other_group,
							 scene_open, scene_close, &scene),
		cmocka_unit_test_prestate_setup_teardown(where_it_cannot_be_it_says_why, scene_open,
							 scene_close, &scene),
		cmocka_unit_test_prestate_setup_teardown(
			one_that_comes_too_late_leaves_the_first_in_force, scene_open, scene_close,
			&scene),
		cmocka_unit_test_prestate_setup_teardown(
			one_for_nobody_does_not_go_over_to_an_empty_group, scene_open, scene_close,
			&scene),
		cmocka_unit_test_prestate_setup_teardown(
			another_group_of_the_same_name_is_not_hooked, scene_open, scene_close,
			&scene),
	};

	if (!is_root())
		return 0;
	if (!cgroup_mounted("cgroup2", NULL, scene.point)) {
		printf("1..0 # SKIP no control groups (v2) are mounted here\n");
		return 0;
	}
	if (!has_own_file_system()) {
		printf("1..0 # SKIP no bpf file system can be mounted here\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
