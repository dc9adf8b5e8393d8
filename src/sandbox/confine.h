/*
 * Giving up rights for good: called once by a worker, after its set-up and before the first foreign
 * byte. Layers on top of each other, so that a hole in one is not a hole:
 *
 *   - an own user and group, no supplementary groups; no capabilities, none to be had by exec
 *   - Landlock: no file, no TCP port, no signal or abstract socket outside
 *   - seccomp: the few system calls that parsing needs; everything else is EPERM
 *   - limits on memory and descriptors; no core dump, not traceable
 *
 * A kernel that lacks a layer is reported (`davy health` shows it) and not fatal, but for seccomp.
 */
#ifndef DAVY_SANDBOX_CONFINE_H
#define DAVY_SANDBOX_CONFINE_H

#include <stdint.h>
#include <sys/types.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"

enum confinement {
	CONFINE_PARSER, /* reads given descriptors, writes to its own; opens nothing */
	CONFINE_STORE,	/* the same, and files below one directory, as SQLite needs them */
	/*
	 * As CONFINE_PARSER, and files that everybody may read in one procfs, opened by names
	 * relative to its folder, which is its root as well. Processes' memory, environment and
	 * links stay closed: an opener passes them. Needs Landlock, or root to change the root.
	 */
	CONFINE_HOST,
};

enum confine_layer {
	LAYER_USER = 1 << 0,
	LAYER_CAPABILITIES = 1 << 1,
	LAYER_BOUNDING = 1 << 2, /* the capability bounding set is empty */
	LAYER_NO_NEW_PRIVILEGES = 1 << 3,
	LAYER_LIMITS = 1 << 4,
	LAYER_MEMORY = 1 << 5, /* the address-space ceiling; not in builds with AddressSanitizer */
	LAYER_NOT_DUMPABLE = 1 << 6,
	LAYER_LANDLOCK_FILES = 1 << 7,	 /* Linux 5.13 */
	LAYER_LANDLOCK_NETWORK = 1 << 8, /* 6.7 */
	LAYER_LANDLOCK_SCOPE = 1 << 9,	 /* 6.12 */
	LAYER_SECCOMP = 1 << 10,
	LAYERS_ALL = (1 << 11) - 1,
};

struct confine_settings {
	enum confinement confinement;
	uint64_t memory_bytes; /* address space, rings included; 0: no ceiling */
	uint32_t descriptors;  /* open at one time; 0: 256 */
	/*
	 * CONFINE_PARSER: descriptors 0..last_writable are this process's own: they may be written
	 * to and are never closed; all above may only be read. A capture socket that could be
	 * written to would put frames on the wire. At least WORKER_CHANNEL; more for the event
	 * loop's, which must exist before.
	 */
	int last_writable;
	const char *directory; /* CONFINE_STORE: the one it may use */
	int proc; /* CONFINE_HOST: descriptor of the procfs's folder, above last_writable */
};

struct confine_report {
	uint32_t applied; /* enum confine_layer */
	int landlock_abi; /* 0: none */
};

/*
 * Give up everything but what `settings` names. Not to be undone; call before making threads.
 *
 * returns: 0 with the layers applied in `out`, or a negative errno and a sentence: seccomp failed,
 *          or a right that we have could not be dropped. The caller must then exit.
 */
must_check int confine(const struct confine_settings *settings, struct confine_report *out,
		       struct error *why);

/* The user workers run as: "davy" if there is one, else "nobody", else 65534. For owning files. */
void confine_user(uid_t *uid, gid_t *gid);

/* "user capabilities ... ; missing: landlock-scope"; for health and logs. */
void confine_describe(const struct confine_report *report, struct buf *out);

/* -- the layers with their own files -- */

/* settings: NULL for nothing allowed. A kernel without Landlock is 0, and told by its absence. */
must_check int confine_landlock(const struct confine_settings *settings,
				struct confine_report *report, struct error *why);
must_check int confine_seccomp(const struct confine_settings *settings, struct error *why);

#endif
