/*
 * The system calls a confined worker may make. Lists, not numbers: one list for reading what was
 * handed over, one for what SQLite does with files. Whatever is not here is EPERM, which libraries
 * take better than death; a foreign architecture's calls kill.
 *
 * No executable memory: neither mmap nor mprotect may ask for PROT_EXEC.
 */
#include "sandbox/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

static const char *const both[] = {
	/* memory; mmap and mprotect have conditions */
	"brk",
	"munmap",
	"mremap",
	"madvise",
	/* reading what we have; recvmsg brings more */
	"read",
	"readv",
	"pread64",
	"preadv",
	"recvmsg",
	"recvfrom",
	"getsockopt",
	"fstat",
	"lseek",
	/* waiting and time */
	"poll",
	"ppoll",
	"select",
	"pselect6",
	"epoll_create1",
	"epoll_ctl",
	"epoll_wait",
	"epoll_pwait",
	"clock_gettime",
	"clock_getres",
	"clock_nanosleep",
	"nanosleep",
	"gettimeofday",
	"time",
	"futex",
	"sched_yield",
	"restart_syscall",
	/* signals to ourselves; tgkill has a condition */
	"rt_sigaction",
	"rt_sigprocmask",
	"rt_sigreturn",
	"sigaltstack",
	/* who we are, and the end */
	"getpid",
	"gettid",
	"getppid",
	"getuid",
	"geteuid",
	"getgid",
	"getegid",
	"getrusage",
	"getrandom",
	"rseq",
	"set_robust_list",
	"exit",
	"exit_group",
};

/* Landlock keeps the paths below the store's directory; stat and access it does not cover. */
static const char *const store_only[] = {
	"open",	      "openat",	 "creat",     "close",	    "write",	 "writev",     "pwrite64",
	"pwritev",    "sendmsg", "sendto",    "fsync",	    "fdatasync", "ftruncate",  "fallocate",
	"stat",	      "lstat",	 "fstat",     "newfstatat", "statx",	 "access",     "faccessat",
	"faccessat2", "unlink",	 "unlinkat",  "getcwd",	    "readlink",	 "readlinkat", "getdents64",
	"fchmod",     "fchown",	 "utimensat", "mkdir",	    "mkdirat",	 "fstatfs",    "statfs",
	"umask",      "flock",
};

/* Calls a process may make on its own descriptors only, see last_writable. */
static const char *const writing[] = {"write", "writev", "sendmsg", "sendto"};

static int allow(scmp_filter_ctx filter, const char *name)
{
	int number = seccomp_syscall_resolve_name(name);

	if (number == __NR_SCMP_ERROR || number < 0)
		return 0; /* not on this architecture */
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
}

static int allow_all(scmp_filter_ctx filter, const char *const *names, size_t count)
{
	int failed = 0;

	for (size_t i = 0; i < count && !failed; i++)
		failed = allow(filter, names[i]);
	return failed;
}

static int allow_if(scmp_filter_ctx filter, const char *name, struct scmp_arg_cmp condition)
{
	int number = seccomp_syscall_resolve_name(name);

	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, 1, &condition);
}

/* Opening to read, in the one folder; the path may say anything: Landlock and the root hold it. */
static int allow_host(scmp_filter_ctx filter, int proc)
{
	const uint32_t harmless = O_CLOEXEC | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_LARGEFILE;
	const struct scmp_arg_cmp conditions[] = {
		SCMP_CMP32(0, SCMP_CMP_EQ, (uint32_t)proc),
		SCMP_CMP64(2, SCMP_CMP_MASKED_EQ, (uint64_t)~harmless, O_RDONLY),
	};
	int failed =
		seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 2, conditions);

	return failed ? failed : allow(filter, "getdents64");
}

static int allow_values(scmp_filter_ctx filter, const char *name, unsigned argument,
			const uint64_t *values, size_t count)
{
	int failed = 0;

	for (size_t i = 0; i < count && !failed; i++)
		failed = allow_if(filter, name, SCMP_CMP(argument, SCMP_CMP_EQ, values[i]));
	return failed;
}

static int allow_conditions(scmp_filter_ctx filter, enum confinement confinement)
{
	static const uint64_t map_commands[] = {BPF_MAP_LOOKUP_ELEM, BPF_MAP_UPDATE_ELEM,
						BPF_MAP_DELETE_ELEM};
	static const uint64_t fcntl_commands[] = {F_GETFD, F_SETFD, F_GETFL, F_SETFL};
	static const uint64_t lock_commands[] = {F_GETLK, F_SETLK, F_SETLKW, F_OFD_SETLK,
						 F_OFD_GETLK};
	static const uint64_t ioctl_commands[] = {FIONBIO, FIONREAD};
	int failed = allow_if(filter, "mmap", SCMP_CMP(2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));

	if (!failed)
		failed =
			allow_if(filter, "mprotect", SCMP_CMP(2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (!failed) /* abort() */
		failed = allow_if(filter, "tgkill", SCMP_CMP(0, SCMP_CMP_EQ, (uint64_t)getpid()));
	if (!failed)
		failed = allow_values(filter, "fcntl", 1, fcntl_commands, 4);
	if (!failed)
		failed = allow_values(filter, "ioctl", 1, ioctl_commands, 2);
	/* glibc's fstat; with a path beside the flag it could tell whether a file exists, no more
	 */
	if (!failed && confinement != CONFINE_STORE)
		failed = allow_if(filter, "newfstatat", SCMP_CMP(3, SCMP_CMP_EQ, AT_EMPTY_PATH));
	if (!failed && confinement != CONFINE_STORE)
		failed = allow_values(filter, "bpf", 0, map_commands, 3);
	if (!failed && confinement == CONFINE_STORE)
		failed = allow_values(filter, "fcntl", 1, lock_commands, 5);
	return failed;
}

/*
 * Own descriptors are written to and never closed: a closed number could be given to a capture
 * socket that arrives later.
 */
static int allow_descriptors(scmp_filter_ctx filter, int last_writable)
{
	int failed = allow_if(filter, "close", SCMP_CMP32(0, SCMP_CMP_GT, (uint32_t)last_writable));

	for (size_t i = 0; i < sizeof(writing) / sizeof(writing[0]) && !failed; i++)
		failed = allow_if(filter, writing[i],
				  SCMP_CMP32(0, SCMP_CMP_LE, (uint32_t)last_writable));
	return failed;
}

static int build(scmp_filter_ctx filter, const struct confine_settings *settings)
{
	int failed = allow_all(filter, both, sizeof(both) / sizeof(both[0]));

	if (!failed)
		failed = allow_conditions(filter, settings->confinement);
	if (!failed && settings->confinement == CONFINE_HOST)
		failed = allow_host(filter, settings->proc);
	if (failed)
		return failed;
	if (settings->confinement == CONFINE_STORE)
		return allow_all(filter, store_only, sizeof(store_only) / sizeof(store_only[0]));
	return allow_descriptors(filter, settings->last_writable);
}

int confine_seccomp(const struct confine_settings *settings, struct error *why)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));

	if (!filter)
		return error_set(why, -ENOMEM, "no memory for the seccomp filter");
	int failed = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (!failed)
		failed = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE,
					  2); /* a tree, not a list */
	if (!failed)
		failed = build(filter, settings);
	if (!failed)
		failed = seccomp_load(filter);
	seccomp_release(filter);
	if (failed)
		return error_set(why, failed, "the seccomp filter is refused: %s",
				 strerror(-failed));
	return 0;
}
