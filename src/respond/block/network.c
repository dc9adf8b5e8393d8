#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "respond/block/block.h"

static int open_namespace(int proc, const char *pid)
{
	char path[64];

	snprintf(path, sizeof(path), "%.20s/ns/net", pid);
	return openat(proc, path, O_RDONLY | O_CLOEXEC);
}

static uint64_t inode_of(int fd)
{
	struct stat status;

	return fd >= 0 && fstat(fd, &status) == 0 ? status.st_ino : 0;
}

uint64_t network_of(int proc, uint32_t pid)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", pid);
	int fd = open_namespace(proc, number);
	uint64_t inode = inode_of(fd);
	if (fd >= 0)
		close(fd);
	return inode;
}

/* Our own first: the most likely. A namespace in which nobody is has no rules any more either. */
int network_open(int proc, uint64_t inode)
{
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), found = -1;

	if (inode_of(fd) == inode)
		return fd;
	if (fd >= 0)
		close(fd);
	fd = openat(proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
	for (struct dirent *e; folder && found < 0 && (e = readdir(folder));) {
		if (e->d_name[0] < '1' || e->d_name[0] > '9')
			continue;
		found = open_namespace(proc, e->d_name);
		if (found >= 0 && inode_of(found) != inode) {
			close(found);
			found = -1;
		}
	}
	if (folder)
		closedir(folder);
	return found >= 0 ? found : -ENOENT;
}

int network_diag_socket(int network)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	if (home < 0 || setns(network, CLONE_NEWNET) != 0) {
		int result = -errno;
		if (home >= 0)
			close(home);
		return result;
	}
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	int result = fd < 0 ? -errno : fd;
	/* all that follows would happen in somebody else's network */
	if (setns(home, CLONE_NEWNET) != 0)
		abort();
	close(home);
	return result;
}
