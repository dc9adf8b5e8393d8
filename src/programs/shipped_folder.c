#include "programs/shipped_folder.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "programs/places.h"

void shipped_folder(const char *installed, const char *built, char path[PATH_MAX])
{
	static const char in_build[] = "/src/programs/davy";
	char self[PATH_MAX], here[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	snprintf(path, PATH_MAX, "%s%s", DAVY_LISTS, installed);
	if (len <= 0 || !str_ends(str_of(self, (size_t)len), str_from(in_build)))
		return;
	len -= (ssize_t)sizeof(in_build) - 1;
	if (snprintf(here, sizeof(here), "%.*s%s", (int)len, self, built) < (int)sizeof(here) &&
	    access(here, F_OK) == 0)
		memcpy(path, here, strlen(here) + 1);
}
