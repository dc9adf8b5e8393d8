/*
 * Run a program and kill it before its N-th system call that changes something, so that a test can
 * try every place at which a response may be cut off.
 *
 * usage: killed_at N PROGRAM [ARGUMENT]...    exits with 0: killed there; 3: it ended before
 */
#include <errno.h>
#include <linux/bpf.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Most of what is asked of BPF leaves nothing behind when its asker ends. */
static bool changes(uint64_t number, uint64_t first)
{
	if (number == SYS_bpf)
		return first == BPF_OBJ_PIN || first == BPF_LINK_CREATE;
	/* SQLite's writes are between two fdatasync, and are its own to survive */
	switch (number) {
	case SYS_write:
	case SYS_mkdirat:
	case SYS_unlinkat:
	case SYS_renameat2:
#ifdef SYS_mkdir
	case SYS_rename:
	case SYS_mkdir:
	case SYS_rmdir:
	case SYS_unlink:
#endif
	case SYS_pidfd_send_signal:
	case SYS_sendto:
	case SYS_fsync:
	case SYS_fdatasync:
	case SYS_clone:
	case SYS_clone3:
	case SYS_setns:
	case SYS_setpriority:
	case SYS_sched_setscheduler:
		return true;
	default:
		return false;
	}
}

static bool is_the_one(pid_t child, long *left)
{
	struct __ptrace_syscall_info info = {0};

	if (ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof(info), &info) <= 0 ||
	    info.op != PTRACE_SYSCALL_INFO_ENTRY || !changes(info.entry.nr, info.entry.args[0]))
		return false;
	return --*left == 0;
}

static int follow(pid_t child, long left)
{
	int status, signal = 0;

	if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
		return 2;
	ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	for (;;) {
		if (ptrace(PTRACE_SYSCALL, child, 0, signal) != 0 ||
		    waitpid(child, &status, 0) != child)
			return 2;
		if (WIFEXITED(status) || WIFSIGNALED(status))
			return 3;
		signal = WSTOPSIG(status) == (SIGTRAP | 0x80) || WSTOPSIG(status) == SIGTRAP
				 ? 0
				 : WSTOPSIG(status);
		if (WSTOPSIG(status) == (SIGTRAP | 0x80) && is_the_one(child, &left)) {
			kill(child, SIGKILL);
			waitpid(child, &status, 0);
			return 0;
		}
	}
}

int main(int argc, char **argv)
{
	long left = argc > 2 ? strtol(argv[1], NULL, 10) : 0;

	if (left < 1)
		return 2;
	pid_t child = fork();
	if (child == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		execv(argv[2], argv + 2);
		_exit(127);
	}
	return child < 0 ? 2 : follow(child, left);
}
