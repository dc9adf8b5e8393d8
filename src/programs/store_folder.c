#include "programs/store_folder.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/confine.h"

int store_folder_make(const char *path, struct error *why)
{
	char folder[PATH_MAX];
	uid_t uid;
	gid_t gid;

	snprintf(folder, sizeof(folder), "%s", path);
	char *slash = strrchr(folder, '/');
	if (!slash || slash == folder)
		return 0;
	*slash = '\0';
	if (mkdir(folder, 0750) == 0) {
		confine_user(&uid, &gid);
		if (geteuid() == 0 && chown(folder, uid, gid) < 0)
			return error_set(why, -errno,
					 "%s: cannot be given to the user of the workers: %s",
					 folder, strerror(errno));
		return 0;
	}
	if (errno == EEXIST)
		return 0;
	return error_set(
		why, -errno,
		"%s: the store's folder cannot be made: %s; set store.path in the settings", folder,
		strerror(errno));
}
