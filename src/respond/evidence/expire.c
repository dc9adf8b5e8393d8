/*
 * Evidence whose time is over. It holds what is nobody's business for longer than it is needed:
 * programs of attackers, arguments with passwords. Only what is ours in name, owner and mode is
 * touched, and nothing is followed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "model/finding.h"
#include "respond/evidence/evidence.h"

enum { TIME_LEN = sizeof("20261122T100000.123Z") - 1, ROUNDS_MOST = 8 };

/* ID-20261122T100000.123Z, as name_folder writes it. */
static bool read_name(const char *name, instant *kept)
{
	struct str whole = str_from(name), id = str_sub(whole, 0, FINDING_ID_LEN);
	struct str time = str_skip(whole, FINDING_ID_LEN + 1);
	char text[32];

	if (whole.len != FINDING_ID_LEN + 1 + TIME_LEN || !str_is_hex(id) ||
	    whole.at[FINDING_ID_LEN] != '-')
		return false;
	snprintf(text, sizeof(text), "%.4s-%.2s-%.2sT%.2s:%.2s:%.7s", time.at, time.at + 4,
		 time.at + 6, time.at + 9, time.at + 11, time.at + 13);
	return instant_parse(str_from(text), kept);
}

/* The files in it; and with `deeper`, the folders of files. Whether it is empty now. */
static bool empty_folder(DIR *entries, bool deeper)
{
	const struct dirent *entry;
	int left = 0;

	/* what is removed while it is read may hide what comes after it */
	for (int round = 0; round < ROUNDS_MOST; round++) {
		int removed = 0;
		left = 0;
		rewinddir(entries);
		while ((entry = readdir(entries))) {
			int at = dirfd(entries), result;
			if (evidence_is_dots(entry->d_name))
				continue;
			result = unlinkat(at, entry->d_name, 0);
			if (result != 0 && errno == EISDIR && deeper) {
				DIR *below = evidence_open_below(at, entry->d_name);
				if (below && empty_folder(below, false))
					result = unlinkat(at, entry->d_name, AT_REMOVEDIR);
				if (below)
					closedir(below);
			}
			removed += result == 0;
			left += result != 0;
		}
		if (removed == 0)
			break;
	}
	return left == 0;
}

static void expire_one(DIR *all, const char *name, struct evidence_expired *out)
{
	DIR *entries = evidence_open_below(dirfd(all), name);

	if (!entries)
		return;
	/* nothing but "there is no such file" lets it go */
	if (evidence_is_ours(dirfd(entries)) &&
	    faccessat(dirfd(entries), EVIDENCE_KEEP, F_OK, AT_SYMLINK_NOFOLLOW) != 0 &&
	    errno == ENOENT) {
		bool is_gone = empty_folder(entries, true) &&
			       unlinkat(dirfd(all), name, AT_REMOVEDIR) == 0;
		out->removed += is_gone;
		out->failed += !is_gone;
	}
	closedir(entries);
}

struct evidence_expired evidence_expire(const char *folder, instant now, duration keep)
{
	struct evidence_expired expired = {0};
	DIR *all = evidence_open_below(AT_FDCWD, folder);
	uint32_t entries_left = EVIDENCE_ENTRIES_MAX;
	const struct dirent *entry;
	instant kept;

	if (!all)
		return expired;
	while (keep.ns > 0 && evidence_is_ours(dirfd(all)) && entries_left-- > 0 &&
	       (entry = readdir(all)))
		if (read_name(entry->d_name, &kept) && instant_add(kept, keep).ns <= now.ns)
			expire_one(all, entry->d_name, &expired);
	closedir(all);
	return expired;
}
