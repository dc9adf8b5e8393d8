#include "respond/control_group.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "decode/proc/mounts.h"
#include "respond/task.h"

enum { MOUNTS_MAX = 4 << 20, PROCS_MAX = 1 << 20 };

static bool has_word(struct str list, struct str word)
{
	struct str head;

	while (list.len) {
		(void)str_cut(list, ',', &head, &list);
		if (str_equal(head, word))
			return true;
	}
	return false;
}

static void keep(char out[CONTROL_GROUP_PATH_MAX], struct str point)
{
	/* the first counts: others are mounts of the same elsewhere */
	if (out[0] == '\0' && point.len < CONTROL_GROUP_PATH_MAX)
		snprintf(out, CONTROL_GROUP_PATH_MAX, "%.*s", STR_ARG(point));
}

static void note_mount(const struct proc_mount *mount, struct control_groups *out)
{
	/* a part of the tree would make every path mean something else */
	if (!str_equal(mount->root, STR("/")) || str_find_byte(mount->point, '\\') >= 0)
		return;
	if (str_equal(mount->file_system, STR("cgroup2")))
		keep(out->v2, mount->point);
	if (!str_equal(mount->file_system, STR("cgroup")))
		return;
	if (has_word(mount->super_options, STR("freezer")))
		keep(out->freezer, mount->point);
	if (has_word(mount->super_options, STR("cpu")))
		keep(out->cpu, mount->point);
}

void control_groups_find(int proc, struct control_groups *out)
{
	char *text = malloc(MOUNTS_MAX), controllers[1024];
	struct proc_mount mount;
	struct str rest;

	*out = (struct control_groups){0};
	if (text && task_text(proc, (uint32_t)getpid(), "mountinfo", text, MOUNTS_MAX, &rest) == 0)
		while (proc_mounts_next(&rest, &mount))
			note_mount(&mount, out);
	free(text);
	if (out->v2[0] && control_group_read(out->v2, "", "cgroup.controllers", controllers,
					     sizeof(controllers)) == 0) {
		struct str all = str_from(controllers), word;
		while (all.len) {
			(void)str_cut(all, ' ', &word, &all);
			out->v2_has_cpu |= str_equal(word, STR("cpu"));
		}
	}
}

int control_group_of(int proc, uint32_t pid, const char *controller,
		     char path[CONTROL_GROUP_PATH_MAX])
{
	char text[16384];
	struct str rest, line, number, names, group;

	int result = task_text(proc, pid, "cgroup", text, sizeof(text), &rest);
	if (result != 0)
		return result;
	while (rest.len) {
		(void)str_cut(rest, '\n', &line, &rest);
		if (!str_cut(line, ':', &number, &line) || !str_cut(line, ':', &names, &group))
			continue;
		if (controller[0] ? !has_word(names, str_from(controller)) : names.len > 0)
			continue;
		if (group.len >= CONTROL_GROUP_PATH_MAX)
			return -ENAMETOOLONG;
		if (!str_starts(group, STR("/")) || str_starts(group, STR("/..")))
			return -EXDEV;
		if (str_ends(group, STR(" (deleted)")))
			return -ENOENT;
		snprintf(path, CONTROL_GROUP_PATH_MAX, "%.*s", STR_ARG(group));
		return 0;
	}
	return -ENOENT;
}

static int open_file(const char *mount, const char *group, const char *file, int flags)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s%s/%s", mount, group, file) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	int fd = open(path, flags | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int control_group_write(const char *mount, const char *group, const char *file, const char *text)
{
	int fd = open_file(mount, group, file, O_WRONLY);

	if (fd < 0)
		return fd;
	int result = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return result;
}

int control_group_read(const char *mount, const char *group, const char *file, char *text,
		       size_t cap)
{
	size_t len = 0;
	ssize_t got = 0;
	int fd = open_file(mount, group, file, O_RDONLY);

	if (fd < 0)
		return fd;
	while (len + 1 < cap && (got = read(fd, text + len, cap - 1 - len)) > 0)
		len += (size_t)got;
	int result = got < 0 ? -errno : 0;
	close(fd);
	while (len > 0 && text[len - 1] == '\n')
		len--;
	text[len] = '\0';
	return result;
}

bool control_group_exists(const char *mount, const char *group)
{
	char path[PATH_MAX];
	struct stat status;

	return snprintf(path, sizeof(path), "%s%s", mount, group) < (int)sizeof(path) &&
	       stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

bool control_group_is_frozen(const char *mount, const char *group)
{
	char text[256];

	if (control_group_read(mount, group, "cgroup.events", text, sizeof(text)) == 0)
		return strstr(text, "frozen 1") != NULL;
	return control_group_read(mount, group, "freezer.state", text, sizeof(text)) == 0 &&
	       strcmp(text, "FROZEN") == 0;
}

static int make_one(const char *mount, const char *group)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s%s", mount, group) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	return mkdir(path, 0755) == 0 || errno == EEXIST ? 0 : -errno;
}

int control_group_make(const char *mount, const char *group, struct error *why)
{
	int result = make_one(mount, CONTROL_GROUP_OURS);

	if (result == 0)
		result = make_one(mount, group);
	if (result == 0)
		return 0;
	return error_set(why, result, "cannot make the control group %s%s: %s; nothing was moved",
			 mount, group, strerror(-result));
}

int control_group_remove(const char *mount, const char *group)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s%s", mount, group);
	if (rmdir(path) != 0 && errno != ENOENT)
		return -errno;
	snprintf(path, sizeof(path), "%s%s", mount, CONTROL_GROUP_OURS);
	(void)!rmdir(path); /* others may be in it */
	return 0;
}

int control_group_pids(const char *mount, const char *group, uint32_t *out, size_t cap)
{
	char *text = malloc(PROCS_MAX);
	struct str rest, line;
	uint64_t pid;
	int count = 0;

	if (!text)
		return -ENOMEM;
	int result = control_group_read(mount, group, "cgroup.procs", text, PROCS_MAX);
	rest = result == 0 ? str_from(text) : (struct str){0};
	while (rest.len) {
		(void)str_cut(rest, '\n', &line, &rest);
		if (!str_to_u64(line, &pid))
			continue;
		if ((size_t)count < cap)
			out[count] = (uint32_t)pid;
		count++;
	}
	free(text);
	return result != 0 ? result : count;
}

bool control_group_is_shared(const char *group)
{
	struct str path = str_from(group);

	return str_equal(path, STR("/")) || path.len == 0 || str_ends(path, STR(".slice")) ||
	       str_ends(path, STR("/init.scope")) || str_ends(path, STR("/init"));
}

bool control_group_has_children(const char *mount, const char *group)
{
	char path[PATH_MAX];
	bool found = false;

	snprintf(path, sizeof(path), "%s%s", mount, group);
	DIR *folder = opendir(path);
	for (struct dirent *e; folder && !found && (e = readdir(folder));)
		found = e->d_type == DT_DIR && e->d_name[0] != '.';
	if (folder)
		closedir(folder);
	return found;
}

static bool is_file_of_root(const char *folder, const char *file)
{
	char path[PATH_MAX];
	struct stat status;

	if (snprintf(path, sizeof(path), "%s/%s", folder, file) >= (int)sizeof(path))
		return false;
	if (lstat(path, &status) != 0)
		return errno == ENOENT; /* the root group has not all of them */
	return status.st_uid == 0 && !(status.st_mode & (S_IWGRP | S_IWOTH));
}

bool control_group_is_roots(const char *mount, const char *group)
{
	static const char *const files[] = {"", "cgroup.freeze", "cgroup.procs", "cgroup.threads"};
	char folder[PATH_MAX];
	size_t above = strlen(mount);

	if (!control_group_exists(mount, group) ||
	    snprintf(folder, sizeof(folder), "%s%s", mount, group) >= (int)sizeof(folder))
		return false;
	for (;;) {
		for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
			if (!is_file_of_root(folder, files[i]))
				return false;
		char *slash = strrchr(folder, '/');
		if (!slash || (size_t)(slash - folder) < above)
			return true;
		*slash = '\0';
	}
}
