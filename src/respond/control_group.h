/*
 * Control groups of this machine, v2 and v1, as files: where they are mounted, who is in which, and
 * a group of our own in each. Paths are chosen by whoever may make groups; they are used as they
 * are, for a control group's file system has no links.
 */
#ifndef DAVY_RESPOND_CONTROL_GROUP_H
#define DAVY_RESPOND_CONTROL_GROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"

#define CONTROL_GROUP_OURS "/davy-quarantine"

enum { CONTROL_GROUP_PATH_MAX = 1024 };

struct control_groups { /* where each is mounted; empty: not here */
	char v2[CONTROL_GROUP_PATH_MAX], freezer[CONTROL_GROUP_PATH_MAX];
	char cpu[CONTROL_GROUP_PATH_MAX];
	bool v2_has_cpu; /* v2's own controller, not taken by v1 */
};

/* proc: folder of a procfs. None found leaves all empty. */
void control_groups_find(int proc, struct control_groups *out);

/*
 * The group of a process.
 *
 * controller: "freezer", "cpu"; "" for v2
 * returns:    0; -ENOENT; -ENAMETOOLONG; -EXDEV: it is outside of what we can see
 */
must_check int control_group_of(int proc, uint32_t pid, const char *controller,
				char path[CONTROL_GROUP_PATH_MAX]);

/* A file of a group; 0 or -errno. Reading gives one text without its line end. */
must_check int control_group_write(const char *mount, const char *group, const char *file,
				   const char *text);
must_check int control_group_read(const char *mount, const char *group, const char *file,
				  char *text, size_t cap);
bool control_group_exists(const char *mount, const char *group);
/* Does all in it stand still, by whomever? Of v2, and of v1's freezer. */
bool control_group_is_frozen(const char *mount, const char *group);

/* Ours and a folder in it; there already is fine. */
must_check int control_group_make(const char *mount, const char *group, struct error *why);
/* It and, when nothing is left in it, ours. -EBUSY when somebody is still there. */
int control_group_remove(const char *mount, const char *group);

/* Who is in it, but not below it; more than `cap` are counted. -errno or how many. */
int control_group_pids(const char *mount, const char *group, uint32_t *out, size_t cap);

/* Is it one that others share by its kind: the root, a slice, init's? */
bool control_group_is_shared(const char *group);
bool control_group_has_children(const char *mount, const char *group);
/*
 * Is it root's alone, with all above it? Else its owner thaws it, or moves out of it into another
 * (as with systemd-run --user, and in containers without root).
 */
bool control_group_is_roots(const char *mount, const char *group);

#endif
