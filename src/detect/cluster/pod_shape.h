/*
 * What a request to start something says about its pods, whatever kind carries them: Pod,
 * Deployment, DaemonSet, StatefulSet, ReplicaSet, ReplicationController, Job, CronJob, PodTemplate;
 * the whole object, a merge patch of it, or a list of JSON patch operations.
 *
 * source: the Kubernetes API reference, PodSpec v1
 */
#ifndef DAVY_DETECT_CLUSTER_POD_SHAPE_H
#define DAVY_DETECT_CLUSTER_POD_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "detect/cluster/command_look.h"

enum pod_form {
	POD_PRIVILEGED = 1 << 0,
	POD_HOST_PROCESSES = 1 << 1, /* hostPID */
	POD_HOST_NETWORK = 1 << 2,
	POD_HOST_FILES = 1 << 3, /* a hostPath that gives the machine away */
	POD_CAPABLE = 1 << 4,	 /* a capability that is as good as root on the machine */
	POD_EVERY_TAINT = 1 << 5,
	POD_LOW_CPU = 1 << 6, /* a limit of one core or less: nothing gets slow */
	POD_HUGE_PAGES = 1 << 7,
	POD_PRIORITY = 1 << 8,	/* system-node-critical, system-cluster-critical */
	POD_HAS_SPEC = 1 << 9,	/* the record told anything at all */
	POD_IS_OWNED = 1 << 10, /* made by a controller for another object */
};

enum {
	POD_NAME_MAX = 254,
	POD_KIND_MAX = 32,
	POD_IMAGE_MAX = 256,
	POD_SECRETS_MAX = 4,
};

struct pod_shape {
	uint32_t form;
	struct command_look look;
	char name[POD_NAME_MAX];
	char image[POD_IMAGE_MAX]; /* of the first container, or of the one that looks like a miner
				    */
	char owner_kind[POD_KIND_MAX], owner[POD_NAME_MAX];
	char service_account[POD_NAME_MAX], node[POD_NAME_MAX];
	char secrets[POD_SECRETS_MAX][POD_NAME_MAX];
	uint32_t secret_count;
	uint64_t replicas; /* 0: not told */
};

/* Adds to what is there; a request and its answer are read one after the other. */
void pod_shape_read(struct pod_shape *shape, struct json_value object);

#endif
