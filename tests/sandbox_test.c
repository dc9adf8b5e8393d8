/*
 * The split by privilege, tried out from inside: a confined worker attempts what an attacker who
 * has taken it over would want, and tells what came of it; its ring and its cut-off map go on
 * working. This program is its own worker (--worker ROLE).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <net/if_arp.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include <sqlite3.h>
#include <uv.h>

#include "base/instant.h"
#include "namespace.h"
#include "sandbox/confine.h"
#include "sandbox/supervise.h"
#include "sandbox/worker.h"
#include "source/live/ring.h"

enum {
	MESSAGE_REPORT = MESSAGE_FIRST_FREE, /* struct confine_report */
	MESSAGE_ATTEMPTS,		     /* struct attempt[] */
	MESSAGE_FRAMES,			     /* uint32_t: of ours, seen so far */
	MESSAGE_ANSWER,			     /* text */
};

struct attempt {
	char name[40];
	int32_t error; /* 0: it worked */
};

struct prisoner {
	struct channel channel;
	uv_loop_t loop;
	struct ring ring;
	uint32_t seen, told;
	int map;
	struct attempt attempts[40];
	size_t count;
};

static void tried(struct prisoner *p, const char *name, long result)
{
	struct attempt *attempt = &p->attempts[p->count++];
	int error = errno;

	snprintf(attempt->name, sizeof(attempt->name), "%s", name);
	attempt->error = result == -1 ? error : 0;
}

/* Harmless even where an attempt succeeds, so that a broken sandbox fails the test and no more. */
static void try_files_and_sockets(struct prisoner *p)
{
	tried(p, "open a file to read", open("/etc/passwd", O_RDONLY));
	tried(p, "open a file to write", open("/tmp/davy-escaped", O_WRONLY | O_CREAT, 0600));
	tried(p, "open its own memory", open("/proc/self/mem", O_RDWR));
	tried(p, "make a directory", mkdir("/tmp/davy-escaped.d", 0700));
	tried(p, "unlink", unlink("/tmp/davy-escaped"));
	tried(p, "memfd", memfd_create("x", 0));
	tried(p, "socket, internet", socket(AF_INET, SOCK_STREAM, 0));
	tried(p, "socket, packet", socket(AF_PACKET, SOCK_RAW, 0));
	tried(p, "socket, netlink", socket(AF_NETLINK, SOCK_RAW, 0));
	tried(p, "put a frame on the wire", send(p->ring.fd, "0123456789abcdefghij", 20, 0));
	tried(p, "write to the capture socket", write(p->ring.fd, "0123456789abcdefghij", 20));
	tried(p, "take the filter off",
	      setsockopt(p->ring.fd, SOL_SOCKET, SO_DETACH_FILTER, &p->map, 4));
	tried(p, "close its log", close(2));
	tried(p, "duplicate onto its log", dup2(p->ring.fd, 2));
	tried(p, "duplicate by fcntl", fcntl(p->ring.fd, F_DUPFD, 0));
}

static void try_processes(struct prisoner *p)
{
	static char *const arguments[] = {"true", NULL};
	pid_t parent = getppid();
	char byte;
	struct iovec here = {&byte, 1}, there = {(void *)try_files_and_sockets, 1};

	tried(p, "exec", execv("/bin/true", arguments));
	tried(p, "exec by descriptor",
	      syscall(SYS_execveat, 0, "", arguments, NULL, AT_EMPTY_PATH));
	pid_t child = fork();
	if (child == 0)
		_exit(0);
	tried(p, "fork", child);
	tried(p, "clone", syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
	tried(p, "ptrace", ptrace(PTRACE_SEIZE, parent, 0, 0));
	tried(p, "read another's memory", process_vm_readv(parent, &here, 1, &there, 1, 0));
	tried(p, "kill another", kill(parent, 0));
	tried(p, "tgkill another", syscall(SYS_tgkill, parent, parent, 0));
	tried(p, "pidfd", syscall(SYS_pidfd_open, parent, 0));
}

static void try_kernel(struct prisoner *p)
{
	union bpf_attr none = {0};
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	tried(p, "executable memory", code == MAP_FAILED ? -1 : 0);
	tried(p, "make memory executable", mprotect(page, 4096, PROT_READ | PROT_EXEC));
	tried(p, "become root", setuid(0));
	tried(p, "new namespace", unshare(CLONE_NEWUSER));
	tried(p, "mount", mount("none", "/", "no-such-type", 0, NULL));
	tried(p, "load BPF", syscall(SYS_bpf, BPF_PROG_LOAD, &none, sizeof(none)));
	tried(p, "make a BPF map", syscall(SYS_bpf, BPF_MAP_CREATE, &none, sizeof(none)));
	tried(p, "io_uring", syscall(SYS_io_uring_setup, 1, &none));
	tried(p, "be dumpable again", prctl(PR_SET_DUMPABLE, 1));
}

static void on_ring(uv_poll_t *watch, int status, int events)
{
	struct prisoner *p = watch->data;
	struct frame frame;

	while (ring_next(&p->ring, &frame))
		p->seen += frame_is_ours(frame.bytes.at, frame.bytes.len);
	if (p->seen != p->told && channel_send(&p->channel, MESSAGE_FRAMES,
					       str_of(&p->seen, sizeof(p->seen)), NULL, 0) == 0)
		p->told = p->seen;
}

static void on_channel(uv_poll_t *watch, int status, int events)
{
	struct prisoner *p = watch->data;
	struct message message;

	if (channel_receive(&p->channel, &message) != MESSAGE_NONE)
		uv_stop(&p->loop);
}

/* Until the supervisor closes the channel: count our frames, tell when there are new ones. */
static bool watch_ring(struct prisoner *p)
{
	uv_poll_t ring = {.data = p}, channel = {.data = p};

	return uv_poll_init(&p->loop, &ring, p->ring.fd) == 0 &&
	       uv_poll_init(&p->loop, &channel, WORKER_CHANNEL) == 0 &&
	       uv_poll_start(&ring, UV_READABLE, on_ring) == 0 &&
	       uv_poll_start(&channel, UV_READABLE | UV_DISCONNECT, on_channel) == 0 &&
	       uv_run(&p->loop, UV_RUN_DEFAULT) >= 0;
}

/* Descriptors: a ring and a cut-off map. Settings: the ring's shape. */
static int be_prisoner(void)
{
	static struct prisoner p;
	struct worker_start start;
	struct ring_shape shape;
	struct confine_report report;
	struct error why;
	struct confine_settings settings = {.confinement = CONFINE_PARSER,
					    .memory_bytes = 512 << 20};
	struct cutoff_settings cutoff = cutoff_settings_default();
	struct cutoff_key key = {.protocol = 6, .low_port = 1};
	struct cutoff_entry entry;

	/* The loop's descriptors first: they are the worker's own, what comes later is not. */
	if (uv_loop_init(&p.loop))
		return 8;
	settings.last_writable = worker_last_descriptor();
	if (worker_receive_start(&p.channel, &start, &why) || start.descriptor_count != 2)
		return 2;
	memcpy(&shape, start.settings.at, sizeof(shape));
	if (confine(&settings, &report, &why)) {
		fprintf(stderr, "%s\n", why.text);
		return 3;
	}
	/* A ring may come later than the confinement. */
	if (ring_map(start.descriptors[0], &shape, false, &p.ring, &why))
		return 4;
	p.map = start.descriptors[1];
	if (channel_send(&p.channel, MESSAGE_REPORT, str_of(&report, sizeof(report)), NULL, 0))
		return 5;
	try_files_and_sockets(&p);
	try_processes(&p);
	try_kernel(&p);
	errno = 0;
	tried(&p, "+map is writable", cutoff_map_is_writable(p.map) ? 0 : -1);
	tried(&p, "+cut a flow", cutoff_map_cut(p.map, &key, &cutoff) ? -1 : 0);
	tried(&p, "+read what it has of it", cutoff_map_read(p.map, &key, &entry) ? -1 : 0);
	if (channel_send(&p.channel, MESSAGE_ATTEMPTS,
			 str_of(p.attempts, sizeof(p.attempts[0]) * p.count), NULL, 0))
		return 6;
	return watch_ring(&p) ? 0 : 7;
}

/* Landlock alone, without seccomp in front of it: each layer must hold by itself. */
static int be_landlocked(void)
{
	struct channel channel;
	struct worker_start start;
	struct confine_report report = {0};
	struct error why;
	char answer[64];

	if (worker_receive_start(&channel, &start, &why) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || confine_landlock(NULL, &report, &why))
		return 2;
	int passwd = open("/etc/passwd", O_RDONLY);
	int error = errno;
	snprintf(answer, sizeof(answer), "abi %d open %d", report.landlock_abi,
		 passwd >= 0 ? 0 : error);
	if (channel_send(&channel, MESSAGE_ANSWER, str_from(answer), NULL, 0))
		return 3;
	_exit(0);
}

static bool use_database(const char *path)
{
	sqlite3 *db = NULL;
	bool worked =
		sqlite3_open(path, &db) == SQLITE_OK &&
		sqlite3_exec(db,
			     "PRAGMA journal_mode=WAL; CREATE TABLE t(a); "
			     "BEGIN; INSERT INTO t VALUES(1); INSERT INTO t VALUES(2); COMMIT; "
			     "DELETE FROM t WHERE a=1; PRAGMA wal_checkpoint(TRUNCATE); VACUUM;",
			     NULL, NULL, NULL) == SQLITE_OK;
	sqlite3_close(db);
	return worked;
}

/* Settings: the directory. SQLite works in it and nowhere else. */
static int be_store(void)
{
	struct channel channel;
	struct worker_start start;
	struct confine_report report;
	struct error why;
	char directory[200], path[220], outside[220], answer[200];

	if (worker_receive_start(&channel, &start, &why))
		return 2;
	snprintf(directory, sizeof(directory), "%.*s", STR_ARG(start.settings));
	struct confine_settings settings = {.confinement = CONFINE_STORE,
					    .last_writable = WORKER_CHANNEL,
					    .directory = directory};
	if (confine(&settings, &report, &why)) {
		fprintf(stderr, "%s\n", why.text);
		return 3;
	}
	snprintf(path, sizeof(path), "%s/davy.db", directory);
	snprintf(outside, sizeof(outside), "%s.outside", directory);
	bool is_inside_fine = use_database(path), is_outside_fine = use_database(outside);
	int other = open("/etc/passwd", O_RDONLY), net = socket(AF_INET, SOCK_STREAM, 0);
	pid_t child = fork();
	if (child == 0)
		_exit(0);
	snprintf(answer, sizeof(answer), "inside %d outside %d passwd %d socket %d fork %d",
		 is_inside_fine, is_outside_fine, other >= 0, net >= 0, child >= 0);
	if (channel_send(&channel, MESSAGE_ANSWER, str_from(answer), NULL, 0))
		return 4;
	_exit(0);
}

/* Aborts twice, then lives; tells how often it was restarted. */
static int be_mortal(void)
{
	struct channel channel;
	struct worker_start start;
	struct message message;
	struct error why;
	char answer[64];

	if (worker_receive_start(&channel, &start, &why))
		return 2;
	if (start.restarts < 2) {
		signal(SIGABRT, SIG_DFL);
		abort();
	}
	snprintf(answer, sizeof(answer), "restarts %u %.*s", start.restarts,
		 STR_ARG(start.settings));
	if (channel_send(&channel, MESSAGE_ANSWER, str_from(answer), NULL, 0))
		return 3;
	while (channel_await(&channel, 5000, &message) == MESSAGE_READY)
		;
	_exit(0);
}

/* -- the supervisor's side -- */

static struct message await(struct channel *channel, uint32_t type)
{
	struct message message;

	do {
		enum message_result result = channel_await(channel, 10000, &message);
		if (result != MESSAGE_READY)
			fail_msg("no message %u: %d", type, result);
	} while (message.type != type);
	return message;
}

/* "Name:\tvalue" of /proc/PID/status as the start of the value. */
static void status_of(pid_t pid, const char *name, char value[64])
{
	char path[40], line[256];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	FILE *status = fopen(path, "r");
	assert_non_null(status);
	value[0] = 0;
	while (fgets(line, sizeof(line), status))
		if (!strncmp(line, name, strlen(name)) && line[strlen(name)] == ':')
			snprintf(value, 64, "%.60s", line + strlen(name) + 2);
	value[strcspn(value, "\n")] = 0;
	fclose(status);
}

static void check_status(pid_t pid)
{
	static const struct {
		const char *name, *value;
	} expected[] = {{"CapInh", "0000000000000000"},
			{"CapPrm", "0000000000000000"},
			{"CapEff", "0000000000000000"},
			{"CapBnd", "0000000000000000"},
			{"CapAmb", "0000000000000000"},
			{"NoNewPrivs", "1"},
			{"Seccomp", "2"},
			{"Groups", " "}};
	char value[64], user[64];
	uid_t uid;
	gid_t gid;

	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		status_of(pid, expected[i].name, value);
		assert_string_equal(value, expected[i].value);
	}
	confine_user(&uid, &gid);
	snprintf(user, sizeof(user), "%u\t%u\t%u\t%u", uid, uid, uid, uid);
	status_of(pid, "Uid", value);
	assert_string_equal(value, user);
}

static void check_attempts(struct message message)
{
	size_t count = message.body.len / sizeof(struct attempt), wrong = 0;

	assert_true(count > 30);
	for (size_t i = 0; i < count; i++) {
		struct attempt attempt;
		memcpy(&attempt, message.body.at + i * sizeof(attempt), sizeof(attempt));
		bool should_work = attempt.name[0] == '+';
		bool is_right = should_work ? attempt.error == 0
					    : attempt.error == EPERM || attempt.error == EACCES;
		if (!is_right)
			printf("# %s: %s\n", attempt.name, strerror(attempt.error));
		wrong += !is_right;
	}
	assert_int_equal(wrong, 0);
}

static void check_frames_arrive(struct channel *channel)
{
	int sender = frame_sender("inside0");
	struct frame_plan plan = {.from = 0x0a000001,
				  .to = 0x0a000002,
				  .from_port = 40000,
				  .to_port = 3333,
				  .payload = "hello",
				  .payload_len = 5};
	uint32_t seen = 0;

	assert_true(sender >= 0);
	for (int i = 0; i < 10; i++)
		assert_true(frame_send(sender, &plan));
	close(sender);
	while (seen < 10) {
		struct message message = await(channel, MESSAGE_FRAMES);
		memcpy(&seen, message.body.at, sizeof(seen));
	}
	assert_int_equal(seen, 10);
}

static void a_confined_worker_can_only_work(void **state)
{
	static struct supervisor supervisor;
	struct cutoff_settings cutoff = cutoff_settings_default();
	struct cutoff_filter *filter;
	struct ring_socket ring;
	struct confine_report report;
	struct error why = {""};
	size_t index;

	assert_true(namespace_veth("inside0", "inside1"));
	if (cutoff_filter_open(&cutoff, 1024, &filter, &why))
		fail_msg("%s", why.text);
	struct ring_settings settings = {.interface = (int)if_nametoindex("inside1"),
					 .hardware_type = ARPHRD_ETHER,
					 .is_promiscuous = true,
					 .filter = filter};
	if (ring_open(&settings, &ring, &why))
		fail_msg("%s", why.text);
	struct worker_plan plan = {.role = "prisoner",
				   .settings = str_of(&ring.shape, sizeof(ring.shape)),
				   .descriptors = (int[]){ring.fd, cutoff_filter_map(filter)},
				   .descriptor_count = 2};
	if (supervise_add(&supervisor, &plan, instant_at(1, 0), &index, &why))
		fail_msg("%s", why.text);
	struct channel *channel = &supervisor.at[0].channel;
	struct message message = await(channel, MESSAGE_REPORT);
	memcpy(&report, message.body.at, sizeof(report));
	CLEANUP(buf_fini) struct buf text = {0};
	confine_describe(&report, &text);
	printf("# %.*s; Landlock ABI %d\n", STR_ARG(buf_view(&text)), report.landlock_abi);
	uint32_t always = LAYER_USER | LAYER_CAPABILITIES | LAYER_BOUNDING |
			  LAYER_NO_NEW_PRIVILEGES | LAYER_LIMITS | LAYER_NOT_DUMPABLE |
			  LAYER_SECCOMP;
	assert_int_equal(report.applied & always, always);
	check_status(supervisor.at[0].process.pid);
	check_attempts(await(channel, MESSAGE_ATTEMPTS));
	check_frames_arrive(channel);
	supervise_stop(&supervisor, 5000);
	close(ring.fd);
	cutoff_filter_close(filter);
	assert_true(namespace_ip("link del inside0"));
}

static void answer_of(const char *role, struct str settings, char answer[200])
{
	static struct supervisor supervisor;
	struct worker_plan plan = {.role = role, .settings = settings};
	struct error why = {""};
	size_t index;

	if (supervise_add(&supervisor, &plan, instant_at(1, 0), &index, &why))
		fail_msg("%s", why.text);
	struct message message = await(&supervisor.at[0].channel, MESSAGE_ANSWER);
	snprintf(answer, 200, "%.*s", STR_ARG(message.body));
	supervise_stop(&supervisor, 5000);
}

static void landlock_holds_alone(void **state)
{
	char answer[200];
	int abi, error;

	answer_of("landlocked", STR(""), answer);
	assert_int_equal(sscanf(answer, "abi %d open %d", &abi, &error), 2);
	if (!abi) {
		printf("# skipped: this kernel has no Landlock\n");
		return;
	}
	assert_int_equal(error, EACCES);
}

static void the_store_has_its_directory_only(void **state)
{
	char directory[] = "/tmp/davy-store-XXXXXX", answer[200], command[240], outside[120];
	uid_t uid;
	gid_t gid;

	assert_non_null(mkdtemp(directory));
	confine_user(&uid, &gid);
	assert_int_equal(chown(directory, uid, gid), 0);
	answer_of("store", str_from(directory), answer);
	snprintf(outside, sizeof(outside), "%s.outside", directory);
	int escaped = access(outside, F_OK) == 0;
	snprintf(command, sizeof(command), "rm -rf %s %s", directory, outside);
	assert_int_equal(system(command), 0);
	assert_string_equal(answer, "inside 1 outside 0 passwd 0 socket 0 fork 0");
	assert_false(escaped);
}

struct deaths {
	struct supervisor supervisor;
	unsigned count, hangs;
	char last[DEATH_TEXT_MAX];
};

static void count_death(void *context, size_t index, const char *why)
{
	struct deaths *deaths = context;

	deaths->count++;
	snprintf(deaths->last, sizeof(deaths->last), "%s", why);
}

static void wait_for_death(const struct supervisor *supervisor)
{
	struct pollfd dead = {.fd = supervisor->at[0].process.pidfd, .events = POLLIN};

	assert_int_equal(poll(&dead, 1, 20000), 1);
}

/* Scripted time: nothing here waits for a pause to pass. */
static void the_dead_come_back_more_and_more_slowly(void **state)
{
	static struct deaths deaths;
	struct supervisor *s = &deaths.supervisor;
	struct worker_plan plan = {.role = "mortal", .settings = STR("settings")};
	struct error why = {""};
	size_t index;

	s->on_death = count_death;
	s->context = &deaths;
	if (supervise_add(s, &plan, instant_at(100, 0), &index, &why))
		fail_msg("%s", why.text);
	wait_for_death(s);
	assert_int_equal(supervise_tick(s, instant_at(101, 0)).ns, DURATION_MS(100).ns);
	assert_int_equal(deaths.count, 1);
	assert_non_null(strstr(deaths.last, "Aborted"));
	assert_int_equal(supervise_tick(s, instant_at(101, 50000000)).ns, DURATION_MS(50).ns);
	assert_true(supervise_tick(s, instant_at(101, 100000000)).ns < 0);
	wait_for_death(s);
	assert_int_equal(supervise_tick(s, instant_at(102, 0)).ns, DURATION_MS(200).ns);
	assert_true(supervise_tick(s, instant_at(103, 0)).ns < 0);
	struct message message = await(&s->at[0].channel, MESSAGE_ANSWER);
	assert_true(str_equal(message.body, STR("restarts 2 settings")));
	/* It lived long: the next pause is the first again. */
	supervise_kill(s, 0);
	wait_for_death(s);
	assert_int_equal(supervise_tick(s, instant_at(200, 0)).ns, DURATION_MS(100).ns);
	assert_non_null(strstr(deaths.last, "Killed"));
	assert_int_equal(deaths.count, 3);
	supervise_stop(s, 1000);
}

static void count_hang(void *context, size_t index)
{
	struct deaths *deaths = context;

	deaths->hangs++;
}

/* Ticks of one second each; the last one's time. */
static instant tick_on(struct supervisor *s, int64_t from, int64_t to)
{
	for (int64_t at = from; at <= to; at++)
		(void)supervise_tick(s, instant_at(at, 0));
	return instant_at(to, 0);
}

static void who_says_nothing_is_ended(void **state)
{
	static struct deaths deaths;
	struct supervisor *s = &deaths.supervisor;
	const struct worker_plan plan = {
		.role = "mortal", .settings = STR("settings"), .silence = DURATION_S(20)};
	struct error why = {""};
	size_t index;

	s->on_death = count_death;
	s->on_hang = count_hang;
	s->context = &deaths;
	if (supervise_add(s, &plan, instant_at(100, 0), &index, &why))
		fail_msg("%s", why.text);
	wait_for_death(s);
	(void)tick_on(s, 101, 102);
	wait_for_death(s);
	(void)tick_on(s, 103, 104); /* the third one lives */
	assert_true(s->at[0].is_running);
	supervise_heard(s, 0, tick_on(s, 105, 120));
	(void)tick_on(s, 121, 138);
	assert_int_equal(deaths.hangs, 0);
	(void)tick_on(s, 1000, 1000); /* we slept, and could not hear it */
	assert_int_equal(deaths.hangs, 0);
	(void)tick_on(s, 1001, 1001);
	assert_int_equal(deaths.hangs, 1);
	supervise_heard(s, 0, instant_at(1001, 0)); /* too late */
	wait_for_death(s);
	(void)tick_on(s, 1002, 1002);
	assert_string_equal(deaths.last, "said nothing for 20 s, was ended");
	assert_int_equal(deaths.count, 3);
	assert_int_equal(s->hangs, 1);
	(void)tick_on(s, 1003, 1003);
	assert_true(s->at[0].is_running);
	supervise_stop(s, 1000);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *role;
		int (*run)(void);
	} roles[] = {{"prisoner", be_prisoner},
		     {"landlocked", be_landlocked},
		     {"store", be_store},
		     {"mortal", be_mortal}};
	const char *role = worker_role(argc, argv);

	for (size_t i = 0; role && i < sizeof(roles) / sizeof(roles[0]); i++)
		if (!strcmp(role, roles[i].role))
			_exit(roles[i].run());
	const struct CMUnitTest for_all[] = {
		cmocka_unit_test(landlock_holds_alone),
		cmocka_unit_test(the_dead_come_back_more_and_more_slowly),
		cmocka_unit_test(who_says_nothing_is_ended),
	};
	const struct CMUnitTest for_root[] = {
		cmocka_unit_test(a_confined_worker_can_only_work),
		cmocka_unit_test(the_store_has_its_directory_only),
		cmocka_unit_test(landlock_holds_alone),
		cmocka_unit_test(the_dead_come_back_more_and_more_slowly),
		cmocka_unit_test(who_says_nothing_is_ended),
	};
	if (!namespace_enter()) /* says why; cmocka's skip() would be a failure to meson */
		return cmocka_run_group_tests(for_all, NULL, NULL);
	return cmocka_run_group_tests(for_root, NULL, NULL);
}
