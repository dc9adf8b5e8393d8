/*
 * Landlock by its system calls. Debian 12's header ends at ABI 2, so what came later is written out
 * here, and the running kernel is asked how much of it there is.
 */
#include "sandbox/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/types.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CREATE_VERSION = 1, RULE_PATH_BENEATH = 1 };

struct ruleset {
	__u64 files;   /* ABI 1 */
	__u64 network; /* ABI 4: bind and connect of TCP */
	__u64 scoped;  /* ABI 6: abstract sockets and signals of others */
};

struct path_beneath {
	__u64 allowed;
	__s32 parent;
} __attribute__((packed));

#define FILE_EXECUTE   (1ull << 0)
#define FILE_WRITE     (1ull << 1)
#define FILE_READ      (1ull << 2)
#define DIRECTORY_READ (1ull << 3)
#define REMOVE_FILE    (1ull << 5)
#define MAKE_REGULAR   (1ull << 8)
#define FILE_TRUNCATE  (1ull << 14) /* ABI 3 */

static __u64 files_of(int abi)
{
	static const unsigned bits[] = {0,  13, 14,
					15, 15, 16}; /* by ABI: how many rights there are */
	int known = (int)(sizeof(bits) / sizeof(bits[0])) - 1;

	return (1ull << bits[abi < known ? abi : known]) - 1;
}

static int allow(int ruleset, const char *path, __u64 rights)
{
	struct path_beneath rule = {.allowed = rights, .parent = open(path, O_PATH | O_CLOEXEC)};

	if (rule.parent < 0)
		return -errno;
	long failed = syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0);
	int error = failed ? -errno : 0;
	close(rule.parent);
	return error;
}

static int allow_beneath(int ruleset, int directory, __u64 rights)
{
	struct path_beneath rule = {.allowed = rights, .parent = directory};

	return syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0) ? -errno : 0;
}

static int allow_store(int ruleset, const char *directory, __u64 handled)
{
	const __u64 rights = FILE_WRITE | FILE_READ | DIRECTORY_READ | REMOVE_FILE | MAKE_REGULAR |
			     FILE_TRUNCATE;
	int failed = allow(ruleset, directory, rights & handled);

	if (!failed) /* SQLite's seed; without it, it takes the time */
		(void)allow(ruleset, "/dev/urandom", FILE_READ);
	return failed;
}

static int allow_settings(int ruleset, const struct confine_settings *settings, __u64 handled)
{
	if (settings && settings->confinement == CONFINE_STORE)
		return allow_store(ruleset, settings->directory, handled);
	if (settings && settings->confinement == CONFINE_HOST)
		return allow_beneath(ruleset, settings->proc, FILE_READ | DIRECTORY_READ);
	return 0;
}

int confine_landlock(const struct confine_settings *settings, struct confine_report *report,
		     struct error *why)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_VERSION);

	if (abi < 1)
		return 0; /* not built in, or not switched on: reported by its absence */
	struct ruleset rules = {.files = files_of((int)abi), .network = 3, .scoped = 3};
	size_t size = abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
	int fd = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
	if (fd < 0)
		return error_set(why, -errno, "Landlock ABI %ld refuses its rules: %s", abi,
				 strerror(errno));
	int failed = allow_settings(fd, settings, rules.files);
	if (failed == -EACCES && settings->directory) {
		close(fd);
		return error_set(why, failed,
				 "%s: the user of the workers, who writes there, cannot get in: a "
				 "folder above it is closed to others; chmod o+x that one, or set "
				 "another path in the settings",
				 settings->directory);
	}
	if (!failed && syscall(SYS_landlock_restrict_self, fd, 0))
		failed = -errno;
	close(fd);
	if (failed)
		return error_set(why, failed, "Landlock cannot be put on%s%s: %s",
				 settings && settings->directory ? " for " : "",
				 settings && settings->directory ? settings->directory : "",
				 strerror(-failed));
	report->landlock_abi = (int)abi;
	report->applied |= LAYER_LANDLOCK_FILES | (abi >= 4 ? LAYER_LANDLOCK_NETWORK : 0) |
			   (abi >= 6 ? LAYER_LANDLOCK_SCOPE : 0);
	return 0;
}
