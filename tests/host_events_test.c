/*
 * Process events on the running kernel: a thousand processes that live for a moment must all be
 * counted, with whose they were and what they cost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "host_child.h"
#include "sandbox/confine.h"
#include "source/host/process_events.h"

enum { STORM = 1000, STORM_STATUS = 7, DEADLINE_S = 60, STATES = 16 };

struct seen {
	uint32_t tgid; /* the parent of the storm, or the process itself */
	uint64_t forks, exits, other_status, other_parent_start, unnamed;
	uint64_t parent_start;
	uint32_t children[STORM]; /* of tgid, as they began */
	bool is_over;		  /* the exit of tgid was seen */
	duration cpu_time;
	bool has_cpu_time;
	struct process_event exec; /* of tgid; filename below */
	char filename[256];
	uint16_t port; /* of a listener of ours */
	uint64_t cookie;
	bool states[STATES];
	uint32_t connector; /* pid that asked to connect to port */
	struct process_socket closed;
};

static void note_tcp(struct seen *seen, const struct process_event *event)
{
	if (!seen->port)
		return;
	if (event->new_state == TCP_SYN_SENT && event->socket.remote.port == seen->port) {
		seen->cookie = event->socket_cookie;
		seen->connector = event->key.pid;
	}
	if (event->new_state == TCP_LISTEN && event->key.pid == seen->tgid)
		seen->states[TCP_LISTEN] |= event->socket.is_listening;
	if (!seen->cookie || event->socket_cookie != seen->cookie)
		return;
	assert_true(event->new_state < STATES);
	seen->states[event->new_state] = true;
	if (event->new_state == TCP_CLOSE)
		seen->closed = event->socket;
}

/* By its pid: the connector may tell no parent of a child that was waited for already. */
static bool has_begun(const struct seen *seen, uint32_t pid)
{
	for (uint64_t i = 0; i < seen->forks && i < STORM; i++)
		if (seen->children[i] == pid)
			return true;
	return false;
}

static void note(void *context, const struct process_event *event)
{
	struct seen *seen = context;
	bool is_child = seen->tgid && event->parent.pid == seen->tgid;

	switch (event->kind) {
	case PROCESS_EVENT_FORK:
		if (is_child && seen->forks < STORM)
			seen->children[seen->forks] = event->key.pid;
		seen->forks += is_child;
		break;
	case PROCESS_EVENT_EXIT:
		is_child = has_begun(seen, event->key.pid);
		seen->exits += is_child;
		seen->other_status += is_child && WEXITSTATUS(event->status) != STORM_STATUS;
		seen->other_parent_start +=
			is_child && event->parent.start_ns != seen->parent_start;
		seen->unnamed += is_child && event->name.len == 0;
		if (event->key.pid != seen->tgid)
			break;
		seen->is_over = true;
		seen->cpu_time = event->cpu_time;
		seen->has_cpu_time = event->has_cpu_time;
		break;
	case PROCESS_EVENT_EXEC:
		if (event->key.pid != seen->tgid)
			break;
		seen->exec = *event;
		snprintf(seen->filename, sizeof(seen->filename), "%.*s", (int)event->filename.len,
			 event->filename.at);
		break;
	case PROCESS_EVENT_TCP:
		note_tcp(seen, event);
		break;
	}
}

static struct process_events *listen_with(const struct process_events_settings *settings,
					  struct process_events_source **source)
{
	struct process_events_feed feed;
	struct process_events *events;
	int descriptors[PROCESS_EVENTS_DESCRIPTORS];
	struct error why = {""};

	if (process_events_open(settings, source, &why))
		fail_msg("%s", why.text);
	if (why.text[0])
		print_message("# %s\n", why.text);
	size_t count = process_events_source_feed(*source, &feed, descriptors);
	for (size_t i = 0; i < count; i++)
		descriptors[i] = dup(descriptors[i]);
	if (process_events_new(&feed, descriptors, count, &events, &why))
		fail_msg("%s", why.text);
	return events;
}

static void read_until_over(struct process_events *events, struct seen *seen)
{
	duration deadline = {since_boot().ns + DURATION_S(DEADLINE_S).ns};
	struct pollfd wait = {.fd = process_events_descriptor(events), .events = POLLIN};

	while (!seen->is_over) {
		(void)poll(&wait, 1, 50);
		(void)process_events_read(events, note, seen);
		assert_true(since_boot().ns < deadline.ns);
	}
}

/* A child's body: waits for a byte, so that whoever started it knows its pid before. */
static int storm(void *context)
{
	int gate = *(int *)context;
	char byte;

	if (read(gate, &byte, 1) != 1)
		return 1;
	for (int i = 0; i < STORM; i++) {
		pid_t pid = fork();
		if (pid == 0)
			_exit(STORM_STATUS);
		if (pid < 0 || waitpid(pid, NULL, 0) != pid)
			return 2;
	}
	return 0;
}

static void storm_is_counted(struct process_events *events, struct seen *seen)
{
	int gate[2];

	assert_int_equal(pipe(gate), 0);
	pid_t pid = child_start(storm, &gate[0]);
	*seen = (struct seen){.tgid = (uint32_t)pid, .parent_start = child_start_ns(pid)};
	assert_int_equal(write(gate[1], "g", 1), 1);
	read_until_over(events, seen);
	assert_int_equal(child_wait(pid, NULL), 0);
	close(gate[0]);
	close(gate[1]);
	print_message("# %llu forks, %llu exits\n", (unsigned long long)seen->forks,
		      (unsigned long long)seen->exits);
	assert_int_equal(seen->forks, STORM);
	assert_int_equal(seen->exits, STORM);
	assert_int_equal(seen->other_status, 0);
}

static void a_storm_of_short_lives_is_counted(void **state)
{
	struct process_events_settings settings = {0};
	struct process_events_source *source;
	struct process_events *events = listen_with(&settings, &source);
	struct process_events_counters counters;
	struct seen seen;

	storm_is_counted(events, &seen);
	assert_int_equal(seen.other_parent_start, 0);
	assert_int_equal(seen.unnamed, 0);
	process_events_count(events, &counters);
	assert_int_equal(counters.dropped, 0);
	assert_int_equal(counters.malformed, 0);
	process_events_free(events);
	process_events_close(source);
}

static int run_true(void *context)
{
	char byte;

	if (read(*(int *)context, &byte, 1) != 1)
		return 1;
	execl("/bin/true", "true", NULL);
	return 2;
}

static void an_exec_tells_its_file(void **state)
{
	struct process_events_settings settings = {0};
	struct process_events_source *source;
	struct process_events *events = listen_with(&settings, &source);
	struct stat program;
	int gate[2];

	assert_int_equal(pipe(gate), 0);
	assert_int_equal(stat("/bin/true", &program), 0);
	pid_t pid = child_start(run_true, &gate[0]);
	struct seen seen = {.tgid = (uint32_t)pid};
	uint64_t start = child_start_ns(pid);
	assert_int_equal(write(gate[1], "g", 1), 1);
	read_until_over(events, &seen);
	assert_int_equal(child_wait(pid, NULL), 0);
	assert_string_equal(seen.filename, "/bin/true");
	assert_int_equal(seen.exec.inode, program.st_ino);
	assert_int_equal(seen.exec.device, program.st_dev);
	assert_int_equal(seen.exec.key.start_ns, start);
	assert_int_equal(seen.exec.parent.pid, getpid());
	assert_int_equal(seen.exec.uid, getuid());
	assert_true(seen.exec.pid_ns != 0);
	assert_int_equal(seen.exec.pid_ns, seen.exec.parent_pid_ns);
	close(gate[0]);
	close(gate[1]);
	process_events_free(events);
	process_events_close(source);
}

static void *spin_a_while(void *context)
{
	spin_for(DURATION_MS(120));
	return NULL;
}

static int spin_in_threads(void *context)
{
	pthread_t threads[3];
	char byte;

	if (read(*(int *)context, &byte, 1) != 1)
		return 1;
	for (int i = 0; i < 3; i++)
		if (pthread_create(&threads[i], NULL, spin_a_while, NULL))
			return 2;
	spin_a_while(NULL);
	for (int i = 0; i < 2; i++) /* the third ends with the process */
		pthread_join(threads[i], NULL);
	return 0;
}

static void an_exit_tells_the_time_of_all_threads(void **state)
{
	struct process_events_settings settings = {0};
	struct process_events_source *source;
	struct process_events *events = listen_with(&settings, &source);
	duration spent;
	int gate[2];

	assert_int_equal(pipe(gate), 0);
	pid_t pid = child_start(spin_in_threads, &gate[0]);
	struct seen seen = {.tgid = (uint32_t)pid};
	assert_int_equal(write(gate[1], "g", 1), 1);
	read_until_over(events, &seen);
	assert_int_equal(child_wait(pid, &spent), 0);
	print_message("# %.3f s by the event, %.3f s by wait4\n", duration_seconds(seen.cpu_time),
		      duration_seconds(spent));
	assert_true(seen.has_cpu_time);
	/* wait4 counts the way out of the kernel as well; a tick of 10 ms may be missing */
	assert_true(seen.cpu_time.ns > spent.ns - DURATION_MS(15).ns);
	assert_true(seen.cpu_time.ns <= spent.ns + DURATION_MS(5).ns);
	close(gate[0]);
	close(gate[1]);
	process_events_free(events);
	process_events_close(source);
}

static void a_connection_is_told_with_its_owner(void **state)
{
	struct process_events_settings settings = {0};
	struct process_events_source *source;
	struct process_events *events = listen_with(&settings, &source);
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	duration deadline = {since_boot().ns + DURATION_S(DEADLINE_S).ns};
	struct seen seen = {.tgid = (uint32_t)getpid()};
	int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
	char text[16];

	assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	seen.port = ntohs(address.sin_port);
	assert_int_equal(connect(client, (struct sockaddr *)&address, size), 0);
	int server = accept(listener, NULL, NULL);
	assert_true(server >= 0);
	assert_int_equal(write(client, "hello", 5), 5);
	assert_int_equal(read(server, text, sizeof(text)), 5);
	assert_int_equal(write(server, "hi", 2), 2);
	assert_int_equal(read(client, text, sizeof(text)), 2);
	close(server); /* so the server waits, and the client's end is whole */
	assert_int_equal(read(client, text, sizeof(text)), 0);
	close(client);
	close(listener);
	while (!seen.states[TCP_CLOSE]) {
		(void)process_events_read(events, note, &seen);
		assert_true(since_boot().ns < deadline.ns);
	}
	assert_int_equal(seen.connector, getpid());
	assert_true(seen.states[TCP_LISTEN]);
	assert_true(seen.states[TCP_ESTABLISHED]);
	assert_true(seen.closed.is_tcp);
	/* SYN and FIN count as sequence numbers */
	assert_in_range(seen.closed.bytes_received, 2, 4);
	assert_in_range(seen.closed.bytes_sent, 5, 7);
	assert_true(address_is_loopback(&seen.closed.remote.address));
	process_events_free(events);
	process_events_close(source);
}

static void a_full_ring_is_counted(void **state)
{
	struct process_events_settings settings = {.ring_bytes = 4096};
	struct process_events_source *source;
	struct process_events *events = listen_with(&settings, &source);
	struct process_events_counters counters;
	struct seen seen = {0};

	for (int i = 0; i < 100; i++) {
		pid_t pid = child_start(run_true, &(int){-1});
		(void)child_wait(pid, NULL);
	}
	process_events_count(events, &counters);
	assert_true(counters.dropped >= 150); /* of 200 and those of others */
	assert_true(counters.seen > counters.dropped);
	size_t held = process_events_read(events, note, &seen);
	assert_true(held >= 20 && held <= 4096 / 100);
	process_events_free(events);
	process_events_close(source);
}

static int storm_by_connector(void *context)
{
	struct process_events_settings settings = {0};
	struct process_events_source *source;
	struct seen seen;

	drop_bpf();
	struct process_events *events = listen_with(&settings, &source);
	struct process_events_feed feed;
	int descriptors[PROCESS_EVENTS_DESCRIPTORS];
	if (process_events_source_feed(source, &feed, descriptors) != 1 ||
	    feed.kind != PROCESS_EVENTS_CONNECTOR)
		return 1;
	storm_is_counted(events, &seen);
	process_events_free(events);
	process_events_close(source);
	return 0;
}

static void without_bpf_the_connector_tells(void **state)
{
	assert_int_equal(child_wait(child_start(storm_by_connector, NULL), NULL), 0);
}

static int open_without_rights(void *context)
{
	struct process_events_settings settings = {0};
	struct process_events_source *source;
	struct process_events_feed feed;
	struct error why = {""};
	int descriptors[PROCESS_EVENTS_DESCRIPTORS];

	drop_all();
	int failed = process_events_open(&settings, &source, &why);
	print_message("# %s\n", why.text);
	if (!strstr(why.text, "run as root") || !failed != !!source)
		return 1;
	if (failed)
		return 0;
	/* since 6.6 everybody may listen to the connector */
	size_t count = process_events_source_feed(source, &feed, descriptors);
	process_events_close(source);
	return count == 1 && feed.kind == PROCESS_EVENTS_CONNECTOR ? 0 : 2;
}

static void without_rights_there_is_a_sentence(void **state)
{
	assert_int_equal(child_wait(child_start(open_without_rights, NULL), NULL), 0);
}

struct confined {
	struct process_events_source *source;
	struct seen seen;
	int gate;
};

static int read_confined(void *context)
{
	struct confine_settings settings = {.confinement = CONFINE_PARSER, .last_writable = 3};
	struct confined *confined = context;
	struct confine_report report;
	struct process_events_feed feed;
	struct process_events *events;
	int descriptors[PROCESS_EVENTS_DESCRIPTORS];
	struct error why;
	size_t count = process_events_source_feed(confined->source, &feed, descriptors);

	if (confine(&settings, &report, &why))
		return 10;
	if (process_events_new(&feed, descriptors, count, &events, &why))
		return 11;
	read_until_over(events, &confined->seen);
	return confined->seen.forks == STORM && confined->seen.exits == STORM ? 0 : 12;
}

static void confined_worker_reads(bool without_bpf)
{
	struct process_events_settings settings = {.without_bpf = without_bpf};
	struct confined confined = {0};
	struct error why = {""};
	int gate[2];

	if (process_events_open(&settings, &confined.source, &why))
		fail_msg("%s", why.text);
	assert_int_equal(pipe(gate), 0);
	pid_t pid = child_start(storm, &gate[0]);
	confined.seen = (struct seen){.tgid = (uint32_t)pid, .parent_start = child_start_ns(pid)};
	pid_t worker = child_start(read_confined, &confined);
	assert_int_equal(write(gate[1], "g", 1), 1);
	assert_int_equal(child_wait(worker, NULL), 0);
	assert_int_equal(child_wait(pid, NULL), 0);
	close(gate[0]);
	close(gate[1]);
	process_events_close(confined.source);
}

static void a_confined_worker_reads_the_bpf_ring(void **state)
{
	confined_worker_reads(false);
}

static void a_confined_worker_reads_the_connector(void **state)
{
	confined_worker_reads(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_storm_of_short_lives_is_counted),
		cmocka_unit_test(an_exec_tells_its_file),
		cmocka_unit_test(an_exit_tells_the_time_of_all_threads),
		cmocka_unit_test(a_connection_is_told_with_its_owner),
		cmocka_unit_test(a_full_ring_is_counted),
		cmocka_unit_test(without_bpf_the_connector_tells),
		cmocka_unit_test(without_rights_there_is_a_sentence),
		cmocka_unit_test(a_confined_worker_reads_the_bpf_ring),
		cmocka_unit_test(a_confined_worker_reads_the_connector),
	};

	if (!is_root())
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
