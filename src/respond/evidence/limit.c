/*
 * How much the policy may keep without being asked. Whoever is frozen decides how large his program
 * is and how often there is one, and a full disk would end the store and so the policy itself.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "respond/evidence/evidence.h"

#define MIB (1024ull * 1024)
/* Below the first only texts are kept, below the second nothing. */
#define FREE_FOR_PROGRAMS (1024 * MIB)
#define FREE_FOR_TEXTS	  (128 * MIB)

enum { TEXTS_BYTES = 1 << 20, FREE_SHARE = 10, BLOCK_BYTES = 512 };

int evidence_allow(const struct evidence_space *space, struct evidence_room *room)
{
	uint64_t share = space->free / FREE_SHARE;

	if (space->free < FREE_FOR_TEXTS)
		return -ENOSPC;
	if (share < room->left) {
		room->left = share;
		room->limit = "a tenth of the space that is free there";
	}
	if (space->used >= space->total) {
		room->texts_only = "the policy has kept as much as respond.evidence_total lets it";
	} else if (space->total - space->used < room->left) {
		room->left = space->total - space->used;
		room->limit = "respond.evidence_total";
	}
	if (space->free < FREE_FOR_PROGRAMS)
		room->texts_only = "less than 1 GiB is free there";
	if (room->texts_only) {
		room->left = TEXTS_BYTES;
		room->limit = "1 MiB of texts";
	}
	return 0;
}

/* -- what there is -- */

DIR *evidence_open_below(int folder, const char *name)
{
	int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;

	if (!entries && fd >= 0)
		close(fd);
	return entries;
}

bool evidence_is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static uint64_t bytes_at(int folder, const char *name)
{
	struct stat about;

	if (fstatat(folder, name, &about, AT_SYMLINK_NOFOLLOW) != 0)
		return 0;
	return (uint64_t)about.st_blocks * BLOCK_BYTES;
}

/* Of the files in it. */
static uint64_t bytes_in(int folder, const char *name, uint32_t *entries_left)
{
	DIR *entries = evidence_open_below(folder, name);
	const struct dirent *entry;
	uint64_t bytes = 0;

	while (entries && *entries_left > 0 && (entry = readdir(entries))) {
		--*entries_left;
		if (!evidence_is_dots(entry->d_name))
			bytes += bytes_at(dirfd(entries), entry->d_name);
	}
	if (entries)
		closedir(entries);
	return bytes;
}

/* Of one folder of evidence: files, and a folder for each process. 0 when it is not the policy's.
 */
static uint64_t bytes_of(int all, const char *name, uint32_t *entries_left)
{
	DIR *entries = evidence_open_below(all, name);
	const struct dirent *entry;
	uint64_t bytes = 0;

	if (entries &&
	    faccessat(dirfd(entries), EVIDENCE_BY_POLICY, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		while (*entries_left > 0 && (entry = readdir(entries))) {
			--*entries_left;
			if (evidence_is_dots(entry->d_name))
				continue;
			bytes += bytes_at(dirfd(entries), entry->d_name);
			bytes += bytes_in(dirfd(entries), entry->d_name, entries_left);
		}
	if (entries)
		closedir(entries);
	return bytes;
}

int evidence_measure(int folder, struct evidence_space *out)
{
	uint32_t entries_left = EVIDENCE_ENTRIES_MAX;
	DIR *entries = evidence_open_below(folder, "..");
	const struct dirent *entry;
	struct statvfs about;

	out->used = 0;
	if (!entries)
		return -errno;
	if (fstatvfs(folder, &about) != 0) {
		int failed = -errno;
		closedir(entries);
		return failed;
	}
	out->free = (uint64_t)about.f_bavail * about.f_frsize;
	while (entries_left > 0 && (entry = readdir(entries))) {
		--entries_left;
		if (!evidence_is_dots(entry->d_name))
			out->used += bytes_of(dirfd(entries), entry->d_name, &entries_left);
	}
	/* more than can be counted is more than enough */
	if (entries_left == 0)
		out->used = UINT64_MAX;
	closedir(entries);
	return 0;
}
