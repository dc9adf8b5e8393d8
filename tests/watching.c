#include "watching.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

enum { ARGS_MAX = 24 };

int64_t watching_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void watching_init(struct watching *w)
{
	*w = (struct watching){.fds = {-1, -1}};
	snprintf(w->folder, sizeof(w->folder), "/tmp/davy-test-XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	assert_int_equal(chmod(w->folder, 0755), 0);
	snprintf(w->store, sizeof(w->store), "%s/store/davy.db", w->folder);
	snprintf(w->config, sizeof(w->config), "%s/davy.yaml", w->folder);
	watching_settings(w, "");
}

void watching_settings(struct watching *w, const char *watch_lines)
{
	FILE *file = fopen(w->config, "w");

	assert_non_null(file);
	fprintf(file,
		"store:\n  path: %s\nwatch:\n  workers: 2\n  memory: 128 MiB\n  host: %s\n  "
		"health_every: 1 s\n%s",
		w->store, w->watches_host ? "true" : "false", watch_lines);
	assert_int_equal(fclose(file), 0);
}

static void close_streams(struct watching *w)
{
	for (int i = 0; i < WATCHING_STREAMS; i++) {
		if (w->fds[i] >= 0)
			close(w->fds[i]);
		w->fds[i] = -1;
	}
}

void watching_fini(struct watching *w)
{
	char command[128];

	if (w->pid > 0)
		(void)watching_end(w, SIGKILL);
	close_streams(w);
	for (int i = 0; i < WATCHING_STREAMS; i++)
		buf_fini(&w->text[i]);
	snprintf(command, sizeof(command), "rm -rf %s", w->folder);
	if (system(command) != 0)
		printf("# %s stays\n", w->folder);
}

int watching_host_init(void **state)
{
	static struct watching w;

	watching_init(&w);
	w.watches_host = true;
	watching_settings(&w, "");
	*state = &w;
	return 0;
}

int watching_host_fini(void **state)
{
	watching_fini(*state);
	return 0;
}

static const char *davy_program(void)
{
	const char *program = getenv("DAVY_PROGRAM");

	if (!program)
		fail_msg("DAVY_PROGRAM is not set; run this with meson test");
	return program;
}

/* Of what is executed from here on; CAP_SYS_ADMIN stands for the two others. */
static void give_up_bpf(void)
{
	static const int rights[] = {CAP_SYS_ADMIN, CAP_BPF, CAP_PERFMON};

	for (size_t i = 0; i < sizeof(rights) / sizeof(*rights); i++)
		if (prctl(PR_CAPBSET_DROP, rights[i]) != 0)
			_exit(127);
}

/* pipes: the streams' writing ends */
static void become_davy(const struct watching *w, const char *const *argv,
			const int pipes[WATCHING_STREAMS])
{
	int null = open("/dev/null", O_RDONLY);

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_DFL);
	dup2(null, 0);
	dup2(pipes[WATCHING_OUT], 1);
	dup2(pipes[WATCHING_ERR], 2);
	if (w->has_no_bpf)
		give_up_bpf();
	execv(davy_program(), (char *const *)argv);
	_exit(127);
}

void watching_start(struct watching *w, const char *const *args)
{
	const char *argv[ARGS_MAX] = {"davy", "watch", "--json", "--config", w->config};
	int out[2], err[2];

	for (size_t i = 0; args && args[i]; i++)
		argv[5 + i] = args[i];
	for (int i = 0; i < WATCHING_STREAMS; i++)
		buf_clear(&w->text[i]);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	assert_int_equal(pipe2(err, O_CLOEXEC), 0);
	w->pid = fork();
	if (w->pid == 0)
		become_davy(w, argv, (const int[]){out[1], err[1]});
	assert_true(w->pid > 0);
	setpgid(w->pid, w->pid);
	close(out[1]);
	close(err[1]);
	w->fds[WATCHING_OUT] = out[0];
	w->fds[WATCHING_ERR] = err[0];
}

void watching_start_up(struct watching *w, const char *const *args)
{
	watching_start(w, args);
	if (!watching_await(w, WATCHING_ERR, 0, "watching with", 1, PATIENCE_MS))
		fail_msg("davy watch did not start: %.*s", (int)w->text[WATCHING_ERR].len,
			 w->text[WATCHING_ERR].at);
}

/* What is there within timeout_ms; false when both streams have ended. */
static bool read_streams(struct watching *w, int timeout_ms)
{
	struct pollfd fds[WATCHING_STREAMS];
	char bytes[16384];
	bool is_open = false;

	for (int i = 0; i < WATCHING_STREAMS; i++)
		fds[i] = (struct pollfd){.fd = w->fds[i], .events = POLLIN};
	poll(fds, WATCHING_STREAMS, timeout_ms);
	for (int i = 0; i < WATCHING_STREAMS; i++) {
		ssize_t got = fds[i].revents ? read(w->fds[i], bytes, sizeof(bytes)) : -1;
		if (got > 0)
			buf_add(&w->text[i], str_of(bytes, (size_t)got));
		if (got == 0) {
			close(w->fds[i]);
			w->fds[i] = -1;
		}
		is_open |= w->fds[i] >= 0;
	}
	return is_open;
}

unsigned watching_count(const struct watching *w, int stream, size_t from, const char *text)
{
	struct str rest = str_skip(buf_view(&w->text[stream]), from);
	unsigned count = 0;

	for (const char *at; rest.len > 0; count++) {
		at = memmem(rest.at, rest.len, text, strlen(text));
		if (!at)
			break;
		rest = str_skip(rest, (size_t)(at - rest.at) + strlen(text));
	}
	return count;
}

bool watching_await(struct watching *w, int stream, size_t from, const char *text, unsigned count,
		    int timeout_ms)
{
	int64_t until = watching_now_ms() + timeout_ms, left;
	bool is_open = true;

	while (watching_count(w, stream, from, text) < count) {
		left = until - watching_now_ms();
		if (left <= 0 || !is_open)
			return false;
		is_open = read_streams(w, (int)left);
	}
	return true;
}

static bool has_line(const struct watching *w, size_t from, const char *one, const char *other)
{
	struct str rest = str_skip(buf_view(&w->text[WATCHING_OUT]), from), line;

	while (str_cut(rest, '\n', &line, &rest))
		if (memmem(line.at, line.len, one, strlen(one)) &&
		    memmem(line.at, line.len, other, strlen(other)))
			return true;
	return false;
}

bool watching_await_line(struct watching *w, size_t from, const char *one, const char *other,
			 int timeout_ms)
{
	int64_t until = watching_now_ms() + timeout_ms, left;
	bool is_open = true;

	while (!has_line(w, from, one, other)) {
		left = until - watching_now_ms();
		if (left <= 0 || !is_open)
			return false;
		is_open = read_streams(w, (int)left);
	}
	return true;
}

int watching_end(struct watching *w, int signal_number)
{
	int64_t until = watching_now_ms() + PATIENCE_MS;
	int status = 0;
	pid_t ended = 0;

	if (signal_number != 0)
		kill(signal_number < 0 ? w->pid : -w->pid, abs(signal_number));
	while (ended == 0 && watching_now_ms() < until) {
		(void)read_streams(w, 20);
		ended = waitpid(w->pid, &status, WNOHANG);
	}
	if (ended == 0) {
		kill(-w->pid, SIGKILL);
		waitpid(w->pid, NULL, 0);
	}
	while (read_streams(w, 200) && watching_now_ms() < until)
		;
	close_streams(w);
	w->pid = 0;
	if (ended == 0)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static bool is_worker(pid_t pid, const char *role)
{
	char path[64], line[256] = "";
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t got = read(fd, line, sizeof(line) - 1);
	close(fd);
	if (got <= 0)
		return false;
	for (ssize_t i = 0; i < got - 1; i++)
		line[i] = line[i] ? line[i] : ' ';
	char *at = strstr(line, "--worker ");
	return at && strcmp(at + 9, role) == 0;
}

pid_t watching_worker(const struct watching *w, const char *role, unsigned n)
{
	char path[64], text[4096] = "";

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)w->pid, (int)w->pid);
	FILE *file = fopen(path, "r");
	if (!file)
		return 0;
	size_t got = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[got] = '\0';
	for (char *at = text, *end; *at; at = end) {
		pid_t pid = (pid_t)strtol(at, &end, 10);
		if (end == at)
			break;
		if (pid > 0 && is_worker(pid, role) && n-- == 0)
			return pid;
	}
	return 0;
}

int watching_davy(const struct watching *w, struct buf *out, const char *const *args)
{
	const char *argv[ARGS_MAX] = {"davy"};
	char bytes[16384];
	size_t count = 1;
	int pipes[2], status;
	ssize_t got;

	buf_clear(out);
	for (; args[count - 1]; count++)
		argv[count] = args[count - 1];
	argv[count++] = "--config";
	argv[count++] = w->config;
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0)
		become_davy(w, argv, (const int[]){pipes[1], 2});
	close(pipes[1]);
	while ((got = read(pipes[0], bytes, sizeof(bytes))) > 0)
		buf_add(out, str_of(bytes, (size_t)got));
	close(pipes[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int64_t watching_counter(const struct watching *w, const char *name)
{
	CLEANUP(buf_fini) struct buf out = {0};
	char wanted[80];
	struct str rest, line;
	int64_t sum = -1;

	(void)watching_davy(w, &out, (const char *const[]){"health", "--json", NULL});
	snprintf(wanted, sizeof(wanted), "\"name\":\"%s\",\"value\":", name);
	rest = buf_view(&out);
	while (str_cut(rest, '\n', &line, &rest)) {
		const char *at = memmem(line.at, line.len, wanted, strlen(wanted));
		if (at)
			sum = (sum < 0 ? 0 : sum) + strtoll(at + strlen(wanted), NULL, 10);
	}
	return sum;
}

bool watching_await_counter(const struct watching *w, const char *name, int64_t least,
			    int timeout_ms)
{
	int64_t until = watching_now_ms() + timeout_ms;

	while (watching_counter(w, name) < least) {
		if (watching_now_ms() > until)
			return false;
		poll(NULL, 0, 100);
	}
	return true;
}
