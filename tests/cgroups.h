/*
 * For system tests: where this machine's control groups are, and moving processes into those of a
 * test's own.
 */
#ifndef DAVY_TESTS_CGROUPS_H
#define DAVY_TESTS_CGROUPS_H

#include <stdbool.h>
#include <sys/types.h>

enum { CGROUP_POINT_MAX = 256 };

/*
 * Where a control group file system is mounted; false: nowhere.
 *
 * kind: "cgroup2", or "cgroup" with `option` the controller that must be on it, else NULL
 */
bool cgroup_mounted(const char *kind, const char *option, char path[CGROUP_POINT_MAX]);

bool cgroup_join(const char *group, pid_t pid);

#endif
