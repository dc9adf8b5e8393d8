/*
 * /proc/PID/cgroup: which control group, and what its path tells of the systemd unit, container and
 * pod. Understood are the paths of docker, containerd, cri-o, podman and LXC, under Kubernetes with
 * both of its drivers:
 *
 *     0::/system.slice/docker-<id>.scope
 *     4:cpu,cpuacct:/docker/<id>
 *     0::/default/<id>                    containerd, by its namespace
 *     0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod<uid with _>.slice/
 *         cri-containerd-<id>.scope
 *     9:cpu:/kubepods/burstable/pod<uid>/<id>
 *     0::/machine.slice/libpod-<id>.scope/container
 *     0::/lxc.payload.<name>
 *
 * A path is chosen by whoever may make control groups: root, and a user below its own
 * user@UID.service. Of nested containers the innermost is the container, for it is what a response
 * has to stop; the runtime is that one's too.
 */
#ifndef DAVY_DECODE_PROC_CGROUP_H
#define DAVY_DECODE_PROC_CGROUP_H

#include <stdbool.h>

#include "base/str.h"
#include "decode/decoded.h"
#include "model/process.h"

enum { CGROUP_POD_UID_LEN = 36 };

/*
 * text:     the whole file; `out` has views into it
 * scratch:  CGROUP_POD_UID_LEN bytes for a pod's uid that was written with '_'
 * returns:  MALFORMED when there is no line of v2 and none of a v1 controller
 *
 * Of a machine with both, v2 is the path unless it says no more than "/"; what it does not tell of
 * unit and container is looked for in the lines of v1. `id` is not in the file and stays 0.
 */
enum decoded proc_cgroup_read(struct str text, char scratch[CGROUP_POD_UID_LEN],
			      struct cgroup_place *out);

/* The same for a path alone, as BPF gives it; `id` is 0. */
void cgroup_place_of_path(struct str path, char scratch[CGROUP_POD_UID_LEN],
			  struct cgroup_place *out);

/* Is the group `path` this one, or below it? "" and "/" are the root, which all are below. */
bool cgroup_is_within(struct str path, struct str group);

/* Below its own slice a user makes control groups of any name. */
bool cgroup_is_of_a_user(struct str path);

#endif
