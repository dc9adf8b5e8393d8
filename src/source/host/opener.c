#include "source/host/opener.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "source/host/listing.h"

enum { IO_MAX = 1024, PROCFS_MAGIC = 0x9fa0 };

static const char *const names[PROCESS_FILE_COUNT] = {
	[PROCESS_FILE_STAT] = "stat",
	[PROCESS_FILE_STATUS] = "status",
	[PROCESS_FILE_MAPS] = "maps",
	[PROCESS_FILE_MEMORY] = "mem",
	[PROCESS_FILE_EXECUTABLE] = "exe",
	[PROCESS_FILE_ENVIRONMENT] = "environ",
	[PROCESS_FILE_CGROUP] = "cgroup",
	[PROCESS_FILE_COMMAND] = "cmdline",
	[PROCESS_FILE_MOUNTS] = "mountinfo",
	[PROCESS_FILE_TCP] = "net/tcp",
	[PROCESS_FILE_TCP6] = "net/tcp6",
	[PROCESS_FILE_UDP] = "net/udp",
	[PROCESS_FILE_UDP6] = "net/udp6",
	[PROCESS_FILE_PIDFD] = "pidfd",
	[PROCESS_FILE_IO] = "io",
	[PROCESS_FILE_EXECUTABLE_LINK] = "exe",
	[PROCESS_FILE_LINKS] = "fd",
};

/* The detached mount, or a negative errno. It lives as long as its descriptor. */
static int mount_procfs(void)
{
	int context = fsopen("proc", FSOPEN_CLOEXEC);

	if (context < 0)
		return -errno;
	int mount = fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	if (mount == 0)
		mount = fsmount(context, FSMOUNT_CLOEXEC,
				MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
					MOUNT_ATTR_NOEXEC);
	if (mount < 0)
		mount = -errno;
	close(context);
	return mount;
}

static int open_public(struct opener *opener, int refusal, struct error *why)
{
	struct statfs about;

	opener->proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (opener->proc < 0)
		return error_set(why, -errno, "/proc cannot be opened: %s; mount it first",
				 strerror(errno));
	if (fstatfs(opener->proc, &about) || about.f_type != PROCFS_MAGIC) {
		close(opener->proc);
		return error_set(why, -ENODEV,
				 "what is mounted on /proc is no procfs: something hides the "
				 "processes; umount /proc until the real one shows");
	}
	snprintf(opener->weakness, sizeof(opener->weakness),
		 "no procfs of our own (%s): processes under a mount over /proc/PID are seen by "
		 "BPF only; start with CAP_SYS_ADMIN, outside a container",
		 strerror(-refusal));
	return 0;
}

int opener_init(struct opener *opener, struct error *why)
{
	*opener = (struct opener){.proc = -1, .mount = mount_procfs()};
	int failed = 0;

	if (opener->mount >= 0) {
		opener->proc = openat(opener->mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		opener->is_private = opener->proc >= 0;
		failed = opener->proc >= 0 ? 0 : -errno;
		if (failed)
			close(opener->mount);
	} else {
		failed = opener->mount;
	}
	if (failed) {
		opener->mount = -1;
		failed = open_public(opener, failed, why);
		if (failed)
			return failed;
	}
	opener->texts = malloc(OPENER_TEXT_MAX);
	if (opener->texts)
		return 0;
	opener_fini(opener);
	return error_set(why, -ENOMEM, "no memory to open processes with");
}

void opener_fini(struct opener *opener)
{
	free(opener->texts);
	if (opener->proc >= 0)
		close(opener->proc);
	if (opener->mount >= 0)
		close(opener->mount);
	*opener = (struct opener){.proc = -1, .mount = -1};
}

static int open_file(int folder, enum process_file file)
{
	int fd = openat(folder, names[file], O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

/*
 * The folder was opened before: while it still answers, its process has not been reaped, so the pid
 * cannot have been another's when the pidfd was made.
 */
static int open_pidfd(int folder, uint32_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);

	if (fd < 0)
		return -errno;
	if (faccessat(folder, "stat", F_OK, 0) == 0)
		return fd;
	close(fd);
	return -ESRCH;
}

/* How much text there is; into `room` bytes. */
static ssize_t read_io(int folder, char *at, size_t room)
{
	int fd = open_file(folder, PROCESS_FILE_IO);

	if (fd < 0)
		return fd;
	ssize_t got = read(fd, at, room);
	int error = -errno;
	close(fd);
	return got < 0 ? error : got;
}

struct links {
	char *at;
	size_t len;
	bool cut;
	int folder;
};

static bool add_link(void *context, const char *name)
{
	struct links *links = context;

	if (links->len + PROCESS_LINK_MAX + 1 > PROCESS_LINKS_MAX) {
		links->cut = true;
		return false;
	}
	ssize_t len = readlinkat(links->folder, name, links->at + links->len, PROCESS_LINK_MAX);
	if (len > 0) { /* closed in between otherwise */
		links->len += (size_t)len;
		links->at[links->len++] = '\0';
	}
	return true;
}

static int read_links(int folder, struct links *links)
{
	links->folder = openat(folder, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (links->folder < 0)
		return -errno;
	int failed = list_numbers(links->folder, add_link, links);
	close(links->folder);
	return failed;
}

static void read_texts(struct opener *opener, int folder, uint32_t wanted,
		       struct opened_process *out)
{
	char *at = opener->texts;
	struct links links = {.at = opener->texts + OPENER_TEXT_MAX - PROCESS_LINKS_MAX};

	if (wanted & 1u << PROCESS_FILE_IO) {
		ssize_t got = read_io(folder, at, IO_MAX);
		out->errors[PROCESS_FILE_IO] = got < 0 ? (int)got : 0;
		out->io = str_of(at, got < 0 ? 0 : (size_t)got);
		at += IO_MAX;
	}
	if (wanted & 1u << PROCESS_FILE_EXECUTABLE_LINK) {
		ssize_t got = readlinkat(folder, "exe", at, PATH_MAX);
		out->errors[PROCESS_FILE_EXECUTABLE_LINK] = got < 0 ? -errno : 0;
		out->executable_link = str_of(at, got < 0 ? 0 : (size_t)got);
	}
	if (wanted & 1u << PROCESS_FILE_LINKS) {
		out->errors[PROCESS_FILE_LINKS] = read_links(folder, &links);
		out->links = str_of(links.at, links.len);
		out->links_cut = links.cut;
	}
}

int opener_process(struct opener *opener, uint32_t pid, uint32_t wanted, struct opened_process *out)
{
	char name[16];

	*out = (struct opened_process){.pid = pid};
	for (size_t i = 0; i < PROCESS_DESCRIPTORS; i++)
		out->descriptors[i] = -1;
	snprintf(name, sizeof(name), "%u", pid);
	int folder = openat(opener->proc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0) {
		out->error = errno == ENOENT ? -ESRCH : -errno;
		return out->error;
	}
	for (unsigned i = 0; i < PROCESS_DESCRIPTORS; i++) {
		if (!(wanted & 1u << i))
			continue;
		int fd = i == PROCESS_FILE_PIDFD ? open_pidfd(folder, pid)
						 : open_file(folder, (enum process_file)i);
		out->descriptors[i] = fd < 0 ? -1 : fd;
		out->errors[i] = fd < 0 ? fd : 0;
	}
	read_texts(opener, folder, wanted, out);
	close(folder);
	return 0;
}

void opened_process_close(struct opened_process *process)
{
	for (size_t i = 0; i < PROCESS_DESCRIPTORS; i++) {
		if (process->descriptors[i] >= 0)
			close(process->descriptors[i]);
		process->descriptors[i] = -1;
	}
}

size_t opener_walk(uint32_t first, uint32_t count, struct process_key *out)
{
	uint64_t end = (uint64_t)first + count;
	size_t found = 0;

	for (uint64_t pid = first ? first : 1; pid < end && pid <= INT32_MAX; pid++) {
		int fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
		if (fd < 0)
			continue; /* nobody, or a thread that is not its process's first */
		close(fd);
		out[found++] = (struct process_key){.pid = (uint32_t)pid};
	}
	return found;
}

void opener_explain(int error, enum process_file file, struct buf *out)
{
	const char *name = file < PROCESS_FILE_COUNT ? names[file] : "folder";

	switch (-error) {
	case 0:
		buf_printf(out, "%s was read", name);
		break;
	case ESRCH:
		buf_printf(out, "the process ended before its %s was read", name);
		break;
	case ENOENT:
		buf_printf(out, "it has no %s: a kernel thread, or just ended", name);
		break;
	case EACCES:
	case EPERM:
		buf_printf(out,
			   "no right to read its %s; run davy as root, or with CAP_SYS_PTRACE and "
			   "CAP_DAC_READ_SEARCH",
			   name);
		break;
	case EMFILE:
	case ENFILE:
		buf_printf(out, "too many open files to read its %s; raise LimitNOFILE=", name);
		break;
	default:
		buf_printf(out, "its %s cannot be read: %s", name, strerror(-error));
	}
}
