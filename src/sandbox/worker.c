#include "sandbox/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"

enum { KEPT_MAX = 8, OWN_DESCRIPTORS_MAX = 64, START_WAIT_MS = 10000, SETTINGS_AT = 4 };

/* All that a worker's environment may hold; the last three are the sanitizers' in test builds. */
static const char *const kept_names[] = {"DAVY_DEBUG", "ASAN_OPTIONS", "UBSAN_OPTIONS",
					 "LSAN_OPTIONS"};

extern char **environ;

static void keep_environment(char *kept[KEPT_MAX])
{
	size_t count = 0;

	for (char **entry = environ; *entry; entry++) {
		for (size_t i = 0; i < sizeof(kept_names) / sizeof(kept_names[0]); i++) {
			size_t len = strlen(kept_names[i]);
			if (count < KEPT_MAX - 1 && !strncmp(*entry, kept_names[i], len) &&
			    (*entry)[len] == '=')
				kept[count++] = *entry;
		}
	}
	kept[count] = NULL;
}

/* After fork: only what is safe in a child of a process with threads. */
static void become_worker(int channel, bool writes_output, pid_t parent, char **arguments,
			  char **environment)
{
	struct sigaction standard = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int number = 1; number < 32; number++)
		(void)sigaction(number, &standard, NULL);
	/* Ctrl-C and a service manager's stop reach the whole group: the supervisor says when to
	 * end */
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGTERM, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	(void)signal(SIGPIPE, SIG_IGN); /* a reader that leaves, `| head -1`, is EPIPE */
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
		_exit(WORKER_EXEC_FAILED);
	int null = open("/dev/null", O_RDWR);
	if (null < 0 || dup2(null, 0) < 0 || (!writes_output && dup2(2, 1) < 0))
		_exit(WORKER_EXEC_FAILED);
	/* dup2 onto itself would leave close-on-exec set */
	if (channel == WORKER_CHANNEL ? fcntl(channel, F_SETFD, 0)
				      : dup2(channel, WORKER_CHANNEL) < 0)
		_exit(WORKER_EXEC_FAILED);
	if (syscall(SYS_close_range, WORKER_CHANNEL + 1, ~0u, 0))
		_exit(WORKER_EXEC_FAILED);
	execve("/proc/self/exe", arguments, environment);
	_exit(WORKER_EXEC_FAILED);
}

int worker_spawn(const char *role, bool writes_output, struct worker_process *out,
		 struct error *why)
{
	char *arguments[] = {"davy", "--worker", (char *)role, NULL};
	char *environment[KEPT_MAX];
	int ends[2];

	*out = (struct worker_process){.pid = -1, .pidfd = -1, .channel = -1};
	int failed = channel_pair(ends);
	if (failed)
		return error_set(why, failed, "no socket pair for the %s worker: %s", role,
				 strerror(-failed));
	keep_environment(environment);
	pid_t parent = getpid();
	pid_t pid = fork();
	if (pid < 0) {
		failed = -errno;
		close(ends[0]);
		close(ends[1]);
		return error_set(why, failed, "the %s worker cannot be started: %s", role,
				 strerror(-failed));
	}
	if (pid == 0)
		become_worker(ends[1], writes_output, parent, arguments, environment);
	close(ends[1]);
	*out = (struct worker_process){
		.pid = pid,
		.pidfd = (int)syscall(SYS_pidfd_open, pid, 0), /* close-on-exec by itself */
		.channel = ends[0],
	};
	return 0;
}

const char *worker_role(int argc, char **argv)
{
	return argc == 3 && !strcmp(argv[1], "--worker") ? argv[2] : NULL;
}

int worker_last_descriptor(void)
{
	int last = WORKER_CHANNEL;

	for (int fd = last; fd < OWN_DESCRIPTORS_MAX; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			last = fd;
	return last;
}

int worker_send_start(struct channel *channel, const struct worker_start *start)
{
	CLEANUP(buf_fini) struct buf body = {0};

	buf_add_bytes(&body, &start->restarts, sizeof(start->restarts));
	buf_add(&body, start->settings);
	if (body.failed)
		return -ENOMEM;
	return channel_send(channel, MESSAGE_START, buf_view(&body), start->descriptors,
			    start->descriptor_count);
}

int worker_receive_start(struct channel *channel, struct worker_start *out, struct error *why)
{
	struct message message;

	channel_init(channel, WORKER_CHANNEL, true);
	if (channel_await(channel, START_WAIT_MS, &message) != MESSAGE_READY)
		return error_set(why, -EPIPE, "the supervisor sent no settings");
	if (message.type != MESSAGE_START || message.body.len < SETTINGS_AT)
		return error_set(why, -EPROTO, "the supervisor's first message is of type %u",
				 message.type);
	*out = (struct worker_start){.settings = str_skip(message.body, SETTINGS_AT),
				     .descriptor_count = message.descriptor_count};
	memcpy(&out->restarts, message.body.at, sizeof(out->restarts));
	memcpy(out->descriptors, message.descriptors, sizeof(out->descriptors));
	return 0;
}
