#include "cgroups.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "decode/proc/mounts.h"

static bool has_option(struct str options, const char *wanted)
{
	struct str word;
	bool has_more = true, is_there = false;

	while (has_more && !is_there) {
		has_more = str_cut(options, ',', &word, &options);
		is_there = str_equal(word, str_from(wanted));
	}
	return is_there;
}

bool cgroup_mounted(const char *kind, const char *option, char path[CGROUP_POINT_MAX])
{
	static char text[1 << 20];
	int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t got;

	while (len < sizeof(text) && (got = read(fd, text + len, sizeof(text) - len)) > 0)
		len += (size_t)got;
	close(fd);
	struct str rest = str_of(text, len);
	struct proc_mount found;
	while (proc_mounts_next(&rest, &found)) {
		if (!str_equal(found.file_system, str_from(kind)) || found.point.len > 200 ||
		    (option && !has_option(found.super_options, option)))
			continue;
		snprintf(path, CGROUP_POINT_MAX, "%.*s", STR_ARG(found.point));
		return true;
	}
	return false;
}

bool cgroup_join(const char *group, pid_t pid)
{
	char path[500], number[16];

	snprintf(path, sizeof(path), "%s/cgroup.procs", group);
	int len = snprintf(number, sizeof(number), "%d", pid);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool joined = fd >= 0 && write(fd, number, (size_t)len) == len;
	close(fd);
	return joined;
}
