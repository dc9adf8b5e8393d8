#include "programs/store_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/confine.h"

enum { FOLDER_MODE = 0750 };

int store_folder_give(const char *folder, uid_t user, gid_t group, struct error *why)
{
	struct stat is;
	int r = 0;
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &is) < 0)
		r = -errno;
	/* what we have just made is ours; anything else was put in its place */
	if (r == 0 && is.st_uid != geteuid())
		r = -EPERM;
	if (r == 0 &&
	    (fchmod(fd, FOLDER_MODE) < 0 || (geteuid() == 0 && fchown(fd, user, group) < 0)))
		r = -errno;
	if (fd >= 0)
		close(fd);
	if (r < 0)
		error_set(why, r, "%s: cannot be given to the user of the workers: %s", folder,
			  r == -ELOOP || r == -ENOTDIR || r == -EPERM
				  ? "somebody else put something in its place"
				  : strerror(-r));
	return r;
}

int store_folder_make(const char *path, struct error *why)
{
	char folder[PATH_MAX];
	uid_t user;
	gid_t group;

	snprintf(folder, sizeof(folder), "%s", path);
	char *slash = strrchr(folder, '/');
	if (!slash || slash == folder)
		return 0;
	*slash = '\0';
	if (mkdir(folder, FOLDER_MODE) == 0) {
		confine_user(&user, &group);
		return store_folder_give(folder, user, group, why);
	}
	if (errno == EEXIST)
		return 0;
	return error_set(
		why, -errno,
		"%s: the store's folder cannot be made: %s; set store.path in the settings", folder,
		strerror(errno));
}
