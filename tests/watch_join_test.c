/*
 * `davy watch` sees a mining session on the wire and names the process of this machine that has
 * it: over loopback, from a container's network behind an address translation, and one that was
 * connected before Davy began; and the same where the kernel gives no BPF, by a walk through /proc.
 * Who only speaks with the same host is not named, nor is anybody for packets that somebody else
 * made up in this machine's name.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "drilling.h"
#include "lab/host_drill.h"
#include "lab/packets.h"
#include "namespace.h"
#include "watching.h"

enum { FOUND_MS = 40000, SHARES = 40 };

/* -- a pool, and who connects to it, each a process of its own -- */

struct pool {
	pid_t pid;
	struct sockaddr_in at;
};

/* -1: where the test is. */
static void enter(int namespace)
{
	if (namespace >= 0 && setns(namespace, CLONE_NEWNET) != 0)
		_exit(1);
}

/* The first that comes mines; the others are only connected. */
static struct pool pool_start_at(const char *address, int namespace)
{
	struct pool pool = {.at.sin_family = AF_INET};
	socklen_t len = sizeof(pool.at);
	int told[2];

	assert_int_equal(inet_pton(AF_INET, address, &pool.at.sin_addr), 1);
	assert_int_equal(pipe2(told, O_CLOEXEC), 0);
	pool.pid = fork();
	if (pool.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		enter(namespace);
		int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (bind(listener, (struct sockaddr *)&pool.at, sizeof(pool.at)) != 0 ||
		    listen(listener, 4) != 0 ||
		    getsockname(listener, (struct sockaddr *)&pool.at, &len) != 0 ||
		    write(told[1], &pool.at, sizeof(pool.at)) != sizeof(pool.at))
			_exit(1);
		bool is_good = connection_speak(accept(listener, NULL, NULL), LAB_POOL,
						"cryptonote", SHARES, 7);
		_exit(is_good ? 0 : 1);
	}
	close(told[1]);
	assert_int_equal(read(told[0], &pool.at, sizeof(pool.at)), sizeof(pool.at));
	close(told[0]);
	return pool;
}

static struct pool pool_start(void)
{
	return pool_start_at("127.0.0.1", -1);
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void say_pid(void *context, pid_t pid)
{
	(void)!write(*(int *)context, &pid, sizeof(pid));
}

static void mine_and_compute(int fd, int say)
{
	const struct host_drill_watcher watcher = {.on_start = say_pid, .context = &say};

	_exit(connection_mine_and_compute(fd, "cryptonote", SHARES, 7, &watcher) ? 0 : 1);
}

enum role { ONLY_CONNECTED, SPEAKS_WHEN_TOLD, COMPUTES };

struct client {
	pid_t pid, computes;
	int ends[2]; /* of ours; one says that it is connected, the other that it may begin */
};

static struct client client_start(const struct pool *pool, enum role role, int namespace)
{
	struct client client;
	int up[2], down[2];
	char byte = 0;

	assert_int_equal(pipe2(up, O_CLOEXEC), 0);
	assert_int_equal(pipe2(down, O_CLOEXEC), 0);
	client.pid = fork();
	if (client.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		enter(namespace);
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (connect(fd, (const struct sockaddr *)&pool->at, sizeof(pool->at)) != 0 ||
		    write(up[1], &byte, 1) != 1 || read(down[0], &byte, 1) != 1)
			_exit(1);
		if (role == COMPUTES)
			mine_and_compute(fd, up[1]);
		if (role == SPEAKS_WHEN_TOLD)
			(void)connection_speak(fd, LAB_MINER, "cryptonote", SHARES, 7);
		pause();
	}
	close(up[1]);
	close(down[0]);
	client.ends[0] = up[0];
	client.ends[1] = down[1];
	assert_int_equal(read(client.ends[0], &byte, 1), 1);
	return client;
}

static void client_go(const struct client *client)
{
	assert_int_equal(write(client->ends[1], "", 1), 1);
}

static void client_end(const struct client *client)
{
	end(client->pid);
	close(client->ends[0]);
	close(client->ends[1]);
}

/* cmocka cuts what is long */
static void give_up(const struct watching *w, const char *what)
{
	fprintf(stderr, "%.*s%.*s\n", STR_ARG(buf_view(&w->text[WATCHING_ERR])),
		STR_ARG(buf_view(&w->text[WATCHING_OUT])));
	fail_msg("%s", what);
}

static bool is_named(struct watching *w, pid_t pid, int timeout_ms)
{
	char wanted[64];

	snprintf(wanted, sizeof(wanted), "\"pid\":%d,", (int)pid);
	return watching_await_line(w, 0, "carries a mining session", wanted, timeout_ms);
}

static unsigned count_of_pid(const struct watching *w, pid_t pid)
{
	char wanted[64];

	snprintf(wanted, sizeof(wanted), "\"pid\":%d,", (int)pid);
	return watching_count(w, WATCHING_OUT, 0, wanted);
}

static void assert_named(struct watching *w, pid_t pid)
{
	if (!is_named(w, pid, FOUND_MS))
		give_up(w, "it is not named");
}

/* It has samples; without the rights for them it counts, and that is all. */
static void await_begun(struct watching *w)
{
	assert_true(w->has_no_bpf ? watching_await_counter(w, "looks", 0, FOUND_MS)
				  : watching_await_counter(w, "processes", 1, FOUND_MS));
}

/* Others mine on this machine, too: the only line that has this text. */
static struct str only_line(const struct buf *out, const char *text)
{
	struct str rest = buf_view(out), line, found = {0};

	while (str_cut(rest, '\n', &line, &rest))
		if (str_find_nocase(line, str_from(text)) >= 0) {
			if (found.len > 0)
				fail_msg("two incidents: %.*s", STR_ARG(buf_view(out)));
			found = line;
		}
	if (found.len == 0)
		fail_msg("no incident has %s: %.*s", text, STR_ARG(buf_view(out)));
	return found;
}

/* -- tests -- */

static void the_process_of_a_session_is_named(void **state)
{
	struct watching *w = *state;
	CLEANUP(buf_fini) struct buf out = {0};
	char id[32] = "", story[64];

	watching_start_up(w, NULL);
	await_begun(w);
	struct pool pool = pool_start();
	struct client miner = client_start(&pool, SPEAKS_WHEN_TOLD, -1);
	struct client innocent = client_start(&pool, ONLY_CONNECTED, -1);
	client_go(&miner);
	assert_named(w, miner.pid);
	assert_int_equal(count_of_pid(w, innocent.pid), 0);
	client_end(&innocent);
	client_end(&miner);
	end(pool.pid);
	assert_int_equal(watching_end(w, SIGTERM), 0);
	assert_int_equal(count_of_pid(w, innocent.pid), 0);

	/* one incident of one victim, whose story says who it is */
	assert_int_equal(watching_davy(w, &out, (const char *const[]){"incidents", "--json", NULL}),
			 1);
	struct str incident = only_line(&out, "\"victims\":[\"127.0.0.1\"]");
	ptrdiff_t at = str_find_nocase(incident, STR("\"id\":\""));
	assert_true(at > 0);
	memcpy(id, incident.at + at + 6, 16);
	assert_true(watching_davy(w, &out, (const char *const[]){"show", id, NULL}) < 2);
	snprintf(story, sizeof(story), ": pid %d, ", (int)miner.pid);
	if (str_find_nocase(buf_view(&out),
			    STR("The process that has the connection of 127.0.0.1:")) < 0 ||
	    str_find_nocase(buf_view(&out), str_from(story)) < 0)
		fail_msg("the story does not name it: %.*s", STR_ARG(buf_view(&out)));
}

static void one_that_was_connected_before_is_named(void **state)
{
	struct watching *w = *state;
	struct pool pool = pool_start();
	struct client miner = client_start(&pool, SPEAKS_WHEN_TOLD, -1);
	struct client innocent = client_start(&pool, ONLY_CONNECTED, -1);

	watching_start_up(w, NULL);
	client_go(&miner);
	assert_named(w, miner.pid);
	assert_int_equal(count_of_pid(w, innocent.pid), 0);
	client_end(&innocent);
	client_end(&miner);
	end(pool.pid);
	assert_int_equal(watching_end(w, SIGTERM), 0);
}

/* What runs could be Tor, and what speaks could be a tunnel: the two together mine. */
static void code_that_proves_nothing_and_a_session_are_mining(void **state)
{
	struct watching *w = *state;
	char wanted[64];
	pid_t computes = 0;

	watching_start_up(w, NULL);
	await_begun(w);
	struct pool pool = pool_start();
	struct client miner = client_start(&pool, COMPUTES, -1);
	client_go(&miner);
	assert_int_equal(read(miner.ends[0], &computes, sizeof(computes)), sizeof(computes));
	snprintf(wanted, sizeof(wanted), "\"pid\":%d,\"start", (int)computes);
	if (!watching_await_line(w, 0, "\"verdict\":\"mining\"", wanted, FOUND_MS))
		give_up(w, "it is not mining");
	if (!watching_await_line(w, 0, "\"its parent's connection from 127.0.0.1:", wanted,
				 FOUND_MS))
		give_up(w, "its parent's session is not told");
	client_end(&miner);
	end(pool.pid);
	assert_int_equal(watching_end(w, SIGTERM), 0);
}

/* -- miners that are wanted -- */

static void hash_of_myself(char out[65])
{
	char path[PATH_MAX] = "", command[PATH_MAX + 32];

	assert_true(readlink("/proc/self/exe", path, sizeof(path) - 1) > 0);
	snprintf(command, sizeof(command), "sha256sum '%s'", path);
	FILE *file = popen(command, "r");
	assert_non_null(file);
	assert_int_equal(fread(out, 1, 64, file), 64);
	out[64] = '\0';
	pclose(file);
}

static void authorise(struct watching *w, const char *hash, const char *until)
{
	char lines[256];

	snprintf(lines, sizeof(lines),
		 "detect:\n  authorised:\n    - \"sha256:%s until %s because load tests #7\"\n",
		 hash, until);
	watching_settings(w, lines);
}

/* Neither its flow nor its process alerts; both are listed when one asks. */
static void what_is_authorised_is_told_and_never_alerts(void **state)
{
	struct watching *w = *state;
	CLEANUP(buf_fini) struct buf out = {0};
	char hash[65], wanted[96];
	pid_t computes = 0;

	hash_of_myself(hash);
	authorise(w, hash, "2199-12-31");
	watching_start_up(w, NULL);
	await_begun(w);
	struct pool pool = pool_start();
	struct client miner = client_start(&pool, COMPUTES, -1);
	client_go(&miner);
	assert_int_equal(read(miner.ends[0], &computes, sizeof(computes)), sizeof(computes));
	snprintf(wanted, sizeof(wanted), "pid %d\"", (int)computes);
	int64_t until = watching_now_ms() + FOUND_MS;
	do
		(void)watching_davy(w, &out,
				    (const char *const[]){"incidents", "--all", "--json", NULL});
	while (str_find_nocase(buf_view(&out), str_from(wanted)) < 0 && watching_now_ms() < until);
	client_end(&miner);
	end(pool.pid);
	assert_int_equal(watching_end(w, SIGTERM), 0);

	(void)watching_davy(w, &out, (const char *const[]){"incidents", "--all", "--json", NULL});
	if (str_find_nocase(buf_view(&out), str_from(wanted)) < 0)
		fail_msg("not listed: %.*s", STR_ARG(buf_view(&out)));
	assert_true(str_find_nocase(buf_view(&out), STR("\"authorised_as\":\"mining\"")) > 0);
	assert_true(str_find_nocase(buf_view(&out), STR("load tests #7")) > 0);
	assert_true(str_find_nocase(buf_view(&out), STR("\"client\":\"127.0.0.1:")) > 0);
	/* others' miners on this machine may be told, ours are not */
	if (watching_count(w, WATCHING_OUT, 0, "\"client\":\"127.0.0.1:") > 0)
		give_up(w, "it alerts");
	assert_int_equal(count_of_pid(w, computes), 0);
	assert_int_equal(count_of_pid(w, miner.pid), 0);
	(void)watching_davy(w, &out, (const char *const[]){"incidents", "--json", NULL});
	assert_true(str_find_nocase(buf_view(&out), STR("127.0.0.1")) < 0);
}

/* Its day is over, or the program is another by one bit. */
static void what_is_authorised_no_more_alerts(void **state)
{
	struct watching *w = *state;
	char hash[65];

	hash_of_myself(hash);
	for (int is_changed = 0; is_changed < 2; is_changed++) {
		if (is_changed)
			hash[63] = hash[63] == '0' ? '1' : '0';
		authorise(w, hash, is_changed ? "2199-12-31" : "2026-01-31");
		watching_start_up(w, NULL);
		await_begun(w);
		struct pool pool = pool_start();
		struct client miner = client_start(&pool, SPEAKS_WHEN_TOLD, -1);
		client_go(&miner);
		assert_named(w, miner.pid);
		client_end(&miner);
		end(pool.pid);
		assert_int_equal(watching_end(w, SIGTERM), 0);
		assert_true(watching_count(w, WATCHING_OUT, 0, "\"client\":\"127.0.0.1:") > 0);
		assert_int_equal(watching_count(w, WATCHING_OUT, 0, "2026-01-31 (load tests #7)") >
					 0,
				 !is_changed);
	}
}

/* -- a container: a network of its own, and its address translated on the way out -- */

static pid_t hold_namespace(int *out)
{
	char path[64];
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWNET) != 0 || write(ready[1], "", 1) != 1)
			_exit(1);
		pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	*out = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(*out >= 0);
	return pid;
}

static bool run(const char *format, int pid)
{
	char line[512], command[640];

	snprintf(line, sizeof(line), format, pid);
	snprintf(command, sizeof(command), "PATH=$PATH:/usr/sbin:/sbin; { %s; } >&2", line);
	return system(command) == 0;
}

static bool build_networks(pid_t box, pid_t net)
{
	return run("ip link add box0 type veth peer name eth0 netns %d", box) &&
	       run("ip link add net0 type veth peer name eth0 netns %d", net) &&
	       run("nsenter -t %d -n sh -c 'ip a add 10.77.0.2/24 dev eth0 && ip link set eth0 up "
		   "&& ip r add default via 10.77.0.1'",
		   box) &&
	       run("nsenter -t %d -n sh -c 'ip a add 10.78.0.2/24 dev eth0 && ip link set eth0 up'",
		   net) &&
	       run("ip a add 10.77.0.1/24 dev box0 && ip link set box0 up && "
		   "ip a add 10.78.0.1/24 dev net0 && ip link set net0 up && "
		   "echo 1 >/proc/sys/net/ipv4/ip_forward && nft 'table ip t%d { chain c { type "
		   "nat hook postrouting priority 100; oifname \"net0\" masquerade; }; }'",
		   net);
}

static void a_container_behind_a_translation_is_named(void **state)
{
	struct watching *w = *state;
	CLEANUP(buf_fini) struct buf out = {0};
	int box_fd, net_fd;
	pid_t box = hold_namespace(&box_fd), net = hold_namespace(&net_fd);

	if (build_networks(box, net)) {
		watching_start_up(w, NULL);
		await_begun(w);
		struct pool pool = pool_start_at("10.78.0.2", net_fd);
		struct client miner = client_start(&pool, SPEAKS_WHEN_TOLD, box_fd);
		struct client innocent = client_start(&pool, ONLY_CONNECTED, box_fd);
		client_go(&miner);
		assert_named(w, miner.pid);
		/* the same shares are what tells that the two are one */
		assert_true(watching_await_line(
			w, 0, "\"client\":\"10.77.0.2:", "the pool accepted shares", FOUND_MS));
		assert_true(watching_await_line(
			w, 0, "\"client\":\"10.78.0.1:", "the pool accepted shares", FOUND_MS));
		assert_int_equal(count_of_pid(w, innocent.pid), 0);
		client_end(&innocent);
		client_end(&miner);
		end(pool.pid);
		assert_int_equal(watching_end(w, SIGTERM), 0);
		assert_true(run("ip link del box0 && ip link del net0 && nft delete table ip t%d",
				net)); /* now, and not soon */
		assert_int_equal(
			watching_davy(w, &out, (const char *const[]){"incidents", "--json", NULL}),
			1);
		/* seen on both sides of the translation: one incident, one victim */
		struct str incident = only_line(&out, "10.78.0.2:");
		assert_true(str_find_nocase(incident, STR("\"victims\":[\"10.77.0.2\"]")) > 0);
	} else {
		printf("# no address translation here: ip, nft or nsenter does not work\n");
	}
	close(box_fd);
	close(net_fd);
	end(box);
	end(net);
}

/* -- packets that somebody made up -- */

static void send_frames(const struct lab_packets *packets, const char *interface)
{
	int sender = frame_sender(interface);

	assert_true(sender >= 0);
	for (size_t i = 0; i < packets->count; i++)
		assert_true(send(sender, packets->frames[i].bytes.at, packets->frames[i].bytes.len,
				 0) > 0);
	close(sender);
}

/* A whole conversation in this machine's name, which never had it. */
static void made_up_packets_accuse_nobody(void **state)
{
	struct watching *w = *state;
	struct lab_session session = {
		.actor = {.seed = 13, .dialect = lab_dialect_find(STR("cryptonote")), .shares = 5},
		.begins = instant_at(1795341600, 0)};
	struct lab_packet_settings shape = {.seed = 13, .shape = LAB_SHAPE_NO_CLOSE};
	struct lab_transcript transcript = {0};
	struct lab_outcome outcome;
	struct lab_packets packets;
	struct error why;

	assert_true(namespace_veth("wire0", "wire1"));
	assert_true(namespace_ip("address add 10.79.0.1/24 dev wire0"));
	watching_start_up(w, NULL);
	await_begun(w);
	assert_true(endpoint_parse(STR("10.79.0.1:40001"), &shape.client));
	assert_true(endpoint_parse(STR("10.79.0.9:3333"), &shape.server));
	assert_int_equal(lab_session_play(&session, &transcript, &outcome, &why), 0);
	assert_int_equal(lab_packets_make(&transcript, &shape, &packets), 0);
	send_frames(&packets, "wire1");
	assert_true(watching_await_line(w, 0, "\"detector\":\"mining_session\"",
					"\"client\":\"10.79.0.1:40001\"", FOUND_MS));
	/* a true one behind it: by the time it is named, the other had its turn */
	struct pool pool = pool_start();
	struct client miner = client_start(&pool, SPEAKS_WHEN_TOLD, -1);
	client_go(&miner);
	assert_named(w, miner.pid);
	client_end(&miner);
	end(pool.pid);
	assert_int_equal(watching_end(w, SIGTERM), 0);
	assert_int_equal(watching_count(w, WATCHING_OUT, 0, "\"sessions\":[\"10.79.0.1"), 0);
	assert_true(namespace_ip("link del wire0"));
	lab_packets_fini(&packets);
	lab_transcript_fini(&transcript);
}

static int init_without_bpf(void **state)
{
	(void)watching_host_init(state);
	((struct watching *)*state)->has_no_bpf = true;
	return 0;
}

static void the_kernel_lists_nothing_without_bpf(void **state)
{
	struct watching *w = *state;
	CLEANUP(buf_fini) struct buf out = {0};

	watching_start_up(w, NULL);
	await_begun(w);
	assert_true(watching_davy(w, &out, (const char *const[]){"health", NULL}) < 2);
	for (size_t i = 0; i < 2; i++) {
		const char *source = i ? "host: the kernel's list of processes off"
				       : "host: begin and end of processes off";
		if (str_find_nocase(buf_view(&out), str_from(source)) < 0)
			fail_msg("not %s: %.*s", source, STR_ARG(buf_view(&out)));
	}
	assert_int_equal(watching_end(w, SIGTERM), 0);
}

#define WITHOUT_BPF(test)                                                                          \
	{                                                                                          \
		.name = #test "_without_bpf", .test_func = (test), .setup_func = init_without_bpf, \
		.teardown_func = watching_host_fini                                                \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_process_of_a_session_is_named,
						watching_host_init, watching_host_fini),
		cmocka_unit_test_setup_teardown(one_that_was_connected_before_is_named,
						watching_host_init, watching_host_fini),
		cmocka_unit_test_setup_teardown(code_that_proves_nothing_and_a_session_are_mining,
						watching_host_init, watching_host_fini),
		cmocka_unit_test_setup_teardown(what_is_authorised_is_told_and_never_alerts,
						watching_host_init, watching_host_fini),
		cmocka_unit_test_setup_teardown(what_is_authorised_no_more_alerts,
						watching_host_init, watching_host_fini),
		cmocka_unit_test_setup_teardown(a_container_behind_a_translation_is_named,
						watching_host_init, watching_host_fini),
		cmocka_unit_test_setup_teardown(made_up_packets_accuse_nobody, watching_host_init,
						watching_host_fini),
		cmocka_unit_test_setup_teardown(the_kernel_lists_nothing_without_bpf,
						init_without_bpf, watching_host_fini),
		WITHOUT_BPF(one_that_was_connected_before_is_named),
		WITHOUT_BPF(a_container_behind_a_translation_is_named),
		WITHOUT_BPF(made_up_packets_accuse_nobody),
	};

	if (!namespace_enter()) {
		printf("1..0 # SKIP no namespaces of our own\n");
		return 0;
	}
	cmocka_set_test_filter(getenv("DAVY_TEST"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
