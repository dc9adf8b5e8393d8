/* Reading files of /proc, and the table of processes as its own files see it: inside this room. */
#ifndef DAVY_SOURCE_HOST_PROCESS_FILES_H
#define DAVY_SOURCE_HOST_PROCESS_FILES_H

#include <stdint.h>

#include "base/buf.h"
#include "source/host/processes.h"

struct processes {
	int proc;   /* the caller's */
	int folder; /* the same, with an offset of our own */
	struct process_row *rows, *spare;
	size_t count, cap, spare_cap;
	uint64_t uncounted;
	struct hiding_mounts hiding;
	uint64_t page_bytes;
	struct buf text;			       /* of the file read last */
	bool (*may_read)(void *context, uint32_t pid); /* NULL: all may be */
	void *context;
};

/* How much of each file is read at the most. */
enum {
	STAT_TEXT_MAX = 4096,
	/* A process may be in 65536 groups, and the line of groups is before what we want. */
	STATUS_TEXT_MAX = 1 << 20,
	COMMAND_TEXT_MAX = 2 * PROCESS_TEXT_MAX,
	ENVIRONMENT_TEXT_MAX = 2 << 20, /* the kernel's own limit, unless the stack's was raised */
	CGROUP_TEXT_MAX = 1 << 16,
	MOUNTS_TEXT_MAX = 8 << 20,
	SOCKETS_TEXT_MAX = 16 << 20,
	MAPS_TEXT_MAX = 16 << 20,
};

/* A file from its beginning into processes->text; a view that lives until the next call. */
must_check int process_text(struct processes *processes, int fd, size_t most, struct str *out);
/* A part of one, whole or not at all (-ENODATA). */
must_check int process_bytes(struct processes *processes, int fd, uint64_t offset, size_t len,
			     struct str *out);
/* A file by name, below the procfs: "self/mountinfo". */
must_check int process_text_at(struct processes *processes, const char *name, size_t most,
			       struct str *out);

/*
 * A long file, line by line: `take` gets what is there, and leaves in *rest what it has not used;
 * false ends the reading. 0 or -errno.
 */
must_check int process_lines(struct processes *processes, int fd, size_t most,
			     bool (*take)(void *context, struct str *rest), void *context);

/* "PID/NAME" */
enum { PROCESS_PATH_MAX = 40 };
void process_path(char path[PROCESS_PATH_MAX], uint32_t pid, const char *name);

#endif
