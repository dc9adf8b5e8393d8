/*
 * /proc/PID/mountinfo: looking for mounts that hide processes. A file system or folder mounted over
 * /proc/1234 makes ps and top blind to process 1234; one over /proc itself shows what it likes.
 *
 * source: proc(5); blank, tab, line end and backslash in paths are \040 \011 \012 \134
 */
#ifndef DAVY_DECODE_PROC_MOUNTS_H
#define DAVY_DECODE_PROC_MOUNTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct proc_mount {
	uint64_t id, parent;
	uint32_t major, minor;
	struct str root;  /* what of its file system is mounted: "/" is all of it; escaped */
	struct str point; /* where, escaped */
	struct str options, file_system, source, super_options;
};

/* The next mount, views into the text; lines that are none are passed over. */
bool proc_mounts_next(struct str *rest, struct proc_mount *out);

enum proc_cover {
	COVER_NONE,
	COVER_PROCESS, /* over /proc/PID or a file in it */
	COVER_ALL,     /* over /proc: not a procfs, or only a part of one */
};

/* What a mount hides of the processes; *pid is set for COVER_PROCESS. */
enum proc_cover proc_mount_covers(const struct proc_mount *mount, uint32_t *pid);

/* hidepid= of a procfs mounted on /proc: 0 (all see all) to 4; -1: not such a mount. */
int proc_mount_hidepid(const struct proc_mount *mount);

#endif
