#include "sandbox/confine.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum { NOBODY = 65534, DESCRIPTORS_DEFAULT = 256 };

void confine_user(uid_t *uid, gid_t *gid)
{
	const struct passwd *user = getpwnam("davy");

	if (!user)
		user = getpwnam("nobody");
	*uid = user ? user->pw_uid : NOBODY;
	*gid = user ? user->pw_gid : NOBODY;
}

/* A kernel without Landlock leaves paths to the root: then there is nothing but a procfs below it.
 */
static int change_root(const struct confine_settings *settings, struct error *why)
{
	if (settings->confinement != CONFINE_HOST)
		return 0;
	if (fchdir(settings->proc) || chroot("."))
		return error_set(why, -errno, "the procfs cannot be made the root: %s",
				 strerror(errno));
	return 0;
}

static int drop_root(const struct confine_settings *settings, struct confine_report *report,
		     struct error *why)
{
	uid_t uid;
	gid_t gid;

	confine_user(&uid, &gid); /* reads files, so before the root is another */
	int failed = change_root(settings, why);
	if (failed)
		return failed;
	capng_clear(CAPNG_SELECT_ALL);
	failed = capng_change_id((int)uid, (int)gid,
				 CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING | CAPNG_CLEAR_AMBIENT);
	if (failed)
		return error_set(
			why, -EPERM,
			"cannot become user %u without capabilities (step %d of capng_change_id)",
			(unsigned)uid, -failed);
	report->applied |= LAYER_USER | LAYER_CAPABILITIES | LAYER_BOUNDING;
	return 0;
}

/* Not root: keep the user, who has no more rights than who started us; drop what there may be. */
static int drop_capabilities(struct confine_report *report, struct error *why)
{
	capng_clear(CAPNG_SELECT_BOTH);
	if (capng_apply(CAPNG_SELECT_BOUNDS) == 0)
		report->applied |= LAYER_BOUNDING;
	capng_clear(CAPNG_SELECT_CAPS);
	if (capng_apply(CAPNG_SELECT_CAPS))
		return error_set(why, -EPERM, "capabilities cannot be dropped");
	report->applied |= LAYER_CAPABILITIES;
	return 0;
}

static bool limit(int resource, rlim_t most)
{
	struct rlimit both = {most, most};

	return setrlimit(resource, &both) == 0;
}

static void set_limits(const struct confine_settings *settings, struct confine_report *report)
{
	rlim_t descriptors = settings->descriptors ? settings->descriptors : DESCRIPTORS_DEFAULT;

	if (limit(RLIMIT_NOFILE, descriptors) && limit(RLIMIT_CORE, 0) && limit(RLIMIT_MEMLOCK, 0))
		report->applied |= LAYER_LIMITS;
#ifndef __SANITIZE_ADDRESS__ /* its shadow memory is terabytes of address space */
	if (settings->memory_bytes && limit(RLIMIT_AS, settings->memory_bytes))
		report->applied |= LAYER_MEMORY;
#endif
}

int confine(const struct confine_settings *settings, struct confine_report *out, struct error *why)
{
	*out = (struct confine_report){0};
	set_limits(settings, out);
	bool is_root = geteuid() == 0;
	int failed = is_root ? drop_root(settings, out, why) : drop_capabilities(out, why);
	if (failed)
		return failed;
	/* Changing the user has cleared it. The supervisor may be gone already: then the channel is
	 * closed, which every worker takes as its end. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (prctl(PR_SET_DUMPABLE, 0) == 0)
		out->applied |= LAYER_NOT_DUMPABLE;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return error_set(why, -errno, "no_new_privs is refused: %s", strerror(errno));
	out->applied |= LAYER_NO_NEW_PRIVILEGES;
	failed = confine_landlock(settings, out, why);
	if (!failed && settings->confinement == CONFINE_HOST && !is_root &&
	    !(out->applied & LAYER_LANDLOCK_FILES))
		return error_set(why, -ENOSYS,
				 "this kernel has no Landlock, and only root can do without; "
				 "run as root");
	if (!failed)
		failed = confine_seccomp(settings, why);
	if (!failed)
		out->applied |= LAYER_SECCOMP;
	return failed;
}

void confine_describe(const struct confine_report *report, struct buf *out)
{
	static const char *const names[] = {
		"user",
		"capabilities",
		"bounding-set",
		"no-new-privileges",
		"limits",
		"memory-ceiling",
		"not-dumpable",
		"landlock-files",
		"landlock-network",
		"landlock-scope",
		"seccomp",
	};
	const char *before = "";

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (report->applied & 1u << i) {
			buf_printf(out, "%s%s", before, names[i]);
			before = " ";
		}
	}
	before = "; missing: ";
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!(report->applied & 1u << i)) {
			buf_printf(out, "%s%s", before, names[i]);
			before = " ";
		}
	}
}
