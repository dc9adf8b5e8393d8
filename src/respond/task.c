#include "respond/task.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "decode/proc/stat.h"

enum { TICK_NS = 1000000000 / PROC_TICKS_PER_S };

int task_text(int proc, uint32_t pid, const char *name, char *text, size_t cap, struct str *out)
{
	char path[64];
	size_t len = 0;
	ssize_t got = 0;

	snprintf(path, sizeof(path), "%u/%s", pid, name);
	int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (len < cap && (got = read(fd, text + len, cap - len)) > 0)
		len += (size_t)got;
	int result = got < 0 ? -errno : 0;
	close(fd);
	*out = str_of(text, len);
	return result;
}

uint64_t task_start(int proc, uint32_t pid, uint32_t *parent)
{
	struct proc_stat stat;
	char text[4096];
	struct str all;

	if (task_text(proc, pid, "stat", text, sizeof(text), &all) != 0 ||
	    proc_stat_read(all, &stat) != DECODED)
		return 0;
	if (parent)
		*parent = stat.parent;
	return proc_ticks_ns(stat.start_ticks);
}

bool task_same_start(uint64_t a_ns, uint64_t b_ns)
{
	return a_ns / TICK_NS == b_ns / TICK_NS;
}

bool task_is_among(const struct process_key *keys, size_t count, const struct process_key *key)
{
	for (size_t i = 0; i < count; i++)
		if (keys[i].pid == key->pid && task_same_start(keys[i].start_ns, key->start_ns))
			return true;
	return false;
}

/* The pidfd first: what the files of that pid say afterwards is of it, if it still lives then. */
int task_open(int proc, struct process_key key, struct task *out)
{
	*out = (struct task){key, -1};
	if (key.pid == 0 || key.pid > INT32_MAX)
		return -ESRCH;
	out->pidfd = (int)syscall(SYS_pidfd_open, (pid_t)key.pid, 0);
	if (out->pidfd < 0)
		return -errno;
	uint64_t start = task_start(proc, key.pid, NULL);
	if (start != 0 && task_same_start(start, key.start_ns) && task_is_alive(out))
		return 0;
	task_close(out);
	return -ESRCH;
}

void task_close(struct task *task)
{
	if (task->pidfd >= 0)
		close(task->pidfd);
	task->pidfd = -1;
}

bool task_wait(const struct task *task, int ms)
{
	struct pollfd end = {.fd = task->pidfd, .events = POLLIN};

	return poll(&end, 1, ms) > 0;
}

bool task_is_alive(const struct task *task)
{
	return !task_wait(task, 0);
}

int task_signal(const struct task *task, int signal)
{
	return syscall(SYS_pidfd_send_signal, task->pidfd, signal, NULL, 0) == 0 ? 0 : -errno;
}
